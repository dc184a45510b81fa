"""The command line is tried as users have it: in a process of its own for every command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from agents.rehearsal import Rehearsal, Script, copy_sample, shipped_scripts
from tests.support.scripted import bedrock_at, script_in
from tests.support.waiting import LONG
from tests.support.warm import Warm

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = Path(sys.executable).parent / "heddle"


def _is_of_another_checkout() -> bool:
    """Whether the installed command would start other sources than these."""
    url = metadata.distribution("heddle").read_text("direct_url.json")
    return url is not None and str(json.loads(url).get("url")) != ROOT.as_uri()


COMMAND = (
    [str(INSTALLED)]
    if INSTALLED.exists() and not _is_of_another_checkout()
    else [sys.executable, "-P", str(ROOT)]
)
_LOADED_WITH = {"PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LANG"}
"""What counts only while Python starts."""
HEALTH = "Add a GET /health endpoint to the API"


@dataclass
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["type"] == kind]

    @property
    def session(self) -> str:
        return str(self.records[0]["session"])


@dataclass
class Heddle:
    """Runs the command in a folder, with settings of its own."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    """A command that the command is started by."""
    warm: Warm | None = None
    """What processes with their libraries loaded are forked off; None: the installed command is started."""

    def __call__(self, *args: str, stdin: str | None = None, seconds: float = LONG) -> Result:
        environment = {**os.environ, **self.settings}
        if self.warm is not None and not self.before and not _LOADED_WITH & {*self.settings}:
            return Result(*self.warm.run(args, self.folder, environment, stdin, seconds))
        done = subprocess.run(
            [*self.before, *COMMAND, *args],
            cwd=self.folder,
            env=environment,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A fresh copy of the sample project."""
    return copy_sample(tmp_path / "sample")


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """What commands are forked off."""
    process = Warm()
    yield process
    process.close()


@pytest.fixture
def heddle(tmp_path: Path, warm: Warm) -> Heddle:
    """The command in an empty folder, without credentials and region."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return Heddle(folder, warm=warm)


Serve = Callable[..., Heddle]


@pytest.fixture
def served(sample: Path, warm: Warm) -> Iterator[Serve]:
    """Runs the command in the sample, against an endpoint that plays these scripts (default: the shipped)."""
    servers: list[Rehearsal] = []

    def serve(*scripts: Script, folder: Path | None = None) -> Heddle:
        server = Rehearsal(scripts or shipped_scripts(), speed=0).start()
        servers.append(server)
        return Heddle(folder or sample, bedrock_at(server.url), warm=warm)

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def write_script(tmp_path: Path) -> Callable[[str], Script]:
    """`write_script(turns)`: a script for the request `Do it`."""
    return partial(script_in, tmp_path)


@pytest.fixture
def config() -> Callable[[str], Path]:
    """Writes the user's config.toml."""

    def write(text: str, name: str = "config.toml") -> Path:
        path = Path(os.environ["HEDDLE_HOME"]) / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
