"""Renames that overwrite nothing unseen: two names exchanged, or a name taken only when it is free.

Python has no call for Linux's `renameat2`. File systems without it get a plain rename, after which a
write that happened in the same moment cannot be told any more.
"""

import ctypes
import errno
import os

_NO_REPLACE = 1
_EXCHANGE = 2
_MISSING = frozenset((errno.ENOSYS, errno.EINVAL, errno.ENOTSUP))


def rename_new(source: int, name: str, target: int, new_name: str) -> None:
    """Rename from one open folder into another.

    Raises:
        FileExistsError: the new name is taken.
        OSError: as `os.rename`.
    """
    if not _rename(source, name, target, new_name, _NO_REPLACE):
        if is_there(target, new_name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new_name)
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)


def exchange(source: int, name: str, target: int, other: str) -> bool:
    """Let two files trade their names in one step; False when the file system cannot, and nothing was done.

    Raises:
        OSError: as `os.rename`.
    """
    return _rename(source, name, target, other, _EXCHANGE)


def is_there(folder: int, name: str) -> bool:
    """True when an open folder holds the name, be it a dangling link."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _rename(source: int, name: str, target: int, other: str, flags: int) -> bool:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if call(source, os.fsencode(name), target, os.fsencode(other), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in _MISSING:
        return False
    raise OSError(number, os.strerror(number), other)
