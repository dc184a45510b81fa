"""Errands: a session is opened, or reached where it is open, given commands, heard out, and left."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
from core.link import LinkClient
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
    last: Callable[[], int | None]
    """Place of the last record now; None when only the other process knows."""


@asynccontextmanager
async def _way(settings: Settings, session: str) -> AsyncGenerator[Way]:
    try:
        here = await Session.open(settings, session=session)
        way = Way(here, here.last, lambda: here.last)
    except LogBusy as busy:
        if busy.socket is None:
            raise
        async with await LogReader.open(settings.home.session_log(session)) as reader:
            after = await reader.last()
        way = Way(await LinkClient.connect(busy.socket, after), after, lambda: None)
    try:
        yield way
    finally:
        await way.port.close()


async def carry_out(settings: Settings, session: str, commands: Sequence[Command]) -> list[Event]:
    """Submit commands one after the other; returns what each of them came to.

    Raises:
        LogError: the session cannot be opened.
        LinkError: the engine that has it open cannot be reached.
    """
    found: list[Event] = []
    async with _way(settings, session) as way:
        after = way.after
        for command in commands:
            await way.port.submit(command)
            events, after = await _answer(way, after, command)
            found += events
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
_QUIET_SECONDS = 0.3
"""Over a link an answer of several records is taken to be whole when no more came for so long."""


def _ends(command: Command) -> tuple[type[Event], ...]:
    """What a command comes to. A proposal that is approved has an end of its own, however long hooks take."""
    if isinstance(command, DecideProposal):
        made = command.verdict == "accepted"
        return (ProposalCarriedOut, ProposalFailed) if made else (ProposalDecided,)
    return _ENDS[type(command)]


async def _answer(way: Way, after: int, command: Command) -> tuple[list[Event], int]:
    """The events that answer a command, which are committed together, and the place of the last."""
    kinds = (*_ends(command), CommandRefused)
    found: list[Event] = []
    records = way.port.records(after)
    while True:
        if found and way.last() == after:
            return found, after
        try:
            async with asyncio.timeout(_QUIET_SECONDS if found else None):
                record = await anext(records)
        except (TimeoutError, StopAsyncIteration):
            return found, after
        after = record.seq
        if isinstance(record.event, kinds):
            found.append(record.event)
