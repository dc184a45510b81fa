"""The files of a project by name, as a list to choose from: what is ignored is left out."""

import tempfile
from pathlib import Path

import pygit2

from core.stage.change import StageError
from core.stage.survey import Walk, open_git, project_rules


def list_files(project: Path) -> list[str]:
    """Relative POSIX paths of everything that belongs to the project; empty when it cannot be read.

    Reads and never writes. Takes a while in a large project: call it in a thread.
    """
    try:
        if open_git(project) is not None:
            return list(Walk(project, project_rules(project, project)).run().files)
        with tempfile.TemporaryDirectory(prefix="heddle-list-") as folder:
            pygit2.init_repository(folder, bare=True)  # only its opinion of `.gitignore` files is asked
            return list(Walk(project, project_rules(project, Path(folder))).run().files)
    except (StageError, pygit2.GitError, OSError):
        return []
