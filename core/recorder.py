"""The way from a run into the log: pieces of a text are joined, everything else is committed at once."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from core.events import Event, ShellOutput, TextDelta, ToolOutput
from core.limits import limits
from core.record import Record

_log = logging.getLogger(__name__)

Delta = TextDelta | ToolOutput | ShellOutput
"""A piece of a text that grows; pieces that follow one another are one."""


class RecordLog(Protocol):
    """What a recorder needs of a log."""

    async def append(self, events: Sequence[Event]) -> list[Record]: ...


def _ignore(record: Record) -> None:
    pass


class Recorder:
    """Writes events in the order in which they are given.

    At most `limits().record.deltas_per_second` deltas a second are written for each text block and for
    what each running call or command prints; any other event writes what is waiting first, so that order holds. `committed`
    hears of each record once it is in the log, in order.
    """

    def __init__(self, log: RecordLog, committed: Callable[[Record], None] = _ignore) -> None:
        self._log = log
        self._committed = committed
        self._waiting: dict[tuple[type, str], Delta] = {}
        self._turn = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()
        self._timer: asyncio.Task[None] | None = None
        self._pause = 1 / limits().record.deltas_per_second

    async def emit(self, *events: Event) -> None:
        """Put events on record. Deltas return at once; after anything else all is committed.

        A caller that is cancelled takes nothing back: its events are written all the same.

        Raises:
            LogError: nothing of these events was written; for deltas: earlier ones were not.
        """
        deltas = [event for event in events if isinstance(event, Delta)]
        if len(deltas) == len(events):
            self._join(deltas)
        else:
            await self._write([*self._take(), *events])

    async def flush(self) -> None:
        """Commit the deltas that wait.

        Raises:
            LogError: they could not be written, and are lost.
        """
        if self._waiting:
            await self._write(self._take())

    async def settle(self) -> None:
        """Wait until everything that was given is written, or could not be: who gave it knows."""
        await asyncio.gather(*self._writes, return_exceptions=True)

    async def close(self) -> None:
        """Commit what waits and stop the timer. Deltas that cannot be written are given up."""
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.wait({self._timer})
        try:
            await self.flush()
        except Exception as error:
            _log.warning("text that was still on its way is lost: %s", error)
        await self.settle()

    def _take(self) -> list[Delta]:
        taken = list(self._waiting.values())
        self._waiting.clear()
        return taken

    def _join(self, deltas: list[Delta]) -> None:
        self._check_timer()
        for delta in deltas:
            key = type(delta), _name(delta)
            before = self._waiting.get(key)
            text = delta.text if before is None else before.text + delta.text
            self._waiting[key] = msgspec.structs.replace(delta, text=text)
        if self._waiting and self._timer is None:
            self._timer = asyncio.create_task(self._flush_soon())

    def _check_timer(self) -> None:
        """Raise what went wrong while earlier deltas were written."""
        if self._timer is not None and self._timer.done():
            timer, self._timer = self._timer, None
            timer.result()

    async def _flush_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._pause)
            await self.flush()

    async def _write(self, batch: list[Event] | list[Delta]) -> None:
        write = asyncio.ensure_future(self._commit(batch))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        await asyncio.shield(write)

    async def _commit(self, batch: Sequence[Event]) -> None:
        async with self._turn:
            for record in await self._log.append(batch):
                self._committed(record)


def _name(delta: Delta) -> str:
    """Of the text that grows, among those of its kind."""
    match delta:
        case TextDelta():
            return delta.block
        case ToolOutput():
            return delta.call
        case ShellOutput():
            return delta.id
