"""The inbox while time goes by, and what it says of what it cannot decide."""

from datetime import timedelta

import pytest

from core import commands as c, events as e
from tests.support import recordings as tapes
from tests.tui.conftest import frozen
from tui.inbox import waited


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min"),
        (3599, "59 min"),
        (3660, "1 h 01 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_waiting_is_told_to_the_minute(seconds, words):
    assert waited(seconds) == words


async def test_a_clock_ticks_only_while_something_waits(stage_of, caught_up, settled):
    late = timedelta()
    stage = stage_of(tapes.question(), clock=lambda: frozen() + late)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f7")
        await pilot.pause()
        inbox = stage.screen
        assert "just now" in texts(stage)
        late = timedelta(minutes=7)
        assert inbox._ticking is not None
        inbox._ticking._callback()
        await pilot.pause()
        assert "7 min" in texts(stage)
        stage.port.happen(e.QuestionAnswered(id="q1", answer="stop", by="user"))
        await settled(pilot, lambda: "Nothing waits for you." in texts(stage))
        assert inbox._ticking is None


async def test_what_must_be_looked_at_is_said_and_stays_marked(stage_of, caught_up):
    stage = stage_of(tapes.waiting())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f7", "down", "down", "a")
        await pilot.pause()
        assert stage.commands == []
        assert "1 conflict must be looked at: Enter goes there" in texts(stage)
        await pilot.press("up", "space", "space", "a")
        await pilot.pause()
        assert stage.commands == [c.DecideProposal(id="g1", verdict="accepted")]
        assert [kind for kind, _ in stage.screen.query_one("#inbox").marked] == ["conflict"]


async def test_a_click_goes_to_an_entry(stage_of, caught_up):
    stage = stage_of(tapes.waiting())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f7")
        await pilot.pause()
        row = next(
            y for y, line in enumerate(texts(stage).split("\n")) if "Commit to your repository" in line
        )
        await pilot.click(offset=(40, row))
        await pilot.press("r")
        await pilot.pause()
        assert stage.commands == [c.DecideProposal(id="g1", verdict="rejected")]
