"""Rewinding as a session does it: what is on record, what waits, what is gone on with, and crashes."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.commands import (
    AnswerQuestion,
    ApplyChanges,
    DecideChanges,
    ResumeRun,
    RewindStage,
    SubmitRequest,
    UndoApply,
)
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    FileChanged,
    NodeFinished,
    NodeStarted,
    QuestionAsked,
    RunFinished,
    StageCommitted,
    StageRewound,
)
from core.stage import Stage
from core.stage.rewinding import read_note
from core.stage.steps import Who, take_step
from core.view.changes import Changes
from tests.support.acting import ActingTeam

ODD = "odd/\x1b]0;x\x07\u202e\n name\udcff"


async def step(actor: Any, path: str, data: bytes | None) -> str:
    """A step of the node, as the product takes it; returns its commit."""
    stage, who = actor.run.stage, Who(**actor.who)

    def work() -> Any:
        stage.delete(path) if data is None else stage.write(path, data)
        return take_step(stage, [path], who, "write_file", set())

    events = await asyncio.to_thread(work)
    await actor.run.emit(*events)
    await actor.run.decisions()
    return next(event.commit for event in events if isinstance(event, StageCommitted))


async def three(actor: Any) -> None:
    await step(actor, "a.txt", b"1\n")
    await step(actor, "new.txt", b"new\n")
    await step(actor, "a.txt", b"2\n")


async def work(hand: Any, *deeds: Any) -> Any:
    session, _ = await hand.start(*deeds)
    for _ in deeds:
        await session.submit(SubmitRequest(text="do it"))
        await session.wait_idle()
    return session


async def points(hand: Any, session: Any) -> list[str]:
    return [event.commit for event in await hand.events(session, StageCommitted)]


async def rewind(hand: Any, session: Any, point: str) -> list[Any]:
    after = session.last
    await session.submit(RewindStage(commit=point))
    return await hand.events(session, after=after)


def waits(session: Any) -> dict[str, str]:
    return {path: change.new_blob for path, change in session._past.changes.items()}


async def test_what_waits_is_what_it_was(hand):
    session = await work(hand, three)
    first, second, third = await points(hand, session)
    last = waits(session)
    told = await rewind(hand, session, first[:8])
    assert [type(event) for event in told] == [StageRewound, FileChanged, ChangeWithdrawn]
    assert told[0] == StageRewound(commit=first, from_commit=third, by="user")
    assert set(waits(session)) == {"a.txt"} and told[1].run == "r1" and told[1].role == "fast_coder"
    await rewind(hand, session, third)
    assert waits(session) == last
    told = await rewind(hand, session, "start")
    assert [type(event) for event in told] == [StageRewound, ChangeWithdrawn, ChangeWithdrawn]
    await rewind(hand, session, second)
    await session.submit(DecideChanges(verdict="accepted"))
    await session.submit(ApplyChanges())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"1\n", b"new\n")


async def test_nothing_is_said_of_what_stays(hand):
    session = await work(hand, three)
    third = (await points(hand, session))[-1]
    assert [type(event) for event in await rewind(hand, session, third)] == [StageRewound]


async def test_the_project_is_never_touched_and_undo_still_restores(hand):
    session = await work(hand, three)
    first = (await points(hand, session))[0]
    await session.submit(DecideChanges(verdict="accepted"))
    await session.submit(ApplyChanges())
    await rewind(hand, session, first)
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"2\n", b"new\n")
    (change,) = session._past.changes.values()
    assert "-2" in change.patch and "+1" in change.patch
    await session.submit(UndoApply())
    assert (hand.file("a.txt"), hand.file("new.txt")) == (b"one\n", None)
    assert len(await hand.events(session, ChangeApplied)) == len(await hand.events(session, ChangeUndone))


@pytest.mark.parametrize("path", ["a.txt", "new.txt"])
async def test_what_was_rejected_since_waits_again(hand, path):
    session = await work(hand, three)
    second = (await points(hand, session))[1]
    await session.submit(DecideChanges(verdict="rejected", comment="no"))
    assert not session._past.changes or set(session._past.verdicts.values()) == {"rejected"}
    await rewind(hand, session, second)
    assert session._past.verdict(path) == "undecided"
    assert (session._past.waiting.refused, session._past.waiting.rejections) == ({}, {})


async def test_a_rejection_before_the_point_stands(hand):
    async def rejected_meanwhile(actor: Any) -> None:
        await three(actor)
        await actor.run.ask("Go on?", ("yes",))
        await actor.run.decisions()
        await step(actor, "b.txt", b"b\n")
        await step(actor, "odd/x", b"x\n")

    session, _ = await hand.start(rejected_meanwhile)
    await session.submit(SubmitRequest(text="do it"))
    asked = await hand.until(session, QuestionAsked)
    await session.submit(DecideChanges(verdict="rejected"))
    await session.submit(AnswerQuestion(id=asked.id, answer="yes"))
    await session.wait_idle()
    await rewind(hand, session, (await points(hand, session))[3])
    verdicts = session._past.verdicts
    assert {path for path, verdict in verdicts.items() if verdict == "undecided"} == {"b.txt"}
    assert "new.txt" not in verdicts or verdicts["new.txt"] == "rejected"


async def test_every_front_sees_the_same(hand):
    session = await work(hand, three)
    first = (await points(hand, session))[0]
    await session.submit(DecideChanges(verdict="rejected", paths=("a.txt",)))
    await rewind(hand, session, first)
    view = Changes()
    for record in await hand.records(session):
        view.apply(record)
    assert set(view.files) == set(session._past.changes)
    assert {path: file.verdict for path, file in view.files.items()} == session._past.verdicts


async def test_not_while_a_run_works_and_not_to_nowhere(hand):
    async def asks(actor: Any) -> None:
        await step(actor, "a.txt", b"1\n")
        await actor.run.ask("Go on?", ("yes",))

    session, _ = await hand.start(asks)
    await session.submit(SubmitRequest(text="do it"))
    await hand.until(session, QuestionAsked)
    (refused,) = await rewind(hand, session, "start")
    assert isinstance(refused, CommandRefused) and "interrupt it first" in refused.reason
    assert read_note(session._staging._folder) is None
    session._runs.stop()
    await session.wait_idle()
    for nowhere in ("", "nope", "deadbeef", "work", "HEAD"):
        (refused,) = await rewind(hand, session, nowhere)
        assert isinstance(refused, CommandRefused) and "heddle rewind" in refused.reason


async def test_odd_names(hand):
    async def odd(actor: Any) -> None:
        await step(actor, ODD, b"1\n")
        await step(actor, ODD, b"2\n")
        await step(actor, ODD, None)

    session = await work(hand, odd)
    first, _, third = await points(hand, session)
    await rewind(hand, session, first)
    (path,) = waits(session)
    assert path.isprintable() or "\udcff" not in path
    assert (await session._staging.stage()).read(ODD) == b"1\n"
    await rewind(hand, session, third)
    assert waits(session) == {}


async def test_a_run_goes_on_before_the_work_that_was_rewound(hand):
    async def two_nodes(actor: Any) -> None:
        await step(actor, "a.txt", b"1\n")
        await actor.end()
        actor.who |= {"node": "documenter", "role": "documenter"}
        await actor.run.emit(NodeStarted(**actor.who, model="m"))
        await step(actor, "b.txt", b"2\n")
        await actor.run.emit(NodeFinished(**actor.who, status="done", summary="d", duration_ms=1))
        raise RuntimeError("broken off")

    done: list[Any] = []

    async def goes_on(actor: Any) -> None:
        done.append(actor.run.resumed)
        raise RuntimeError("broken off")

    session, _ = await hand.start(two_nodes, goes_on, goes_on, goes_on)
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()
    first, second = await points(hand, session)
    for point in (first, "start", second):
        await rewind(hand, session, point)
        await session.submit(ResumeRun())
        await session.wait_idle()
    nodes = [[node.node for node in one.finished] for one in done]
    assert nodes == [[], [], ["fast_coder", "documenter"]]
    assert [one.node for one in done[:2]] == ["fast_coder", "fast_coder"]


async def test_one_that_was_broken_off_is_finished_before_anything_else(hand):
    session = await work(hand, three)
    first, _, third = await points(hand, session)
    staging = session._staging
    await session.close()
    stage = Stage.open(staging._folder)
    stage.rewind(first)
    assert read_note(stage.folder) is not None
    again = await hand.open(ActingTeam(), session=session.id)
    (told,) = await hand.events(again, StageRewound)
    assert (told.commit, told.from_commit) == (first, third)
    assert set(waits(again)) == {"a.txt"} and read_note(stage.folder) is None


async def test_one_that_is_on_record_is_not_told_twice(hand):
    session = await work(hand, three)
    first = (await points(hand, session))[0]
    note = session._staging._folder / "rewind.json"
    stage = await session._staging.stage()
    stage.rewind(first)
    kept = note.read_bytes()
    await session.submit(DecideChanges(verdict="accepted"))
    assert len(await hand.events(session, StageRewound)) == 1
    await session.close()
    note.write_bytes(kept)
    again = await hand.open(ActingTeam(), session=session.id)
    assert len(await hand.events(again, StageRewound)) == 1 and not note.exists()


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from core.commands import RewindStage
from core.paths import find_home
from core.prices import load_prices
from core.session import Session, Settings
left = int(sys.argv[3])
watching = False
def trace(event, args):
    global left
    if watching and event in ("os.rename", "os.remove", "os.mkdir", "open", "os.link"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(trace)
async def main():
    global watching
    settings = Settings(home=find_home(), prices=load_prices())
    session = await Session.open(settings, session=sys.argv[1])
    watching = True
    await session.submit(RewindStage(commit=sys.argv[2]))
    watching = False
    await session.close()
asyncio.run(main())
"""


@pytest.mark.parametrize("at", [0, 2, 5, 9, 14, 20, 27])
async def test_a_kill_loses_nothing(hand, at):
    session = await work(hand, three)
    first, _, third = await points(hand, session)
    last = waits(session)
    await session.close()
    script = _KILLED.format(root=os.fspath(Path(__file__).parents[2]))
    command = [sys.executable, "-c", script, session.id, first, str(at)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    again = await hand.open(ActingTeam(), session=session.id)
    told = await hand.events(again, StageRewound)
    stage = await again._staging.stage()
    assert len(told) <= 1 and read_note(stage.folder) is None
    assert set(waits(again)) == ({"a.txt"} if told else set(last))
    assert stage.read("a.txt") == (b"1\n" if told else b"2\n")
    await rewind(hand, again, third)
    assert waits(again) == last


async def test_a_resumed_engine_knows_what_was_rewound(hand):
    session = await work(hand, three)
    first = (await points(hand, session))[0]
    await rewind(hand, session, first)
    before = waits(session), session._past.verdicts
    again = await hand.again(session, ActingTeam())
    assert (waits(again), again._past.verdicts) == before
    assert not await hand.events(again, ChangeDecided) and not await hand.events(
        again, RunFinished, after=session.last
    )
