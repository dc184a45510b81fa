"""The Git repository that commands get in the place of the project's: they may do with it what they like.

What a command left there is never written to by us: a link that it put into its `.git` would lead our own
hand, which no sandbox holds, anywhere. One that is not whole any more is taken away, and another one made
where no command sees it before it is done.
"""

import os
import stat
import threading
from pathlib import Path

import pygit2

from core.removal import remove_if_possible, remove_tree
from core.sandbox.repository import AUTHOR, commit_project
from core.sandbox.secrecy import Hidden
from core.stage.shadow import isolate

_NAME = ".git"
_lock = threading.Lock()


def throw_away_git(folder: Path, project: Path, hidden: Hidden) -> Path:
    """The repository in `folder`, of which commands see nothing but this one entry. `OSError`: it cannot be made.

    Args:
        project: what is in its one commit, without what is hidden.
    """
    place = folder / _NAME
    with _lock:
        if not _is_whole(place):
            remove_tree(place)
            _make(folder / "new", project, hidden)
            (folder / "new" / _NAME).rename(place)
    return place


def _is_whole(place: Path) -> bool:
    """Whether it is a folder with a HEAD that is a file; no link is followed to find out."""
    try:
        folder, head = os.lstat(place), os.lstat(place / "HEAD")
    except OSError:
        return False
    return stat.S_ISDIR(folder.st_mode) and stat.S_ISREG(head.st_mode)


def _make(folder: Path, project: Path, hidden: Hidden) -> None:
    isolate()
    remove_if_possible(folder)
    repository = pygit2.init_repository(str(folder))
    repository.config["user.name"], repository.config["user.email"] = AUTHOR
    repository.config["core.looseCompression"] = 0
    commit_project(repository, project, hidden)
