"""A list to choose from: a row is found by a word of it, as a setting is."""

import pytest

from tests.support import recordings as tapes
from tui.picking import PickScreen, Row

MODELS = [
    Row("AWS", heading=True),
    *(Row(f"vendor/model-{n}", "cache" if n == 17 else "") for n in range(40)),
]


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.fixture
def chosen():
    return []


async def test_a_model_among_many_is_found_by_a_word(stage_of, caught_up, settled, chosen):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await caught_up(pilot, stage)
        screen = PickScreen("models", MODELS, moved=lambda index: f"This is {MODELS[index].label}.")
        await stage.app.push_screen(screen, chosen.append)
        await settled(pilot, lambda: "/ finds · ↑ ↓ choose" in texts(stage))
        await pilot.press("slash", *"cache")
        await settled(pilot, lambda: "▸ vendor/model-17" in texts(stage))
        await pilot.press(*["backspace"] * 5, *"el-3", "down")
        await settled(pilot, lambda: "This is vendor/model-30." in texts(stage))
        await pilot.press(*"q")
        await settled(pilot, lambda: "“el-3q” is in none of these." in texts(stage))
        await pilot.press("escape")
        await settled(pilot, lambda: "This is vendor/model-30." in texts(stage))
        await pilot.press("enter")
        await settled(pilot, lambda: chosen == [31])


async def test_a_short_list_needs_no_finding(stage_of, caught_up, settled):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(80, 24)) as pilot:
        await caught_up(pilot, stage)
        await stage.app.push_screen(PickScreen("models", MODELS[:5]))
        await settled(pilot, lambda: "↑ ↓ choose" in texts(stage))
        assert "/ finds" not in texts(stage)
