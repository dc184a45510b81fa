"""The screen on a real terminal: what it writes there, and how it leaves."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests" / "support" / "screen_program.py"
DEADLINE = 40.0
_SIZE = ("COLUMNS", "LINES")
"""Would stand above the size of the terminal itself."""


class Terminal:
    """A program on a pseudo terminal, and every byte that it wrote."""

    def __init__(self, recording: str, columns: int = 120, rows: int = 40, **environment: str) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), recording],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in _SIZE} | environment,
        )

    def read_until(self, *wanted: str) -> str:
        """Read until all of this was written."""
        end = time.monotonic() + DEADLINE
        while not all(text.encode() in self.output for text in wanted):
            assert time.monotonic() < end, f"{wanted} never came: {self.text[-2000:]}"
            self._read(0.1)
        return self.text

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


@pytest.fixture
def terminal():
    opened = []

    def start(*arguments, **environment):
        opened.append(Terminal(*arguments, **environment))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


# What Textual itself writes: modes, cursor, colours, its queries of the terminal, the pointer.
OWN = re.compile(
    r"\x1b\[[?>=<]?[\d;:]*(?:\$p|[ABCDHJKfhlmnpqrstu])"  # CSI with a known end
    r"|\x1b[78=>]"
    r"|\x1b\]22;[a-z-]*(?:\x07|\x1b\\\\)"  # the shape of the mouse pointer
    r"|\x1bP\+q[0-9A-F;]*\x1b\\\\"
)


def foreign_controls(text):
    """Control characters that are no part of what Textual writes."""
    rest = OWN.sub("", text)
    return re.findall(r"[\x00-\x06\x07\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]", rest)


def test_nothing_that_models_tools_and_files_say_is_obeyed(terminal):
    screen = terminal("hostile", 200, 60)
    screen.read_until("gnp.exe", "[bold red]markup[/]")
    for key in (b"\x1bOR", b"\x1bOS", b"\x1b[15~", b"\x1bOQ"):  # F3, F4, F5, F2
        screen.type(key)
    screen.read_until("⟨U+202E⟩")
    screen.type(b"\x1bOP")  # F1
    screen.read_until("every key")
    screen.type(b"\x11")
    assert screen.wait() == 0
    text = screen.text
    assert set(re.findall(r"\x1b\](\d*)", text)) <= {"22"}
    assert "\x1b[2J" not in text.split("\x1b[?1049h", 1)[1]
    assert "␛]52;c;cm0gLXJmIC8=␇" in text
    assert foreign_controls(text) == []


def test_the_check_itself_sees_an_attack():
    """Each attack of the hostile tape would be found if it got through."""
    for attack in ("\x1b]52;c;x\x07", "\x1b]0;t\x07", "\x9b31m", "\u202e", "\u200b", "\x1bPq\x1b\\"):
        assert foreign_controls(f"ok \x1b[1;31mred\x1b[0m {attack}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal_and_is_the_exit_code(terminal, number):
    screen = terminal("running")
    screen.read_until("fast_coder")
    screen.process.send_signal(number)
    assert screen.wait() == 128 + number
    assert screen.restored


def test_a_terminal_that_vanishes_ends_the_screen(terminal):
    screen = terminal("running")
    screen.read_until("fast_coder")
    os.close(screen.slave)
    os.close(screen.master)
    assert screen.process.wait(timeout=DEADLINE) != 0


def test_typing_sends_and_leaving_restores(terminal):
    screen = terminal("empty")
    screen.read_until("Type what you want done", "ready")
    screen.type(b"first\x1b\rsecond\nthird\r")
    screen.read_until("sent")
    screen.type(b"\x03")
    screen.read_until("again to quit")
    screen.type(b"\x03")
    assert screen.wait() == 0
    assert screen.restored
    assert "sent: ['SubmitRequest']" in screen.text


def test_without_colours_the_marks_stay(terminal):
    screen = terminal("decide", NO_COLOR="1")
    screen.read_until("_health")
    screen.type(b"\x1bOS")
    text = screen.read_until("accept all")
    screen.type(b"\x11")
    screen.wait()
    assert "+" in text
    assert "-" in text
    assert not re.search(r"\x1b\[[\d;]*38;2;(?!(\d+);\1;\1)", screen.text)


def test_a_twenty_by_five_terminal_gets_a_sentence(terminal):
    screen = terminal("decide", 20, 5)
    screen.read_until("needs 60×16")
    screen.type(b"\x11")
    assert screen.wait() == 0
