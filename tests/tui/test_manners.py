"""How the screen behaves on terminals that are old, resized, stopped, pasted into, and when it breaks."""

import re
import signal
import sys
import termios

from core.paths import find_home
from tests.support.ptys import PROGRAM

WIDE = re.compile(rb"[34]8;[25];")
"""A colour that is none of the sixteen."""
PASTED = 5_000_000


def test_a_crash_restores_the_terminal_and_says_where_the_report_is(terminal, isolated):
    screen = terminal("decide", BREAKS="a-secret-of-this-session")
    screen.read_until("_health")
    screen.type(b"\x12")
    assert screen.wait() == 1
    assert screen.restored
    said = screen.text.rpartition("\x1b[?1049l")[2]
    assert "Something went wrong in the screen (WorkerFailed" in said or "broken on purpose" in said
    (report,) = find_home().state.glob("crash-*.txt")
    assert str(report) in re.sub(r"\s", "", said)
    written = report.read_text()
    assert "RuntimeError: broken on purpose" in written
    assert "recall" in written
    assert "a-secret-of-this-session" not in screen.text + written


def test_a_locale_that_is_not_utf8_gets_ascii(terminal):
    screen = terminal("decide", LC_ALL="C")
    screen.read_until("_health", "|")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.output.replace(b"sent: ", b"").isascii()


def test_sixteen_colours_are_all_that_an_old_terminal_gets(terminal):
    screen = terminal("decide", TERM="xterm", COLORTERM="")
    screen.read_until("_health", "to decide")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert not WIDE.search(screen.output)


def test_bytes_that_are_no_utf8_end_nothing(terminal):
    screen = terminal("empty")
    screen.read_until("Type what you want done", "ready")
    screen.type(b"caf\xe9")
    screen.type(b"teria")
    screen.read_until("teria")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.restored


def test_a_storm_of_new_sizes_ends_in_the_last_one(terminal):
    screen = terminal("decide")
    screen.read_until("_health")
    for step in range(150):
        screen.resize(40 + step, 10 + step % 50)
    screen.resize(20, 5)
    screen.read_until("needs 60×16")
    screen.resize(120, 40)
    screen.type(b"still there")
    screen.read_until("still there")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.restored


SHELL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
child = os.fork()
if not child:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
    os.write(1, b"(stopped)")
    os.tcsetpgrp(0, child)
    os.kill(child, signal.SIGCONT)
"""
"""What a shell does that has job control: whatever stops is brought back at once."""


def test_ctrl_z_goes_to_the_shell_which_brings_it_back(terminal):
    screen = terminal([sys.executable, "-c", SHELL, sys.executable, str(PROGRAM), "decide"])
    screen.read_until("_health")
    screen.read_until_quiet()
    screen.type(b"\x1a")
    before = screen.read_until("(stopped)").partition("(stopped)")[0]
    assert "\x1b[?1049l" in before and "\x1b[?25h" in before
    screen.read_on_from("(stopped)")
    screen.read_until("\x1b[?1049h", "_health")
    screen.type(b"back again")
    screen.read_until("back again")
    screen.type(b"\x1bOP")
    screen.read_until("every key")
    screen.output = b""
    screen.type(b"\x1a")
    screen.read_until("(stopped)")
    screen.output = screen.output.partition(b"(stopped)")[2]
    screen.read_until("\x1b[?1049h", "every key")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.restored


def test_ctrl_z_stops_nothing_that_no_shell_could_bring_back(terminal):
    screen = terminal("decide")
    screen.read_until("_health")
    screen.type(b"\x1a")
    screen.read_until("no shell behind this screen")
    screen.type(b"still there")
    screen.read_until("still there")
    screen.type(b"\x11")
    assert screen.wait() == 0


def test_a_signal_stops_it_and_another_brings_it_back(terminal):
    screen = terminal("decide")
    screen.read_until("_health")
    screen.read_until_quiet()
    screen.signal(signal.SIGTSTP)
    screen.wait_stopped()
    screen.read_until("\x1b[?1049l", "\x1b[?25h")
    assert termios.tcgetattr(screen.slave) == screen.before
    screen.signal(signal.SIGCONT)
    screen.read_until("\x1b[?1049h", "_health")
    screen.type(b"back again")
    screen.read_until("back again")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.restored


def test_a_paste_of_five_megabytes_is_held_beside_the_prompt_and_sent_whole(terminal):
    screen = terminal("empty")
    screen.read_until("Type what you want done", "ready")
    screen.paste(b"0123456789abcdef\n" * (PASTED // 17) + b"x" * (PASTED % 17))
    screen.read_until("[Pasted text #1")
    screen.type(b"\r")
    screen.read_until("sent")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert f"asked: [{PASTED}]" in screen.text
