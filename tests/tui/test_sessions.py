"""The list of sessions: what is found as one types, and every key of it."""

import sqlite3

import pytest

from core import commands as c, events as e
from core.log import Log, LogReader
from tests.support import recordings as tapes
from tests.support.shelves import library_of, write_session
from tui.sessions import SessionList


def texts(stage):
    """Everything that is on the screen, as text."""
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def words(stage):
    """The same as one line, for sentences that may be broken anywhere."""
    return " ".join(texts(stage).split())


def shown(stage):
    """Ids of the sessions in the list, and the one under the cursor."""
    found = stage.app.screen.query_one(SessionList)
    return [entry.id for entry in found._entries], found.entry.id if found.entry else None


def pressed(stage, caught_up, settled, size=(120, 40)):
    """Open the list, and wait until it shows what is in the logs."""
    return _Opened(stage, caught_up, settled, size)


class _Opened:
    def __init__(self, stage, caught_up, settled, size):
        self.stage, self.caught_up, self.settled, self.size = stage, caught_up, settled, size

    async def __aenter__(self):
        self.running = self.stage.app.run_test(size=self.size)
        pilot = await self.running.__aenter__()
        await self.caught_up(pilot, self.stage)
        await pilot.press("f6")
        await self.settled(pilot, lambda: getattr(self.stage.app.screen, "ready", False))
        return pilot

    async def __aexit__(self, *why):
        await self.running.__aexit__(*why)


