"""Errands: a session is opened, or reached where it is open, given commands, heard out, and left."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.commands import (
    ApplyChanges,
    Command,
    DecideChanges,
    DecideProposal,
    RenameSession,
    ResolveConflict,
    RewindStage,
    UndoApply,
)
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    Event,
    FileChanged,
    ProposalCarriedOut,
    ProposalDecided,
    ProposalFailed,
    SessionRenamed,
    StageRewound,
)
from core.link import LinkClient, LinkError
from core.log import LogBusy, LogReader
from core.port import SessionPort
from core.session import Session
from core.settings import Settings


@dataclass(frozen=True)
class Way:
    """The way to a session: here, or in the engine that has it open."""

    port: SessionPort
    after: int
    """Place of the last record before our commands."""
    submit: Callable[[Command], Awaitable[int]]
    """Has a command carried out, and gives the place of the last record by then."""


@asynccontextmanager
async def _way(settings: Settings, session: str) -> AsyncGenerator[Way]:
    try:
        here = await Session.open(settings, session=session)
    except LogBusy as busy:
        if busy.socket is None:
            raise
        async with _way_into(busy.socket, settings.home.session_log(session)) as way:
            yield way
        return

    async def submit(command: Command) -> int:
        await here.submit(command)
        return here.last

    try:
        yield Way(here, here.last, submit)
    finally:
        await here.close()


@asynccontextmanager
async def _way_into(socket: Path, log: Path) -> AsyncGenerator[Way]:
    """To the engine that has it open. How far it came by then is in its log, which is written before it tells."""
    async with await LogReader.open(log) as reader:
        after = await reader.last()

        async def submit(command: Command) -> int:
            async with await LinkClient.connect(socket, after) as one:
                await one.submit(command)
                await one.finish()
            return await reader.last()

        async with await LinkClient.connect(socket, after) as port:
            yield Way(port, after, submit)


async def carry_out(settings: Settings, session: str, commands: Sequence[Command]) -> list[Event]:
    """Submit commands one after the other; returns what each of them came to.

    Raises:
        LogError: the session cannot be opened.
        LinkError: the engine that has it open cannot be reached, or did not carry one out.
    """
    found: list[Event] = []
    async with _way(settings, session) as way:
        after = way.after
        for command in commands:
            last = await way.submit(command)
            events = await _answer(way, after, last, command)
            found, after = found + events, last
            if any(isinstance(event, CommandRefused) for event in events):
                break
    return found


_ENDS: dict[type[Command], tuple[type[Event], ...]] = {
    DecideChanges: (ChangeDecided,),
    ApplyChanges: (ChangeApplied, ChangeMarkedStale, ChangeMerged, ConflictFound),
    UndoApply: (ChangeUndone,),
    ResolveConflict: (ConflictResolved,),
    RenameSession: (SessionRenamed,),
    RewindStage: (StageRewound, FileChanged, ChangeWithdrawn),
}
_UNANSWERED = (
    "The engine that has this session open did not carry this out. "
    "`heddle doctor` prints where its diagnostics are."
)


def _ends(command: Command) -> tuple[type[Event], ...]:
    """What a command comes to. A proposal that is approved has an end of its own, however long hooks take."""
    if isinstance(command, DecideProposal):
        made = command.verdict == "accepted"
        return (ProposalCarriedOut, ProposalFailed) if made else (ProposalDecided,)
    return _ENDS[type(command)]


async def _answer(way: Way, after: int, last: int, command: Command) -> list[Event]:
    """The events that answer a command, among the records after one place and up to another.

    Raises:
        LinkError: there is none: the engine met an error that it could not put on record.
    """
    kinds = (*_ends(command), CommandRefused)
    found: list[Event] = []
    if after < last:
        async for record in way.port.records(after):
            if isinstance(record.event, kinds):
                found.append(record.event)
            if record.seq >= last:
                break
    if not found:
        raise LinkError(_UNANSWERED)
    return found
