"""The log: one SQLite file per session, append-only, one writer, any number of readers."""

from core.log.errors import LogBusy, LogClosed, LogDamaged, LogError, LogFull, LogMissing, LogTooNew
from core.log.lock import Holder, find_holder
from core.log.reader import LogReader
from core.log.writer import Log

__all__ = [
    "Holder",
    "Log",
    "LogBusy",
    "LogClosed",
    "LogDamaged",
    "LogError",
    "LogFull",
    "LogMissing",
    "LogReader",
    "LogTooNew",
    "find_holder",
]
