"""The log's schema, version by version. A released version is never edited: append a migration."""

APPLICATION_ID = 0x48444C31
"""Marks the file as a log of Heddle (`HDL1`)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE record (
            seq   INTEGER PRIMARY KEY,
            at    TEXT NOT NULL,
            type  TEXT NOT NULL,
            body  TEXT NOT NULL,
            chain BLOB NOT NULL
        )""",
        """CREATE TRIGGER record_is_never_changed BEFORE UPDATE ON record
        BEGIN SELECT RAISE(ABORT, 'records are append-only'); END""",
        """CREATE TRIGGER only_deltas_are_deleted BEFORE DELETE ON record WHEN OLD.type <> 'text_delta'
        BEGIN SELECT RAISE(ABORT, 'records are append-only'); END""",
    ),
)
"""Statements that lead from version `n` to `n + 1`; `PRAGMA user_version` holds the file's version."""


def known_version() -> int:
    """The newest schema version that this program reads and writes."""
    return len(MIGRATIONS)
