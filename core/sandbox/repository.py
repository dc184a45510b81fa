"""The one commit in the repository that confined commands find: the project as it was before the first of them.

Programs that ask Git which files there are, or what was changed, get an answer. It holds no history, and
no file that may be secret. What is read is the user's project alone: commands cannot write there.
"""

import os
import stat
from collections.abc import Collection
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

from core.limits import limits
from core.plainfile import read_plain
from core.sandbox.secrecy import Hidden, may_be_secret
from core.stage.listing import list_files

AUTHOR = ("Heddle", "heddle@localhost")
_MESSAGE = "The project as it was before the first command"


def commit_project(repository: pygit2.Repository, project: Path, hidden: Hidden) -> None:
    """Put the project into a new repository's index and HEAD; nothing where that would be waited for.

    Args:
        hidden: what commands do not see. What may be secret by its name is left out
            whatever it holds: the stage may hold something else by now than the project does.
    """
    names = _measured(project, hidden)
    if names is None:
        return
    index = repository.index
    for name, mode in names:
        data = _content(project / name, mode)
        if data is not None:
            index.add(pygit2.IndexEntry(name, repository.create_blob(data), mode))
    index.write()
    author = pygit2.Signature(*AUTHOR, 0, 0)
    repository.create_commit("HEAD", author, author, _MESSAGE, index.write_tree(), [])


def _measured(project: Path, hidden: Hidden) -> list[tuple[str, FileMode]] | None:
    """The files to commit with their modes; None where they are more than a command should wait for."""
    most, size = limits().sandbox, 0
    found: list[tuple[str, FileMode]] = []
    for name in list_files(project):
        try:
            name.encode()
            entry = (project / name).lstat()
        except (OSError, UnicodeEncodeError):
            continue
        if name in hidden.files or may_be_secret(name) or _lies_in(name, hidden.folders):
            continue
        found.append((name, _mode(entry.st_mode)))
        size += entry.st_size
        if len(found) > most.commit_files or size > most.commit_bytes:
            return None
    return found


def _lies_in(name: str, folders: Collection[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def _mode(mode: int) -> FileMode:
    if stat.S_ISLNK(mode):
        return FileMode.LINK
    return FileMode.BLOB_EXECUTABLE if mode & stat.S_IXUSR else FileMode.BLOB


def _content(path: Path, mode: FileMode) -> bytes | None:
    """A file's bytes, or what a link says; None where it is something else by now."""
    try:
        if mode == FileMode.LINK:
            return os.fsencode(path.readlink())
        return read_plain(path, limits().sandbox.commit_bytes)
    except OSError:
        return None
