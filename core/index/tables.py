"""The index's file: its tables, and how it is opened."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from core.index.routes import TABLES as ROUTE_TABLES
from core.log.filesystem import is_network

_VERSION = 5
"""A file of another version is made anew; there are no migrations of what can be derived."""
_BUSY_SECONDS = 5.0
_TABLES = (
    """CREATE TABLE session (
        id TEXT PRIMARY KEY, file TEXT, stamp TEXT, project TEXT, title TEXT, started TEXT,
        last_at TEXT, last_seq INTEGER, runs INTEGER, status TEXT, cost INTEGER, estimated INTEGER,
        billed INTEGER
    ) WITHOUT ROWID""",
    """CREATE TABLE charge (
        session TEXT, seq INTEGER, at TEXT, run TEXT, node TEXT, role TEXT, model TEXT, project TEXT,
        billed INTEGER, cost INTEGER, input_tokens INTEGER, output_tokens INTEGER,
        cache_read_tokens INTEGER, cache_write_tokens INTEGER, estimated INTEGER,
        PRIMARY KEY (session, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX charge_at ON charge (at)",
    """CREATE TABLE request (
        session TEXT, seq INTEGER, at TEXT, text TEXT, run TEXT, status TEXT, answer TEXT,
        PRIMARY KEY (session, seq)
    ) WITHOUT ROWID""",
    "CREATE TABLE path (session TEXT, path TEXT, PRIMARY KEY (session, path)) WITHOUT ROWID",
    """CREATE TABLE node (
        session TEXT, run TEXT, node TEXT, status TEXT, PRIMARY KEY (session, run, node)
    ) WITHOUT ROWID""",
    *ROUTE_TABLES,
)
_PASSAGES = (
    "CREATE VIRTUAL TABLE passage USING fts5(session UNINDEXED, text, tokenize = 'unicode61')",
    "CREATE TABLE passage (session TEXT, text TEXT)",
)
"""The second is for a SQLite that was built without full-text search."""


class Outdated(Exception):
    """The file is an index of another version."""


def is_useless(error: Exception) -> bool:
    if isinstance(error, Outdated):
        return True
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "no such" in str(error)


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
        path.chmod(0o600)
        db.execute(f"PRAGMA journal_mode = {'DELETE' if is_network(path.parent) else 'WAL'}")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        with db:
            _prepare(db)
            yield db


def _prepare(db: sqlite3.Connection) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version == _VERSION:
        return
    if version or db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise Outdated(f"it has version {version}")
    for statement in _TABLES:
        db.execute(statement)
    try:
        db.execute(_PASSAGES[0])
    except sqlite3.OperationalError:
        db.execute(_PASSAGES[1])
    db.execute(f"PRAGMA user_version = {_VERSION}")
