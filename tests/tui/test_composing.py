"""Writing a request: names that complete themselves, commands, earlier requests, dropped files."""

import pytest
from textual.events import Paste

from core import commands as c
from core.index import Asked
from tests.support import recordings as tapes
from tui.actions import ACTIONS
from tui.choices import Choices
from tui.completing import slash_actions, slash_of, typed_name


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def prompt(stage):
    return stage.app.screen_stack[0].query_one("#prompt")


def offered(stage):
    found = stage.screen.query(Choices)
    return [choice.label for choice in found.first()._choices] if found else []


@pytest.fixture
def project(tmp_path):
    for name in ("app/server.py", "app/store.py", "docs/a guide.md", "build/out.py", "server_notes.md"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("x")
    (tmp_path / ".gitignore").write_text("build/\n")
    return tmp_path


@pytest.fixture
async def writing(stage_of, caught_up, project):
    stage = stage_of(tapes.Tape().start(project=str(project)).records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        yield stage, pilot


class TestMentions:
    async def test_files_are_found_by_letters_and_ignored_ones_are_not(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"see @")
        await settled(pilot, lambda: "@app/server.py" in offered(stage))
        assert "@build/out.py" not in offered(stage)
        await pilot.press(*"srv")
        await settled(pilot, lambda: offered(stage) == ["@app/server.py", "@server_notes.md"])

    @pytest.mark.parametrize("key", ["tab", "enter"])
    async def test_the_marked_one_is_put_in_and_nothing_is_sent(self, writing, settled, key):
        stage, pilot = writing
        await pilot.press(*"see @store")
        await settled(pilot, lambda: offered(stage) == ["@app/store.py"])
        await pilot.press(key)
        await settled(pilot, lambda: not offered(stage))
        assert prompt(stage).text == "see @app/store.py "
        assert prompt(stage).has_focus
        assert stage.commands == []

    async def test_the_arrows_choose_and_a_space_needs_quotes(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"@guide")
        await settled(pilot, lambda: offered(stage) == ["@docs/a guide.md"])
        await pilot.press("tab")
        await settled(pilot, lambda: not offered(stage))
        assert prompt(stage).text == '@"docs/a guide.md" '
        await pilot.press(*"@s")
        await settled(pilot, lambda: len(offered(stage)) > 2)
        second = offered(stage)[1]
        await pilot.press("down", "down", "up", "tab")
        await settled(pilot, lambda: not offered(stage))
        assert prompt(stage).text.endswith(f"{second} ")

    async def test_roles_are_offered_with_what_they_do(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"@coder")
        await settled(pilot, lambda: offered(stage)[:2] == ["@senior_coder", "@fast_coder"])
        assert "writes complex algorithms" in texts(stage)

    async def test_escape_closes_the_list_and_the_name_stays_as_typed(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"@store")
        await settled(pilot, lambda: bool(offered(stage)))
        await pilot.press("escape", "r", "backspace")
        await settled(pilot)
        assert offered(stage) == []
        await pilot.press("enter")
        await settled(pilot)
        assert stage.commands == [c.SubmitRequest(text="@store")]

    async def test_a_click_takes_a_name(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"@store")
        await settled(pilot, lambda: bool(offered(stage)))
        await pilot.click("#choices", offset=(5, 0))
        await settled(pilot, lambda: prompt(stage).text == "@app/store.py ")

    async def test_what_the_team_added_can_be_named(self, stage_of, caught_up, settled):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"@test_hea")
            await settled(pilot, lambda: offered(stage) == ["@tests/test_health.py"])

    async def test_a_file_name_is_no_markup_and_no_control(self, stage_of, caught_up, settled, tmp_path):
        (tmp_path / "[bold]x\x1b[2J.py").write_text("x")
        stage = stage_of(tapes.Tape().start(project=str(tmp_path)).records)
        async with stage.app.run_test() as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*"@bold")
            await settled(pilot, lambda: bool(offered(stage)))
            assert "@[bold]x␛[2J.py" in texts(stage)


class TestCommands:
    async def test_every_action_that_can_be_done_from_anywhere_has_a_word_of_its_own(self):
        told = {(action.scope, action.name) for action in ACTIONS if action.palette}
        assert len(slash_actions()) == len(told)
        assert not {"graph", "swarm"} & set(slash_actions())

    async def test_a_command_is_done_and_no_request(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"/theme", "enter")
        await settled(pilot, lambda: bool(stage.screen.query("#picking")))
        await pilot.press("down", "enter")
        await settled(pilot, lambda: stage.app.theme == "heddle-light")
        assert stage.commands == []
        assert prompt(stage).text == ""

    async def test_the_list_completes_and_enter_carries_it_out(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"/hel")
        await settled(pilot, lambda: offered(stage)[:1] == ["/help"])
        await pilot.press("enter")
        await settled(pilot, lambda: bool(stage.screen.query("#help")))

    async def test_an_unknown_command_is_said_and_kept(self, writing, settled):
        stage, pilot = writing
        await pilot.press(*"/frobnicate", "enter")
        await settled(pilot, lambda: "no command /frobnicate" in texts(stage))
        assert prompt(stage).text == "/frobnicate"
        assert stage.commands == []

    @pytest.mark.parametrize(
        "text", ["/swarm find the leak", "/graph add a route", "/complex do it", "/etc/hosts is wrong"]
    )
    async def test_what_belongs_to_a_request_goes_with_it(self, writing, settled, text):
        stage, pilot = writing
        prompt(stage).text = text
        await pilot.press("enter")
        await settled(pilot, lambda: stage.commands == [c.SubmitRequest(text=text)])

    async def test_words_after_a_command_are_not_lost(self, writing, settled):
        stage, pilot = writing
        prompt(stage).text = "/help me with this"
        await pilot.press("enter")
        await settled(pilot, lambda: "takes nothing after it" in texts(stage))
        assert prompt(stage).text == "/help me with this"


