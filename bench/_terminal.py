"""A program in a pseudo-terminal: what it paints, when, and what it costs."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HZ = os.sysconf("SC_CLK_TCK")


def _go_first() -> str:
    """Where we may, what is measured does not wait for what others do here; says how far we may."""
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))
        return "real-time priority: wall times as on a machine at rest"
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        return "priority over others: wall times are longer on a busy machine"
    return "no priority: wall times are those of a machine that others use, too"


PRIORITY = _go_first()
"""What is measured inherits it: the programs, floors and engines that are started from here."""


_FRAME = b"\x1b[?2026h"
_ASKS = b"\x1b[?2026$p"


class Terminal:
    """Runs a command in a pty of 120×40 and reads what it paints."""

    def __init__(
        self, command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.started = time.perf_counter()
        self.painted = b""
        self.writes = 0
        """How many frames were painted: each begins and ends with a mark (synchronised output)."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(cwd or Path.cwd())
            terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "120", "LINES": "40"}
            os.execvpe(command[0], command, {**_as_installed(), **terminal, **(environment or {})})
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def until(self, text: str, seconds: float = 60) -> float:
        """Seconds from the start until this text was painted since the last call."""
        wanted, end = text.encode(), time.perf_counter() + seconds
        while wanted not in _plain(self.painted):
            left = end - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"{text!r} was not painted within {seconds} s: {self.painted[-2000:]!r}")
            self._read(left)
        self.painted = b""
        return time.perf_counter() - self.started

    def _read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            with suppress(OSError):  # EIO: the program has ended
                new = os.read(self._master, 1 << 16)
                self.painted += new
                self.writes += new.count(_FRAME)
                self._answer(new)

    def _answer(self, new: bytes) -> None:
        """Say that synchronised output is known here, as today's terminals do."""
        if _ASKS in new:
            os.write(self._master, b"\x1b[?2026;2$y")

    def drain(self, seconds: float) -> None:
        """Read what is painted for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        self.drain(0.2)
        for _ in range(100):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                os.close(self._master)
                return
            self.drain(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._master)


def _as_installed() -> dict[str, str]:
    """The environment, but what is run may keep its compiled modules, as every installed program does."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _plain(painted: bytes) -> bytes:
    """Without escape sequences, so that words can be found."""
    return re.sub(rb"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|[^\[])", b"", painted)


def pss_mb(pid: int) -> float:
    """Proportional memory of a process, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def exact_cpu_seconds(pid: int) -> float:
    """The same to the nanosecond, of the threads that live still."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def cpu_seconds(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


BARE = """
from textual.app import App
from textual.widgets import TextArea
class Bare(App):
    def compose(self):
        yield TextArea("usable prompt")
Bare().run()
"""


def bare_app() -> list[str]:
    """The floor: a Textual application with one text area."""
    return [sys.executable, "-c", BARE]


def heddle(*args: str) -> list[str]:
    return [sys.executable, str(ROOT), *args]


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
