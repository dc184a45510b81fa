"""What the index can be asked, and its answers."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from core.events import RunStatus
from core.money import Pico

ChargedBy: TypeAlias = Literal["day", "month", "role", "model", "project", "session"]
_KEYS: dict[ChargedBy, str] = {"day": "substr(at, 1, 10)", "month": "substr(at, 1, 7)"}
"""What a charge is added up by, where that is no column."""
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class SessionRow(msgspec.Struct, frozen=True):
    """One session, as a list shows it."""

    id: str
    project: str
    title: str
    """First line of the first request; empty before there is one."""
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


def find_sessions(db: sqlite3.Connection, project: Path | None, query: str) -> list[SessionRow]:
    words = query.replace("\0", " ").split()
    full_text = "VIRTUAL" in db.execute("SELECT sql FROM sqlite_master WHERE name = 'passage'").fetchone()[0]
    rows: list[SessionRow] = []
    if full_text and words:
        quoted = ['"' + word.replace('"', '""') + '"*' for word in words]
        rows = _select_sessions(db, project, "passage MATCH ?", quoted)
    if not rows:
        escaped = [word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words]
        rows = _select_sessions(db, project, "text LIKE ? ESCAPE '\\'", [f"%{word}%" for word in escaped])
    return rows


def _select_sessions(
    db: sqlite3.Connection, project: Path | None, condition: str, words: Iterable[str]
) -> list[SessionRow]:
    conditions, values = ["1"], list[Any]()
    if project is not None:
        conditions.append("project = ?")
        values.append(str(project))
    for word in words:
        conditions.append(f"id IN (SELECT session FROM passage WHERE {condition})")
        values.append(word)
    found = db.execute(
        "SELECT id, project, title, started, last_at, last_seq AS records, runs, status, cost, estimated "
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
        (since, project and str(project), project and str(project), billed, billed),
    )
    return _rows(found, ChargeRow)


def spent_since(db: sqlite3.Connection, since: str, project: Path | None) -> Spell:
    """Billed charges from a moment on (RFC 3339, UTC, or the start of one)."""
    found = db.execute(
        """SELECT coalesce(min(at), '') AS first, coalesce(sum(cost) FILTER (WHERE at >= ?), 0) AS cost,
        coalesce(max(estimated) FILTER (WHERE at >= ?), 0) AS estimated
        FROM charge WHERE billed AND (? IS NULL OR project = ?)""",
        (since, since, project and str(project), project and str(project)),
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
