"""Folding records into the index, and which logs it has read."""

import sqlite3
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from core.events import (
    FileChanged,
    ModelCalled,
    NodeFinished,
    RequestSubmitted,
    RunFinished,
    SessionRenamed,
    SessionResumed,
    SessionStarted,
)
from core.index.routes import NAMES as ROUTE_TABLES, note_route
from core.money import to_pico
from core.record import Record
from core.text import clip, first_line

_ANSWER_CHARACTERS = 4_000
"""Of an answer, for previews. All of it can be searched."""


def take_in(db: sqlite3.Connection, records: Sequence[Record], *, whole: bool) -> bool:
    """Add records that are new. `whole`: none may be missing before them (pruned ones may be in a log)."""
    complete = True
    for session, group in groupby(records, key=lambda record: record.session):
        last = last_seq(db, session)
        fresh = [record for record in group if record.seq > last]
        if fresh and whole and fresh[0].seq != last + 1:
            complete = False
        elif fresh:
            _add(db, session, fresh)
    return complete


def last_seq(db: sqlite3.Connection, session: str) -> int:
    row = db.execute("SELECT last_seq FROM session WHERE id = ?", (session,)).fetchone()
    return int(row[0]) if row else 0


def _add(db: sqlite3.Connection, session: str, records: list[Record]) -> None:
    db.execute(
        "INSERT OR IGNORE INTO session VALUES (?, NULL, NULL, '', '', ?, '', 0, 0, 'new', 0, 0, 1)",
        (session, records[0].at),
    )
    passages: dict[str, None] = {}
    for record in records:
        _add_one(db, record, passages)
        note_route(db, record)
    db.execute(
        "UPDATE session SET last_at = ?, last_seq = ? WHERE id = ?",
        (records[-1].at, records[-1].seq, session),
    )
    db.executemany("INSERT INTO passage VALUES (?, ?)", [(session, text) for text in passages])


def _add_one(db: sqlite3.Connection, record: Record, passages: dict[str, None]) -> None:
    # Most events say nothing here, so this is no exhaustive match.
    event = record.event
    if isinstance(event, SessionStarted):
        db.execute("UPDATE session SET project = ? WHERE id = ?", (event.project, record.session))
        _bill(db, record.session, event)
        passages[event.project] = None
    elif isinstance(event, SessionResumed):
        _bill(db, record.session, event)
    elif isinstance(event, RequestSubmitted):
        db.execute(
            "UPDATE session SET runs = runs + 1, status = 'running', "
            "title = CASE title WHEN '' THEN ? ELSE title END WHERE id = ?",
            (first_line(event.text), record.session),
        )
        passages[event.text] = None
        asked = (record.session, record.seq, record.at, event.text, event.run)
        db.execute("INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?, 'running', '')", asked)
    elif isinstance(event, SessionRenamed):
        db.execute("UPDATE session SET title = ? WHERE id = ?", (event.title, record.session))
        passages[event.title] = None
    elif isinstance(event, RunFinished):
        _end(db, record.session, event)
        passages[event.answer] = None
    elif isinstance(event, FileChanged):
        passages[event.path] = None
        db.execute("INSERT OR IGNORE INTO path VALUES (?, ?)", (record.session, event.path))
    elif isinstance(event, ModelCalled):
        _charge(db, record, event)
    elif isinstance(event, NodeFinished):
        ended = (record.session, event.run, event.node, event.status)
        db.execute("INSERT OR REPLACE INTO node VALUES (?, ?, ?, ?)", ended)


def _end(db: sqlite3.Connection, session: str, end: RunFinished) -> None:
    db.execute("UPDATE session SET status = ? WHERE id = ?", (end.status, session))
    db.execute(
        "UPDATE request SET status = ?, answer = ? WHERE session = ? AND run = ?",
        (end.status, clip(end.answer, _ANSWER_CHARACTERS), session, end.run),
    )


def _bill(db: sqlite3.Connection, session: str, event: SessionStarted | SessionResumed) -> None:
    """Whether what comes is paid by anyone: the rehearsal's list prices are not."""
    db.execute("UPDATE session SET billed = ? WHERE id = ?", (event.backend != "rehearsal", session))


def _charge(db: sqlite3.Connection, record: Record, call: ModelCalled) -> None:
    cost = to_pico(call.cost_usd)
    db.execute(
        "UPDATE session SET cost = cost + ?, estimated = max(estimated, ?) WHERE id = ?",
        (cost, call.estimated, record.session),
    )
    tokens = (call.input_tokens, call.output_tokens, call.cache_read_tokens, call.cache_write_tokens)
    db.execute(
        "INSERT INTO charge SELECT ?, ?, ?, ?, ?, ?, ?, project, billed, ?, ?, ?, ?, ?, ? "
        "FROM session WHERE id = ?",
        (
            *(record.session, record.seq, record.at, call.run, call.node, call.role, call.model),
            *(cost, *tokens, call.estimated, record.session),
        ),
    )


def read_stamp(file: Path) -> str:
    """Changes whenever the log does, so that most logs need not be opened."""
    parts: list[str] = []
    for part in (file, file.with_name(file.name + "-wal")):
        try:
            found = part.stat()
        except OSError:
            continue
        parts.append(f"{found.st_size}:{found.st_mtime_ns}")
    return " ".join(parts)


def forget_others(db: sqlite3.Connection, files: set[str]) -> dict[str, str]:
    """Drop sessions whose log is gone; returns the stamp of each file that was read to its end."""
    known = db.execute("SELECT id, coalesce(file, id || '.db'), stamp FROM session").fetchall()
    forget(db, [session for session, file, _ in known if file not in files])
    return {file: stamp for _, file, stamp in known if stamp}


def forget(db: sqlite3.Connection, sessions: list[str]) -> None:
    for session in sessions:
        db.execute("DELETE FROM session WHERE id = ?", (session,))
        for table in ("charge", "node", "passage", "path", "request", *ROUTE_TABLES):
            db.execute(f"DELETE FROM {table} WHERE session = ?", (session,))


def mark_read(db: sqlite3.Connection, session: str, file: str, stamp: str) -> bool:
    db.execute("UPDATE session SET file = ?, stamp = ? WHERE id = ?", (file, stamp, session))
    return True
