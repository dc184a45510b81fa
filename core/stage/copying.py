"""Copying one file: copy-on-write where the file system can, mode and modification time kept."""

# ruff: noqa: PTH115, PTH211 - descriptors and names, not path objects

import os
import stat
from contextlib import suppress

from core.stage.survey import Seen, seen

_BLOCK = 1 << 30
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def copy(source: str, target: str) -> tuple[Seen, Seen] | None:
    """Copy a regular file or a link to where nothing is; None when it is neither by now.

    Returns what `lstat` says of the original (before it was read) and of the copy.

    Raises:
        OSError: the original cannot be read or the copy not be written.
    """
    try:
        file = os.open(source, _READ)
    except OSError:
        info = os.lstat(source)
        if not stat.S_ISLNK(info.st_mode):
            raise
        os.symlink(os.readlink(source), target)
        return seen(info), seen(os.lstat(target))
    try:
        info = os.fstat(file)
        return (seen(info), _fill(file, info, target)) if stat.S_ISREG(info.st_mode) else None
    finally:
        os.close(file)


def _fill(source: int, info: os.stat_result, target: str) -> Seen:
    copy = os.open(target, _WRITE, 0o600)
    try:
        if info.st_size:
            _pour(source, copy)
        os.fchmod(copy, info.st_mode & 0o777)
        os.utime(copy, ns=(info.st_atime_ns, info.st_mtime_ns))
        return seen(os.fstat(copy))
    finally:
        os.close(copy)


def _pour(source: int, target: int) -> None:
    """Everything from here to the end of the file, by the kernel where it can."""
    with suppress(OSError):
        while os.copy_file_range(source, target, _BLOCK):
            pass
        return
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    while block := os.read(source, 1 << 20):
        view = memoryview(block)
        while view:
            view = view[os.write(target, view) :]
