"""The right to write a log: an advisory lock on `<log>.lock`, which names its holder."""

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from core.log.errors import LogBusy

_PATIENCE_SECONDS = 0.2
_STEP_SECONDS = 0.02
"""`find_holder` takes the lock for a moment, so a first refusal may mean nothing."""
_NAMELESS_SECONDS = 5.0
"""Who writes says so at once. A lock without a name is somebody's who only looks, and gets no processor just now."""


@dataclass(frozen=True)
class Holder:
    """Who writes a log now."""

    pid: int | None
    socket: Path | None
    """Where that process serves the session, when it does."""


def lock_path(log: Path) -> Path:
    return log.with_name(log.name + ".lock")


class WriterLock:
    """Held from `take` to `release`, or until the process ends in whatever way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, log: Path, socket: Path | None) -> "WriterLock":
        """Take the lock and write down who we are.

        Raises:
            LogBusy: another writer holds it.
            OSError: the lock file cannot be made.
        """
        descriptor = os.open(lock_path(log), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _wait_for_lock(descriptor, log)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n{socket or ''}\n".encode(errors="surrogateescape"), 0)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would race with the next writer."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)


def _wait_for_lock(descriptor: int, log: Path) -> None:
    begun = time.monotonic()
    while not _try(descriptor, fcntl.LOCK_EX):
        found, waited = _describe(descriptor), time.monotonic() - begun
        if waited > (_PATIENCE_SECONDS if _lives(found.pid) else _NAMELESS_SECONDS):
            raise LogBusy(log, found.pid, found.socket)
        time.sleep(_STEP_SECONDS)


def _lives(pid: int | None) -> bool:
    """Whether it is the name of a process; one that was killed leaves its own behind."""
    with contextlib.suppress(OSError):
        return pid is not None and os.kill(pid, 0) is None
    return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _describe(descriptor: int) -> Holder:
    lines = os.pread(descriptor, 4096, 0).decode(errors="surrogateescape").split("\n")
    pid = int(lines[0]) if lines[0].isdecimal() else None
    socket = Path(lines[1]) if len(lines) > 1 and lines[1] else None
    return Holder(pid, socket)


def find_holder(log: Path) -> Holder | None:
    """Who writes this log now; None when nobody does. Opens nothing but the lock file."""
    try:
        descriptor = os.open(lock_path(log), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _try(descriptor, fcntl.LOCK_SH) else _describe(descriptor)
    finally:
        os.close(descriptor)
