"""Signals and broken pipes while `heddle run` works: the exit code tells what happened, and nothing is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted import simple
from tests.support.waiting import SOON, until

pytestmark = pytest.mark.usefixtures("heard")
ROOT = Path(__file__).resolve().parents[2]
SLOW = simple("""
[[turn]]
role = "fast_coder"
text = "I write it."
[[turn.call]]
name = "write_file"
arguments.path = "done.txt"
arguments.content = "new"
[[turn]]
role = "fast_coder"
text = "And now I wait."
[[turn.call]]
name = "run_command"
arguments.command = "echo waiting; exec python3 -c 'import time; time.sleep(600)' MARK"
[[turn]]
role = "fast_coder"
text = "Done."
""")


class Running:
    """`heddle run` as a process."""

    def __init__(self, process: "subprocess.Popen[str]", mark: str) -> None:
        self.process, self.mark = process, mark
        self.records: list[dict[str, Any]] = []

    def until_it_waits(self) -> None:
        """Read records until its command is at work."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.records.append(json.loads(line))
            if self.records[-1].get("tool") == "run_command":
                break
        assert until(lambda: commands(self.mark)), self.records

    def end(self) -> int:
        out, self.err = self.process.communicate(timeout=SOON)
        self.records += [json.loads(line) for line in (out or "").splitlines()]
        return self.process.returncode


@pytest.fixture
def start(served, write_script, sample, tmp_path) -> Iterator[Callable[..., Running]]:
    """Begin a run that has changed a file and waits for a command which never ends."""
    mark = f"signal-{tmp_path.name}-{os.getpid()}"
    heddle = served(write_script(SLOW.replace("MARK", mark)))
    begun: list[Running] = []

    def begin(*words: str, before: tuple[str, ...] = (), **more: Any) -> Running:
        command = [*before, sys.executable, "-P", str(ROOT), "run", "Do it", "--unconfined"]
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more
        process = subprocess.Popen(
            [*command, "--output", "stream-json", *words],
            cwd=sample, env={**os.environ, **heddle.settings}, start_new_session=True, **more,
        )  # fmt: skip
        begun.append(Running(process, mark))
        return begun[-1]

    begin.mark, begin.heddle = mark, heddle  # type: ignore[attr-defined]
    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def commands(mark: str) -> list[int]:
    """Processes with this in their command line, other than ours."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def gone(mark: str) -> bool:
    return until(lambda: not commands(mark))


def kept(start, running: Running, sample: Path) -> None:
    """What was done is on record, and nothing of it in the project."""
    session = running.records[0]["session"]
    changes = json.loads(start.heddle("changes", session, "--output", "json").out)
    assert [each["path"] for each in changes] == ["done.txt"]
    assert not (sample / "done.txt").exists()
    assert start.heddle("apply", session).code == 0
    assert (sample / "done.txt").read_text() == "new"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_run_in_good_order(start, sample, number):
    running = start()
    running.until_it_waits()
    running.process.send_signal(number)
    assert running.end() == 128 + number
    end = running.records[-1]
    assert (end["type"], end["status"]) == ("run_finished", "interrupted")
    assert gone(start.mark)
    kept(start, running, sample)


def test_a_second_signal_ends_it_at_once(start, sample, monkeypatch):
    """A command of a stopped run that does not end, here one that a debugger holds, keeps nobody waiting."""
    running = start()
    running.until_it_waits()
    os.kill(running.process.pid, signal.SIGSTOP)
    for number in (signal.SIGINT, signal.SIGTERM):
        running.process.send_signal(number)
    os.kill(running.process.pid, signal.SIGCONT)
    assert running.end() in (128 + signal.SIGINT, 128 + signal.SIGTERM)
    assert "at once" in running.err
    assert gone(start.mark)
    kept(start, running, sample)


def test_a_signal_that_the_starter_ignores_stays_ignored(start):
    running = start(before=("nohup",))
    running.until_it_waits()
    running.process.send_signal(signal.SIGHUP)
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 130
    assert running.records[-1]["status"] == "interrupted"


def test_when_nobody_reads_any_more_the_run_is_stopped(start, sample):
    running = start()
    running.until_it_waits()
    assert running.process.stdout is not None
    running.process.stdout.close()
    running.process.stdout = None
    assert running.end() == 1
    assert running.err == ""
    assert gone(start.mark)
    shown = start.heddle("show", running.records[0]["session"]).out
    assert "nterrupted" in shown


def test_a_full_disk_under_the_output_is_said(start):
    with Path("/dev/full").open("w") as full:
        running = start(stdout=full)
        _, err = running.process.communicate(timeout=SOON)
    assert running.process.returncode == 1
    assert "No space left" in err
    assert "Exception ignored" not in err


def test_a_full_disk_under_any_output_is_a_failure(isolated):
    words = [sys.executable, "-P", str(ROOT), "tools"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"Exception ignored" not in done.stderr


def test_whoever_closes_an_output_gets_no_error(isolated):
    words = f"'{sys.executable}' -P '{ROOT}' tools <&- >&- && '{sys.executable}' -P '{ROOT}' tools nonsense >&- 2>&-"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_the_session_goes_on_after_a_signal(start):
    running = start()
    running.until_it_waits()
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 130
    again = start("--continue")
    again.until_it_waits()
    again.process.send_signal(signal.SIGINT)
    assert again.end() == 130
    assert again.records[0]["session"] == running.records[0]["session"]
