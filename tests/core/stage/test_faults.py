"""Real faults of real file systems: read-only, full, not ours."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
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


@pytest.fixture
def stranger() -> list[str]:
    """A command line that runs the rest as someone who is not root."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv here")
    command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups"]
    probe = subprocess.run(
        [*command, sys.executable, "-c", "import pygit2"], capture_output=True, check=False
    )
    if probe.returncode:
        pytest.skip("another user cannot run this Python")
    return command


def test_a_folder_that_is_not_ours_says_that_there_is_no_permission(stranger: list[str]) -> None:
    """Files in it that are ours are written through; a new one is impossible, so nothing is written."""
    with tempfile.TemporaryDirectory() as name:
        project, own = Path(name) / "project", Path(name) / "own"
        for folder in (project, own):
            folder.mkdir()
        for place in (project / "a", project / "z"):
            place.write_bytes(b"before\n")
        if stranger:
            for place in (own, project / "a", project / "z"):
                os.chown(place, 65534, 65534)
        Path(name).chmod(0o755)
        project.chmod(0o555)
        result = run(stranger, project, own, 10)
        project.chmod(0o755)
        assert "there is no permission to write there" in result["said"]
        assert result["same"]
        assert (project / "a").read_bytes() == b"before\n"
