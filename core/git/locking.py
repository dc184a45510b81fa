"""The lock on the user's index while a commit is made, known again after a crash, and never taken for another git's.

The lock has a second name beside it, `heddle-index-COMMIT`, which is made first and held open and locked as
long as somebody of ours works with it, also a git that we started. So a lock that a crash left is known: both
names are one file, and nobody holds it. Where the branch has the commit by then, the new index in it takes
its place; otherwise nothing came of it, and it goes.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.git.program import GitFailed
from core.stage import progress
from core.stage.survey import open_git

_NAME = "heddle-index-"


@dataclass(frozen=True)
class Held:
    """An index that no other git changes meanwhile."""

    index: Path
    lock: Path
    file: IO[bytes]
    """The index that is to be; empty at first."""

    def take_place(self) -> None:
        """Let what was written be the index."""
        progress.step("name the index")
        self.lock.replace(self.index)


@contextmanager
def locked(index: Path, commit: str) -> Generator[Held]:
    """Keep every other git from changing an index, for a commit that is to be made.

    Raises:
        GitFailed: another git has it.
    """
    lock, second = index.with_name(f"{index.name}.lock"), index.with_name(_NAME + commit)
    progress.step("make the lock")
    with open(second, "xb", opener=_private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _take(second, lock)
            try:
                yield Held(index, lock, file)
            finally:
                lock.unlink(missing_ok=True)
        finally:
            progress.step("forget the lock")
            second.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o666)


def _take(second: Path, lock: Path) -> None:
    progress.step("take the lock")
    try:
        lock.hardlink_to(second)
    except FileExistsError:
        raise GitFailed(
            "Another git works in your repository (index.lock): try again when it is done."
        ) from None
    progress.step("have the lock")


def clear_locks(project: Path) -> list[str]:
    """Take away what a crash left of ours in the project's repository; sentences for the user.

    A lock that is in use, or that another git made, stays.
    """
    found = open_git(project)
    if found is None:
        return []
    folder = Path(found[0].path)
    said: list[str] = []
    for second in sorted(folder.glob(f"{_NAME}*")):
        with suppress(OSError):
            said += _clear(second, folder / "index", project)
    return said


def _head_of(project: Path) -> str:
    """The commit that is checked out; empty when there is none."""
    found = open_git(project)
    if found is None or found[0].head_is_unborn:
        return ""
    return str(found[0].head.target)


def _clear(second: Path, index: Path, project: Path) -> list[str]:
    lock = index.with_name(f"{index.name}.lock")
    with second.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return []
        ours = lock.exists() and lock.samefile(second)
        done = second.name.removeprefix(_NAME) == _head_of(project)
        if ours and done:
            lock.replace(index)
        elif ours:
            lock.unlink()
        second.unlink()
    if not ours:
        return []
    what = "is there, and your index knows it now" if done else "was not made"
    return [
        f"Heddle ended while a commit was made in your repository: it {what}. Its lock on the index is gone."
    ]
