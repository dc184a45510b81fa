"""A project with ignored files and secrets, its stage, and the sandboxes over it."""

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pygit2
import pytest

from core.sandbox import Ended, Sandbox, open_sandbox
from core.sandbox.unconfined import Unconfined
from core.stage import Stage

Run = Callable[..., Awaitable[Ended]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Git repository under /tmp whose ignored files are a virtual environment, data and a secret."""
    folder = tmp_path / "a project"
    repository = pygit2.init_repository(str(folder))
    repository.config["user.name"] = "Somebody"
    (folder / ".gitignore").write_text("/.venv/\n.env\n/local/\ndata.bin\n__pycache__/\n")
    (folder / "app.py").write_text("import os\nprint(os.getcwd())\nprint(os.path.abspath(__file__))\n")
    (folder / "docs").mkdir()
    (folder / "docs" / "readme.md").write_text("hello\n")
    (folder / "docs" / "other.md").write_text("other\n")
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "marker").write_text("from the environment\n")
    (folder / ".env").write_text("PASSWORD=canary-in-env-file\n")
    (folder / "local" / "deep").mkdir(parents=True)
    (folder / "local" / "settings.txt").write_text("local settings\n")
    (folder / "local" / "deep" / "server.key").write_text("canary-in-key-file\n")
    (folder / "docs" / "data.bin").write_text("ignored data\n")
    return folder


@pytest.fixture
def stage(project: Path, tmp_path: Path) -> Stage:
    return Stage.create(project, tmp_path / "stage")


@pytest.fixture
def confined(needs_bubblewrap: None, stage: Stage, project: Path) -> Sandbox:
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    assert sandbox.confinement == "confined"
    return sandbox


@pytest.fixture
def unconfined(stage: Stage) -> Sandbox:
    return Unconfined(stage.tree, allowed=True, reason="this is a test")


@pytest.fixture(params=["confined", "unconfined"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Both kinds, for what must hold in either."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def run() -> Run:
    """`await run(sandbox, "shell command")`."""

    async def run_shell(sandbox: Sandbox, command: str, *, seconds: float = 30.0) -> Ended:
        return await sandbox.run(["sh", "-c", command], seconds=seconds, stop=threading.Event())

    return run_shell
