"""The full screen on a terminal of its own, left in every way, and another one that comes back to its run."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.foreign_bedrock import ForeignBedrock, Reply
from tests.support.ptys import DEADLINE, Terminal
from tests.support.scripted import bedrock_at

ROOT = Path(__file__).resolve().parents[2]
ASKED = b"@fast_coder do it"


def writes(name, hold=None):
    return Reply("I write it.", (("write_file", {"path": name, "content": name}),), hold=hold)


class Desk:
    """A project, a model that holds its second answer back, and screens on terminals of their own."""

    def __init__(self, bedrock, folder):
        self.bedrock, self.folder = bedrock, folder
        self.held = threading.Event()
        self.screens: list[Terminal] = []
        turns = writes("made.txt"), writes("more.txt", self.held), writes("last.txt")
        bedrock.play("", *turns, Reply("It is made."))

    def open(self, *words):
        argv = [sys.executable, "-P", str(ROOT), *words, "--unconfined"]
        self.screens.append(Terminal(argv, folder=self.folder, **bedrock_at(self.bedrock.url)))
        return self.screens[-1]

    def begin(self):
        """A screen with a run whose second call is under way."""
        screen = self.open()
        screen.read_until("Type what you want done", "ready")
        screen.type(ASKED + b" \r")
        self.bedrock.wait_for(lambda asked: len(asked) == 2, DEADLINE)
        screen.read_until("made.txt")
        return screen

    def let_go(self):
        """Have the model give its answer."""
        self.held.set()

    def engine_is_gone(self):
        end = time.monotonic() + DEADLINE
        while self.engines() and time.monotonic() < end:
            time.sleep(0.02)
        return not self.engines()

    def engines(self):
        home = os.environ["HEDDLE_HOME"].encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words, settings = ((entry / name).read_bytes() for name in ("cmdline", "environ"))
            except OSError:
                continue
            if b"\0engine\0" in words and home in settings:
                found.append(int(entry.name))
        return found


@pytest.fixture
def desk(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    with ForeignBedrock() as bedrock:
        found = Desk(bedrock, folder)
        yield found
        for screen in found.screens:
            screen.close()
        for engine in found.engines():
            os.kill(engine, signal.SIGKILL)


def leave(screen, code):
    """See a screen end, and give the terminal back as it was."""
    assert screen.wait() == code
    assert screen.restored


def test_what_was_left_at_work_goes_on_and_another_screen_sees_its_end(desk):
    first = desk.begin()
    first.type(b"\x02")  # Ctrl+B
    leave(first, 0)
    assert "The run goes on." in first.text
    assert len(desk.engines()) == 1
    second = desk.open("--continue")
    second.read_until("made.txt", "left on purpose")
    desk.let_go()
    second.read_until("3 to decide")
    second.type(b"\x11")  # Ctrl+Q
    leave(second, 0)
    assert not (desk.folder / "made.txt").exists()
    assert desk.engine_is_gone()
    assert len(desk.bedrock.requests) == 4


def test_whoever_comes_back_while_the_last_call_finishes_has_the_run_go_on(desk):
    first = desk.begin()
    first.signal(signal.SIGHUP)
    leave(first, 128 + signal.SIGHUP)
    second = desk.open("--continue")
    second.read_until("made.txt", "queues a request")
    desk.let_go()
    second.read_until("3 to decide")
    second.type(b"\x11")
    leave(second, 0)
    assert desk.engine_is_gone()


def test_where_nobody_comes_back_the_call_finishes_and_no_further_one_is_made(desk):
    first = desk.begin()
    os.close(first.slave)  # a terminal that vanishes
    os.close(first.master)
    assert first.process.wait(DEADLINE) != 0
    desk.let_go()
    assert desk.engine_is_gone()
    assert len(desk.bedrock.requests) == 2
    second = desk.open("--continue")
    second.read_until("interrupted", "goes on where it broke off")
    second.type(b"\x14")  # Ctrl+T
    second.read_until("3 to decide")
    second.type(b"\x11")
    leave(second, 0)
