"""What the index can be asked, and its answers."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from core.events import RunStatus
from core.money import ZERO, Pico
from core.spelling import recorded

ChargedBy: TypeAlias = Literal["day", "month", "role", "model", "project", "session"]
_KEYS: dict[ChargedBy, str] = {"day": "substr(at, 1, 10)", "month": "substr(at, 1, 7)"}
"""What a charge is added up by, where that is no column."""
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class SessionRow(msgspec.Struct, frozen=True):
    """One session, as a list shows it."""

    id: str
    project: str
    title: str
    """What the user called it, else the first line of the first request; empty before there is one."""
    started: str
    last_at: str
    """RFC 3339, as in records."""
    records: int
    """Place of the last record that the index knows."""
    runs: int
    status: RunStatus | Literal["new", "running"]
    """The last run's. `running` may mean that its engine was killed: `core.log.find_holder` knows."""
    cost: Pico
    estimated: bool
    """Part of the cost is an estimate (`~`)."""
    billed: bool = True
    """False for a rehearsal, whose costs are list prices that nobody pays."""


class ChargeRow(msgspec.Struct, frozen=True):
    """The charges of one day or month (UTC), role, model, project or session."""

    key: str
    cost: Pico
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    estimated: bool


class Asked(msgspec.Struct, frozen=True):
    """A request that the user made once, exactly as it was."""

    text: str
    at: str
    session: str
    project: str


class Exchange(msgspec.Struct, frozen=True):
    """One request of a session, and what came of it."""

    text: str
    at: str
    status: RunStatus | Literal["running"]
    answer: str
    """Its head and tail, where it is long; empty before the end."""


class Preview(msgspec.Struct, frozen=True):
    """A session at a glance. All texts are exact."""

    exchanges: tuple[Exchange, ...]
    """The latest ones, oldest first."""
    paths: tuple[str, ...]
    """Files that were changed."""
    roles: tuple[tuple[str, Pico], ...]
    """What each role cost, the dearest first."""
    found: tuple[str, ...] = ()
    """Prompts, answers and paths in which the words stand that were looked for."""


class Sought(msgspec.Struct, frozen=True):
    """Which sessions are looked for; what is left out holds for all of them."""

    words: str = ""
    """Each of them begins a word of a prompt, an answer, a changed path, the title or the project's path;
    failing that, it stands anywhere in one."""
    project: Path | None = None
    since: str = ""
    """Used on this day or later: the start of an RFC 3339 time, such as `2026-01-31`, UTC."""
    until: str = ""
    """Used on this day or earlier."""
    least: Pico = ZERO
    """What it cost at least."""
    folder: str = ""
    """Stands in the path of the project, in whatever case."""


def find_sessions(db: sqlite3.Connection, sought: Sought) -> list[SessionRow]:
    words = sought.words.replace("\0", " ").split()
    rows: list[SessionRow] = []
    if words and _full_text(db):
        rows = _select_sessions(db, sought, "passage MATCH ?", _prefixes(words))
    if not rows:
        rows = _select_sessions(db, sought, "text LIKE ? ESCAPE '\\'", _anywhere(words))
    return rows


def find_passages(db: sqlite3.Connection, session: str, query: str, most: int) -> list[str]:
    """Prompts, answers and paths of a session that hold each of these words, oldest first."""
    words = query.replace("\0", " ").split()
    if not words:
        return []
    ways = [("text LIKE ? ESCAPE '\\'", _anywhere(words))]
    if _full_text(db):
        ways.insert(0, ("passage MATCH ?", [" ".join(_prefixes(words))]))
    for condition, values in ways:
        every = " AND ".join([condition] * len(values))
        found = db.execute(
            f"SELECT text FROM passage WHERE session = ? AND {every} LIMIT ?", (session, *values, most)
        )
        if texts := [str(row[0]) for row in found]:
            return texts
    return []


def preview(db: sqlite3.Connection, session: str, words: str, most: int) -> Preview:
    """A session at a glance: `most` requests, paths and passages."""
    asked = db.execute(
        "SELECT text, at, status, answer FROM request WHERE session = ? ORDER BY seq DESC LIMIT ?",
        (session, most),
    )
    exchanges = tuple(_rows(asked, Exchange)[::-1])
    paths = db.execute("SELECT path FROM path WHERE session = ? LIMIT ?", (session, most))
    costs = db.execute(
        "SELECT role, sum(cost) FROM charge WHERE session = ? GROUP BY role ORDER BY 2 DESC, 1", (session,)
    )
    found = find_passages(db, session, words, most) if words.strip() else []
    return Preview(
        exchanges,
        tuple(str(row[0]) for row in paths),
        tuple((str(row[0]), Pico(row[1])) for row in costs),
        tuple(found),
    )


