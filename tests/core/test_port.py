"""What every session port keeps: the session in this process, and the link to one in another."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.commands import (
    AnswerQuestion,
    ApplyChanges,
    CloseSession,
    DecideChanges,
    InterruptRun,
    SubmitRequest,
    UndoApply,
)
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeUndone,
    CommandRefused,
    FileChanged,
    QuestionAsked,
    RunFinished,
    TextDelta,
    TextFinished,
    ToolFinished,
)
from core.link import LinkClient, LinkServer
from core.port import SessionPort
from core.record import Record
from core.session import Session
from tests.support.acting import ActingTeam
from tests.support.waiting import SOON


@dataclass
class Stall:
    """A port, and the session at its other end."""

    port: SessionPort
    session: Session

    async def take(self, kind: type, after: int = 0) -> list[Record]:
        """Every record up to the first event of a kind."""
        found: list[Record] = []
        async with asyncio.timeout(SOON):
            async for record in self.port.records(after):
                found.append(record)
                if isinstance(record.event, kind):
                    return found
        raise AssertionError(f"the records ended without {kind.__name__}")


async def deed(actor: Any) -> None:
    await actor.say("Hello, \u202e\x1b[31m \u2028 wörld")
    await actor.write("a.txt", b"1\n")
    await actor.write("b.txt", b"2\n")
    if await actor.run.ask("Go on?", ("yes", "no")) == "no":
        await actor.run.sleep(60)
    await actor.think()


@pytest.fixture(params=["here", "linked"])
async def stall(request: pytest.FixtureRequest, hand: Any) -> AsyncIterator[Stall]:
    session = await hand.open(ActingTeam(deed))
    if request.param == "here":
        yield Stall(session, session)
        return
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        server = LinkServer(session, Path(folder) / "s")
        await server.serve()
        async with await LinkClient.connect(server.socket) as client:
            yield Stall(client, session)
        await server.close()


async def begin(stall: Stall) -> int:
    """Start the run, up to its question; returns the question's place."""
    await stall.port.submit(SubmitRequest(text="do it"))
    return (await stall.take(QuestionAsked))[-1].seq


async def answer(stall: Stall, after: int, words: str) -> None:
    (asked,) = await stall.take(QuestionAsked, after - 1)
    await stall.port.submit(AnswerQuestion(id=asked.event.id, answer=words))


async def test_a_whole_life_is_the_same_from_everywhere(stall, hand):
    """What is rejected leaves the stage, so the file is told again, with its piece outside."""
    assert stall.port.id == stall.session.id
    seq = await begin(stall)
    await answer(stall, seq, "yes")
    records = await stall.take(RunFinished)
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert {record.session for record in records} == {stall.session.id}
    assert records[-1].event.status == "done" and records[-1].event.files == ("a.txt", "b.txt")
    after = records[-1].seq
    for command, *kinds in [
        (DecideChanges(verdict="rejected", paths=("b.txt",)), ChangeDecided, FileChanged),
        (DecideChanges(verdict="accepted"), ChangeDecided),
        (ApplyChanges(), ChangeApplied),
        (UndoApply(), ChangeUndone),
    ]:
        await stall.port.submit(command)
        found = await stall.take(kinds[-1], after)
        assert [type(record.event) for record in found] == kinds
        after = found[-1].seq
    assert hand.file("a.txt") == b"one\n"


async def test_every_reader_gets_everything_after_its_own_cursor(stall):
    seq = await begin(stall)
    await answer(stall, seq, "yes")
    whole = await stall.take(RunFinished)
    parts = await asyncio.gather(*(stall.take(RunFinished, after) for after in (0, 3, len(whole) - 1)))
    assert parts == [whole, whole[3:], whole[-1:]]


async def test_what_is_told_is_told_exactly(stall):
    await begin(stall)
    (text,) = [r.event for r in await stall.take(FileChanged) if isinstance(r.event, TextFinished)]
    assert text.text == "Hello, \u202e\x1b[31m \u2028 wörld"
    deltas = [r.event for r in await stall.take(FileChanged) if isinstance(r.event, TextDelta)]
    assert "".join(delta.text for delta in deltas) == text.text


async def test_a_command_that_cannot_be_carried_out_is_answered(stall):
    await stall.port.submit(InterruptRun())
    refused = (await stall.take(CommandRefused))[-1]
    await stall.port.submit(ApplyChanges(paths=("no such file",)))
    again = (await stall.take(CommandRefused, refused.seq))[-1]
    assert (refused.event.command, again.event.command) == ("interrupt_run", "apply_changes")


async def test_a_run_is_interrupted_and_what_it_did_can_be_decided(stall):
    seq = await begin(stall)
    await answer(stall, seq, "no")
    await stall.port.submit(InterruptRun())
    end = (await stall.take(RunFinished))[-1]
    assert end.event.status == "interrupted" and end.event.files == ("a.txt", "b.txt")
    await stall.port.submit(DecideChanges(verdict="accepted", paths=("a.txt",)))
    assert (await stall.take(ChangeDecided, end.seq))[-1].event.path == "a.txt"


async def test_a_decision_during_a_run_is_on_record_at_once(stall):
    seq = await begin(stall)
    await stall.port.submit(DecideChanges(verdict="rejected", paths=("a.txt",)))
    decided = (await stall.take(ChangeDecided, seq))[-1]
    await answer(stall, seq, "yes")
    assert (await stall.take(RunFinished))[-1].seq > decided.seq
    assert len([r for r in await stall.take(RunFinished) if isinstance(r.event, ToolFinished)]) == 2


async def test_records_end_when_the_port_is_closed(stall):
    await begin(stall)
    reading = stall.port.records()
    assert (await anext(reading)).seq == 1
    ending = asyncio.create_task(_drain(reading))
    await asyncio.sleep(0)
    async with asyncio.timeout(SOON):
        await stall.port.close()
        await stall.port.close()
        await ending


async def test_records_end_when_the_session_is(stall):
    await begin(stall)
    ending = asyncio.create_task(_drain(stall.port.records()))
    await stall.port.submit(CloseSession())
    async with asyncio.timeout(SOON):
        await stall.session.closed.wait()
        await ending


async def _drain(records: AsyncIterator[Record]) -> None:
    async for _ in records:
        pass
