"""The user's repository as it stands: where it is, what is checked out, committed and staged."""

import os
import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from core.event_base import GitAction
from core.git.program import Git, GitFailed
from core.text import sanitise_line

_NO_COMMIT = "0" * 40
_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


class Entry(NamedTuple):
    """A file as a commit or the index has it."""

    mode: int
    oid: str


class Repository:
    """The repository that a project lies in, and the project's place in it.

    Raises:
        GitFailed: there is none, or git cannot be used on it.
    """

    def __init__(self, project: Path, stopped: Callable[[], bool] = lambda: False) -> None:
        git = Git(project, stopped)
        top = git.asked("rev-parse", "--show-toplevel")
        if top is None:
            raise GitFailed(
                "The project is in no Git repository, or in one that git does not trust (git status)."
            )
        self.prefix = git.asked("rev-parse", "--show-prefix") or b""
        self.top = Path(os.fsdecode(top))
        self.folder = Path(os.fsdecode(git.run("rev-parse", "--absolute-git-dir").removesuffix(b"\n")))
        self.git = Git(self.top, stopped)

    @cached_property
    def head(self) -> str:
        """The commit that is checked out; empty when there is none yet."""
        found = self.git.asked("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
        return (found or b"").decode()

    @cached_property
    def branch(self) -> str:
        """The branch that is checked out; empty when none is."""
        found = self.git.asked("symbolic-ref", "--quiet", "--short", "HEAD")
        return os.fsdecode(found or b"")

    @cached_property
    def index(self) -> Path:
        """The user's index."""
        found = self.git.run("rev-parse", "--git-path", "index").removesuffix(b"\n")
        return self.top / os.fsdecode(found)

    @property
    def no_commit(self) -> str:
        """Stands for no commit where git wants an id."""
        return _NO_COMMIT if len(self.head) in (0, 40) else "0" * len(self.head)

    def check_quiet(self) -> None:
        """Raises `GitFailed` while something is under way that a commit would become part of."""
        for name, what in _UNDER_WAY.items():
            if (self.folder / name).exists():
                raise GitFailed(f"In your repository {what} is under way: finish it first.")

    def place(self, path: str) -> bytes:
        """A path of the project as the repository calls it."""
        return self.prefix + os.fsencode(path)

    @cached_property
    def staged(self) -> dict[bytes, Entry | None]:
        """What the user's index holds; None for what is in conflict there."""
        return self.listed(None)

    @cached_property
    def committed(self) -> dict[bytes, Entry | None]:
        """What the commit holds that is checked out."""
        with scratch() as folder:
            return self.listed(self.index_of_head(folder / "head"))

    def index_of_head(self, index: Path) -> Path:
        """Make an index that holds what is committed; the user's own is not looked at."""
        self.git.run("read-tree", *([self.head] if self.head else ["--empty"]), index=index)
        return index

    def listed(self, index: Path | None) -> dict[bytes, Entry | None]:
        """What an index holds; None stands for the user's own."""
        found: dict[bytes, Entry | None] = {}
        for row in self.git.run("ls-files", "--stage", "-z", index=index).split(b"\0"):
            facts, _, path = row.partition(b"\t")
            if path:
                mode, oid, stage = facts.split()
                found[path] = Entry(int(mode, 8), oid.decode()) if stage == b"0" else None
        return found


def hooks_of(project: Path, action: GitAction) -> tuple[str, ...]:
    """The user's hooks that a commit or a branch of this project would run; none where that cannot be told."""
    try:
        return Repository(project).git.hooks(action)
    except GitFailed:
        return ()


@contextmanager
def scratch() -> Generator[Path]:
    """A folder of our own that goes again."""
    with tempfile.TemporaryDirectory(prefix="heddle-git-") as name:
        yield Path(name)


def named(paths: Iterable[bytes | str]) -> str:
    """Paths for a sentence."""
    shown = [sanitise_line(os.fsdecode(path)) for path in paths]
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
