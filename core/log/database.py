"""One aiosqlite connection in autocommit mode, whose failures are sentences about the log."""

import asyncio
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import aiosqlite

from core.log.errors import translate

_BUSY_SECONDS = 5.0
_BEGIN_ATTEMPTS = 5
"""SQLite's own waiting is unfair: a writer can lose every time, so a transaction is begun again."""


class _Busy(Exception):
    """Another connection writes just now."""

    def __init__(self, error: sqlite3.OperationalError) -> None:
        super().__init__(str(error))
        self.error = error


Statement: TypeAlias = tuple[str, Sequence[Sequence[Any]]]
"""SQL, and the values that it is run with, once each."""


class Database:
    """A connection to one file. `close` it on every way out."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    async def open(cls, path: Path, *, writable: bool) -> "Database":
        """Open an existing file.

        Raises:
            LogError: it cannot be opened.
        """
        uri = f"file:{quote(str(path.absolute()))}?mode={'rw' if writable else 'ro'}"
        connection = aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)
        _let_interpreter_end(connection)
        try:
            await connection
        except sqlite3.Error as error:
            raise translate(error, path) from error
        connection.text_factory = bytes
        return cls(connection, path)

    async def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; text comes as bytes."""
        try:
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, values)]
        except sqlite3.Error as error:
            raise translate(error, self._path) from error

    async def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None when there is none."""
        rows = await self.rows(sql, values)
        return rows[0][0] if rows else None

    async def transact(self, statements: Sequence[Statement], setting: str = "") -> None:
        """Run statements, each once per set of values, in one transaction: all or nothing.

        Args:
            setting: a `PRAGMA` that holds from this transaction on.

        Raises:
            LogError: nothing was changed.
        """
        try:
            await self._carry_out(statements, setting)
        except BaseException as error:
            await self._roll_back()
            if isinstance(error, sqlite3.Error):
                raise translate(error, self._path) from error
            raise

    async def _carry_out(self, statements: Sequence[Statement], setting: str) -> None:
        """In one turn of the connection's thread: handing each statement over costs more than the statement."""
        for attempt in range(1, _BEGIN_ATTEMPTS + 1):
            try:
                await self._connection._execute(self._run, statements, setting)  # pyright: ignore
                return
            except _Busy as busy:
                if attempt == _BEGIN_ATTEMPTS:
                    raise busy.error from None
                await asyncio.sleep(random.uniform(0.01, 0.1) * attempt)

    def _run(self, statements: Sequence[Statement], setting: str) -> None:
        """The whole transaction, in the connection's thread."""
        raw: sqlite3.Connection = self._connection._conn  # pyright: ignore
        if setting:
            raw.execute(setting)
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise _Busy(error) from error
            raise
        for sql, many in statements:
            raw.executemany(sql, many)
        raw.execute("COMMIT")

    async def _roll_back(self) -> None:
        try:
            await self._connection.rollback()
        except (sqlite3.Error, ValueError):
            return

    async def back_up(self, target: Path) -> None:
        """Copy the whole database into a private file, in place of what is there."""
        target.unlink(missing_ok=True)
        target.touch(mode=0o600)
        copy = await aiosqlite.connect(target)
        try:
            await self._connection.backup(copy)
        except sqlite3.Error as error:
            raise translate(error, self._path) from error
        finally:
            await copy.close()

    async def close(self) -> None:
        await self._connection.close()


def _let_interpreter_end(connection: aiosqlite.Connection) -> None:
    """A connection that somebody forgot to close must not keep a failing program alive for ever."""
    thread = getattr(connection, "_thread", None)
    if thread is not None:
        thread.daemon = True
