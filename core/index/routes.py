"""Routes over all sessions: which rule, router or user decided them, what the user overrode, what had to go up."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from core.events import (
    Complexity,
    DecidedBy,
    Pattern,
    RequestSubmitted,
    RouteDecided,
    RouteOverridden,
    WorkEscalated,
)
from core.index.reading import named
from core.record import Record

TABLES = (
    """CREATE TABLE route (
        session TEXT, seq INTEGER, at TEXT, run TEXT, project TEXT, billed INTEGER, complexity TEXT,
        pattern TEXT, decided_by TEXT, rule TEXT, taken_over INTEGER, overridden INTEGER, escalated INTEGER,
        PRIMARY KEY (session, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE override (
        session TEXT, seq INTEGER, at TEXT, run TEXT, project TEXT, billed INTEGER, decided_by TEXT,
        rule TEXT, from_complexity TEXT, from_pattern TEXT, complexity TEXT, pattern TEXT, role TEXT,
        PRIMARY KEY (session, seq)
    ) WITHOUT ROWID""",
    """CREATE TABLE resumption (
        session TEXT, run TEXT, before TEXT, PRIMARY KEY (session, run)
    ) WITHOUT ROWID""",
)
"""`taken_over`: the route of the run that this one goes on with, which nobody decided again."""
NAMES = ("route", "override", "resumption")


class RouteCount(msgspec.Struct, frozen=True):
    """The routes that one rule, the router or the user decided."""

    decided_by: DecidedBy
    rule: str
    """Empty for the router's own decisions."""
    routes: int
    simple: int
    medium: int
    complex: int
    critical: int
    swarms: int
    overridden: int
    """The user wanted another route while the work was under way."""
    escalated: int
    """The work went to a stronger role afterwards: the route was probably too low."""


class OverrideCount(msgspec.Struct, frozen=True):
    """One override that won, and how often. Empty: the request had not been routed yet, or as it was."""

    decided_by: DecidedBy | None
    """Who had decided the route that was overridden."""
    rule: str
    from_complexity: Complexity | None
    from_pattern: Pattern | None
    complexity: Complexity | None
    pattern: Pattern | None
    role: str | None
    times: int


def note_route(db: sqlite3.Connection, record: Record) -> None:
    """Take in what a record says of a route."""
    # Most events say nothing here, so this is no exhaustive match.
    event = record.event
    if isinstance(event, RequestSubmitted) and event.resumes is not None:
        values = (record.session, event.run, event.resumes)
        db.execute("INSERT OR REPLACE INTO resumption VALUES (?, ?, ?)", values)
    elif isinstance(event, RouteDecided):
        _decided(db, record, event)
    elif isinstance(event, RouteOverridden):
        _overridden(db, record, event)
    elif isinstance(event, WorkEscalated):
        _mark(db, record.session, event.run, "escalated")


def _decided(db: sqlite3.Connection, record: Record, event: RouteDecided) -> None:
    where = (record.session, event.run)
    db.execute(
        """INSERT INTO route SELECT ?, ?, ?, ?, project, billed, ?, ?, ?, ?, ?, 0, 0
        FROM session WHERE id = ?""",
        (
            *(record.session, record.seq, record.at, event.run),
            *(event.complexity, event.pattern, event.decided_by, event.rule),
            *(_is_taken_over(db, *where), record.session),
        ),
    )


def _is_taken_over(db: sqlite3.Connection, session: str, run: str) -> bool:
    """The first route of a run that goes on with one that was routed."""
    found = db.execute(
        """SELECT 1 FROM resumption JOIN route AS old ON old.session = resumption.session AND old.run = before
        WHERE resumption.session = ? AND resumption.run = ?
        AND NOT EXISTS (SELECT 1 FROM route WHERE session = ?1 AND run = ?2)
        AND NOT EXISTS (SELECT 1 FROM override WHERE session = ?1 AND run = ?2)""",
        (session, run),
    )
    return found.fetchone() is not None


def _overridden(db: sqlite3.Connection, record: Record, event: RouteOverridden) -> None:
    before = db.execute(
        """SELECT decided_by, rule, complexity, pattern FROM route
        WHERE session = ? AND run = ? ORDER BY seq DESC LIMIT 1""",
        (record.session, event.run),
    ).fetchone()
    db.execute(
        """INSERT INTO override SELECT ?, ?, ?, ?, project, billed, ?, ?, ?, ?, ?, ?, ?
        FROM session WHERE id = ?""",
        (
            *(record.session, record.seq, record.at, event.run),
            *(before or (None, "", None, None)),
            *(event.complexity, event.pattern, event.asked_role, record.session),
        ),
    )
    _mark(db, record.session, event.run, "overridden")


def _mark(db: sqlite3.Connection, session: str, run: str, column: str) -> None:
    """Of the route that the run was on."""
    db.execute(
        f"""UPDATE route SET {column} = 1 WHERE session = ?1 AND seq =
        (SELECT max(seq) FROM route WHERE session = ?1 AND run = ?2)""",
        (session, run),
    )


_HERE = "(?1 IS NULL OR project = ?1) AND (?2 IS NULL OR billed = ?2)"


def count_routes(db: sqlite3.Connection, project: Path | None, billed: bool | None) -> list[RouteCount]:
    """By who decided and the rule, the most frequent first."""
    found = db.execute(
        f"""SELECT decided_by, rule, sum(NOT taken_over) AS routes,
        {_of("SIMPLE")} AS simple, {_of("MEDIUM")} AS medium, {_of("COMPLEX")} AS complex,
        {_of("CRITICAL")} AS critical, sum(NOT taken_over AND pattern = 'swarm') AS swarms,
        sum(overridden) AS overridden, sum(escalated) AS escalated
        FROM route WHERE {_HERE} GROUP BY 1, 2 HAVING routes OR sum(overridden) OR sum(escalated)
        ORDER BY 3 DESC, 1, 2""",
        (named(project), billed),
    )
    return _rows(found, RouteCount)


def _of(complexity: Complexity) -> str:
    return f"sum(NOT taken_over AND complexity = '{complexity}')"


def count_overrides(db: sqlite3.Connection, project: Path | None, billed: bool | None) -> list[OverrideCount]:
    """By what was overridden and by what it became, the most frequent first."""
    found = db.execute(
        f"""SELECT decided_by, rule, from_complexity, from_pattern, complexity, pattern, role,
        count(*) AS times FROM override WHERE {_HERE}
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 8 DESC, 1, 2, 3, 4, 5, 6, 7""",
        (named(project), billed),
    )
    return _rows(found, OverrideCount)


def _rows(found: sqlite3.Cursor, kind: type[Any]) -> list[Any]:
    names = [column[0] for column in found.description]
    return [msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False) for row in found]
