import os
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.stage import Stage

GIT = ["git", "-c", "user.name=A User", "-c", "user.email=user@example.org", "-c", "commit.gpgsign=false"]


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*GIT, *arguments], cwd=project, check=True, capture_output=True, text=True, errors="surrogateescape"
    )
    return done.stdout


def _write(project: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(data)


def _picture(top: Path, *, times: bool = False) -> dict[str, tuple[object, ...]]:
    """Everything below a folder: kind, mode, bytes or target; with `times` also inode and times of change."""
    seen: dict[str, tuple[object, ...]] = {}
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            place = f"{folder}/{name}"
            info = os.lstat(place)
            what: object = None
            if stat.S_ISREG(info.st_mode):
                what = Path(place).read_bytes()
            elif stat.S_ISLNK(info.st_mode):
                what = str(Path(place).readlink())
            clock = (info.st_mtime_ns, info.st_ctime_ns, info.st_ino) if times else ()
            seen[os.path.relpath(place, top)] = (info.st_mode, what, *clock)
    return seen


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder."""
    return _git


@pytest.fixture
def picture() -> Callable[..., dict[str, tuple[object, ...]]]:
    """Take down everything below a folder, to compare."""
    return _picture


@pytest.fixture
def write_files() -> Callable[[Path, Mapping[str, bytes]], None]:
    return _write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Git project with a commit, a changed file, an untracked one and an ignored one."""
    project = tmp_path / "project"
    project.mkdir()
    _git(project, "init", "-q")
    _write(
        project,
        {
            "README.md": b"# Project\n",
            "src/app.py": b"def app():\n    return 1\n",
            "src/util.py": b"".join(b"line %d\n" % n for n in range(30)),
            ".gitignore": b"*.log\nbuild/\n",
        },
    )
    _git(project, "add", "-A")
    _git(project, "commit", "-qm", "first")
    _write(
        project,
        {"README.md": b"# Changed\n", "new.txt": b"untracked\n", "out.log": b"log\n", "build/x": b"x"},
    )
    return project


@pytest.fixture
def stage(project: Path, tmp_path: Path) -> Stage:
    return Stage.create(project, tmp_path / "stages" / "s1")


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    return tmp_path / "journals"


@pytest.fixture
def record() -> Callable[..., list[object]]:
    """Record paths as a coder would."""

    def run(stage: Stage, *paths: str) -> list[object]:
        return list(stage.record(paths, run="r1", node="fast_coder", role="fast_coder", message="work"))

    return run
