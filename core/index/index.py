"""One derived database over all sessions."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from core.index.reading import (
    Asked,
    ChargedBy,
    ChargeRow,
    NodeCost,
    Preview,
    SessionRow,
    Sought,
    Spell,
    add_up,
    asked_before,
    find_passages,
    find_sessions,
    node_costs,
    preview,
    spent_since,
)
from core.index.routes import OverrideCount, RouteCount, count_overrides, count_routes
from core.index.tables import Outdated, is_useless, opened
from core.index.writing import forget, forget_others, last_seq, mark_read, read_stamp, take_in
from core.log import LogError, LogReader
from core.money import ZERO, Pico
from core.paths import Home
from core.record import Record

_T = TypeVar("_T")

_log = logging.getLogger("heddle.index")
_PAGE = 500
_ALL = Sought()


class CaughtUp(msgspec.Struct, frozen=True):
    """What `catch_up` did."""

    ok: bool
    """False: the index could not be written; the diagnostic log says why."""
    sessions: tuple[str, ...]
    """Sessions whose logs held something new."""
    damaged: dict[Path, str]
    """Logs that could not be read to their end, and a sentence for each."""


class IndexUnreadable(Exception):
    """The index cannot be read now. Nothing is lost: it holds nothing that the logs do not."""


def spent_on(path: Path, day: str) -> Pico:
    """What the index knows by now to have been billed on a day (UTC); nothing where it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            found = db.execute("SELECT sum(cost) FROM charge WHERE billed AND substr(at, 1, 10) = ?", (day,))
            return Pico(found.fetchone()[0] or 0)
    except sqlite3.Error as error:
        _log.info("the index %s does not say what was spent on %s: %s", path, day, error)
        return ZERO


def billed_before(home: Home, day: str) -> Pico:
    """What was billed on a day (UTC) so far, by the logs: the index reads to their ends first.

    Blocks until that is done, and needs a thread without an event loop.
    """
    asyncio.run(Index(home.index).catch_up(home.sessions))
    return spent_on(home.index, day)


def _stamps(sessions: Path) -> dict[str, str]:
    """Each log of a folder by name, with what tells whether it has changed."""
    return {file.name: read_stamp(file) for file in sorted(sessions.glob("*.db"))}


class Index:
    """One derived database. Nothing is opened or created before the first call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def update(self, records: Sequence[Record]) -> bool:
        """Take in records that were just committed; those that are known already are passed over.

        Returns False when that failed, or when the index lacks earlier records: `catch_up` mends both.
        """
        return await self._attempt(lambda db: take_in(db, records, whole=True)) or False

    async def catch_up(self, sessions: Path, *, most: int | None = None, but: Path | None = None) -> CaughtUp:
        """Read what is new in the logs of a folder (`Home.sessions`), and forget sessions that are gone.

        Args:
            most: look at so many logs only, those that come last by name.
            but: a log that is not looked at.
        """
        files = await asyncio.to_thread(_stamps, sessions)
        known = await self._attempt(lambda db: forget_others(db, set(files)))
        updated: list[str] = []
        damaged: dict[Path, str] = {}
        ok = known is not None
        for name, stamp in list(files.items())[-(most or len(files)) :]:
            if known is None or known.get(name) == stamp or sessions / name == but:
                continue
            file = sessions / name
            try:
                session, written = await self._read_log(file, stamp)
                ok &= written
                updated += [session]
            except LogError as error:
                damaged[file] = str(error)
        return CaughtUp(ok, tuple(updated), damaged)

    async def rebuild(self, sessions: Path) -> CaughtUp:
        """Begin again from nothing but the logs."""
        await asyncio.to_thread(self._remove)
        return await self.catch_up(sessions)

    async def sessions(self, sought: Sought = _ALL) -> list[SessionRow]:
        """Sessions, the most recent first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: find_sessions(db, sought))

    async def passages(self, session: str, words: str, most: int = 5) -> list[str]:
        """Prompts, answers and paths of a session in which the words stand, oldest first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: find_passages(db, session, words, most))

    async def preview(self, session: str, words: str = "", most: int = 40) -> Preview:
        """A session at a glance; with words, also where they stand in it.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: preview(db, session, words, most))

    async def requests(self, most: int = 5_000) -> list[Asked]:
        """What the user asked in any session, each text once, the latest first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: asked_before(db, most))

    async def charges(
        self, by: ChargedBy, since: str = "", project: Path | None = None, billed: bool | None = None
    ) -> list[ChargeRow]:
        """What was spent, added up; days and months in order, everything else dearest first.

        Args:
            since: only from this day on (`2026-01-31`, UTC).
            billed: only what somebody pays (True), or only rehearsals (False).

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: add_up(db, by, since, project, billed))

    async def spent_since(self, since: str, project: Path | None = None, *, but: str = "") -> Spell:
        """What was billed from a moment on (RFC 3339, UTC, or the start of one).

        Args:
            but: a session whose charges are left out.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: spent_since(db, since, project, but))

    async def node_costs(self, most: int = 1000) -> list[NodeCost]:
        """What the latest nodes cost that one model brought to their end, the newest first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: node_costs(db, most))

    async def routes(self, project: Path | None = None, billed: bool | None = None) -> list[RouteCount]:
        """How often which rule, the router or the user decided a route, the most frequent first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: count_routes(db, project, billed))

    async def overrides(self, project: Path | None = None, billed: bool | None = None) -> list[OverrideCount]:
        """Which routes the user overrode by which, the most frequent first.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._ask(lambda db: count_overrides(db, project, billed))

    async def _read_log(self, file: Path, stamp: str) -> tuple[str, bool]:
        async with await LogReader.open(file) as reader:
            session = reader.session
            last = await self._attempt(lambda db: last_seq(db, session))
            if last is None:
                return session, False
            if last > await reader.last():
                await self._attempt(lambda db: forget(db, [session]))
                last = 0
            while records := await reader.read(last, _PAGE):
                if not await self._attempt(partial(take_in, records=records, whole=False)):
                    return session, False
                last = records[-1].seq
        return session, bool(await self._attempt(lambda db: mark_read(db, session, file.name, stamp)))

    async def _attempt(self, work: Callable[[sqlite3.Connection], _T]) -> _T | None:
        try:
            return await asyncio.to_thread(self._run, work)
        except Exception as error:
            _log.warning("the index %s was not written: %r", self._path, error)
            return None

    async def _ask(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            return await asyncio.to_thread(self._run, work)
        except (sqlite3.Error, OSError) as error:
            raise IndexUnreadable(f"The list of sessions {self._path} cannot be read: {error}.") from error

    def _run(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do it in one transaction; a file that is no index of this version is made anew, once."""
        try:
            with opened(self._path) as db:
                return work(db)
        except (sqlite3.DatabaseError, Outdated) as error:
            if not is_useless(error):
                raise
            _log.warning("the index %s is made anew: %s", self._path, error)
            self._remove()
        with opened(self._path) as db:
            return work(db)

    def _remove(self) -> None:
        for part in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                self._path.with_name(self._path.name + part).unlink()
