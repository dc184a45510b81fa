"""What the index can be asked, and its answers."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from core.events import RunStatus
from core.money import Pico

ChargedBy: TypeAlias = Literal["day", "role", "model", "project"]
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
    """The charges of one day (UTC), role, model or project."""

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


def add_up(db: sqlite3.Connection, by: ChargedBy, since: str, project: Path | None) -> list[ChargeRow]:
    order = "1" if by == "day" else "2 DESC, 1"
    found = db.execute(
        f"""SELECT {by} AS key, sum(cost) AS cost, count(*) AS calls,
        sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
        sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
        max(estimated) AS estimated
        FROM charge WHERE day >= ? AND (? IS NULL OR project = ?) GROUP BY 1 ORDER BY {order}""",
        (since, project and str(project), project and str(project)),
    )
    return _rows(found, ChargeRow)


def _rows(found: sqlite3.Cursor, kind: type[_Struct]) -> list[_Struct]:
    names = [column[0] for column in found.description]
    return [msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in found]
