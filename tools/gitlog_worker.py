"""Reads a project's history with libgit2: run as a program, so that it can be killed at any time.

    gitlog_worker.py log|blame PROJECT TASK

TASK is a JSON object. Prints text; ends with 2 and a sentence when the task cannot be carried out.
Nothing of the repository is run: no hook, no filter, no configuration but its own is read.
"""

import difflib
import itertools
import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import pygit2

_COMPARED_LINES = 20_000
"""Longer files are blamed only when they are as they were committed."""
_DIFF_CHARACTERS = 200_000
_NOT_COMMITTED = "not committed"
_SHALLOW = "(The repository is a shallow clone: what was before its oldest commit is not here.)"


def _refuse(sentence: str) -> NoReturn:
    print(sentence, flush=True)
    sys.exit(2)


def _open(project: str) -> tuple["pygit2.Repository", str]:
    from core.stage.survey import open_git

    found = open_git(Path(project))
    if found is None:
        _refuse("The project has no Git history that can be read here.")
    repository, prefix = found
    if repository.head_is_unborn:
        _refuse("The project's Git repository has no commits yet.")
    return repository, prefix


# -- log -----------------------------------------------------------------------------------------


def log(project: str, task: Mapping[str, Any]) -> None:
    """Print the newest commits, or one with its diff."""
    repository, prefix = _open(project)
    if task["commit"]:
        _show(repository, str(task["commit"]))
        return
    place = (prefix + str(task["path"])).rstrip("/")
    most = int(task["most"])
    found = list(itertools.islice(_commits(repository, place), most + 1))
    for commit in found[:most]:
        print(_row(commit), flush=True)
    if not found:
        print(f"No commit has changed {task['path']}.")
    elif len(found) > most:
        print(f"(There are more. Ask for a larger count; these are the newest {most}.)")
    if repository.is_shallow and len(found) <= most:
        print(_SHALLOW)


def _commits(repository: "pygit2.Repository", place: str) -> Iterator["pygit2.Commit"]:
    from pygit2.enums import SortMode

    for commit in repository.walk(repository.head.target, SortMode.TOPOLOGICAL | SortMode.TIME):
        if not place or _changed(commit, place):
            yield commit


def _changed(commit: "pygit2.Commit", place: str) -> bool:
    """Whether it differs there from every one of its parents."""
    own = _entry(commit, place)
    parents = [_entry(parent, place) for parent in commit.parents]
    return own not in parents if parents else own is not None


def _entry(commit: "pygit2.Commit", place: str) -> tuple[str, int] | None:
    try:
        found = commit.tree[place]
    except KeyError:
        return None
    return str(found.id), int(found.filemode)


def _row(commit: "pygit2.Commit") -> str:
    subject = commit.message.strip().partition("\n")[0][:120]
    return f"{str(commit.id)[:10]} {_date(commit)} {commit.author.name}: {subject}"


def _date(commit: "pygit2.Commit") -> str:
    zone = timezone(timedelta(minutes=commit.author.offset))
    return datetime.fromtimestamp(commit.author.time, zone).date().isoformat()


def _show(repository: "pygit2.Repository", name: str) -> None:
    import pygit2

    try:
        found = repository.revparse_single(name).peel(pygit2.Commit)
    except (KeyError, ValueError, pygit2.GitError):
        _refuse(f"There is no commit {name[:80]}. git_log without `commit` lists those that there are.")
    print(
        f"commit {found.id}\nAuthor: {found.author.name}\nDate: {_date(found)}\n\n{found.message.strip()}\n"
    )
    diff = (
        found.tree.diff_to_tree(swap=True) if not found.parents else repository.diff(found.parents[0], found)
    )
    for text in _patches(diff):
        print(text)


def _patches(diff: "pygit2.Diff") -> Iterator[str]:
    """The diff of each file, but for those whose names say that they hold secrets."""
    from core.sandbox.rules import looks_secret

    left = _DIFF_CHARACTERS
    for patch in diff:
        if patch is None:
            continue
        path = patch.delta.new_file.path or patch.delta.old_file.path
        if any(looks_secret(name) for name in path.split("/")):
            yield f"({path} is not shown, since it holds secrets.)"
            continue
        text = patch.text or ""
        yield text[:left]
        left -= len(text)
        if left <= 0:
            return


# -- blame ---------------------------------------------------------------------------------------


def blame(project: str, task: Mapping[str, Any]) -> None:
    """Print each line of the file as it is now, with the commit that it comes from."""
    repository, prefix = _open(project)
    place = prefix + str(task["path"])
    now = _lines(_now(str(task["tree"]), str(task["path"])))
    first, last = int(task["first"]), min(int(task["last"]), len(now))
    if first > len(now):
        _refuse(f"The file has {len(now)} lines only.")
    then = _committed(repository, place)
    if then is None:
        _refuse(f"{task['path']} was never committed.")
    came = _came_from(then, now)
    wanted = [came[number] for number in range(first, last + 1) if number in came]
    commits = _blamed(repository, place, wanted)
    for number in range(first, last + 1):
        who = commits.get(came.get(number, 0), _NOT_COMMITTED)
        print(f"{who:<40} {number:>5}\t{now[number - 1][:300]}")
    if repository.is_shallow:
        print(_SHALLOW)
    if last < len(now):
        print(f"(The file has {len(now)} lines. Go on with start_line {last + 1}.)")


def _now(tree: str, place: str) -> bytes:
    """The file in the private copy; a link that somebody has put there meanwhile is not followed."""
    from core.stage.change import StageError
    from core.stage.location import open_regular, parent_of

    try:
        with (
            parent_of(tree, place) as (folder, name),
            os.fdopen(open_regular(folder, name, place), "rb") as file,
        ):
            return file.read()
    except (OSError, StageError) as problem:
        _refuse(str(problem))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")[: None if not data.endswith(b"\n") else -1]


def _committed(repository: "pygit2.Repository", place: str) -> list[str] | None:
    import pygit2

    commit = repository.head.peel(pygit2.Commit)
    try:
        blob = commit.tree[place]
    except KeyError:
        return None
    return _lines(blob.data) if isinstance(blob, pygit2.Blob) else None


def _came_from(then: list[str], now: list[str]) -> dict[int, int]:
    """Line numbers (from 1) of the file now → of the committed one, for those that are the same."""
    plain = [line.rstrip("\r") for line in then], [line.rstrip("\r") for line in now]
    if plain[0] == plain[1]:
        return {number: number for number in range(1, len(now) + 1)}
    if len(then) + len(now) > _COMPARED_LINES:
        _refuse("The file was changed and is too long to tell which lines are still those of the commit.")
    blocks = difflib.SequenceMatcher(None, *plain, autojunk=False).get_matching_blocks()
    return {block.b + offset + 1: block.a + offset + 1 for block in blocks for offset in range(block.size)}


def _blamed(repository: "pygit2.Repository", place: str, lines: list[int]) -> dict[int, str]:
    """Who wrote each of these lines of the committed file."""
    import pygit2

    if not lines:
        return {}
    found = repository.blame(place, min_line=min(lines), max_line=max(lines))
    said: dict[int, str] = {}
    for hunk in found:
        commit = repository[hunk.final_commit_id].peel(pygit2.Commit)
        who = f"{str(commit.id)[:10]} {_date(commit)} {commit.author.name}"[:40]
        said |= {hunk.final_start_line_number + offset: who for offset in range(hunk.lines_in_hunk)}
    return said


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    {"log": log, "blame": blame}[sys.argv[1]](sys.argv[2], json.loads(sys.argv[3]))
