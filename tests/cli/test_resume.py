"""`heddle resume`: what broke off is gone on with, by another process, and nothing is paid for twice."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.scripted import simple

ROOT = Path(__file__).resolve().parents[2]
WORK = simple("""
[[turn]]
role = "fast_coder"
text = "I write it."
[[turn.call]]
name = "write_file"
arguments.path = "bookshelf/hello.py"
arguments.content = '''
def hello() -> str:
    return "hello"
'''
[[turn]]
role = "fast_coder"
text = "It is written."
[[turn]]
role = "test_engineer"
text = "The tests that there are hold."
""")
STALLS = '[[turn.fault]]\nkind = "stall"\n'
CRITICAL = WORK.replace("SIMPLE", "CRITICAL").replace("fast_coder", "senior_coder")


@pytest.fixture
def killed(served, write_script, sample):
    """A run that was killed while the reviewer thought; gives its records."""
    heddle = served(write_script(WORK + STALLS))
    process = subprocess.Popen(
        [sys.executable, "-P", str(ROOT), "run", "Do it", "--unconfined", "--output", "stream-json"],
        cwd=sample, env={**os.environ, **heddle.settings}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    records = []
    assert process.stdout is not None
    for line in process.stdout:
        records.append(json.loads(line))
        if records[-1]["type"] == "call_started" and records[-1]["role"] == "code_reviewer":
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    return records


@pytest.fixture
def again(served, write_script):
    """The same models, now that they answer."""
    return served(write_script(WORK))


def test_a_killed_run_goes_on_at_the_node_it_was_in_and_nothing_is_paid_twice(killed, again, sample):
    session = killed[0]["session"]
    result = again("resume", session, "--unconfined", "--output", "stream-json")
    assert result.code == 0, result.err
    before = {each["node"] for each in killed if each["type"] == "node_finished"}
    assert before >= {"router", "fast_coder"}
    assert result.of("node_started")[0]["node"] == "code_reviewer"
    paid = {each["node"] for each in result.of("model_called") if each["run"] == "r2"}
    assert paid and not paid & before
    closed = [each for each in result.of("model_called") if each["run"] == "r1"]
    assert [(each["node"], each["estimated"]) for each in closed] == [("code_reviewer", True)]
    end = result.of("run_finished")[-1]
    assert (end["status"], end["files"]) == ("done", ["bookshelf/hello.py"])
    assert Decimal(end["cost_usd"]) == sum(
        Decimal(each["cost_usd"]) for each in result.of("model_called") if each["run"] == "r2"
    )
    assert not (sample / "bookshelf/hello.py").exists()
    assert again("apply", session).code == 0
    assert (sample / "bookshelf/hello.py").exists()


def test_as_text_and_as_one_object_and_written_at_the_end(killed, again, sample):
    result = again("resume", "--unconfined", "--output", "json", "--apply", "all")
    assert (result.code, json.loads(result.out)["status"]) == (0, "done")
    assert (sample / "bookshelf/hello.py").exists()


def test_what_is_done_has_nothing_left(killed, again):
    assert again("resume", "last", "--unconfined").code == 0
    for output in ("text", "json", "stream-json"):
        result = again("resume", "last", "--output", output)
        assert (result.code, result.out) == (1, "")
        assert "is done: there is nothing left of it" in result.err


def test_without_a_session_it_is_said(again):
    result = again("resume")
    assert result.code == 2
    assert "There is no session about" in result.err


def test_a_plan_that_waits_is_approved_on_the_command_line(served, write_script, sample):
    heddle = served(write_script(CRITICAL))
    first = heddle("run", "Do it", "--unconfined")
    assert first.code == 4
    assert "--answer 'go on' | stop" in first.err
    wrong = heddle("resume", "last", "--unconfined", "--answer", "yes")
    assert wrong.code == 1
    assert "Answer with one of these: go on, stop." in wrong.err
    still = heddle("resume", "last", "--unconfined", "--output", "json")
    assert still.code == 4
    result = heddle("resume", "last", "--unconfined", "--answer", "go on", "--output", "stream-json")
    assert [each["answer"] for each in result.of("question_answered")] == ["go on"]
    assert result.of("node_started")[0]["node"] == "senior_coder"
    assert result.of("run_finished")[-1]["status"] == "done", result.err
