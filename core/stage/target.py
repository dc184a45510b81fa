"""One file of the project as a target: looked at, and replaced, written through or removed.

Everything goes through an open folder that was reached without following a link.
"""

# ruff: noqa: PTH123 - descriptors and names, not path objects

import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from core.stage import progress
from core.stage.change import NotRegular, OutsideStage
from core.stage.journal import FileKind, State, digest
from core.stage.location import open_regular, parent_of

_BLOCK = 1 << 16
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a place right now."""

    info: os.stat_result
    kind: FileKind
    data: bytes

    @property
    def mode(self) -> int | None:
        return None if self.kind == "link" else stat.S_IMODE(self.info.st_mode)

    def state(self, start: int | None) -> State:
        """The same as a journal keeps it."""
        return State(self.kind, self.mode, digest(self.data), start, len(self.data))

    def is_still(self, info: os.stat_result) -> bool:
        """True when nobody touched it since, as far as `lstat` can tell."""
        return self.is_same(info) and self.info.st_ctime_ns == info.st_ctime_ns

    def is_same(self, info: os.stat_result) -> bool:
        """True when it is the same file and was not written since; it may have been renamed."""
        mine = (self.info.st_dev, self.info.st_ino, self.info.st_size, self.info.st_mtime_ns)
        return mine == (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)


class Odd(Exception):
    """There is something that is neither a file nor a link."""


def look(project: str, place: str) -> Found | None:
    """What is there: a file or link with its bytes, or None.

    Raises:
        Odd: a folder, device or the like, or a link where a folder should be.
        OSError: it cannot be read.
    """
    try:
        with parent_of(project, place) as (folder, name):
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISLNK(info.st_mode):
                return Found(info, "link", os.fsencode(os.readlink(name, dir_fd=folder)))
            file = open_regular(folder, name, place)
            with open(file, "rb") as source:
                return Found(os.fstat(file), "file", source.read())
    except FileNotFoundError:
        return None
    except OutsideStage:
        raise Odd(place) from None
    except NotRegular:
        if _is_absent(project, place):
            return None
        raise Odd(place) from None


def _is_absent(project: str, place: str) -> bool:
    """True when a file stands where a folder of the path should be, so that nothing can be at the place."""
    try:
        os.lstat(f"{project}/{place}")
    except NotADirectoryError:
        return True
    except OSError:
        return False
    return False


def agrees(found: Found | None, state: State | None) -> bool:
    """True when kind and bytes are the state's; permission bits are not compared."""
    if found is None or state is None:
        return found is None and state is None
    return found.kind == state.kind and len(found.data) == state.size and digest(found.data) == state.digest


def is_torn(found: Found | None, old: bytes, new: bytes) -> bool:
    """True for what writing `new` over `old` leaves when it is cut off, and writing `old` back after that.

    It begins like `old`, goes on like `new` and ends like `old`; each part may be empty.
    """
    if found is None or found.kind != "file" or len(found.data) < min(len(old), len(new)):
        return False
    data = found.data
    restored = _common(data, old)
    written = restored + _common(data[restored:], new[restored:])
    return data[written:] in (b"", old[written:])


def _common(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class Like:
    """The file that a new one will replace, whose owner and extended attributes it takes."""

    project: str
    place: str
    info: os.stat_result


def write_beside(
    folder: int, name: str, data: bytes, mode: int | None, *, executable: bool, like: Like | None
) -> None:
    """Make a new file and have its bytes on the disk; `mode` None leaves permission bits to the umask."""
    file = os.open(
        name, _CREATE, 0o600 if mode is not None else 0o777 if executable else 0o666, dir_fd=folder
    )
    with open(file, "wb") as sink:
        sink.write(data)
        sink.flush()
        if like is not None:
            _dress(file, like)
        if mode is not None:
            os.fchmod(file, mode)
        os.fsync(file)


def _dress(file: int, like: Like) -> None:
    with suppress(OSError):
        os.fchown(file, like.info.st_uid if os.geteuid() == 0 else -1, like.info.st_gid)
    with suppress(OSError, OutsideStage, NotRegular), parent_of(like.project, like.place) as (folder, name):
        original = open_regular(folder, name, like.place)
        try:
            for attribute in os.listxattr(original):
                with suppress(OSError):
                    os.setxattr(file, attribute, os.getxattr(original, attribute))
        finally:
            os.close(original)


def write_through(folder: int, name: str, data: bytes, mode: int | None) -> None:
    """Write over an existing file, keeping the file itself: its hard links, owner and attributes."""
    file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    with open(file, "wb", buffering=0) as sink:
        for start in range(0, len(data), _BLOCK):
            progress.step(f"write through {name} at {start}")
            _write_all(sink.fileno(), data[start : start + _BLOCK])
        progress.step(f"cut {name}")
        os.ftruncate(file, len(data))
        if mode is not None and stat.S_IMODE(os.fstat(file).st_mode) != mode:
            os.fchmod(file, mode)
        os.fsync(file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
