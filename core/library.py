"""All sessions of a user: found, looked into, read, renamed, exported, deleted and put back.

What takes long is done in a thread, with an event loop of its own where it needs one, so that the one
that draws a screen never waits.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from core.commands import RenameSession
from core.events import CommandRefused, SessionRenamed
from core.exporting import as_json, as_markdown, read_all
from core.index import Index, Preview, SessionRow, Sought
from core.log import find_holder
from core.paths import Home
from core.record import timestamp
from core.refusal import Refusal
from core.rereading import Reading
from core.settings import Settings
from core.shelf import discard, put_back

_T = TypeVar("_T")
_ALL = Sought()


class Entry(msgspec.Struct, frozen=True):
    """One session of the list."""

    id: str
    row: SessionRow | None
    """What the index knows; None when its log could not be read at all."""
    at: str
    """When it was used last, RFC 3339."""
    damage: str = ""
    """Why its log cannot be read to the end: a sentence."""
    held: bool = False
    """Some Heddle has it open now."""


class Library:
    """The sessions of one home.

    Args:
        settings: what a session is opened with to be renamed; read when it is first needed.
    """

    def __init__(self, home: Home, settings: Callable[[], Settings]) -> None:
        self._home = home
        self._settings = settings
        self._index = Index(home.index)
        self._damaged: dict[str, Entry] = {}
        self._held: set[str] = set()

    async def look(self) -> None:
        """Take in what is new in the logs, which ones are damaged, and which are open."""
        done = await self._index.catch_up(self._home.sessions)
        self._damaged, self._held = await asyncio.to_thread(self._survey, done.damaged)

    def _survey(self, damaged: dict[Path, str]) -> tuple[dict[str, Entry], set[str]]:
        broken = {log.stem: Entry(log.stem, None, _used_at(log), said) for log, said in damaged.items()}
        locks = self._home.sessions.glob("*.db.lock")
        logs = [lock.with_suffix("") for lock in locks]
        return broken, {log.stem for log in logs if find_holder(log) is not None}

    async def find(self, sought: Sought = _ALL) -> list[Entry]:
        """Sessions, the one that was used last first. Damaged ones stand among them as far as nothing,
        or a part of their id, is looked for.

        Raises:
            IndexUnreadable: and says why.
        """
        rows = await self._index.sessions(sought)
        found = [self._entry(row) for row in rows]
        known = {row.id for row in rows}
        lost = [entry for entry in self._damaged.values() if entry.id not in known and _fits(entry, sought)]
        return sorted([*found, *lost], key=lambda entry: entry.at, reverse=True) if lost else found

    def _entry(self, row: SessionRow) -> Entry:
        broken = self._damaged.get(row.id)
        return Entry(row.id, row, row.last_at, broken.damage if broken else "", row.id in self._held)

    async def preview(self, session: str, words: str = "") -> Preview:
        """A session at a glance.

        Raises:
            IndexUnreadable: and says why.
        """
        return await self._index.preview(session, words)

    def read(self, session: str) -> Reading:
        """Its records, from the first one on."""
        return Reading(self._home.session_log(session))

    async def rename(self, session: str, title: str) -> str:
        """Give it another title; returns the title as it is on record.

        Raises:
            Refusal: it cannot be called that.
            LogError, LinkError: it cannot be opened.
            BadConfig, ValueError: the user's own files cannot be used.
        """
        from core.errands import carry_out  # it loads all that a session needs

        commands = [RenameSession(title=title)]
        for event in await _apart(lambda: carry_out(self._settings(), session, commands)):
            if isinstance(event, CommandRefused):
                raise Refusal(event.reason)
            if isinstance(event, SessionRenamed):
                return event.title
        raise Refusal("The session did not answer. Try again.")

    async def export(self, session: str, target: Path) -> int:
        """Write it into a new file: all records as JSON where it ends in `.json`, else as Markdown.

        Returns the number of records.

        Raises:
            Refusal: there is such a file already.
            LogError: the session cannot be read.
            OSError: the file cannot be written.
        """
        return await _apart(lambda: self._export(session, target))

    async def _export(self, session: str, target: Path) -> int:
        records = await read_all(self._home.session_log(session))
        text = as_json(records) if target.suffix.lower() == ".json" else as_markdown(session, records)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise Refusal(f"{target} is there already. Give another name.") from None
        return len(records)

    async def discard(self, session: str) -> None:
        """Delete it, so that `put_back` can undo that.

        Raises:
            Refusal: it is open, or there is none.
            OSError: its log cannot be moved.
        """
        await asyncio.to_thread(discard, self._home, session)
        await self.look()

    async def put_back(self, session: str) -> None:
        """Undo `discard`.

        Raises:
            Refusal: it was not deleted, or there is one of that id.
            OSError: its log cannot be moved.
        """
        await asyncio.to_thread(put_back, self._home, session)
        await self.look()


def _fits(entry: Entry, sought: Sought) -> bool:
    words = sought.words.split()
    return sought == Sought(words=sought.words) and all(word in entry.id for word in words)


def _used_at(log: Path) -> str:
    try:
        return timestamp(datetime.fromtimestamp(log.stat().st_mtime, UTC))
    except OSError:
        return ""


async def _apart(work: Callable[[], Awaitable[_T]]) -> _T:
    """Do it in a thread with an event loop of its own."""

    async def begin() -> _T:
        return await work()

    return await asyncio.to_thread(lambda: asyncio.run(begin()))
