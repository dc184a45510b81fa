"""The screen on a real terminal: what it writes there, and how it leaves."""

import os
import re
import signal
import sys
import threading
from contextlib import suppress
from typing import IO, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from tests.support.ptys import DEADLINE
from tui.terminal import Lasting

# What Textual itself writes: modes, cursor, colours, its queries of the terminal, the pointer.
OWN = re.compile(
    r"\x1b\[[?>=<]?[\d;:]*(?:\$p|[ABCDHJKfhlmnpqrstu])"  # CSI with a known end
    r"|\x1b[78=>]"
    r"|\x1b\]22;[a-z-]*(?:\x07|\x1b\\\\)"  # the shape of the mouse pointer
    r"|\x1b\]2;[^\x00-\x1f\x7f-\x9f]*\x07"  # the title, which holds nothing that a terminal obeys
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
    assert set(re.findall(r"\x1b\](\d*)", text)) <= {"2", "22"}
    assert "\x1b[2J" not in text.split("\x1b[?1049h", 1)[1]
    assert "␛]52;c;cm0gLXJmIC8=␇" in text
    assert foreign_controls(text) == []


def test_the_check_itself_sees_an_attack():
    """Each attack of the hostile tape would be found if it got through."""
    for attack in ("\x1b]52;c;x\x07", "\x1b]0;t\x07", "\x9b31m", "\u202e", "\u200b", "\x1bPq\x1b\\"):
        assert foreign_controls(f"ok \x1b[1;31mred\x1b[0m {attack}")


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("number", "seen"),
    [(signal.SIGTERM, "fast_coder"), (signal.SIGHUP, "fast_coder"), (signal.SIGTERM, "\x1b[?1049h")],
    ids=["ended", "hung up", "ended at once"],
)
def test_a_signal_restores_the_terminal_and_is_the_exit_code(terminal, number, seen):
    """From the first byte on that changes the terminal."""
    screen = terminal("running")
    screen.read_until(seen)
    screen.signal(number)
    assert screen.wait() == 128 + number
    assert screen.restored


def test_a_terminal_that_vanishes_ends_the_screen(terminal):
    screen = terminal("running")
    screen.read_until("fast_coder")
    os.close(screen.slave)
    os.close(screen.master)
    assert screen.process.wait(timeout=DEADLINE) != 0


def test_what_a_vanished_terminal_cannot_take_holds_nobody_up():
    """More than Textual's writer keeps waiting, as a run at work has it."""
    master, slave = os.openpty()
    with suppress(OSError), open(slave, "w") as file:  # noqa: PTH123
        os.close(master)
        writer = WriterThread(cast(IO[str], Lasting(file)))

        def write():
            for number in range(3 * MAX_QUEUED_WRITES):
                writer.write(f"{number}\n")
            writer.stop()

        writer.start()
        writes = threading.Thread(target=write, daemon=True)
        writes.start()
        writes.join(DEADLINE)
    assert not writes.is_alive() and not writer.is_alive()


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


CALLED = {"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "TMUX": ""}


def test_alt_and_a_letter_is_a_key_and_not_typed(terminal):
    screen = terminal("decide")
    screen.read_until("_health")
    screen.type(b"typed\x1bd")
    screen.read_until("Copied the diff of")
    screen.type(b"\x1b4+")
    assert "¢" not in screen.read_until("typed+")
    screen.type(b"\x11")
    assert screen.wait() == 0


def test_a_question_calls_the_user_and_the_title_is_given_back(terminal):
    screen = terminal("question", ASKED_NOW="1", **CALLED)
    screen.read_until("waits for you", "\x1b]9;tasks-api: asks", "\x1b[22;2t")
    assert "\x07\x1b]9;" in screen.text
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert "\x1b[23;2t" in screen.text
    assert screen.text.count("\x1b]9;") == 1


def test_inside_tmux_it_is_wrapped(terminal):
    screen = terminal("question", ASKED_NOW="1", **CALLED | {"TMUX": "/tmp/x,1,0"})
    screen.read_until("\x1bPtmux;\x1b\x1b]9;tasks-api: asks")


def test_what_waited_before_the_screen_was_opened_calls_nobody(terminal):
    screen = terminal("question", **CALLED)
    screen.read_until("waits for you", "heddle")
    screen.type(b"\x11")
    screen.wait()
    assert "\x1b]9;" not in screen.text


def test_the_editor_gets_the_terminal_and_gives_it_back(terminal, tmp_path):
    program = tmp_path / "editor.py"
    program.write_text(
        "import sys\nassert sys.stdin.isatty()\n"
        "path = sys.argv[-1]\ntext = open(path).read()\nopen(path, 'w').write(text + ' from outside')\n"
    )
    screen = terminal("empty", VISUAL=f"{sys.executable} {program}")
    screen.read_until("Type what you want done", "ready")
    screen.type(b"typed")
    screen.read_until("typed")
    screen.type(b"\x07")
    screen.read_until("\x1b[?1049h", "from outside", "on its own path")
    screen.type(b"\x11")
    assert screen.wait() == 0
    assert screen.restored


def test_without_colours_the_marks_stay(terminal):
    screen = terminal("decide", NO_COLOR="1")
    screen.read_until("_health")
    screen.type(b"\x1bOS")
    text = screen.read_until("accept all")
    screen.type(b"\x11")
    screen.wait()
    assert "+" in text
    assert "-" in text
    codes = {code for codes in re.findall(r"\x1b\[([\d;]*)m", screen.text) for code in codes.split(";")}
    assert codes <= {"", "0", "1", "2", "3", "4", "7", "9", "22", "23", "24", "27", "29", "39", "49"}
    assert "7" in codes  # what is under the cursor


def test_a_twenty_by_five_terminal_gets_a_sentence(terminal):
    screen = terminal("decide", 20, 5)
    screen.read_until("needs 60×16")
    screen.type(b"\x11")
    assert screen.wait() == 0
