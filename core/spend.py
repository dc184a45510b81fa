"""What was spent today over all running Heddles: `spend.db`, where a day budget is reserved from.

A day is a day in UTC, as in the index: the same one for every Heddle, wherever its clock stands. A call
counts to the day on which it was reserved. Each reservation names its process: when that has died, what it
had reserved counts as spent, since the calls may have been billed. Without a day budget the file is never
opened.

The user may raise the budget of a day: that is kept in the file too, and holds for all Heddles until the day
is over.
"""

import asyncio
import logging
import os
import platform
import secrets
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from core import clock
from core.faults import Fault
from core.ledger import BudgetReached
from core.money import ZERO, Pico

_log = logging.getLogger(__name__)

DAY_BUDGET = "day budget"
_BUSY_SECONDS = 10.0
_DAYS_KEPT = 7
_VERSION = 2
# Amounts are text: a sum of them may be larger than SQLite's integers.
_TABLES = """
CREATE TABLE IF NOT EXISTS day (day TEXT PRIMARY KEY, spent TEXT NOT NULL, lost TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS raised (day TEXT PRIMARY KEY, amount TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved (
    key TEXT PRIMARY KEY, day TEXT NOT NULL, owner TEXT NOT NULL, amount TEXT NOT NULL, lost INTEGER NOT NULL
) WITHOUT ROWID;
"""


class DayHeld(msgspec.Struct, frozen=True):
    """An amount that is set aside for one call."""

    key: str
    amount: Pico


class Today(msgspec.Struct, frozen=True):
    """What one day has cost so far."""

    day: str
    spent: Pico
    """Settled, with what died processes had reserved."""
    lost: Pico
    """The part of `spent` that died processes had reserved: it may be more than was billed."""
    reserved: Pico
    """Set aside for calls under way."""


class DayBudget:
    """The limit of one day, shared with every other Heddle of this user.

    The file is touched in a thread of its own, one transaction after the other, so that a caller who is
    cancelled leaves nothing behind.
    """

    def __init__(
        self,
        path: Path,
        limit: Pico,
        *,
        clock: clock.Clock = clock.now,
        before: Callable[[str], Pico] = lambda _day: ZERO,
    ) -> None:
        """`before` tells what a day had cost before its first call under a day budget."""
        self.limit = limit
        self._path = path
        self._clock = clock
        self._before = before
        self._owner = owner_of(os.getpid())
        self._thread = ThreadPoolExecutor(1, "spend")
        self._known_day = ""

    async def reserve(self, least: Pico, wanted: Pico) -> DayHeld:
        """Set aside as much as is left, up to what is wanted.

        Raises:
            BudgetReached: not even `least` is left; nothing was set aside.
            Fault: spend_unreadable.
        """
        key = secrets.token_hex(8)
        work = self._thread.submit(self._reserve, key, least, wanted)
        try:
            return DayHeld(key, await asyncio.shield(asyncio.wrap_future(work)))
        except asyncio.CancelledError:
            self._thread.submit(self._settle, key, ZERO)
            raise
        except (sqlite3.Error, OSError, ValueError) as error:
            raise Fault("spend_unreadable", f"{self._path}: {error}") from error

    async def settle(self, held: DayHeld, cost: Pico) -> None:
        """Replace a reservation by what the call did cost. Never raises for the file: what cannot be
        settled stays reserved, and counts as spent once this process has ended."""
        await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._settle, held.key, cost)))

    async def today(self) -> Today:
        """What was spent today.

        Raises:
            Fault: spend_unreadable.
        """
        try:
            return await asyncio.wrap_future(self._thread.submit(self._today))
        except (sqlite3.Error, OSError, ValueError) as error:
            raise Fault("spend_unreadable", f"{self._path}: {error}") from error

    async def raise_to(self, limit: Pico) -> None:
        """Allow more until this day is over, here and in every other Heddle.

        Raises:
            Fault: spend_unreadable.
        """
        try:
            await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._raise_to, limit)))
        except (sqlite3.Error, OSError, ValueError) as error:
            raise Fault("spend_unreadable", f"{self._path}: {error}") from error

    def close(self) -> None:
        """End the thread once everything is settled."""
        self._thread.shutdown(wait=False)

    # -- in the thread ---------------------------------------------------------------------------

    def _reserve(self, key: str, least: Pico, wanted: Pico) -> Pico:
        day = f"{self._clock():%Y-%m-%d}"
        before = self._seed(day)
        with _opened(self._path) as db:
            db.execute("INSERT OR IGNORE INTO day VALUES (?, ?, '0')", (day, str(before)))
            _bury(db)
            spent, _, reserved = _sums(db, day)
            limit = max(self.limit, _raised(db, day))
            left = limit - spent - reserved
            if left < least:
                raise BudgetReached(Pico(limit), spent + reserved, DAY_BUDGET, scope="day")
            granted = Pico(min(wanted, left))
            db.execute("INSERT INTO reserved VALUES (?, ?, ?, ?, 0)", (key, day, self._owner, str(granted)))
            _forget(db, day)
        return granted

    def _seed(self, day: str) -> Pico:
        """What a new day begins with: asked for outside of any transaction."""
        if day == self._known_day:
            return ZERO
        with _opened(self._path) as db:
            known = db.execute("SELECT 1 FROM day WHERE day = ?", (day,)).fetchone()
        self._known_day = day
        return ZERO if known else self._before(day)

    def _settle(self, key: str, cost: Pico) -> None:
        try:
            with _opened(self._path) as db:
                _book(db, key, cost)
        except (sqlite3.Error, OSError, ValueError) as error:
            _log.warning("a call was not settled in %s and stays reserved: %s", self._path, error)

    def _raise_to(self, limit: Pico) -> None:
        day = f"{self._clock():%Y-%m-%d}"
        with _opened(self._path) as db:
            most = max(limit, _raised(db, day))
            db.execute("INSERT OR REPLACE INTO raised VALUES (?, ?)", (day, str(most)))

    def _today(self) -> Today:
        day = f"{self._clock():%Y-%m-%d}"
        with _opened(self._path) as db:
            _bury(db)
            spent, lost, reserved = _sums(db, day)
        return Today(day, Pico(spent), Pico(lost), Pico(reserved))


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    """The file, in one transaction that nobody else writes in."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
        path.chmod(0o600)
        if db.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
            db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
        db.execute("BEGIN IMMEDIATE")
        with db:
            yield db


def _sums(db: sqlite3.Connection, day: str) -> tuple[int, int, int]:
    """Spent, the lost part of it, and reserved."""
    row = db.execute("SELECT spent, lost FROM day WHERE day = ?", (day,)).fetchone() or ("0", "0")
    held = db.execute("SELECT amount FROM reserved WHERE day = ? AND NOT lost", (day,))
    return int(row[0]), int(row[1]), sum(int(amount) for (amount,) in held)


def _raised(db: sqlite3.Connection, day: str) -> int:
    """What the user raised the day's budget to; 0 when he did not."""
    row = db.execute("SELECT amount FROM raised WHERE day = ?", (day,)).fetchone()
    return int(row[0]) if row else 0


