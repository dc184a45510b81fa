"""A new branch in the user's repository, checked out without touching a file or the index."""

from core.git.program import GitFailed
from core.git.repository import Repository
from core.text import sanitise, sanitise_line


def check_branch(repository: Repository, name: str) -> None:
    """Raises `GitFailed` when the branch cannot be made."""
    shown = sanitise_line(name)
    if sanitise(name) != name or repository.git.asked("check-ref-format", "--branch", name) is None:
        raise GitFailed(f"“{shown}” is no name for a branch.")
    if repository.git.asked("show-ref", "--quiet", "--verify", f"refs/heads/{name}") is not None:
        raise GitFailed(f"There is a branch {shown} already.")
    repository.check_quiet()


def create_branch(repository: Repository, name: str) -> str:
    """Make a branch where the user is, and check it out; returns its name.

    Raises:
        GitFailed: it cannot be; nothing was changed.
    """
    check_branch(repository, name)
    git, reference = repository.git, f"refs/heads/{name}"
    if repository.head:
        message = f"branch: Created from {repository.branch or repository.head}"
        git.run("update-ref", "-m", message, reference, repository.head, repository.no_commit, hooks=True)
    moved = f"checkout: moving from {repository.branch or repository.head} to {name}"
    try:
        git.run("symbolic-ref", "-m", moved, "HEAD", reference, hooks=True)
    except GitFailed:
        if repository.head:
            git.run("update-ref", "-d", reference, repository.head)
        raise
    was = repository.head or repository.no_commit
    git.hook("post-checkout", was, was, "1")
    return name
