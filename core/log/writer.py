"""The log of one session, held by its one writer."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Self

from core.clock import Clock, now
from core.events import (
    Event,
    GraphPlanned,
    NodeStarted,
    NoticeGiven,
    ShellOutput,
    StagePrepared,
    StageProgressed,
    TextDelta,
    ToolOutput,
    ToolStarted,
)
from core.log import files
from core.log.database import Database
from core.log.errors import LogClosed, LogDamaged, LogError
from core.log.filesystem import is_network
from core.log.lock import WriterLock
from core.log.reading import Reading
from core.log.rows import BadRow, Row, make_rows
from core.record import Record, timestamp

_INSERT = "INSERT INTO record (seq, at, type, body, chain) VALUES (?, ?, ?, ?, ?)"
_PRUNE = """DELETE FROM record WHERE type = 'text_delta' AND json_extract(body, '$.block') IN
    (SELECT json_extract(body, '$.block') FROM record WHERE type = 'text_finished')"""
_RECENT = 256
"""Records that followers get without reading them again: whoever keeps up needs the last few only."""
_LIGHT = (
    TextDelta,
    StagePrepared,
    StageProgressed,
    GraphPlanned,
    NodeStarted,
    ToolStarted,
    ToolOutput,
    ShellOutput,
    NoticeGiven,
)
"""Events that need not wait for the disk (some 4 ms): a killed process never loses them either,
only a power cut in the next moments can. Whatever decides, costs money or finishes work waits."""
_PAGE = 200
_CHECKED_AT_OPEN = 50


class Log:
    """Append-only; what `append` has returned survives the end of this process. For one event loop."""

    def __init__(self, reading: Reading, lock: WriterLock, clock: Clock, last: int, tip: bytes) -> None:
        self._reading = reading
        self._lock = lock
        self._clock = clock
        self._last = last
        self._tip = tip
        self._turn = asyncio.Lock()
        self._grown = asyncio.Event()
        self._closed = False
        self._synchronous = ""
        self._recent: deque[Record] = deque(maxlen=_RECENT)
        self._wal = False
        self._under_way: set[asyncio.Task[list[Record]]] = set()

    @classmethod
    async def open(
        cls, path: Path, session: str, *, create: bool = False, clock: Clock = now, socket: Path | None = None
    ) -> "Log":
        """Become the log's writer.

        Args:
            create: make the log if there is none.
            socket: where this process serves the session; others find it in `LogBusy` and `find_holder`.

        Raises:
            LogMissing: there is none, and `create` is off.
            LogBusy: another writer holds it.
            LogTooNew: a newer version wrote it.
            LogDamaged: the file is not what was written.
            LogError: it cannot be opened.
        """
        lock = await _take_lock(path, socket, create)
        try:
            if create and not path.exists():
                await files.create(path, session)
            await asyncio.to_thread(files.check_file, path)
            return await cls._start(path, session, lock, clock)
        except BaseException as error:
            lock.release()
            if isinstance(error, OSError):
                raise LogError(f"The session log {path} cannot be opened: {error}.") from error
            raise

    @classmethod
    async def _start(cls, path: Path, session: str, lock: WriterLock, clock: Clock) -> "Log":
        database = await Database.open(path, writable=True)
        try:
            await files.migrate(database, path, await files.check_schema(database, path))
            reading = await Reading.start(database, path)
            if reading.session != session:
                raise LogDamaged(path, f"it holds session {reading.session}, not {session}")
            last = await reading.last()
            await _check_end(reading, last)
            log = cls(reading, lock, clock, last, await reading.tip(last))
            await log._set_up(path)
        except BaseException:
            await database.close()
            raise
        return log

    async def _set_up(self, path: Path) -> None:
        mode = "DELETE" if is_network(path.parent) else "WAL"
        self._wal = await self._database.value(f"PRAGMA journal_mode = {mode}") == b"wal"
        await self._synchronise("FULL")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def _database(self) -> Database:
        return self._reading.database

    @property
    def path(self) -> Path:
        return self._reading.path

    @property
    def session(self) -> str:
        return self._reading.session

    @property
    def last(self) -> int:
        """The newest record's place; 0 when there is none."""
        return self._last

    async def append(self, events: Sequence[Event]) -> list[Record]:
        """Commit events in one transaction and wake who waits for them.

        Cancelling the caller does not cancel the commit: it is carried out once, whole.

        Raises:
            LogFull: no space; nothing was appended.
            LogClosed: the log was closed before.
            LogError: nothing was appended.
        """
        if not events:
            return []
        task = asyncio.ensure_future(self._append(tuple(events)))
        self._under_way.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[list[Record]]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; a cancelled caller does not want it

    async def _append(self, events: tuple[Event, ...]) -> list[Record]:
        async with self._turn:
            self._check_open()
            rows, records, tip = make_rows(
                events, session=self.session, last=self._last, tip=self._tip, at=timestamp(self._clock())
            )
            light = self._wal and all(isinstance(event, _LIGHT) for event in events)
            await self._commit(rows, "NORMAL" if light else "FULL")
            self._recent.extend(records)
            self._last, self._tip = rows[-1].seq, tip
            self._wake()
            return records

    async def _commit(self, rows: list[Row], how: str) -> None:
        """Write rows; `how` says whether SQLite waits for the disk."""
        setting = "" if how == self._synchronous else f"PRAGMA synchronous = {how}"
        try:
            await self._database.transact([(_INSERT, [row.values() for row in rows])], setting)
            self._synchronous = how
        except asyncio.CancelledError:
            # Only the end of the event loop gets here; SQLite may have committed all the same.
            self._last = await self._reading.last()
            self._tip = await self._reading.tip(self._last)
            raise

    async def _synchronise(self, how: str) -> None:
        if how != self._synchronous:
            await self._database.rows(f"PRAGMA synchronous = {how}")
            self._synchronous = how

    def _wake(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed(self.path)

    async def read(self, after: int = 0, limit: int = 1000) -> list[Record]:
        """The next records after a cursor; empty at the end only.

        Raises:
            LogDamaged: one of them is not what was written.
            LogClosed: the log was closed.
        """
        self._check_open()
        return await self._reading.records(after, limit)

    async def wait(self, after: int) -> None:
        """Return when a record with `seq > after` exists.

        Raises:
            LogClosed: there will be none, since the log was closed.
        """
        while self._last <= after:
            self._check_open()
            await self._grown.wait()

    def _still_here(self, after: int) -> list[Record]:
        """The records after a cursor, if all of them were committed so lately that we have them in hand."""
        missing = self._last - after
        recent = self._recent
        if missing > len(recent) or self._closed:
            return []
        return list(islice(recent, len(recent) - missing, None))

    async def follow(self, after: int = 0) -> AsyncIterator[Record]:
        """Every record after a cursor, then each new one; ends when the log is closed."""
        try:
            while True:
                await self.wait(after)
                for record in self._still_here(after) or await self.read(after, _PAGE):
                    after = record.seq
                    yield record
        except LogClosed:
            return

    async def prune(self) -> int:
        """Delete the text deltas of blocks whose finished text is on record; returns how many."""
        async with self._turn:
            self._check_open()
            count = "SELECT count(*) FROM record"
            before = int(await self._database.value(count))
            await self._database.transact([(_PRUNE, [()])])
            return before - int(await self._database.value(count))

    async def verify(self) -> int:
        """Check every record and page; returns the number of records.

        Raises:
            LogDamaged: with the first thing that is wrong.
        """
        self._check_open()
        return await self._reading.verify()

    async def close(self) -> None:
        """Finish what is under way and give the log back. Closing twice does nothing."""
        if self._closed:
            return
        await asyncio.gather(*self._under_way, return_exceptions=True)
        async with self._turn:
            if self._closed:
                return
            self._closed = True
            self._wake()
            try:
                await self._tidy()
            finally:
                await self._database.close()
                self._lock.release()

    async def _tidy(self) -> None:
        """Leave one plain file, readable from a read-only folder too; no harm if a reader is in the way."""
        if not self._wal:
            return
        try:
            await self._database.rows("PRAGMA busy_timeout = 0")
            await self._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            await self._database.rows("PRAGMA journal_mode = DELETE")
        except LogError:
            return


async def _take_lock(path: Path, socket: Path | None, create: bool) -> WriterLock:
    try:
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            await asyncio.to_thread(files.check_file, path)
        return await asyncio.to_thread(WriterLock.take, path, socket)
    except OSError as error:
        raise LogError(f"The session log {path} cannot be locked: {error}.") from error


async def _check_end(reading: Reading, last: int) -> None:
    """New records must not be chained to a damaged one, nor go into a damaged file."""
    await reading.check_pages()
    for row in await reading.rows(max(0, last - _CHECKED_AT_OPEN), _CHECKED_AT_OPEN):
        if isinstance(row, BadRow):
            raise LogDamaged(reading.path, str(row), row.seq)