async def test_a_past_session_has_no_prompt_and_says_how_to_leave_it(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("enter")
        await settled(pilot, lambda: "never set" in texts(stage))
        foot = texts(stage).split("\n")[-1]
        assert "Esc back" in foot and "send" not in foot
        await pilot.press("f3", "f2")
        assert stage.screen.focused.id == "chat"
        await pilot.press("escape")
        await settled(pilot, lambda: not stage.screen.has_class("-past"))


async def test_leaving_while_a_session_is_read_breaks_nothing(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("enter")
        await settled(pilot, lambda: stage.screen.has_class("-past"))
        past = stage.screen
        await pilot.press("escape")
        await settled(pilot, lambda: stage.screen is not past and not past.children)
        past.say_damage(1)
        assert stage.app.is_running


async def test_a_click_on_either_line_of_a_session_goes_to_it(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        rows = texts(stage).split("\n")
        for words_of, id in (("Rename the store", "store"), ("2026", "login"), ("Fix the login", "login")):
            row = next(y for y, text in enumerate(rows) if words_of in text[:60])
            await pilot.click(offset=(12, row))
            assert shown(stage)[1] == id
            await pilot.click(offset=(12, row + (words_of != "2026")))
            assert shown(stage)[1] == id


async def test_they_are_found_as_one_types_and_esc_clears_the_search(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        assert shown(stage) == (["login", "store"], "login")
        assert "~$1.10" in texts(stage)
        assert "project:NAME" in texts(stage)
        await pilot.press("slash", *"cook")
        await settled(pilot, lambda: shown(stage)[0] == ["login"] and "found in" in texts(stage))
        assert "The cookie was never set." in texts(stage)
        await pilot.press(*"zz")
        await settled(pilot, lambda: shown(stage)[0] == [])
        assert "No session holds all of this" in texts(stage)
        await pilot.press("escape")
        await settled(pilot, lambda: shown(stage)[0] == ["login", "store"])
        await pilot.press(*"project:we over:1 since:today")
        await settled(pilot, lambda: shown(stage)[0] == [])
        await pilot.press(*["backspace"] * len(" since:today"))
        await settled(pilot, lambda: shown(stage)[0] == ["store"])
        await pilot.press(*" over:much")
        await settled(pilot, lambda: "Write it as over:0.50" in texts(stage))
        assert shown(stage)[0] == ["store"]


async def test_the_preview_follows_the_cursor_and_stands_below_where_it_is_narrow(
    stage_of, library, caught_up, settled
):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled, (130, 40)) as pilot:
        await settled(pilot, lambda: "The cookie was never set." in texts(stage))
        assert "app/login.py" in texts(stage)
        row = next(line for line in texts(stage).split("\n") if "Fix the login" in line)
        assert row.count("Fix the login") == 2
        await pilot.press("j")
        await settled(pilot, lambda: "Nothing came of it." in texts(stage))
        assert "list price" in texts(stage)
        assert "architect" in texts(stage)
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: "Nothing came of it." in texts(stage))
        assert all(line.count("Rename the store") < 2 for line in texts(stage).split("\n"))
        await pilot.press("k")
        await settled(pilot, lambda: "The cookie was never set." in texts(stage))
        await pilot.press("G")
        assert shown(stage)[1] == "store"
        await pilot.press("g")
        assert shown(stage)[1] == "login"
        await pilot.press("pagedown")
        assert shown(stage)[1] == "store"


async def test_enter_reads_a_session_and_escape_comes_back_to_the_list(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("j", "enter")
        await settled(pilot, lambda: stage.screen.has_class("-past") and stage.screen.view.last == 7)
        await settled(pilot, lambda: "Nothing came of it." in texts(stage))
        assert "past session" in texts(stage)
        await pilot.press("f4", "a")
        await pilot.pause()
        assert stage.commands == []
        await pilot.press("f2", "escape")
        await settled(pilot, lambda: bool(stage.app.screen.query(SessionList)))
        assert shown(stage)[1] == "store"
        await pilot.press("escape")
        await settled(pilot, lambda: stage.screen.query_one("#prompt").has_focus)


async def test_resuming_puts_the_session_in_the_place_of_the_one_here(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        first = stage.port
        await pilot.press("r")
        await settled(pilot, lambda: stage.resumed == [("login", False)] and stage.connects == 2)
        await settled(pilot, lambda: len(stage.app.screen_stack) == 1 and stage.screen.link.state == "ready")
        assert "The cookie was never set." in texts(stage)
        assert first.closed
        await pilot.press(*"go on", "enter")
        await pilot.pause()
        assert stage.commands == [c.SubmitRequest(text="go on")]


async def test_a_run_that_broke_off_is_gone_on_with_only_when_that_is_wanted(
    stage_of, library, caught_up, settled
):
    stage = stage_of(tapes.running(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("j", "r")
        await settled(pilot, lambda: "Its last run broke off" in texts(stage))
        assert "is paused by that" in texts(stage)
        await pilot.press("n")
        await settled(pilot, lambda: "Its last run broke off" not in texts(stage))
        assert stage.resumed == []
        assert not stage.app.screen.query("#asked")
        await pilot.press("r", "y")
        await settled(pilot, lambda: stage.resumed == [("store", True)] and bool(stage.commands))
        assert stage.commands == [c.ResumeRun()]


async def test_a_run_that_broke_off_can_be_left_as_it_is(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("j", "r", "o")
        await settled(pilot, lambda: len(stage.app.screen_stack) == 1 and stage.screen.link.state == "ready")
        assert stage.resumed == [("store", True)]
        assert stage.commands == []


async def test_a_new_name_is_on_record_and_in_the_list(stage_of, home, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("n")
        await settled(pilot, lambda: bool(stage.app.screen.query("#asked")))
        await pilot.press(*" d", "escape")
        await settled(pilot, lambda: not stage.app.screen.query("#asked"))
        await pilot.press("n")
        await settled(pilot, lambda: bool(stage.app.screen.query("#asked")))
        await pilot.press(*"Fix the [b]cookie", "enter")
        await settled(pilot, lambda: "Fix the [b]cookie" in texts(stage))
        async with await LogReader.open(home.session_log("login")) as reader:
            named = [one.event for one in await reader.read() if isinstance(one.event, e.SessionRenamed)]
        assert [event.title for event in named] == ["Fix the [b]cookie"]


async def test_an_export_goes_where_it_is_told_and_never_over_a_file(
    stage_of, library, caught_up, settled, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        for _ in range(2):
            await pilot.press("e")
            await settled(pilot, lambda: bool(stage.app.screen.query("#asked")))
            await pilot.press("enter")
            await settled(pilot, lambda: not stage.app.screen.query("#asked"))
            await settled(pilot, lambda: "heddle-login.md" in words(stage))
        await settled(pilot, lambda: "Give another name" in words(stage))
        assert "## Fix the login" in (tmp_path / "heddle-login.md").read_text()


async def test_what_is_deleted_comes_back_with_u(stage_of, home, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("u")
        assert "Nothing was deleted here" in words(stage)
        await pilot.press("j", "d")
        await settled(pilot, lambda: shown(stage) == (["login"], "login"))
        assert "Rename the store is deleted" in texts(stage)
        assert not home.session_log("store").exists()
        await pilot.press("u")
        await settled(pilot, lambda: shown(stage)[0] == ["login", "store"])
        assert home.session_log("store").exists()


async def test_a_session_that_is_open_says_so_and_is_not_deleted(stage_of, home, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with (
        await Log.open(home.session_log("login"), "login"),
        pressed(stage, caught_up, settled) as pilot,
    ):
        assert "open elsewhere" in texts(stage)
        await pilot.press("d")
        await settled(pilot, lambda: "open in another Heddle" in words(stage))
        assert shown(stage)[0] == ["login", "store"]


async def test_the_session_of_this_screen_is_marked_and_r_goes_back_to_it(
    stage_of, home, library, caught_up, settled
):
    await write_session(home, tapes.SESSION, tapes.empty(), days=9)
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("G")
        assert shown(stage)[1] == tapes.SESSION
        assert "open here" in texts(stage)
        await pilot.press("d")
        await settled(pilot, lambda: "open on this screen" in texts(stage))
        await pilot.press("r")
        await settled(pilot, lambda: stage.screen.query_one("#prompt").has_focus)
        assert stage.resumed == []


async def test_broken_logs_are_shown_and_harm_nothing(stage_of, home, library, caught_up, settled):
    (home.sessions / "zz.db").write_bytes(b"no database at all")
    with sqlite3.connect(home.session_log("store")) as db:
        db.execute("DROP TRIGGER record_is_never_changed")
        db.execute("UPDATE record SET body = '{}' WHERE seq = 4")
    db.close()
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        assert set(shown(stage)[0]) == {"login", "store", "zz"}
        assert texts(stage).count("damaged") >= 2
        await pilot.press("slash", *"zz", "enter")
        await settled(pilot, lambda: shown(stage)[0] == ["zz"])
        await pilot.press("r")
        assert "cannot be gone on with" in words(stage)
        await pilot.press("enter")
        await settled(pilot, lambda: stage.screen.has_class("-past"))
        await settled(pilot, lambda: "is damaged" in words(stage))
        await pilot.press("f2", "escape")
        await settled(pilot, lambda: bool(stage.app.screen.query(SessionList)))
        await pilot.press("slash", "escape", *"stor", "enter")
        await settled(pilot, lambda: shown(stage)[0] == ["store"])
        await pilot.press("enter")
        await settled(pilot, lambda: "cannot be read: its log is damaged" in words(stage))
        assert "Rename the store" in texts(stage)


async def test_nothing_yet_is_said(stage_of, home, caught_up, settled):
    stage = stage_of(tapes.empty(), library_of(home))
    async with pressed(stage, caught_up, settled) as pilot:
        assert "No session yet" in texts(stage)
        await pilot.press("r", "enter", "d", "e", "n")
        await pilot.pause()
        assert "There is no session here" in texts(stage)


async def test_the_palette_knows_the_keys_of_the_list(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with pressed(stage, caught_up, settled) as pilot:
        await pilot.press("ctrl+p")
        await pilot.press(*"delete this session")
        await settled(pilot, lambda: "Delete this session; u" in texts(stage))
        await pilot.press("down", "enter")
        await settled(pilot, lambda: shown(stage)[0] == ["store"])


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_a_thousand_sessions_draw_only_what_is_in_sight(stage_of, settled, size):
    from core.index import SessionRow
    from core.library import Entry
    from core.money import Pico

    when = "2026-01-31T09:00:00.000000Z"
    entries = [
        Entry(
            f"s{n}", SessionRow(f"s{n}", "/p", f"Request {n}", when, when, 1, 1, "done", Pico(0), False), when
        )
        for n in range(5_000)
    ]
    drawn = []

    class Counting(SessionList):
        def line(self, y):
            drawn.append(y)
            return super().line(y)

    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=size) as pilot:
        found = Counting("", id="sessions")
        await stage.screen.mount(found, before="#body")
        found.show(entries)
        await pilot.pause()
        found.step(4_000)
        await pilot.pause()
        assert found.entry.id == "s4000"
        assert "Request 4000" in texts(stage)
        assert len(drawn) < 6 * size[1]
