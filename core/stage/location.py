"""Where a path leads inside a tree, and how to open it without ever leaving that tree.

Links are followed by hand, component by component, and only inside the tree; an absolute link
into the project counts as one into the tree, since the sandbox mounts the tree at the project's
path. What was resolved is then opened with `O_NOFOLLOW` at every component, so a link that
is put there in between is refused and not followed.
"""

# ruff: noqa: PTH115 - descriptors and names, not path objects

import errno
import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress

from core.stage.change import NotRegular, OutsideStage
from core.text import sanitise_line

_LINKS = 40
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def resolve(tree: str, roots: Sequence[str], path: str, *, follow_last: bool = True) -> str:
    """The place in `tree` that `path` means, as a relative POSIX path without links; `.` is the tree.

    `roots` are the absolute paths that stand for the tree. The file need not exist.

    Raises:
        OutsideStage: the path leads elsewhere, or cannot be a path; the message is a sentence.
    """
    _check_spelling(path)
    waiting = _parts(_inside(roots, path))
    done: list[str] = []
    links = 0
    while waiting:
        part = waiting.pop()
        followed = part != ".." and (waiting or follow_last)
        target = _link("/".join((tree, *done, part)), path) if followed else None
        if target is None:
            _step(done, part, path)
            continue
        links += 1
        if links > _LINKS:
            raise OutsideStage(f"{_shown(path)} goes through links that lead in a circle.")
        if target.startswith("/"):
            target = _inside(
                roots, target, f"{_shown(path)} goes through a link that leads out of the project."
            )
            done.clear()
        waiting.extend(_parts(target))
    return "/".join(done) or "."


def normalise(roots: Sequence[str], path: str) -> str:
    """The relative POSIX path that `path` spells, without looking at any file.

    Raises:
        OutsideStage: it leads elsewhere, or cannot be a path; the message is a sentence.
    """
    _check_spelling(path)
    done: list[str] = []
    for part in reversed(_parts(_inside(roots, path))):
        _step(done, part, path)
    return "/".join(done) or "."


def _step(done: list[str], part: str, path: str) -> None:
    if part == "..":
        if not done:
            raise OutsideStage(f"{_shown(path)} leads out of the project. Use a path inside it.")
        done.pop()
    elif part.lower() == ".git":
        raise OutsideStage(f"{_shown(path)} is Git's own data, which is not part of the stage.")
    else:
        done.append(part)


def _check_spelling(path: str) -> None:
    if not path:
        raise OutsideStage("The path is empty. Give a path inside the project.")
    if "\0" in path:
        raise OutsideStage("The path holds a NUL character, which no file name can.")
    if path == "~" or path.startswith("~/"):
        raise OutsideStage(f"{_shown(path)} is in the home folder. Use a path inside the project.")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise OutsideStage(f"{_shown(path)} cannot be a file name on this system.") from None


def _shown(path: str) -> str:
    return f"“{sanitise_line(path[:200])}”"


def _parts(path: str) -> list[str]:
    """The components, last one first."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _inside(roots: Sequence[str], path: str, refusal: str = "") -> str:
    if not path.startswith("/"):
        return path
    for root in roots:
        prefix = root.rstrip("/") + "/"
        if (path + "/").startswith(prefix):
            return path[len(prefix) :]
    raise OutsideStage(refusal or f"{_shown(path)} is outside the project. Use a path inside it.")


def _link(place: str, path: str) -> str | None:
    try:
        return os.readlink(place)
    except OSError as problem:
        if isinstance(problem, FileNotFoundError | NotADirectoryError) or problem.errno == 22:
            return None
        raise OutsideStage(f"{_shown(path)} cannot be looked up: {problem.strerror}.") from None


@contextmanager
def parent_of(tree: str, place: str, *, create: bool = False) -> Generator[tuple[int, str]]:
    """The open folder that holds `place` and the last name; no component may be a link.

    Raises:
        OutsideStage: a component is a link by now.
        FileNotFoundError: a folder is missing and `create` is false.
        NotRegular: a component is a file, or `place` is the tree itself.
    """
    *folders, name = place.split("/")
    if name in ("", ".", ".."):
        raise NotRegular("This is the project's folder, not a file.")
    folder = os.open(tree, _FOLDER)
    try:
        for part in folders:
            deeper = _enter(folder, part, place, create=create)
            os.close(folder)
            folder = deeper
        yield folder, name
    finally:
        os.close(folder)


def _enter(folder: int, part: str, place: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=folder)
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except (NotADirectoryError, OSError) as problem:
        if isinstance(problem, FileNotFoundError):
            raise
        now = _mode(folder, part)
        # What was no folder when it was opened and is one now was swapped meanwhile: it was a link.
        swapped = problem.errno in (errno.ENOTDIR, errno.ELOOP) and stat.S_ISDIR(now)
        if swapped or stat.S_ISLNK(now):
            raise OutsideStage(f"{_shown(place)} goes through a link and was not followed.") from None
        raise NotRegular(f"{_shown(place)} cannot be: a part of the path is a file.") from None


def _mode(folder: int, name: str) -> int:
    """The mode of what has this name now, links not followed; 0 when that cannot be told."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return 0


def open_regular(folder: int, name: str, place: str) -> int:
    """Open a regular file for reading; never a link, never waits on a FIFO.

    Raises:
        FileNotFoundError: there is nothing.
        OutsideStage: it is a link.
        NotRegular: it is a folder, FIFO, socket or device.
    """
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(info.st_mode):
        raise OutsideStage(f"{_shown(place)} is a link and was not followed.")
    require_regular(info.st_mode, place)
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        require_regular(os.fstat(file).st_mode, place)
    except NotRegular:
        os.close(file)
        raise
    return file


def require_regular(mode: int, place: str) -> None:
    """Raise NotRegular with a sentence unless `mode` is a regular file's."""
    if stat.S_ISREG(mode):
        return
    kind = "a folder" if stat.S_ISDIR(mode) else "a FIFO, socket or device"
    raise NotRegular(f"{_shown(place)} is {kind}, not a file.")
