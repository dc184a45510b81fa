"""What others wrote (`tests/data/cases`), sent through the whole command line to a real terminal: nothing is obeyed."""

import json
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.rehearsal import Rehearsal
from tests.support.cases import naughty_strings, utf8_vectors
from tests.support.scripted import APPROVED, bedrock_at, script_in

ROOT = Path(__file__).resolve().parents[2]
ATTACKS = (
    "\x1b]52;c;cm0gLXJmIC8=\x07", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1bPq\x1b\\", "\x9b31m", "\x9d0;x\x9c", "\x1b[6n", "\x1b[?1049l", "a\u202eb\u2066c", "zero\u200bwidth", "\x07\x08\x0e",
)  # fmt: skip
NAME = "name\x1b]0;title\x07\u202egnp.exe"
OBEYED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")
HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
WITHOUT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import core.text as t; import cli.main;"
    "t.sanitise = t.sanitise_line = t.escape_json = lambda text: text; sys.exit(cli.main.main(sys.argv[1:]))"
)
"""The command line without its protection."""


def everything() -> str:
    """All of it in one text."""
    broken = [data.decode("utf-8", "replace") for data, valid in utf8_vectors() if not valid]
    return "\n".join([*ATTACKS, *naughty_strings(), *broken])


def toml(text: str) -> str:
    """As a TOML string."""
    escaped = json.dumps(text, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028\u2029]", lambda match: f"\\u{ord(match.group()):04x}", escaped)


SCRIPT = """
[[turn]]
role = "router"
answer = {{ complexity = "SIMPLE", pattern = "graph", confidence = 0.9, reason = {line} }}
[[turn]]
role = "fast_coder"
text = {text}
[[turn.call]]
name = "write_file"
arguments.path = {name}
arguments.content = {text}
[[turn.call]]
name = "read_file"
arguments.path = {line}
[[turn]]
role = "fast_coder"
text = {text}
"""


@pytest.fixture
def environment(tmp_path: Path, isolated: Path) -> Iterator[dict[str, str]]:
    """A model that says all of it, at its loopback end."""
    config = isolated / "heddle" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("output_tokens = 60000\n")
    texts = {"text": toml(everything()), "line": toml("".join(ATTACKS)), "name": toml(NAME)}
    script = script_in(tmp_path, SCRIPT.format(**texts) + APPROVED)
    with Rehearsal([script], speed=0) as server:
        yield {**os.environ, **bedrock_at(server.url)}


def on_a_terminal(words: Sequence[str], folder: Path, environment: dict[str, str]) -> bytes:
    """Every byte that a program writes to its terminal."""
    main, other = pty.openpty()
    written = bytearray()

    def read() -> None:
        try:
            while data := os.read(main, 65_536):
                written.extend(data)
        except OSError:
            return

    reader = threading.Thread(target=read)
    reader.start()
    subprocess.run(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=other, stderr=other, check=False
    )
    os.close(other)
    reader.join()
    os.close(main)
    return bytes(written)


def session_in(folder: Path, environment: dict[str, str]) -> str:
    """The session of the run that was carried out."""
    words = [sys.executable, "-P", str(ROOT), "sessions", "--output", "json"]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, check=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return str(rows[0].get("session") or rows[0]["id"])


def test_nothing_of_it_reaches_a_terminal_through_the_command_line(project, environment):
    heddle = [sys.executable, "-P", str(ROOT)]
    (project / NAME).write_text("a name that a model could not give, but a file may have\n")
    shown = {"run": on_a_terminal([*heddle, "run", "Do it", "--unconfined"], project, environment)}
    session = session_in(project, environment)
    for words in (
        ["show", session],
        ["changes", session],
        ["changes", session, "--output", "json"],
        ["sessions"],
        ["cost", "--session", session],
        ["run", "Do it", "--unconfined", "--output", "stream-json"],
        ["apply", session],
    ):
        shown[" ".join(words)] = on_a_terminal([*heddle, *words], project, environment)
    assert len(shown["run"]) > 5_000
    assert (project / NAME).read_text("utf-8").startswith("\x1b]52"), (
        "what was applied is what the model wrote"
    )
    for words, data in shown.items():
        assert data, words
        assert not OBEYED.findall(data), words
        assert not HIDDEN.findall(data.decode("utf-8", "replace")), words


def test_without_the_protection_it_would(project, environment):
    """The control: the same run with a sanitiser that does nothing."""
    words = [sys.executable, "-c", WITHOUT, str(ROOT), "run", "Do it", "--unconfined"]
    data = on_a_terminal(words, project, environment)
    assert b"\x1b]52;c;cm0gLXJmIC8=\x07" in data
    assert HIDDEN.findall(data.decode("utf-8", "replace"))
