"""What a node may want done in the user's own repository. Nothing is done here: the user decides on each proposal."""

import re
from collections.abc import Iterator

import pygit2

from core.stage.survey import open_git
from core.text import sanitise
from tools.spelling import meant
from tools.workbench import GitWish, ToolError, ToolResult, Workbench

_MOST_CHARACTERS = 10_000
_BRANCH = re.compile(r"[^-/][^\s]{0,198}")


def create_branch(bench: Workbench, branch: str) -> ToolResult:
    """Propose a new branch in the user's own repository, for commits that are proposed after it. The user decides.

    Only where the request asks for a branch. It is not made now: go on with the work.

    Args:
        branch: Its name, such as feature/health-endpoint.
    """
    repository = _require_repository(bench)
    if (
        not _BRANCH.fullmatch(branch)
        or sanitise(branch) != branch
        or branch in ("HEAD", "@")
        or not _is_valid(branch)
    ):
        raise ToolError(f"“{branch[:80]}” is no name for a branch. Use letters, digits, - and /.")
    if f"refs/heads/{branch}" in repository.references:
        raise ToolError(f"There is a branch {branch} already. Propose another name, or go on without.")
    return ToolResult(
        True,
        f"Proposed the branch {branch}. The user decides about it when the work is done: go on without waiting.",
        wish=GitWish("create_branch", branch=branch),
    )


def commit(bench: Workbench, message: str, paths: str | None = None) -> ToolResult:
    """Propose a commit in the user's own repository, with a message and its files. The user decides.

    Only where the request asks for a commit, and when its files are finished. It holds what the user accepts of
    them, and is not made now.

    Args:
        message: The commit's message: a short first line; an empty line and more where that is needed.
        paths: Its files, one on each line; all that was changed when left out.
    """
    _require_repository(bench)
    text = message.strip()
    if not text:
        raise ToolError("The message is empty: say what the commit does.")
    if len(text) > _MOST_CHARACTERS:
        raise ToolError(f"The message is too long: use less than {_MOST_CHARACTERS:,} characters.")
    if sanitise(text) != text:
        raise ToolError("The message holds control characters: write it as plain text.")
    chosen = _chosen(bench, paths)
    return ToolResult(
        True,
        f"Proposed a commit of {len(chosen)} files. The user decides about it when the work is done: go on.",
        wish=GitWish("commit", message=text, paths=chosen),
    )


def _require_repository(bench: Workbench) -> pygit2.Repository:
    found = open_git(bench.stage.project)
    if found is None:
        raise ToolError(
            "The project is in no Git repository that can be read here, so there is nothing to propose. Go on without."
        )
    return found[0]


def _is_valid(name: str) -> bool:
    return pygit2.reference_is_valid_name(f"refs/heads/{name}")


def _chosen(bench: Workbench, paths: str | None) -> tuple[str, ...]:
    """The changed files that are meant, both names of what was renamed."""
    changes = bench.stage.changes_now(bench.check)
    if not changes:
        raise ToolError("Nothing was changed, so there is nothing to commit.")
    if paths is None or not paths.strip():
        return tuple(sorted({place for change in changes for place in change.paths}))
    known = {path for change in changes for path in change.paths}
    chosen: set[str] = set()
    for place in _wanted(bench, paths, known):
        found = [change for change in changes if any(_within(path, place) for path in change.paths)]
        if not found:
            raise ToolError(f"{place} was not changed. git_status lists what was.")
        chosen.update(path for change in found for path in change.paths)
    return tuple(sorted(chosen))


def _within(path: str, place: str) -> bool:
    return place in (path, ".") or path.startswith(f"{place}/")


def _wanted(bench: Workbench, paths: str, known: set[str]) -> Iterator[str]:
    """One path on each line; a line that is none may hold several, with commas or spaces between them."""
    for line in filter(None, map(str.strip, paths.splitlines())):
        place = bench.stage.locate(meant(bench.stage, line))
        if place in known:
            yield place
            continue
        several = [bench.stage.locate(meant(bench.stage, each)) for each in re.split(r"[,\s]+", line) if each]
        yield from several if all(each in known for each in several) else [place]
