"""Settings and themes, changed on the screen: what is written, what counts at once, and what is refused."""

import tomllib

import pytest

from core.config import Config
from core.preferences import Preferences
from tests.support import recordings as tapes


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.fixture
def preferences(tmp_path):
    return Preferences(tmp_path, {})


@pytest.fixture
def open_stage(stage_of, preferences):
    def make(records=None, **more):
        return stage_of(records or tapes.decide(), sources={"preferences": preferences}, **more)

    return make


def written(preferences):
    return tomllib.loads(preferences.path.read_text()) if preferences.path.exists() else {}


async def to(pilot, stage, name):
    """Bring the cursor to a setting."""
    await pilot.press("home")
    for _ in range(60):
        if stage.screen.setting.name == name:
            return
        await pilot.press("down")
    raise AssertionError(f"{name} is not on the list")


class TestFinding:
    async def test_the_cursor_goes_to_what_has_the_word_and_on_from_there(self, open_stage, caught_up):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12", "slash", *"budget")
            await pilot.pause()
            first = stage.screen.setting
            assert "budget" in f"{first.name} {first.does}".lower()
            await pilot.press("down")
            assert stage.screen.setting.name != first.name
            await pilot.press("up")
            assert stage.screen.setting.name == first.name
            await pilot.press("enter")
            await pilot.pause()
            assert not stage.screen.query("#seek") and stage.screen.setting.name == first.name
            await pilot.press("slash", *"zzz")
            await pilot.pause()
            assert "No setting has “zzz”" in " ".join(texts(stage).split())
            await pilot.press("escape")
            await pilot.pause()
            assert stage.screen.focused.id == "picks"

    async def test_that_a_word_is_nowhere_stays_said_though_its_beginning_was_found(
        self, open_stage, caught_up, settled
    ):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12", "slash")
            assert "Enter keep · Down next · Esc forget" in texts(stage)
            line = stage.screen.query_one("#seek")
            for word in ("s", "sp", "spend"):  # at once, as fast typing over a slow line comes
                line.value = word
            await settled(pilot, lambda: "No setting has “spend”" in " ".join(texts(stage).split()))
            await pilot.press("escape")
            await settled(
                pilot, lambda: stage.screen.setting.does in " ".join(texts(stage).replace("│", "").split())
            )
            assert "Enter change" in texts(stage) and "No setting has" not in texts(stage)

    async def test_what_was_found_is_in_sight_however_small_the_terminal_is(self, open_stage, caught_up):
        stage = open_stage()
        async with stage.app.run_test(size=(80, 24)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12", "slash", *"bell")
            await pilot.pause()
            found = stage.screen.query_one("#picks")
            assert found.size.height < len(found.rows)
            assert 0 <= found.current - found.scroll_offset.y < found.size.height
            box, words = stage.screen.query_one("#settings").region, stage.screen.query_one("#words").region
            assert box.bottom - words.bottom == 2  # its padding and its border: no hole below the words


class TestThemes:
    async def test_each_is_shown_as_the_cursor_comes_and_the_taken_one_is_remembered(
        self, open_stage, caught_up, preferences
    ):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            before = stage.app.export_screenshot()
            await pilot.press("f9", "down")
            await pilot.pause()
            assert stage.app.theme == "heddle-light" and written(preferences) == {}
            await pilot.press("down", "enter")
            await pilot.pause()
            assert stage.app.theme == "heddle-contrast" == written(preferences)["theme"]
            assert stage.app.export_screenshot() != before

    async def test_escape_gives_back_the_one_there_was(self, open_stage, caught_up, preferences):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f9", "down", "escape")
            await pilot.pause()
            assert stage.app.theme == "heddle-dark" and written(preferences) == {}

    async def test_a_file_that_cannot_be_written_is_said(self, open_stage, caught_up, preferences):
        preferences.path.mkdir()
        stage = open_stage()
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f9", "down", "enter")
            await pilot.pause()
            assert stage.app.theme == "heddle-light"
            assert "The theme holds for now." in texts(stage)


class TestSettings:
    async def test_every_setting_is_listed_with_its_value_and_its_sentence(
        self, open_stage, caught_up, preferences
    ):
        preferences.write({"roster": "local"})
        stage = open_stage()
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12")
            await pilot.pause()
            names = {setting.name.partition(".")[0] for setting in stage.screen.settings}
            assert names == set(Config.__struct_fields__)
            line = next(line for line in texts(stage).split("\n") if "▸ roster" in line)
            assert "local" in line and "config.toml" in line
            assert "the models that do the work" in texts(stage)

    async def test_a_flag_turns_with_enter_and_counts_at_once(self, open_stage, caught_up, preferences):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12")
            await to(pilot, stage, "reduced_motion")
            await pilot.press("enter")
            await pilot.pause()
            assert written(preferences) == {"reduced_motion": True}
            assert stage.app.animation_level == "none"
            await to(pilot, stage, "bell")
            await pilot.press("enter")
            await pilot.pause()
            assert stage.app.caller.manners.bell is False
            await pilot.press("backspace")
            await pilot.pause()
            assert written(preferences) == {"reduced_motion": True}
            assert stage.app.caller.manners.bell is True

    async def test_a_choice_is_chosen(self, open_stage, caught_up, preferences):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12")
            await to(pilot, stage, "theme")
            await pilot.press("enter")
            await pilot.pause()
            await pilot.press("home", "enter")
            await pilot.pause()
            assert written(preferences) == {"theme": "heddle-ansi"} and stage.app.theme == "heddle-ansi"

    async def test_a_text_is_checked_where_it_is_typed(self, open_stage, caught_up, settled, preferences):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12")
            await to(pilot, stage, "budget_usd")
            await pilot.press("enter")
            await pilot.pause()
            await pilot.press(*"lots", "enter")
            await settled(pilot, lambda: "budget_usd is an amount in dollars" in texts(stage))
            assert written(preferences) == {}
            await pilot.press(*(["backspace"] * 4), *"0.50", "enter")
            await pilot.pause()
            assert written(preferences) == {"budget_usd": "0.50"}
            assert stage.screen.setting.value == "0.50"

    async def test_a_table_says_where_it_is_written(self, open_stage, caught_up, settled, preferences):
        stage = open_stage()
        async with stage.app.run_test(size=(120, 60)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f12")
            await to(pilot, stage, "keys")
            await pilot.press("enter")
            await settled(pilot, lambda: "under [keys] in" in " ".join(texts(stage).split()))
            await pilot.press("escape")
            await pilot.pause()
            assert not stage.screen.query("#settings")
