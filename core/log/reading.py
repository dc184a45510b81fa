"""Reading records from an open log: what the writer and the reader share."""

from dataclasses import dataclass, field
from pathlib import Path

from core.log.database import Database
from core.log.errors import LogDamaged
from core.log.rows import BadRow, Row, check_rows, first_chain, to_record
from core.record import Record
from core.text import first_line

_ROWS = "SELECT seq, at, type, body, chain FROM record WHERE seq > ? ORDER BY seq LIMIT ?"
_TIP = "SELECT chain FROM record WHERE seq <= ? AND type <> 'text_delta' ORDER BY seq DESC LIMIT 1"
_VERIFY_ROWS = 2_000


@dataclass
class Reading:
    """One log's session, and its records by cursor, checked as they are read."""

    database: Database
    path: Path
    session: str
    salvage: bool = False
    """Pass over damaged records instead of refusing; `damaged` then names them."""
    damaged: list[int] = field(default_factory=list[int])

    @classmethod
    async def start(cls, database: Database, path: Path, *, salvage: bool = False) -> "Reading":
        """Read whose log this is.

        Raises:
            LogDamaged: it does not say.
        """
        session = await database.value("SELECT value FROM meta WHERE key = 'session'")
        if not isinstance(session, bytes):
            raise LogDamaged(path, "it does not say which session it holds")
        return cls(database, path, session.decode(errors="replace"), salvage)

    async def last(self) -> int:
        """The newest record's place; 0 when there is none."""
        return int(await self.database.value("SELECT max(seq) FROM record") or 0)

    async def tip(self, at: int) -> bytes:
        """The chain as it stands at record `at`."""
        chain = await self.database.value(_TIP, (at,))
        return chain if isinstance(chain, bytes) else first_chain(self.session)

    async def rows(self, after: int, limit: int) -> list[Row | BadRow]:
        tip = await self.tip(after)
        return list(check_rows(await self.database.rows(_ROWS, (after, limit)), tip))

    async def records(self, after: int, limit: int) -> list[Record]:
        """The next records; empty at the end only.

        Raises:
            LogDamaged: one of them is not what was written, and this is no salvage.
        """
        while rows := await self.rows(after, limit):
            self._judge(rows)
            good = [to_record(row, self.session) for row in rows if isinstance(row, Row)]
            if good:
                return good
            after = rows[-1].seq
        return []

    def _judge(self, rows: list[Row | BadRow]) -> None:
        for bad in (row for row in rows if isinstance(row, BadRow)):
            if not self.salvage:
                raise LogDamaged(self.path, str(bad), bad.seq)
            self.damaged.append(bad.seq)

    async def check_pages(self) -> None:
        """Let SQLite look at its own structures (about a millisecond for a megabyte).

        Raises:
            LogDamaged: with the first thing that is wrong.
        """
        said = await self.database.value("PRAGMA quick_check(1)")
        if said != b"ok":
            what = said.decode(errors="replace") if isinstance(said, bytes) else repr(said)
            raise LogDamaged(self.path, first_line(what))

    async def verify(self) -> int:
        """Walk the whole chain and let SQLite look at its pages; returns the number of records.

        Raises:
            LogDamaged: with the first thing that is wrong.
        """
        await self.check_pages()
        after = count = 0
        while rows := await self.rows(after, _VERIFY_ROWS):
            for row in rows:
                if isinstance(row, BadRow):
                    raise LogDamaged(self.path, str(row), row.seq)
            after, count = rows[-1].seq, count + len(rows)
        return count
