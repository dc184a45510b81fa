"""The records of a session that is read again: by a screen that opens it, and by a replay."""

from collections.abc import AsyncIterator
from pathlib import Path

from core.record import Record

_PAGE = 500


class Reading:
    """The records of a past session, from the first one on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self.damaged = 0
        """How many damaged records were passed over so far."""

    async def __aiter__(self) -> AsyncIterator[Record]:
        """Raises: LogError: the log cannot be read at all."""
        from core.log import LogReader  # a screen that opens a session paints before it needs this

        async with await LogReader.open(self._log, salvage=True) as reader:
            after = 0
            while batch := await reader.read(after, _PAGE):
                self.damaged = len(reader.damaged)
                for record in batch:
                    yield record
                after = batch[-1].seq
            self.damaged = len(reader.damaged)
