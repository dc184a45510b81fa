"""The way from a run into the log: text deltas are joined, everything else is committed at once."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import msgspec

from core.events import Event, TextDelta
from core.limits import limits
from core.record import Record


class RecordLog(Protocol):
    """What a recorder needs of a log."""

    async def append(self, events: Sequence[Event]) -> list[Record]: ...


class Recorder:
    """Writes events in the order in which they are given.

    At most `limits().record.deltas_per_second` deltas a second are written for each text block; any
    other event writes what is waiting first, so that order holds.
    """

    def __init__(self, log: RecordLog) -> None:
        self._log = log
        self._waiting: dict[str, TextDelta] = {}
        self._lock = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._pause = 1 / limits().record.deltas_per_second

    async def emit(self, *events: Event) -> None:
        """Put events on record. Deltas return at once; after anything else all is committed."""
        if all(isinstance(event, TextDelta) for event in events):
            self._join([event for event in events if isinstance(event, TextDelta)])
            return
        await self._write(list(events))

    async def flush(self) -> None:
        """Commit the deltas that wait."""
        if self._waiting:
            await self._write([])

    async def close(self) -> None:
        """Commit what waits and stop the timer."""
        await self.flush()
        if self._timer is not None and not self._timer.done():
            self._timer.cancel()

    def _join(self, deltas: list[TextDelta]) -> None:
        for delta in deltas:
            before = self._waiting.get(delta.block)
            text = delta.text if before is None else before.text + delta.text
            self._waiting[delta.block] = msgspec.structs.replace(delta, text=text)
        if self._waiting and (self._timer is None or self._timer.done()):
            self._timer = asyncio.create_task(self._flush_soon())

    async def _flush_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._pause)
            await self.flush()

    async def _write(self, events: list[Event]) -> None:
        async with self._lock:
            batch = [*self._waiting.values(), *events]
            self._waiting.clear()
            if batch:
                await self._log.append(batch)