class TestEarlier:
    asked = (
        Asked("Fix the login\nand its test", "2026-01-30T09:00:00.000000Z", "s2", "/p/api"),
        Asked("Rename the store", "2026-01-29T09:00:00.000000Z", "s1", "/p/web"),
    )

    @pytest.fixture
    async def recalling(self, stage_of, caught_up):
        async def recall():
            return self.asked

        stage = stage_of(tapes.decide(), sources={"recall": recall})
        async with stage.app.run_test(size=(100, 30)) as pilot:
            await caught_up(pilot, stage)
            yield stage, pilot

    async def test_ctrl_r_finds_a_request_of_another_session(self, recalling, settled):
        stage, pilot = recalling
        await pilot.press("ctrl+r")
        await settled(pilot, lambda: bool(stage.screen.query("#recalled")))
        assert tapes.HEALTH in texts(stage)
        assert "01-30 09:00  api" in texts(stage)
        await pilot.press(*"login fix", "enter")
        await settled(pilot, lambda: prompt(stage).text == "Fix the login\nand its test")
        assert stage.commands == []
        assert prompt(stage).has_focus

    async def test_what_was_typed_stays_and_escape_takes_nothing(self, recalling, settled):
        stage, pilot = recalling
        await pilot.press(*"mine", "ctrl+r")
        await settled(pilot, lambda: bool(stage.screen.query("#recalled")))
        await pilot.press("escape")
        await settled(pilot, lambda: not stage.screen.query("#recalled"))
        assert prompt(stage).text == "mine"
        await pilot.press("ctrl+r")
        await settled(pilot, lambda: bool(stage.screen.query("#recalled")))
        await pilot.press("down", "down", "enter")
        await settled(pilot, lambda: prompt(stage).text == "Rename the store\nmine")

    async def test_escape_twice_takes_up_a_request_of_this_session(self, recalling, settled):
        stage, pilot = recalling
        await pilot.press("escape", "escape")
        await settled(pilot, lambda: bool(stage.screen.query("#recalled")))
        assert "Fix the login" not in texts(stage)
        await pilot.press("enter")
        await settled(pilot, lambda: prompt(stage).text == tapes.HEALTH)

    async def test_escape_once_does_nothing(self, recalling, settled):
        stage, pilot = recalling
        await pilot.press("escape", "x")
        await settled(pilot)
        assert not stage.screen.query("#recalled")
        assert prompt(stage).text == "x"


class TestFromOutside:
    async def test_a_dropped_file_is_named(self, writing, settled, project, tmp_path_factory):
        stage, pilot = writing
        elsewhere = tmp_path_factory.mktemp("else") / "pic ture.png"
        elsewhere.write_text("x")
        pasted = f"'{project}/app/server.py' {str(elsewhere).replace(' ', chr(92) + ' ')} "
        stage.app.post_message(Paste(pasted))
        await settled(pilot, lambda: prompt(stage).text == f'@app/server.py @"{elsewhere}" ')

    async def test_a_path_that_is_not_there_is_text(self, writing, settled):
        stage, pilot = writing
        stage.app.post_message(Paste("/no/such/file here"))
        await settled(pilot, lambda: prompt(stage).text == "/no/such/file here")

    async def test_an_editor_that_cannot_be_opened_loses_nothing(self, writing, settled, monkeypatch):
        stage, pilot = writing
        monkeypatch.setenv("VISUAL", "no-such-editor --wait")
        await pilot.press(*"keep me", "ctrl+g")
        await settled(pilot, lambda: "no-such-editor, which is not there" in texts(stage))
        assert prompt(stage).text == "keep me"


@pytest.mark.parametrize(
    ("line", "column", "row", "found"),
    [
        ("@", 1, 0, ("@", "", 0)),
        ("see @app/s", 10, 3, ("@", "app/s", 4)),
        ("me@home", 7, 0, None),
        ("(@x", 3, 0, ("@", "x", 1)),
        ("@x y", 4, 0, None),
        ("/he", 3, 0, ("/", "he", 0)),
        ("/he", 3, 1, None),
        ("/etc/h", 6, 0, None),
        ("a /he", 5, 0, None),
    ],
)
def test_what_is_a_name(line, column, row, found):
    assert typed_name(line, column, row) == found


def test_what_is_a_command():
    assert slash_of("/help") == ("help", "")
    assert slash_of("/swarm find\nit ") == ("swarm", "find\nit")
    assert slash_of("/etc/hosts") is None
    assert slash_of("/") is None
    assert slash_of("// x") is None
    assert slash_of("see /help") is None
