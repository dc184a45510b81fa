"""The Makefile, its scripts and the CI script: what they say and how they end."""

import os
import re
import shutil
import stat
from pathlib import Path

import pytest


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def scripts(root: Path, tmp_path: Path) -> Path:
    """The project's scripts in a folder of their own, so that no real environment is touched."""
    shutil.copytree(root / "scripts", tmp_path / "project/scripts")
    shutil.copytree(root / ".ci", tmp_path / "project/.ci")
    return tmp_path / "project"


def test_a_python_that_is_too_old_gets_a_sentence(scripts: Path, run_program) -> None:
    _program(scripts / "python3.9", "exit 1")
    done = run_program(["scripts/venv"], scripts, PYTHON="./python3.9")
    assert done.returncode == 1
    assert "Heddle needs Python 3.11 or newer" in done.stderr
    assert "PYTHON=./python3.9" in done.stderr
    assert not (scripts / ".venv").exists()


def test_a_python_without_venv_gets_a_sentence(scripts: Path, run_program) -> None:
    _program(scripts / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    done = run_program(["scripts/venv"], scripts, PYTHON="./python3")
    assert done.returncode == 1
    assert "its venv module is missing" in done.stderr
    assert "python3-venv" in done.stderr


@pytest.mark.parametrize("code", [0, 2])
def test_ci_runs_every_check_and_ends_as_they_end(code: int, scripts: Path, run_program) -> None:
    for name in ("bwrap", "tmux"):
        _program(scripts / "bin" / name, "exit 0")
    _program(scripts / "bin/make", f'echo "make $*"; exit {code}')
    done = run_program([".ci/run"], scripts, PATH=f"{scripts / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (code, "make --keep-going check\n")


def test_every_check_of_ci_is_a_target(root: Path, run_program) -> None:
    done = run_program(["make", "--dry-run", "--always-make", "check"], root)
    assert done.returncode == 0, done.stderr
    for command in ("ruff format --check .", "ruff check .", "basedpyright", "lint-imports", "-m pytest"):
        assert re.search(rf"^\S*{re.escape(command)}|python {re.escape(command)}", done.stdout, re.M), command


def test_the_scripts_can_be_run(root: Path, project_files: list[str]) -> None:
    programs = [
        name for name in project_files if name.startswith((".ci/", "scripts/")) and "." not in Path(name).name
    ]
    assert programs
    assert [name for name in programs if not (root / name).stat().st_mode & stat.S_IXUSR] == []