def _book(db: sqlite3.Connection, key: str, cost: int) -> None:
    """Settle one reservation, also one that was taken for lost."""
    row = db.execute("SELECT day, amount, lost FROM reserved WHERE key = ?", (key,)).fetchone()
    if row is None:
        return
    day, amount, lost = str(row[0]), int(row[1]), bool(row[2])
    back = amount if lost else 0
    _add(db, day, cost - back, -back)
    db.execute("DELETE FROM reserved WHERE key = ?", (key,))


def _add(db: sqlite3.Connection, day: str, spent: int, lost: int) -> None:
    row = db.execute("SELECT spent, lost FROM day WHERE day = ?", (day,)).fetchone()
    if row is not None:
        values = (str(int(row[0]) + spent), str(int(row[1]) + lost), day)
        db.execute("UPDATE day SET spent = ?, lost = ? WHERE day = ?", values)


def _bury(db: sqlite3.Connection) -> None:
    """Count what died processes had reserved as spent. The rows stay: an owner that was alive after all
    (in another container, say) still settles them exactly."""
    rows = db.execute("SELECT key, day, owner, amount FROM reserved WHERE NOT lost").fetchall()
    dead = {owner for _, _, owner, _ in rows if has_died(owner)}
    for key, day, owner, amount in rows:
        if owner in dead:
            _add(db, day, int(amount), int(amount))
            db.execute("UPDATE reserved SET lost = 1 WHERE key = ?", (key,))


def _forget(db: sqlite3.Connection, day: str) -> None:
    """Drop days that nobody asks about any more."""
    for table in ("day", "raised", "reserved"):
        db.execute(f"DELETE FROM {table} WHERE day < date(?, ?)", (day, f"-{_DAYS_KEPT} days"))


# -- processes -------------------------------------------------------------------------------------


def owner_of(pid: int) -> str:
    """A process by name: host, id, and when it began, since ids are used again."""
    return f"{platform.node()}/{pid}/{_began(pid)}"


def has_died(owner: str) -> bool:
    """Whether a process is gone for certain; what runs on another host counts as alive."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    began = owner.rpartition("/")[2]
    if host != platform.node() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return bool(began) and _began(int(rest)) not in (began, "")


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; empty where that cannot be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    # A zombie has ended: only its parent has not asked for it yet.
    return "ended" if fields[0] in "ZX" else fields[19]
