"""What can be wrong with a session's log. Each message is a sentence for the user."""

import sqlite3
from pathlib import Path


class LogError(Exception):
    """The log cannot do what was asked; the message says why and what to do."""


class LogMissing(LogError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no session log at {path}.")


class LogClosed(LogError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"The session log {path} is closed.")


class LogBusy(LogError):
    """Another writer holds the log.

    Attributes:
        pid: the process that holds it, when it could be read.
        socket: the Unix socket where that process serves the session, when it named one.
    """

    def __init__(self, path: Path, pid: int | None, socket: Path | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(
            f"The session is open in {holder} already. Use that one, or end it first (log: {path})."
        )
        self.pid = pid
        self.socket = socket


class LogTooNew(LogError):
    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"The session log {path} was written by a newer version of Heddle (log format {found}; "
            f"this version reads up to {known}). Update Heddle to open it; nothing was changed."
        )


class LogDamaged(LogError):
    """The file, or one record in it, is not what was written.

    Attributes:
        seq: the damaged record's place, when one is to blame.
    """

    def __init__(self, path: Path, what: str, seq: int | None = None) -> None:
        super().__init__(
            f"The session log {path} is damaged: {what}. Nothing was changed. Restore the file from a "
            "backup, or move it away and start a new session; other sessions are not affected."
        )
        self.seq = seq


class LogFull(LogError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The session log {path} cannot grow: the disk or the quota is full. What was recorded so far "
            "is safe. Free some space and try again."
        )


_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def translate(error: sqlite3.Error, path: Path) -> LogError:
    """The sentence for what SQLite says."""
    code: int = getattr(error, "sqlite_errorcode", -1)
    if code in _FULL or code & 0xFF == sqlite3.SQLITE_FULL:
        return LogFull(path)
    if code & 0xFF in _DAMAGED or str(error).startswith(("no such table", "no such column")):
        return LogDamaged(path, str(error))
    if code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LogError(f"The session log {path} cannot be opened for this ({error}): check its permissions.")
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LogError(f"The session log {path} is held by another program ({error}); try again.")
    return LogError(f"The session log {path} could not be used: {error}.")
