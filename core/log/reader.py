"""Reading a log without holding it: works while its writer works, and changes nothing."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Self

from core.log import files
from core.log.database import Database
from core.log.errors import LogDamaged, LogError, LogTooNew
from core.log.reading import Reading
from core.record import Record

_PARTS = ("", "-wal", "-journal")


class LogReader:
    """Read-only and without a lock. `close` it on every way out, or use `async with`."""

    def __init__(self, reading: Reading, copy: tempfile.TemporaryDirectory[str] | None) -> None:
        self._reading = reading
        self._copy = copy

    @classmethod
    async def open(cls, path: Path, *, salvage: bool = False) -> "LogReader":
        """Open a log for reading.

        Args:
            salvage: pass over damaged records; `damaged` then names them.

        Raises:
            LogMissing: there is none.
            LogTooNew: a newer version wrote it.
            LogDamaged: the file is no log.
            LogError: it cannot be read.
        """
        try:
            await asyncio.to_thread(files.check_file, path)
            try:
                return cls(await _start(path, path, salvage), None)
            except (LogDamaged, LogTooNew):
                raise
            except LogError:
                return await cls._open_copy(path, salvage)
        except OSError as error:
            raise LogError(f"The session log {path} cannot be read: {error}.") from error

    @classmethod
    async def _open_copy(cls, path: Path, salvage: bool) -> "LogReader":
        """A writer that was killed leaves work that SQLite must finish; a read-only folder forbids it."""
        copy = tempfile.TemporaryDirectory(prefix="heddle-log-")
        try:
            twin = await asyncio.to_thread(_copy_log, path, Path(copy.name))
            return cls(await _start(twin, path, salvage, writable=True), copy)
        except BaseException:
            copy.cleanup()
            raise

    @property
    def session(self) -> str:
        return self._reading.session

    @property
    def damaged(self) -> tuple[int, ...]:
        """Places of damaged records that a salvage passed over so far."""
        return tuple(self._reading.damaged)

    async def last(self) -> int:
        """The newest record's place now; 0 when there is none."""
        return await self._reading.last()

    async def read(self, after: int = 0, limit: int = 1000) -> list[Record]:
        """The next records after a cursor; empty at the end only.

        Raises:
            LogDamaged: one of them is not what was written, and this is no salvage.
        """
        return await self._reading.records(after, limit)

    async def verify(self) -> int:
        """Check every record and page; returns the number of records.

        Raises:
            LogDamaged: with the first thing that is wrong.
        """
        return await self._reading.verify()

    async def close(self) -> None:
        try:
            await self._reading.database.close()
        finally:
            if self._copy is not None:
                self._copy.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _start(file: Path, path: Path, salvage: bool, writable: bool = False) -> Reading:
    database = await Database.open(file, writable=writable)
    try:
        await files.check_schema(database, path)
        return await Reading.start(database, path, salvage=salvage)
    except BaseException:
        await database.close()
        raise


def _copy_log(path: Path, folder: Path) -> Path:
    for part in _PARTS:
        source = path.with_name(path.name + part)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return folder / path.name
