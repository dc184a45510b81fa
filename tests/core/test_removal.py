"""Folders that somebody else filled are removed whole, and nothing beside them."""

import os
from pathlib import Path

import pytest

from core.removal import remove_if_possible, remove_tree


def dig(folder: Path, depth: int) -> None:
    """So many folders inside one another, which no path reaches the end of."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("inner", dir_fd=here)
        deeper = os.open("inner", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_everything_goes_however_deep_and_whatever_rights_are_missing(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    for name in ("plain", "shut/inner", ".heddle-0", "naked"):
        (top / name).mkdir(parents=True)
        (top / name / "file").write_text("x")
    dig(top, 1_200)
    os.mkfifo(top / "pipe")
    (top / "shut" / "inner").chmod(0)
    (top / "shut").chmod(0)
    top.chmod(0o500)
    remove_tree(top)
    assert list(tmp_path.iterdir()) == []


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, top = tmp_path / "outside", tmp_path / "top"
    outside.mkdir(mode=0o500)
    (top / "a").mkdir(parents=True)
    (top / "a" / "link").symlink_to(outside)
    (top / "link").symlink_to(outside)
    remove_tree(top)
    top.symlink_to(outside)
    remove_tree(top)
    assert [each.name for each in tmp_path.iterdir()] == ["outside"]
    assert outside.stat().st_mode & 0o777 == 0o500


def test_what_is_not_there_is_fine_and_what_cannot_be_removed_is_said_or_left(tmp_path: Path) -> None:
    remove_tree(tmp_path / "nothing")
    with pytest.raises(OSError, match="proc"):
        remove_tree(Path("/proc/self"))
    remove_if_possible(Path("/proc/self"))
