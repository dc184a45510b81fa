"""What belongs to a project: a walk that reads and never writes.

Tracked, changed and untracked files count; ignored ones do not. Git's folder, well-known junk,
devices and files over the limit are left out, and it is noted why.
"""

import os
import stat
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from core.limits import limits
from core.stage.change import StageError
from core.stage.shadow import entries_of, isolate

_JUNK = """
node_modules bower_components .venv venv __pycache__ .tox .nox .mypy_cache .pytest_cache .ruff_cache
.hypothesis .eggs .gradle .terraform .next .nuxt .svelte-kit .parcel-cache .turbo .cache .yarn .pnpm-store
"""
JUNK = frozenset(_JUNK.split())
"""Folders that no one edits; left out unless Git tracks something in them."""

_RACY_NS = 50_000_000
"""A file that was changed this short a time ago may change again without a new timestamp."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What `lstat` said of a file, enough to tell later that it is the same."""

    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @property
    def is_settled(self) -> bool:
        """False for what `unsettled` made."""
        return self.mtime_ns != -1

    def settled(self, now_ns: int) -> bool:
        """True when a later change must show in the timestamps."""
        return now_ns - max(self.mtime_ns, self.ctime_ns) > _RACY_NS


def seen(info: os.stat_result) -> Seen:
    return Seen(info.st_mode, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino)


def unsettled(what: Seen) -> Seen:
    """The same, made unequal to anything that `lstat` can say, so that it is looked at again."""
    return Seen(what.mode, what.size, -1, -1, what.inode)


def settle(what: Seen) -> Seen:
    return what if what.settled(time.time_ns()) else unsettled(what)


@dataclass(slots=True)
class Survey:
    """The files of a folder, by relative POSIX path."""

    files: dict[str, Seen] = field(default_factory=dict[str, Seen])
    folders: list[str] = field(default_factory=list[str])
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    """Path → why it is not in the stage, as a part of a sentence."""
    nested: list[str] = field(default_factory=list[str])
    """Folders that hold a Git repository of their own."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which paths of a folder are ignored, and which belong to it all the same."""

    opinions: tuple[tuple[pygit2.Repository, str], ...]
    """Repositories to ask, each with the folder's place in it (`sub/`, or nothing)."""
    tracked: Collection[str]
    tracked_folders: Collection[str]

    def ignores(self, path: str, *, folder: bool) -> bool:
        """True when a file, or everything in a folder, does not belong to the project."""
        if path in (self.tracked_folders if folder else self.tracked):
            return False
        if folder and (path.rpartition("/")[2] in JUNK or is_too_deep(path)):
            return True
        name = path + "/" if folder else path
        return any(_ignored(repository, prefix + name) for repository, prefix in self.opinions)


def is_too_deep(folder: str) -> bool:
    """Whether what a folder holds is left out: Git's rules take the longer, the deeper it lies."""
    return folder.count("/") >= limits().stage.depth


def _ignored(repository: pygit2.Repository, path: str) -> bool:
    try:
        return repository.path_is_ignored(path)
    except (pygit2.GitError, OSError, ValueError):
        return False


def project_rules(project: Path, shadow: Path) -> Rules:
    """The rules of a project: its own Git's, or its `.gitignore` files where libgit2 opens no repository."""
    found = open_git(project)
    if found is None:
        return _rules((_view(shadow, project), ""), ())
    repository, prefix = found
    mine = [path[len(prefix) :] for path in tracked_paths(repository) if path.startswith(prefix)]
    return _rules((repository, prefix), mine)


def tree_rules(project: Path, shadow: Path, tree: Path, known: Collection[str]) -> Rules:
    """The rules of the private copy: its own `.gitignore` files, and what the project's Git adds to them."""
    found = open_git(project)
    own = (_view(shadow, tree), "")
    folders = frozenset(folder for path in known for folder in _folders_of(path))
    return Rules((own,) if found is None else (own, found), known, folders)


def _rules(opinion: tuple[pygit2.Repository, str], tracked: Sequence[str]) -> Rules:
    folders = frozenset(folder for path in tracked for folder in _folders_of(path))
    return Rules((opinion,), frozenset(tracked), folders)


def _view(shadow: Path, folder: Path) -> pygit2.Repository:
    """Our own repository, looking at a folder: for its `.gitignore` files, not for a `.git` there."""
    isolate()
    repository = pygit2.Repository(os.fspath(shadow))
    repository.workdir = os.fsencode(folder)  # type: ignore[assignment]
    return repository


def tracked_paths(repository: pygit2.Repository) -> list[str]:
    """What is in a repository's index; nothing when that cannot be read."""
    try:
        return [path for path, _, _ in entries_of(repository.index)]
    except (pygit2.GitError, OSError, ValueError):
        return []


def _folders_of(path: str) -> Iterator[str]:
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


