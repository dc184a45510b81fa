"""The project as a thing: its files, a copy of them, the wheel built from it, a hostile repository."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

OURS = ("agents", "cli", "core", "styles", "tools", "tui")
SAMPLE = "agents/rehearsal/sample"

HOSTILE = (*OURS, "boto3", "botocore", "msgspec", "platformdirs", "rich", "strands", "textual")
"""Packages of a repository that must not be taken for ours or for what we depend on."""


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def project_files() -> list[str]:
    """Every file that is in Git or would be with `git add`, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return sorted(name for name in set(listing.split("\0")) if name and (ROOT / name).is_file())


@pytest.fixture(scope="session")
def source_files(project_files: list[str]) -> list[str]:
    """Our own Python files: without the sample project, which is data."""
    return [name for name in project_files if name.endswith(".py") and not name.startswith(SAMPLE)]


@pytest.fixture(scope="session")
def checkout(project_files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files, in which a build may leave what it likes."""
    copy = tmp_path_factory.mktemp("source") / "checkout"
    for name in project_files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    return copy


def run(command: Sequence[str | Path], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with nothing of our own environment but what programs need."""
    kept: Mapping[str, str] = {
        k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_", "HEDDLE"))
    }
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**kept, **variables},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=170, check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def run_program() -> Callable[..., subprocess.CompletedProcess[str]]:
    return run


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the tools of the running environment and nothing from the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    done = run([*build, "--outdir", folder, "."], checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A repository whose packages have our names, and leave a mark when they are imported."""
    repository = tmp_path / "repository"
    for folder in (repository, repository / "src"):
        for name in HOSTILE:
            (folder / name).mkdir(parents=True)
            mark = (
                f"open({str(repository / 'imported')!r}, 'a').write({name!r})\nraise ImportError('hostile')\n"
            )
            (folder / name / "__init__.py").write_text(mark)
    return repository


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it; what the wheel needs comes from the running environment."""
    home = tmp_path_factory.mktemp("environment") / "venv"
    made = run([sys.executable, "-m", "venv", "--without-pip", home], home.parent)
    assert made.returncode == 0, made.stderr
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        home / "bin/python",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
    ]
    done = run([*pip, wheel], home.parent)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def installed(environment: Path, hostile: Path) -> Path:
    """The `bin` folder of a virtual environment inside the hostile repository, with the wheel installed."""
    home = hostile / ".venv"
    shutil.copytree(environment, home, symlinks=True)
    program = home / "bin/heddle"
    program.write_text(program.read_text().replace(str(environment), str(home)))
    return home / "bin"
