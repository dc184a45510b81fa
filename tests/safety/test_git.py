"""What a repository's own Git configuration would run when Heddle opens it: nothing."""

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.sandbox import open_sandbox
from core.stage import Stage
from core.stage.apply import apply
from tools.registry import call
from tools.workbench import Workbench

HOOKS = (
    "pre-commit",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "reference-transaction",
    "post-merge",
)
FILTER = '[filter "x"]\n\tclean = {0}\n\tsmudge = {0}\n\tprocess = {0}\n[diff "x"]\n\ttextconv = {0}\n\tcommand = {0}\n'


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Exists when something of the repository was run."""
    return tmp_path / "ran"


@pytest.fixture
def canary(tmp_path: Path, mark: Path) -> Path:
    file = tmp_path / "canary"
    file.write_text(f"#!/bin/sh\necho ran >> '{mark}'\ncat\n")
    file.chmod(0o755)
    return file


def set_config(project: Path, text: str) -> None:
    with (project / ".git" / "config").open("a") as config:
        config.write(text)


def by_fsmonitor(project: Path, canary: Path) -> list[str]:
    set_config(project, f"[core]\n\tfsmonitor = {canary}\n")
    return ["status"]


def by_hooks(project: Path, canary: Path) -> list[str]:
    folder = project / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in HOOKS:
        shutil.copy(canary, folder / name)
    return ["-c", "user.name=x", "-c", "user.email=x", "commit", "--allow-empty", "-qm", "x"]


def by_hooks_elsewhere(project: Path, canary: Path) -> list[str]:
    folder = project / "innocent"
    folder.mkdir()
    for name in HOOKS:
        shutil.copy(canary, folder / name)
    set_config(project, "[core]\n\thooksPath = innocent\n")
    return ["-c", "user.name=x", "-c", "user.email=x", "commit", "--allow-empty", "-qm", "x"]


def by_filter(project: Path, canary: Path) -> list[str]:
    (project / ".gitattributes").write_text("* filter=x diff=x\n")
    set_config(project, FILTER.format(canary))
    return ["add", "-A"]


def by_external_diff(project: Path, canary: Path) -> list[str]:
    (project / "app.py").write_text("print('other')\n")
    set_config(project, f"[diff]\n\texternal = {canary}\n")
    return ["diff"]


def by_included_file(project: Path, canary: Path) -> list[str]:
    (project / "harmless.txt").write_text(f"[core]\n\tfsmonitor = {canary}\n")
    set_config(project, "[include]\n\tpath = ../harmless.txt\n")
    return ["status"]


def by_worktree_config(project: Path, canary: Path) -> list[str]:
    set_config(project, "[extensions]\n\tworktreeConfig = true\n")
    (project / ".git" / "config.worktree").write_text(f"[core]\n\tfsmonitor = {canary}\n")
    return ["status"]


def by_nested_repository(project: Path, canary: Path) -> list[str]:
    nested = project / "vendor"
    subprocess.run(["git", "init", "-q", str(nested)], check=True)
    by_fsmonitor(nested, canary)
    return ["-C", "vendor", "status"]


def by_embedded_bare_repository(project: Path, canary: Path) -> list[str]:
    bare = project / "data"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    with (bare / "config").open("a") as config:
        config.write(f"[core]\n\tbare = false\n\tworktree = ..\n\tfsmonitor = {canary}\n")
    return ["-C", "data", "status"]


VECTORS = (
    by_fsmonitor, by_hooks, by_hooks_elsewhere, by_filter, by_external_diff, by_included_file, by_worktree_config,
    by_nested_repository, by_embedded_bare_repository,
)  # fmt: skip


@pytest.fixture
def committed(project: Path) -> Path:
    """The project with one commit."""
    for words in (["add", "app.py"], ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    return project


async def open_and_use(project: Path, folder: Path) -> None:
    """What Heddle does in a session: the stage, the Git tools, a command, changes and apply."""
    stage = Stage.create(project, folder / "stage")
    bench = Workbench(
        stage,
        open_sandbox(stage.tree, project, allow_unconfined=True),
        threading.Event(),
        run="r1",
        node="n",
        role="fast_coder",
    )
    stage.refresh()
    assert (await call("write_file", {"path": "app.py", "content": "print('new')\n"}, bench)).ok
    for name in ("git_status", "git_diff", "git_log"):
        assert (await call(name, {}, bench)).text
    await call("git_blame", {"path": "app.py"}, bench)
    if bench.sandbox.confinement == "confined":
        ended = await call(
            "run_command", {"command": "git status; git add -A; git diff; git commit -qm x"}, bench
        )
        assert "Exit code" in ended.text
    stage.record(["app.py"], run="r1", node="n", role="r", message="m")
    apply(project, stage.changes(), folder / "journals")
    assert (project / "app.py").read_text() == "print('new')\n"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each.__name__)
def test_a_repository_runs_nothing_when_it_is_opened(
    vector: Callable[[Path, Path], list[str]], committed: Path, canary: Path, mark: Path, tmp_path: Path
) -> None:
    plain = vector(committed, canary)
    asyncio.run(open_and_use(committed, tmp_path))
    assert not mark.exists()
    (committed / "app.py").write_text("print('changed')\n")
    done = subprocess.run(["git", *plain], cwd=committed, capture_output=True, check=False)
    assert mark.exists(), f"plain Git runs it: {done.stderr.decode()}"
