"""The private copy's files: read, written and deleted without ever leaving the tree."""

# ruff: noqa: PTH106, PTH123 - descriptors and names, not path objects

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.stage.change import EXECUTABLE, LINK, NotRegular, OutsideStage, git_mode
from core.stage.copying import copy
from core.stage.location import normalise, open_regular, parent_of, require_regular, resolve
from core.stage.survey import Seen, seen, why_not


class Tree:
    """A folder of files; every path is relative to it, and links are followed only inside it."""

    def __init__(self, folder: Path, roots: Sequence[Path], scratch: Path) -> None:
        """`roots` also stand for the tree in absolute paths; `scratch` is on the same file system."""
        self.folder = folder
        self._top = os.fspath(folder)
        self._roots = [os.fspath(root) for root in (folder, *roots)]
        self._scratch = scratch

    def locate(self, path: str, *, follow_last: bool = True) -> str:
        """See `core.stage.location.resolve`."""
        return resolve(self._top, self._roots, path, follow_last=follow_last)

    def spell(self, path: str) -> str:
        """See `core.stage.location.normalise`."""
        return normalise(self._roots, path)

    def read(self, path: str) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: there is no such file.
            StageError: it is no regular file, or lies outside.
        """
        return self.read_at(self.locate(path))

    def read_at(self, place: str) -> bytes:
        """The same for what `locate` gave; nothing that became a link since is followed."""
        with parent_of(self._top, place) as (folder, name):
            return _drain(open_regular(folder, name, place))

    def write(self, path: str, data: bytes) -> str:
        """Put a file there in one step, making folders; an existing one keeps its mode. Returns its place."""
        place = self.locate(path)
        with parent_of(self._top, place, create=True) as (folder, name):
            mode = None
            with suppress(FileNotFoundError):
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
                require_regular(mode, place)
            self._replace(folder, name, data, mode)
        return place

    def restore(self, place: str, mode: int, data: bytes) -> None:
        """Put a file or link there with a Git mode, whatever file was there before.

        Raises:
            StageError: a folder is there, or a link or file where a folder should be.
        """
        self.delete(place)
        with parent_of(self._top, place, create=True) as (folder, name):
            if mode == LINK:
                os.symlink(data, name, dir_fd=folder)
            else:
                self._replace(folder, name, data, None, executable=mode == EXECUTABLE)

    def adopt(self, original: str, place: str) -> tuple[Seen, Seen] | None:
        """Put a copy of some file or link there; None when the original is neither by now.

        Returns what `lstat` says of original and copy.

        Raises:
            StageError: a folder is there, or a link or file where a folder should be.
            OSError: the original cannot be read or the copy not be written; what was there stays.
        """
        self._scratch.mkdir(exist_ok=True)
        new = f"{self._scratch}/{os.getpid()}-{os.urandom(8).hex()}"
        try:
            made = copy(original, new)
            if made is None:
                return None
            self.delete(place)
            with parent_of(self._top, place, create=True) as (folder, name):
                os.rename(new, name, dst_dir_fd=folder)
                return made[0], seen(os.stat(name, dir_fd=folder, follow_symlinks=False))
        finally:
            with suppress(FileNotFoundError):
                Path(new).unlink()

    def _replace(
        self, folder: int, name: str, data: bytes, mode: int | None, *, executable: bool = False
    ) -> None:
        self._scratch.mkdir(exist_ok=True)
        new = self._scratch / f"{os.getpid()}-{os.urandom(8).hex()}"
        file = os.open(
            new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o777 if executable else 0o666
        )
        try:
            with open(file, "wb") as sink:
                sink.write(data)
                if mode is not None:
                    os.fchmod(file, stat.S_IMODE(mode))
            os.replace(new, name, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise

    def delete(self, place: str) -> None:
        """Remove a file or link, and folders that are empty then. Nothing there is fine.

        Raises:
            NotRegular: it is a folder.
        """
        if not os.path.lexists(f"{self._top}/{place}"):
            return
        with suppress(FileNotFoundError, OutsideStage), parent_of(self._top, place) as (folder, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise NotRegular(f"{place} is a folder, not a file.")
            os.unlink(name, dir_fd=folder)
        self._prune(place)

    def _prune(self, place: str) -> None:
        while "/" in place:
            place = place.rpartition("/")[0]
            try:
                os.rmdir(f"{self._top}/{place}")
            except OSError:
                return

    def seen(self, place: str) -> Seen | None:
        """What `lstat` says of a file or link; None when there is none that could be staged."""
        try:
            with parent_of(self._top, place) as (folder, name):
                info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (OSError, NotRegular, OutsideStage):
            return None
        return None if why_not(info) else seen(info)

    def is_beyond(self, place: str) -> bool:
        """True for a file that is too large to be staged, or cannot be read."""
        try:
            with parent_of(self._top, place) as (folder, name):
                info = os.stat(name, dir_fd=folder, follow_symlinks=False)
                return stat.S_ISREG(info.st_mode) and (bool(why_not(info)) or not _is_readable(folder, name))
        except (FileNotFoundError, NotRegular, OutsideStage):
            return False
        except OSError:
            return True

    def content(self, place: str) -> tuple[int, bytes] | None:
        """A file's or link's Git mode and bytes; None when there is none that could be staged.

        What lies behind a link is not at this place.
        """
        try:
            with parent_of(self._top, place) as (folder, name):
                return read_item(folder, name, place)
        except (FileNotFoundError, NotRegular, OutsideStage):
            return None


def read_item(folder: int, name: str, place: str) -> tuple[int, bytes] | None:
    """Git mode and bytes of a file or link in an open folder; None when it is neither or too large.

    Raises:
        OSError: it is missing or cannot be read.
    """
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if why_not(info):
        return None
    if stat.S_ISLNK(info.st_mode):
        return LINK, os.fsencode(os.readlink(name, dir_fd=folder))
    return git_mode(info.st_mode), _drain(open_regular(folder, name, place))


def _is_readable(folder: int, name: str) -> bool:
    return os.access(name, os.R_OK, dir_fd=folder, effective_ids=True)


def _drain(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


def content_of(tree: Tree, place: str, expected: Seen) -> tuple[int, bytes] | None:
    """Mode and bytes of a file that is still the one that was seen; None when it is not."""
    if tree.seen(place) != expected:
        return None
    content = tree.content(place)
    return content if tree.seen(place) == expected else None
