"""The key at the route card: what it offers, and which command comes of a choice."""

import pytest

from core import commands as c
from tests.support import recordings as tapes


@pytest.mark.parametrize(
    ("keys", "command"),
    [
        (("enter",), c.OverrideRoute(complexity="SIMPLE")),
        (("down", "down", "enter"), c.OverrideRoute(complexity="COMPLEX")),
        (("down",) * 5 + ("enter",), c.OverrideRoute(pattern="swarm")),
        (("escape",), None),
    ],
)
async def test_a_route_is_chosen_while_a_run_works(stage_of, caught_up, keys, command):
    stage = stage_of(tapes.running())
    async with stage.app.run_test() as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f10")
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        assert stage.commands == ([] if command is None else [command])


async def test_without_a_run_there_is_nothing_to_choose(stage_of, caught_up):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test() as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f10", "enter")
        await pilot.pause()
        assert stage.commands == []
