"""A workbench over a real stage and the sandbox that works here."""

import os
import pwd
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pygit2
import pytest

from core.sandbox import open_sandbox
from core.stage import Stage
from tools.registry import call
from tools.workbench import ToolResult, Workbench

Use = Callable[..., Awaitable[ToolResult]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    pygit2.init_repository(str(folder))
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("def add(a, b):\n    return a + b\n")
    (folder / "README.md").write_text("# Sample\n")
    (folder / ".gitignore").write_text("__pycache__/\n.venv/\n")
    return folder


@pytest.fixture
def bench(project: Path, tmp_path: Path) -> Workbench:
    """Where bubblewrap does not work, commands run without it: the tools are the same."""
    stage = Stage.create(project, tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    return Workbench(stage, sandbox, threading.Event(), run="r1", node="fast_coder", role="fast_coder")


@pytest.fixture
def use(bench: Workbench) -> Use:
    """`await use("read_file", path="src/app.py")`: call a tool as a model does."""

    async def carry_out(name: str, /, **arguments: Any) -> ToolResult:
        return await call(name, arguments, bench)

    return carry_out


@pytest.fixture
def put(bench: Workbench) -> Callable[[str, bytes | str], None]:
    """Put a file into the stage's tree."""

    def write(path: str, data: bytes | str) -> None:
        bench.stage.write(path, data if isinstance(data, bytes) else data.encode())

    return write


@pytest.fixture
def rust(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's home is not the one where the tool chain is installed."""
    for name in ("rustup", "cargo"):
        monkeypatch.setenv(f"{name.upper()}_HOME", f"{pwd.getpwuid(os.getuid()).pw_dir}/.{name}")