def asked_before(db: sqlite3.Connection, most: int) -> list[Asked]:
    """What the user asked in any session, each text once, the latest first."""
    found = db.execute(
        """SELECT text, max(request.at) AS at, session, project FROM request JOIN session ON id = session
        GROUP BY text ORDER BY 2 DESC LIMIT ?""",
        (most,),
    )
    return _rows(found, Asked)


def _full_text(db: sqlite3.Connection) -> bool:
    return "VIRTUAL" in db.execute("SELECT sql FROM sqlite_master WHERE name = 'passage'").fetchone()[0]


def _prefixes(words: list[str]) -> list[str]:
    return ['"' + word.replace('"', '""') + '"*' for word in words]


def _anywhere(words: list[str]) -> list[str]:
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return [f"%{word}%" for word in escaped]


def _select_sessions(
    db: sqlite3.Connection, sought: Sought, condition: str, words: Iterable[str]
) -> list[SessionRow]:
    conditions, values = ["cost >= ?", "last_at >= ?"], list[Any]([sought.least, sought.since])
    if sought.until:
        conditions.append("substr(last_at, 1, ?) <= ?")
        values += [len(sought.until), sought.until]
    if sought.project is not None:
        conditions.append("project = ?")
        values.append(named(sought.project))
    if sought.folder:
        conditions.append("project LIKE ? ESCAPE '\\'")
        values += _anywhere([sought.folder])
    for word in words:
        conditions.append(f"id IN (SELECT session FROM passage WHERE {condition})")
        values.append(word)
    found = db.execute(
        "SELECT id, project, title, started, last_at, last_seq AS records, runs, status, cost, "
        "estimated, billed "
        f"FROM session WHERE {' AND '.join(conditions)} ORDER BY last_at DESC, id",
        values,
    )
    return _rows(found, SessionRow)


class Spell(msgspec.Struct, frozen=True):
    """What was spent from some moment on, and when the first charge of all was."""

    first: str
    """RFC 3339; empty when there is no charge."""
    cost: Pico
    estimated: bool


class NodeCost(msgspec.Struct, frozen=True):
    """What one node cost that one model brought to its end, all its rounds together."""

    role: str
    model: str
    cost: Pico


def named(project: Path | None) -> str | None:
    """A project as its sessions name it on record."""
    return None if project is None else recorded(str(project))


def add_up(
    db: sqlite3.Connection, by: ChargedBy, since: str, project: Path | None, billed: bool | None
) -> list[ChargeRow]:
    order = "1" if by in ("day", "month") else "2 DESC, 1"
    found = db.execute(
        f"""SELECT {_KEYS.get(by, by)} AS key, sum(cost) AS cost, count(*) AS calls,
        sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
        max(estimated) AS estimated
        FROM charge WHERE at >= ? AND (? IS NULL OR project = ?) AND (? IS NULL OR billed = ?)
        GROUP BY 1 ORDER BY {order}""",
        (since, named(project), named(project), billed, billed),
    )
    return _rows(found, ChargeRow)


def spent_since(db: sqlite3.Connection, since: str, project: Path | None, but: str = "") -> Spell:
    """Billed charges from a moment on (RFC 3339, UTC, or the start of one), those of one session left out."""
    found = db.execute(
        """SELECT coalesce(min(at), '') AS first, coalesce(sum(cost) FILTER (WHERE at >= ?), 0) AS cost,
        coalesce(max(estimated) FILTER (WHERE at >= ?), 0) AS estimated
        FROM charge WHERE billed AND session != ? AND (? IS NULL OR project = ?)""",
        (since, since, but, named(project), named(project)),
    )
    return _rows(found, Spell)[0]


def node_costs(db: sqlite3.Connection, most: int) -> list[NodeCost]:
    """The latest nodes that were billed and done, each by one model alone, the newest first."""
    found = db.execute(
        """SELECT role, min(model) AS model, sum(cost) AS cost FROM charge JOIN node USING (session, run, node)
        WHERE billed AND status = 'done' AND at >= coalesce(
            (SELECT at FROM charge WHERE billed ORDER BY at DESC LIMIT 1 OFFSET ?), '')
        GROUP BY session, run, node, role HAVING count(DISTINCT model) = 1 ORDER BY max(at) DESC LIMIT ?""",
        (most * 20, most),
    )
    return _rows(found, NodeCost)


def _rows(found: sqlite3.Cursor, kind: type[_Struct]) -> list[_Struct]:
    names = [column[0] for column in found.description]
    return [msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in found]
