"""A project, its stage, and the two sandboxes: the one that holds, and the one that shows what an attack does."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pygit2
import pytest

from core.limits import limits
from core.sandbox import Ended, Sandbox, open_sandbox
from core.stage import Stage
from tools.registry import call
from tools.workbench import ToolResult, Workbench

Use = Callable[..., Awaitable[ToolResult]]


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Git repository with one file."""
    folder = tmp_path / "project"
    pygit2.init_repository(str(folder))
    (folder / "app.py").write_text("print('hello')\n")
    return folder


@pytest.fixture
def make_stage(project: Path, tmp_path: Path) -> Callable[[], Stage]:
    """The stage, once the test has put into the project what it wants."""
    return lambda: Stage.create(project, tmp_path / "stage")


@pytest.fixture
def confined(needs_bubblewrap: None, make_stage: Callable[[], Stage], project: Path) -> Sandbox:
    return open_sandbox(make_stage().tree, project, allow_unconfined=False)


@pytest.fixture
def shell() -> Callable[..., Ended]:
    """`shell(sandbox, "command")`: waits for it."""

    def run(sandbox: Sandbox, command: str, *, seconds: float = 30.0) -> Ended:
        return sandbox.run_here(["sh", "-c", command], seconds, lambda: False)

    return run


@pytest.fixture
def use(make_stage: Callable[[], Stage], project: Path) -> Callable[..., ToolResult]:
    """`use("read_file", path="a")`: a tool as a model calls it; the stage is made with the first call."""
    benches: list[Workbench] = []

    def carry_out(name: str, **arguments: Any) -> ToolResult:
        if not benches:
            stage = make_stage()
            sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
            benches.append(
                Workbench(stage, sandbox, threading.Event(), run="r1", node="n", role="fast_coder")
            )
        return asyncio.run(call(name, arguments, benches[0]))

    return carry_out


@pytest.fixture
def bounded(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`bounded(processes=40)`: other limits of the sandbox."""

    def bound(**chosen: int) -> None:
        small = msgspec.structs.replace(limits(), sandbox=msgspec.structs.replace(limits().sandbox, **chosen))
        for module in ("process", "usage", "mounts", "bubblewrap"):
            monkeypatch.setattr(f"core.sandbox.{module}.limits", lambda: small)

    return bound


@pytest.fixture
def policy(isolated: Path) -> Callable[[str], None]:
    """Writes the user's policy.toml."""

    def write(text: str) -> None:
        file = isolated / "heddle" / "config" / "policy.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write