def open_git(project: Path) -> tuple[pygit2.Repository, str] | None:
    """The project's repository and the project's place in it (`sub/`); None when libgit2 cannot tell.

    Opening searches upwards by itself. `pygit2.discover_repository` would do that too, but it gives
    away a reference to None that it does not own when there is no repository (pygit2 1.21), and on
    Python 3.11 the process dies when None has none left.
    """
    isolate()
    try:
        repository = pygit2.Repository(os.fspath(project))
    except (pygit2.GitError, KeyError, OSError, ValueError):
        return None
    if repository.is_bare or not repository.workdir:
        return None
    top = os.path.realpath(repository.workdir)
    real = os.path.realpath(project)
    if real == top:
        return repository, ""
    if not real.startswith(top.rstrip("/") + "/"):
        return None
    prefix = real[len(top.rstrip("/")) + 1 :] + "/"
    return None if repository.path_is_ignored(prefix) else (repository, prefix)


Check = Callable[[], None]
"""Called now and then during long work; what it raises ends the work."""


def unchecked() -> None:
    """Ends nothing."""


class Walk:
    """One walk over a folder; `.files` and the rest are filled by `run`."""

    def __init__(
        self,
        top: Path,
        rules: Rules,
        *,
        known: Collection[str] = (),
        skip: Collection[str] = (),
        guarded: bool = False,
        check: Check = unchecked,
    ) -> None:
        """`known` paths are not asked about again; `skip` holds absolute paths that are not entered.

        `guarded`: somebody may put a link in a folder's place meanwhile, which must not be followed. For
        a tree on one file system.
        """
        self._check = check
        self._top = os.fspath(top)
        self._rules = rules
        self._known = known
        self._skip = skip
        self._guarded = guarded
        self._numbers: dict[str, int] = {}
        """By folder that is still to be entered, for guarded ones: its number on the disk."""
        self.survey = Survey()

    def run(self) -> Survey:
        """Walk it.

        Raises:
            StageError: the folder cannot be read, or holds more files or folders than `limits.stage.files`.
        """
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            waiting.extend(self._visit(folder))
        return self.survey

    def _visit(self, folder: str) -> list[str]:
        try:
            with self._entries(folder) as entries:
                return [path for entry in entries if (path := self._look(folder, entry))]
        except OSError as problem:
            if not folder:
                raise StageError(f"The project's folder cannot be read: {problem.strerror}.") from None
            self.survey.left_out[folder] = f"cannot be read ({problem.strerror})"
            return []

    @contextmanager
    def _entries(self, folder: str) -> Generator[list[os.DirEntry[str]]]:
        """What is in a folder; nothing where a guarded one is not any more what was found under its name."""
        place = f"{self._top}/{folder}"
        if not self._guarded:
            with os.scandir(place) as entries:
                yield list(entries)
            return
        opened = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            number = self._numbers.pop(folder, None)
            same = number is None or os.fstat(opened).st_ino == number
            with os.scandir(opened) as entries:
                yield list(entries) if same else []
        finally:
            os.close(opened)

    def _look(self, folder: str, entry: os.DirEntry[str]) -> str:
        """Take down what an entry is; its path where it is a folder to be entered."""
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.name.lower() == ".git":
            if folder:
                self.survey.nested.append(folder)
        elif not entry.is_dir(follow_symlinks=False):
            self._take(path, entry)
        elif not (self._skip and f"{self._top}/{path}" in self._skip):
            return self._enter(path, entry)
        return ""

    def _enter(self, path: str, entry: os.DirEntry[str]) -> str:
        if self._rules.ignores(path, folder=True):
            if is_too_deep(path):
                self.survey.left_out[path] = f"lies deeper than {limits().stage.depth} folders"
            return ""
        self._require_room(self.survey.folders, "folders")
        self.survey.folders.append(path)
        if self._guarded:
            self._numbers[path] = entry.inode()
        return path

    def _take(self, path: str, entry: os.DirEntry[str]) -> None:
        self._check()
        if path not in self._known and self._rules.ignores(path, folder=False):
            return
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as problem:
            self.survey.left_out[path] = f"cannot be read ({problem.strerror})"
            return
        reason = why_not(info)
        if reason:
            self.survey.left_out[path] = reason
            return
        self._require_room(self.survey.files, "files")
        self.survey.files[path] = seen(info)

    def _require_room(self, found: Sized, what: str) -> None:
        if len(found) >= limits().stage.files:
            raise StageError(
                f"The folder holds more than {limits().stage.files:,} {what}. "
                "Start Heddle in the project's own folder, or ignore what is not source."
            )


def why_not(info: os.stat_result) -> str:
    """Why something cannot be staged; empty when it can."""
    if stat.S_ISLNK(info.st_mode):
        return ""
    if not stat.S_ISREG(info.st_mode):
        return "is a FIFO, socket or device"
    if info.st_size > limits().stage.file_bytes:
        return f"is larger than {limits().stage.file_bytes:,} bytes"
    return ""
