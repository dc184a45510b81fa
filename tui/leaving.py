"""How the screen ends when it is told to, or when its terminal is gone."""

from __future__ import annotations

import asyncio
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

LEAVE_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def leave_on_signals(leave: Callable[[int], None]) -> None:
    """Call `leave(128 + n)` on SIGTERM and SIGHUP, in the loop, so that the terminal gets restored."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in LEAVE_SIGNALS:
            loop.add_signal_handler(number, leave, 128 + number)


def watch_terminal(leave: Callable[[int], None]) -> None:
    """Call `leave(129)` when the terminal hangs up without a signal. Costs a thread that sleeps."""
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
    except (OSError, ValueError):
        return
    if descriptor < 0 or not sys.__stdin__ or not sys.__stdin__.isatty():
        return
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=_wait_for_hang_up, args=(descriptor, loop, leave), daemon=True)
    thread.start()


def _wait_for_hang_up(descriptor: int, loop: asyncio.AbstractEventLoop, leave: Callable[[int], None]) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # hang-ups and errors are reported whatever is asked for
    with suppress(OSError):
        poll.poll()
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(leave, 128 + signal.SIGHUP)
