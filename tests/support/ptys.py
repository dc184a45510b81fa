"""A program on a pseudo terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import LONG

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "support" / "screen_program.py"
DEADLINE = LONG
_QUIET_SECONDS = 0.5
"""Longer than anything that belongs to a step keeps it waiting."""
_SIZE = ("COLUMNS", "LINES")
"""Would stand above the size of the terminal itself."""


def _work_of(session: int) -> int | None:
    """Ticks of the clock that the programs of a terminal have worked so far; None while one of them works."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/task/*/stat"):
        with suppress(OSError):
            state, *rest = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            if int(rest[2]) == session:
                if state != "S":
                    return None
                ticks += int(rest[10]) + int(rest[11])
    return ticks


class Terminal:
    """A program on a pseudo terminal, and every byte that it wrote.

    Args:
        program: its arguments; a word alone is a recording, over which the screen is opened.
    """

    def __init__(
        self,
        program: str | Sequence[str],
        columns: int = 120,
        rows: int = 40,
        *,
        folder: Path | None = None,
        **environment: str,
    ) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self._acted_at = 0
        """How much was written when something was last done to the program."""
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), program] if isinstance(program, str) else program,
            cwd=folder,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in _SIZE} | environment,
        )

    def read_until(self, *wanted: str) -> str:
        """Read until all of this was written since something was last done to the program; gives what was."""
        end = time.monotonic() + DEADLINE
        while not all(text.encode() in self.output[self._acted_at :] for text in wanted):
            assert time.monotonic() < end, f"{wanted} never came: {self.text[-2000:]}"
            self._read(0.1)
        return self.output[self._acted_at :].decode("utf-8", "replace")

    def read_until_quiet(self) -> str:
        """Read until nothing more is drawn: what a later step must draw again cannot come from an earlier one.

        Who gets no processor is silent too: so all of its threads must sleep, and none may have worked meanwhile.
        """
        end = time.monotonic() + DEADLINE
        before, now = None, _work_of(self.process.pid)
        while now is None or now != before:
            assert time.monotonic() < end, "it never stops drawing"
            before = now
            now = None if self._read(_QUIET_SECONDS) else _work_of(self.process.pid)
        return self.text

    def read_on_from(self, text: str) -> None:
        """Have only that count which was written after the last place where this was."""
        self._acted_at = self.output.rindex(text.encode()) + len(text.encode())

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        self._acted_at = len(self.output)
        self.process.send_signal(number)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def type(self, data: bytes) -> None:
        self._acted_at = len(self.output)
        os.write(self.master, data)

    def wait(self) -> int:
        """Read to the end and give the exit code."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self._read(0.1)
        while self._read(0.2):
            pass
        return self.process.returncode

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace")

    @property
    def restored(self) -> bool:
        modes = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1004l", b"\x1b[?2004l")
        return all(mode in self.output for mode in modes) and termios.tcgetattr(self.slave) == self.before

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, and tell the program."""
        self._acted_at = len(self.output)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process.send_signal(signal.SIGWINCH)

    def paste(self, text: bytes) -> None:
        """Paste, however long the program takes to read it; what it writes meanwhile is kept."""
        data = b"\x1b[200~" + text + b"\x1b[201~"
        self._acted_at = len(self.output)
        writing = threading.Thread(target=self._write_all, args=(data,), daemon=True)
        writing.start()
        end = time.monotonic() + DEADLINE
        while writing.is_alive():
            assert time.monotonic() < end, "the paste is not read"
            self._read(0.05)

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.master, rest[:65536]) :]

    def wait_stopped(self) -> None:
        """Read on until the program is stopped."""
        end = time.monotonic() + DEADLINE
        while os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG) is None:
            assert time.monotonic() < end, "it does not stop"
            self._read(0.1)

    def close(self) -> None:
        """End the program, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
