"""How the screen ends when it is told to, or when its terminal is gone."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App
from textual.css.query import NoMatches

from core.text import sanitise

_Base = App[None] if TYPE_CHECKING else object
"""Not the application's own class: Textual gathers what each of them inherits, which the first frame waits for."""
LEAVE_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_NO_SHELL = "There is no shell behind this screen that could bring it back."


def crash_words(error: BaseException, report: str) -> str:
    """What is said on the terminal after the screen has broken."""
    return sanitise(
        f"heddle: Something went wrong in the screen ({type(error).__name__}: {error}).\n"
        "What was on record is kept, and nothing was written into your project. `heddle --session last` goes on.\n"
        f"The report is in {report}. It holds no file's content; attach it when you tell us."
    )


class EndsInOrder(_Base):
    """Half of an application, which says how it ends."""

    _report: Callable[[BaseException], str] | None = None
    """Writes down an error that nobody expected, and gives where."""

    def leave(self, code: int) -> None:
        """End the screen, restore the terminal, and have `return_code` say why."""
        self.exit(return_code=code)

    def action_quit_now(self) -> None:
        self.exit()

    def action_suspend(self) -> None:
        """Stop, where somebody could bring the program back: else nothing would be left of its terminal."""
        if shell_behind():
            self.action_suspend_process()
            return
        tells = (tell for screen in self.screen_stack if (tell := getattr(screen, "tell", None)))
        next(tells)(_NO_SHELL)

    def _handle_exception(self, error: Exception) -> None:
        """While it ends, Textual mounts nothing any more: a screen that was just being made misses its parts."""
        if not (self._exit and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Say in a sentence what went wrong and where the report is; Textual would print every local variable."""
        error = self._exception
        if self._report is None or error is None:
            super()._fatal_error()
            return
        self._exit_renderables.append(Text(crash_words(error, self._report(error))))
        self._close_messages_no_wait()


def leave_on_signals(leave: Callable[[int], None]) -> None:
    """Call `leave(128 + n)` on SIGTERM and SIGHUP, in the loop, so that the terminal gets restored."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in LEAVE_SIGNALS:
            loop.add_signal_handler(number, leave, 128 + number)


def shell_behind() -> bool:
    """Whether a shell waits that could bring this program back once it is stopped; `xterm -e heddle` has none.

    Such a shell is of our session and not of our process group, and has started that group.
    """
    group, process = os.getpgrp(), os.getppid()
    with suppress(OSError):
        while os.getpgid(process) == group:
            process = _parent(process)
        return process > 0 and os.getsid(process) == os.getsid(0)
    return False


def _parent(process: int) -> int:
    """Raises: OSError: it cannot be told."""
    with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:  # noqa: PTH123
        return int(stat.read().rpartition(")")[2].split()[1])


def watch_terminal(leave: Callable[[int], None]) -> None:
    """Call `leave(129)` when the terminal hangs up without a signal. Costs a thread that sleeps."""
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
    except (OSError, ValueError):
        return
    if descriptor < 0 or not _is_terminal(descriptor):
        return
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=_wait_for_hang_up, args=(descriptor, loop, leave), daemon=True)
    thread.start()


def _is_terminal(descriptor: int) -> bool:
    """Whether it is one, also when it is gone already: then it is no terminal to `isatty` any more."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] == errno.EIO
    return True


def _wait_for_hang_up(descriptor: int, loop: asyncio.AbstractEventLoop, leave: Callable[[int], None]) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # hang-ups and errors are reported whatever is asked for
    with suppress(OSError):
        poll.poll()
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(leave, 128 + signal.SIGHUP)
