"""What ends a headless run early: Ctrl+C, TERM and HUP, first in good order, then at once; and a reader that leaves."""

import asyncio
import os
import select
import signal
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from core.sandbox.process import end_all

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """What was asked of this process meanwhile."""

    def __init__(self, stop: Callable[[], Awaitable[None]]) -> None:
        self.first: int | None = None
        """The signal that stopped the run; None while nobody did."""
        self._stop = stop
        self._stopping: asyncio.Task[None] | None = None

    @property
    def exit_code(self) -> int:
        """As shells tell an end by signal: 130 for Ctrl+C."""
        return 128 + (self.first or 0)

    def hear(self, number: int) -> None:
        """A signal came, on the loop's thread."""
        if self.first is not None:
            end_at_once(number)
        self.first = number
        self._stopping = asyncio.ensure_future(self._stop())


def end_at_once(number: int) -> None:
    """End this process without waiting for anything. What is on record stays; commands that run are killed."""
    end_all()
    print("Ended at once. What was on record is kept.", file=sys.stderr, flush=True)
    os._exit(128 + number)


@contextmanager
def obeyed(stop: Callable[[], Awaitable[None]]) -> Iterator[Signals]:
    """Signals stop the work meanwhile. Those that whoever started us lets us ignore (nohup) stay ignored."""
    loop = asyncio.get_running_loop()
    signals = Signals(stop)
    taken = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in taken:
        loop.add_signal_handler(number, signals.hear, number)
    try:
        yield signals
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


@contextmanager
def reader_watched(left: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """`left` is called when whoever reads our stdout, a pipe, has gone: also while there is nothing to write."""
    loop, fd = asyncio.get_running_loop(), _pipe()
    tasks: list[asyncio.Future[None]] = []

    def look() -> None:
        assert fd is not None
        loop.remove_reader(fd)
        if _has_no_reader(fd):
            tasks.append(asyncio.ensure_future(left()))

    if fd is not None:
        loop.add_reader(fd, look)  # the end of a pipe that is written: only its error wakes the loop
    try:
        yield
    finally:
        if fd is not None:
            loop.remove_reader(fd)


def _pipe() -> int | None:
    """Our stdout, where it is a pipe."""
    try:
        fd = sys.stdout.fileno()
        return fd if stat.S_ISFIFO(os.fstat(fd).st_mode) else None
    except OSError:
        return None


def _has_no_reader(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))
