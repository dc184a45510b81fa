"""Removing folders that somebody else filled: however deep, whatever rights are missing, and through no link."""

import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(top: Path) -> None:
    """Remove a folder and all in it; what is not there is fine, a link goes and not what it leads to.

    Folders below are moved up to the top before they are emptied: the standard library follows them down
    instead, and gives up at some hundreds inside one another.

    Raises:
        OSError: something cannot be removed.
    """
    try:
        opened = _enter(os.fspath(top), None)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        top.unlink()
        return
    try:
        numbers = itertools.count()
        while found := [entry for entry in _entries(opened) if _is_folder(entry)]:
            for entry in found:
                _empty(opened, entry.name, numbers)
        for entry in _entries(opened):
            os.unlink(entry.name, dir_fd=opened)
    finally:
        os.close(opened)
    top.rmdir()


def remove_if_possible(top: Path) -> None:
    """The same; what cannot be removed stays, and nothing is said."""
    with suppress(OSError):
        remove_tree(top)


def _empty(top: int, name: str, numbers: Iterator[int]) -> None:
    """Remove the files of a folder in the top, and the folder; the folders in it come up to the top."""
    folder = _enter(name, top)
    try:
        for entry in _entries(folder):
            if _is_folder(entry):
                _allow(entry.name, folder)
                os.rename(entry.name, _free(top, numbers), src_dir_fd=folder, dst_dir_fd=top)
            else:
                os.unlink(entry.name, dir_fd=folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _enter(name: str, holder: int | None) -> int:
    """Open a folder, with the rights that its owner may have."""
    try:
        opened = os.open(name, _FOLDER, dir_fd=holder)
    except PermissionError:
        _allow(name, holder)
        opened = os.open(name, _FOLDER, dir_fd=holder)
    with suppress(OSError):
        os.fchmod(opened, 0o700)
    return opened


def _allow(name: str, holder: int | None) -> None:
    info = os.stat(name, dir_fd=holder, follow_symlinks=False)
    if stat.S_ISDIR(info.st_mode) and stat.S_IMODE(info.st_mode) & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=holder)


def _entries(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _free(top: int, numbers: Iterator[int]) -> str:
    """A name that nothing in the top has."""
    for number in numbers:
        name = f".heddle-{number}"
        try:
            os.stat(name, dir_fd=top, follow_symlinks=False)
        except FileNotFoundError:
            return name
    raise AssertionError("there is always another number")
