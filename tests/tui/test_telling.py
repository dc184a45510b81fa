"""What is said in the bar stays for its own few seconds."""

import asyncio

from tests.support import recordings as tapes


async def test_what_was_said_before_takes_nothing_newer_along(stage_of, caught_up, monkeypatch):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        over = asyncio.Event()
        monkeypatch.setattr("tui.telling._TOLD_SECONDS", 0.02)
        stage.screen.tell("the first")
        monkeypatch.setattr("tui.telling._TOLD_SECONDS", 600.0)
        stage.screen.tell("the second")
        stage.screen.later(0.04, over.set)  # due after the end of the first
        await over.wait()
        assert stage.screen._told == "the second"


async def test_what_was_said_goes_by_itself(stage_of, caught_up, settled, monkeypatch):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        monkeypatch.setattr("tui.telling._TOLD_SECONDS", 0.02)
        stage.screen.tell("for a moment")
        assert stage.screen._told
        await settled(pilot, lambda: not stage.screen._told)
