"""Pictures of the main states at the three sizes, in the dark theme, and two in the light one."""

import asyncio

import pytest

from core import events as e
from tests.support import recordings as tapes

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
STATES = {
    "empty": (tapes.empty, ()),
    "running": (tapes.running, ()),
    "feedback": (tapes.feedback, ("f3",)),
    "decide": (tapes.decide, ("f4",)),
    "confirm": (tapes.decided, ("f4", "w")),
    "finished": (tapes.decide, ("f5",)),
    "written": (tapes.applied, ()),
    "failed": (tapes.failed, ()),
    "question": (tapes.question, ()),
    "hunks": (tapes.hunks, ("f4", "right_square_bracket")),
    "pairs": (tapes.hunks, ("f4", "v")),
    "conflict": (tapes.hunks, ("f4", "p")),
    "network": (lambda: tapes.asked("network"), ()),
    "plan": (lambda: tapes.asked("plan"), ()),
    "budget": (lambda: tapes.asked("budget"), ()),
    "inbox": (tapes.waiting, ("f7",)),
    "queued": (tapes.waiting, ("f2",)),
    "node": (tapes.feedback, ("f3", "enter")),
    "models": (tapes.feedback, ("f3", "m")),
    "timeline": (tapes.committed, ("f8", "enter")),
    "help": (tapes.decide, ("f1",)),
}


def compare(snap_compare, stage, caught_up, size, keys, then=None):
    async def before(pilot):
        await caught_up(pilot, stage)
        await pilot.press(*keys)
        await pilot.pause()
        if then is not None:
            await then(pilot)

    return snap_compare(stage.app, terminal_size=SIZES[size], run_before=before)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare, stage_of, caught_up, state, size):
    records, keys = STATES[state]
    assert compare(snap_compare, stage_of(records()), caught_up, size, keys)


@pytest.mark.parametrize("state", ["empty", "decide"])
def test_light(snap_compare, stage_of, caught_up, state):
    records, keys = STATES[state]
    assert compare(snap_compare, stage_of(records(), theme="heddle-light"), caught_up, "120x40", keys)


@pytest.mark.parametrize("size", SIZES)
def test_engine_died(snap_compare, stage_of, caught_up, settled, size):
    stage = stage_of(tapes.running())

    async def die(pilot):
        stage.port.lose(
            ConnectionError("The engine that runs this session is gone. Nothing recorded is lost.")
        )
        await settled(pilot, lambda: stage.screen.link.state == "lost")

    assert compare(snap_compare, stage, caught_up, size, (), die)


@pytest.mark.parametrize("size", SIZES)
def test_sessions(snap_compare, stage_of, caught_up, settled, session_rows, size):
    stage = stage_of(tapes.empty(), session_rows)

    async def listed(pilot):
        await settled(pilot, lambda: bool(stage.screen.query("#sessions")))

    assert compare(snap_compare, stage, caught_up, size, ("f6",), listed)


@pytest.mark.parametrize("size", SIZES)
def test_a_request_typed_while_the_engine_starts(snap_compare, stage_of, settled, size):
    async def never():
        await asyncio.Event().wait()

    stage = stage_of(connect=never)

    async def typed(pilot):
        """The very first keys count: nothing is waited for."""
        await pilot.press(*tapes.HEALTH, "enter")
        await settled(pilot, lambda: bool(stage.screen.waiting))

    assert snap_compare(stage.app, terminal_size=SIZES[size], run_before=typed)


def test_too_small(snap_compare, stage_of, caught_up):
    stage = stage_of(tapes.decide())

    async def before(pilot):
        await caught_up(pilot, stage)

    assert snap_compare(stage.app, terminal_size=(20, 5), run_before=before)


def test_a_swarm_and_a_stale_file(snap_compare, stage_of, caught_up):
    tape = tapes.Tape().start().request("Why is the login slow?").route("MEDIUM")
    tape.plan(("researcher", "senior_coder", "code_reviewer"))
    tape.node("researcher")
    tape.charge("researcher", "researcher", 900, 80, cost="0.002")
    tape.leave("researcher")
    reason = "The query scans the whole table: an index is missing."
    tape.add(e.HandedOff(run="r1", from_role="researcher", to_role="senior_coder", reason=reason))
    tape.node("senior_coder")
    tape.change("senior_coder", "app/server.py", tapes.PATCH_APP)
    tape.add(
        e.ChangeMarkedStale(path="app/server.py", reason="you changed the file since the agents read it")
    )
    assert compare(snap_compare, stage_of(tape.records), caught_up, "200x60", ())
