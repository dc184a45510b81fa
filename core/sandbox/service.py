"""Programs that run on beside the work: a process with pipes in the sandbox, and all of a session's.

A thread of its own starts each process, drains what it says on stderr, and ends it: bubblewrap dies
with the *thread* that started it, so no thread of a pool may do that.
"""

import contextlib
import io
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol, TypeVar

from core.sandbox.family import Family
from core.sandbox.output import Ring
from core.sandbox.process import Launch

START_SECONDS = 30.0
"""A process that is not there by then (the mounts are looked up before it) is given up."""
END_SECONDS = 5.0
_STDERR_BYTES = 16_000
_LOOK_SECONDS = 1.0


class ServiceFailed(Exception):
    """A service could not be started, or has ended. The text says why."""


class Closable(Protocol):
    """What can be kept in `Services`."""

    def close(self) -> None: ...


_Kept = TypeVar("_Kept", bound=Closable)


class Services:
    """What runs as long as the session: made when first asked for, closed with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Closable] = {}
        self._closed = False

    def keep(self, name: str, make: Callable[[], _Kept]) -> _Kept:
        """What is kept under this name; `make`, which must not take long, makes it the first time.

        Raises:
            ServiceFailed: the session is being closed.
        """
        with self._lock:
            if self._closed:
                raise ServiceFailed("The session is being closed.")
            if name not in self._kept:
                self._kept[name] = make()
            return self._kept[name]  # type: ignore[return-value]  # one name, one type

    def close(self) -> None:
        """Close everything. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            kept, self._kept = list(self._kept.values()), {}
        for each in kept:
            each.close()


class Service:
    """A process that stays: one thread may `write` to it while another reads its `stdout`.

    Use it as a context manager, or call `close`. It never outlives this process.
    """

    stdout: IO[bytes]
    """What it prints; ends when the process does."""

    def __init__(self, placed: AbstractContextManager[Launch], root: Path) -> None:
        """Start it and wait until it runs.

        Raises:
            ServiceFailed: it cannot be started.
        """
        self.root = root
        """The project's folder as the process sees it."""
        self._placed = placed
        self._ring = Ring(_STDERR_BYTES)
        self._started = threading.Event()
        self._closing = threading.Event()
        self._fault: Exception | None = None
        self._bell = _Bell()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Thread(target=self._watch, name="heddle-service", daemon=True)
        self._guard.start()
        if not self._started.wait(START_SECONDS) or self._fault is not None:
            self._closing.set()
            raise ServiceFailed(f"The program could not be started: {self._fault or 'it took too long'}.")

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._guard.is_alive() and not self._closing.is_set() and not self._ended()

    @property
    def pid(self) -> int:
        """The process's id (bubblewrap's, where it is confined)."""
        return self._process.pid if self._process else 0

    def takes(self, size: int) -> bool:
        """Whether so many bytes can be written without waiting: a pipe that is ready has room for some thousands."""
        assert self._process is not None
        assert self._process.stdin is not None
        if size > select.PIPE_BUF or self._process.stdin.closed:
            return False
        poll = select.poll()
        poll.register(self._process.stdin.fileno(), select.POLLOUT)
        return poll.poll(0) == [(self._process.stdin.fileno(), select.POLLOUT)]

    def write(self, data: bytes) -> None:
        """Write all of it; waits as long as the process does not read.

        Raises:
            OSError: the process has ended.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        rest = memoryview(data)
        while rest:
            rest = rest[self._process.stdin.write(rest) :]

    def complaint(self) -> str:
        """What it wrote to stderr: the first and the last of it."""
        if self._ended():
            self._guard.join(_LOOK_SECONDS)
        return self._ring.text().strip()

    def close(self) -> None:
        """End the process and everything that it started. Closing twice does no harm."""
        self._closing.set()
        self._bell.ring()
        if self._guard is not threading.current_thread():
            self._guard.join(END_SECONDS)

    def _watch(self) -> None:
        try:
            with self._placed as launch:
                process = self._process = _start(launch)
                assert process.stdout is not None
                self.stdout = io.BufferedReader(process.stdout)  # type: ignore[arg-type]  # a raw pipe
                self._started.set()
                try:
                    self._drain(process)
                finally:
                    _end(process, launch)
        except Exception as error:
            self._fault = error
        finally:
            self._started.set()
            self._bell.close()

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Take what it says on stderr, until it ended or is to end."""
        assert process.stderr is not None
        fd = process.stderr.fileno()
        poll = select.poll()
        poll.register(self._bell.reader, select.POLLIN)
        poll.register(fd, select.POLLIN)
        while not self._closing.is_set() and not self._ended():
            for ready, _ in poll.poll(_LOOK_SECONDS * 1000):
                if ready == fd:
                    data = os.read(fd, 65_536)
                    self._ring.add(data)
                    if not data:
                        poll.unregister(fd)
                        _wait_a_little(process)
        os.set_blocking(fd, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(fd, 65_536):
                self._ring.add(data)

    def _ended(self) -> bool:
        process = self._process
        if process is None or process.returncode is not None:
            return process is not None
        try:
            return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True


class _Bell:
    """Wakes a thread that polls; ringing it when it is gone does no harm."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reader, self._writer = os.pipe()

    def ring(self) -> None:
        with self._lock:
            if self._writer >= 0:
                os.write(self._writer, b"x")

    def close(self) -> None:
        with self._lock:
            os.close(self._writer)
            os.close(self.reader)
            self._writer = -1


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(launch.argv),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=launch.folder,
        env=dict(launch.environment),
        start_new_session=True,
        pass_fds=launch.pass_fds,
        bufsize=0,
    )


def _wait_a_little(process: subprocess.Popen[bytes]) -> None:
    """stderr was closed: the end of the process follows, as a rule at once."""
    until = time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < until:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes], launch: Launch) -> None:
    """Kill the family. The pipes stay open for those who read them; they find the end of the file."""
    Family(process.pid, launch.cookie).kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
