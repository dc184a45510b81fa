"""A port that plays real records from memory, at the seam that the screen knows."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from core.commands import Command
from core.events import Event
from core.record import Record, timestamp
from tests.support.recordings import SESSION, START


class TapePort:
    """Gives records as a session would, and keeps the commands that it was given."""

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.id = SESSION
        self.commands: list[Command] = []
        self.closed = False
        self._records = list(records)
        self._grown = asyncio.Event()
        self._lost: Exception | None = None

    async def submit(self, command: Command) -> None:
        if self._lost:
            raise self._lost
        self.commands.append(command)

    async def records(self, after: int = 0) -> AsyncIterator[Record]:
        while True:
            for record in self._records[after:]:
                after = record.seq
                yield record
            if self._lost:
                raise self._lost
            if self.closed:
                return
            self._grown.clear()
            await self._grown.wait()

    async def close(self) -> None:
        self.closed = True
        self._grown.set()

    @property
    def last(self) -> int:
        return len(self._records)

    # -- what a test does to it ------------------------------------------------------------------

    def play(self, *records: Record) -> None:
        """Commit further records."""
        self._records.extend(records)
        self._grown.set()

    def happen(self, *events: Event) -> None:
        """Commit further events, a tenth of a second after the last record."""
        for event in events:
            seq = len(self._records) + 1
            self._records.append(Record(seq, SESSION, timestamp(START), event))
        self._grown.set()

    def lose(self, error: Exception) -> None:
        """Have the engine die."""
        self._lost = error
        self._grown.set()
