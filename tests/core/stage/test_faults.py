"""Real faults of real file systems: read-only, full, not ours."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name("faults_driver.py")
BWRAP = shutil.which("bwrap")


def jail(*options: str) -> list[str]:
    """A bubblewrap command line, or a skip with the reason."""
    if BWRAP is None:
        pytest.skip("there is no bubblewrap here")
    probe = subprocess.run([BWRAP, "--dev-bind", "/", "/", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"bubblewrap does not work here: {probe.stderr.decode()}")
    return [BWRAP, "--dev-bind", "/", "/", *options]


def run(command: list[str], project: Path, own: Path, size: int) -> dict:
    done = subprocess.run(
        [*command, sys.executable, str(DRIVER), str(project), str(own), str(size)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    project, own = tmp_path / "project", tmp_path / "own"
    project.mkdir()
    own.mkdir()
    for name in ("a", "z"):
        (project / name).write_bytes(b"before\n")
    return project, own


def test_a_read_only_project_can_be_read_and_says_why_it_cannot_be_written(place) -> None:
    project, own = place
    result = run(jail("--ro-bind", str(project), str(project)), project, own, 10)
    assert result["said"].startswith("ApplyFailed: Nothing was written: the file system is read-only")
    assert (result["same"], result["read"]) == (True, "changed\n")


def test_a_full_disk_leaves_the_old_tree(place) -> None:
    project, own = place
    copy = ["sh", "-c", f'cp -a "{project}/." /mnt/ && exec "$@"', "sh"]
    small = jail("--size", "200000", "--tmpfs", "/mnt")
    for size, fits in ((10_000, True), (1_000_000, False)):
        shutil.rmtree(own)
        own.mkdir()
        result = run([*small, *copy], Path("/mnt"), own, size)
        assert result["same"]
        assert (result["said"] == "") is fits
        assert fits or "the disk is full" in result["said"]


def test_a_full_disk_for_the_journal_leaves_the_old_tree(place) -> None:
    project, _ = place
    small = jail("--size", "400000", "--tmpfs", "/mnt")
    (project / "a").write_bytes(os.urandom(150_000))
    result = run(small, project, Path("/mnt"), 120_000)
    assert "the disk is full" in result["said"]
    assert result["same"]


def test_a_folder_of_someone_else_says_that_there_is_no_permission(place) -> None:
    """As a user who is not root: files are ours and are written through, a new one is impossible."""
    project, own = place
    if os.geteuid() != 0:
        project.chmod(0o555)
        command: list[str] = []
    else:
        setpriv = shutil.which("setpriv")
        if setpriv is None or not os.access(sys.executable, os.X_OK):
            pytest.skip("there is no setpriv here")
        command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
        for path in (own, project / "a", project / "z"):
            os.chown(path, 65534, 65534)
        for folder in (project, *project.parents):
            if folder.stat().st_uid == 0 and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055 & ~0o022)
        probe = subprocess.run(
            [*command, sys.executable, "-c", "import pygit2"], capture_output=True, check=False
        )
        if probe.returncode:
            pytest.skip("another user cannot run this Python")
    try:
        result = run(command, project, own, 10)
    finally:
        project.chmod(0o755)
    assert "there is no permission to write there" in result["said"]
    assert result["same"]
    assert (project / "a").read_bytes() == b"before\n"
