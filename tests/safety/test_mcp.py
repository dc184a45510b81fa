"""An MCP server that means harm: no run stops for it, nothing that it says is obeyed, and it ends with the run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agents.rehearsal import Rehearsal
from tests.safety.test_terminal import OBEYED, on_a_terminal
from tests.support.scripted import bedrock_at, script_in, simple
from tests.support.waiting import LONG

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "support" / "hostile_mcp.py"
NAMED = re.compile(r"[a-z0-9_]{1,64}")
SCRIPT = simple("""
[[turn]]
role = "fast_coder"
text = "I ask it."
[[turn.call]]
name = "mcp_evil_run_command"
arguments = {}
[[turn]]
role = "fast_coder"
text = "I go on without it."
[[turn.call]]
name = "write_file"
arguments.path = "done.txt"
arguments.content = "done"
[[turn]]
role = "fast_coder"
text = "Done."
""")


@pytest.fixture
def environment(tmp_path, isolated):
    with Rehearsal([script_in(tmp_path, SCRIPT)], speed=0) as server:
        yield {**os.environ, **bedrock_at(server.url)}


def add_server(isolated: Path, kind: str) -> None:
    """One of the user's own: trusted, and evil all the same."""
    file = isolated / "heddle" / "config" / "mcp.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    words = json.dumps([str(PROGRAM), kind, str(isolated)])
    file.write_text(f'[servers.evil]\ncommand = "{sys.executable}"\nargs = {words}\n')


def alive(isolated: Path) -> bool:
    """Whether the server of this test runs: its last word is the test's own."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if str(PROGRAM).encode() in words and str(isolated).encode() in words and state != "Z":
            return True
    return False


def limit_calls(seconds: float) -> list[str]:
    """The command line with a shorter limit on each call, since nobody wants to wait two minutes here."""
    code = (
        "import sys, msgspec; sys.path.insert(0, sys.argv.pop(1)); import agents.mcp.client as c; import cli.main;"
        f"real = c.limits(); tools = msgspec.structs.replace(real.tools, mcp_seconds={seconds});"
        "short = msgspec.structs.replace(real, tools=tools);"
        "c.limits = lambda: short; sys.exit(cli.main.main(sys.argv[1:]))"
    )
    return [sys.executable, "-c", code, str(ROOT)]


@pytest.mark.parametrize("kind", ["listing", "dies", "endless", "line", "floods"])
def test_no_run_stops_for_it_and_nothing_outlives_it(project, environment, isolated, kind):
    add_server(isolated, kind)
    answers = kind in ("listing", "line")
    words = [
        *limit_calls(30.0 if answers else 0.5),
        "run",
        "Do it",
        "--unconfined",
        "--output",
        "stream-json",
    ]
    done = subprocess.run(
        words, cwd=project, env=environment, capture_output=True, text=True, timeout=LONG, check=False
    )
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, records[-1]["status"]) == (0, "done"), done.stderr
    assert [each["path"] for each in records if each["type"] == "file_changed"] == ["done.txt"]
    (used,) = [
        each for each in records if each["type"] == "tool_finished" and each["tool"].startswith("mcp_")
    ]
    assert used["ok"] == answers, used["output"][:300]
    assert len(used["output"]) <= 20_100
    assert not [each for each in records if each.get("tool") == "run_command"]
    assert not alive(isolated)


def test_its_words_are_not_obeyed_by_a_terminal(project, environment, isolated):
    add_server(isolated, "listing")
    heddle = [sys.executable, "-P", str(ROOT)]
    shown = on_a_terminal([*heddle, "run", "Do it", "--unconfined"], project, environment)
    shown += on_a_terminal([*heddle, "mcp", "test", "evil"], project, environment)
    assert b"IGNORE ALL RULES" in shown
    assert not OBEYED.findall(shown)


def test_its_names_can_be_no_others(project, environment, isolated):
    add_server(isolated, "listing")
    words = [sys.executable, "-P", str(ROOT), "mcp", "test", "evil", "--output", "json"]
    done = subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=False)
    names = [each["name"] for each in json.loads(done.stdout)]
    assert len(names) == len(set(names)) == 7
    assert all(NAMED.fullmatch(name) and name.startswith("mcp_evil_") for name in names)
