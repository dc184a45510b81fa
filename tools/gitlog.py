"""The project's own Git history. Git itself is never run: libgit2 reads it, in a process that can be killed."""

import json
import sys
from pathlib import Path

from core.limits import limits
from core.sandbox.environment import FALLBACK_PATH
from core.sandbox.process import Ended, Launch, supervise
from core.text import clip
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

_WORKER = Path(__file__).with_name("gitlog_worker.py")
_COMMITS = 20
_MOST_COMMITS = 200
_BLAMED_LINES = 400
_COMMIT_CHARACTERS = 250
"""More than the name of any branch or tag."""
_REFUSED = 2


def git_log(
    bench: Workbench, path: str | None = None, count: int | None = None, commit: str | None = None
) -> ToolResult:
    """List the project's commits, newest first: id, date, author, subject. Or show one commit with its diff.

    Args:
        path: Only commits that changed this file or folder.
        count: How many commits, 20 when left out, 200 at most.
        commit: The id of one commit: its message and diff are shown instead of a list.
    """
    if count is not None and count < 1:
        raise ToolError("count must be 1 or more.")
    if commit and len(commit) > _COMMIT_CHARACTERS:
        raise ToolError(
            "commit must be one id, such as 1a2b3c4; git_log without it lists those that there are."
        )
    most = min(count or _COMMITS, _MOST_COMMITS)
    task = {"path": _place(bench, path), "most": most, "commit": commit or ""}
    return _said(bench, "log", task)


def _place(bench: Workbench, path: str | None) -> str:
    place = bench.stage.locate(path or ".")
    return "" if place == "." else place


def git_blame(
    bench: Workbench, path: str, start_line: int | None = None, end_line: int | None = None
) -> ToolResult:
    """Show which commit last changed each line of a file, as the file is now; uncommitted lines say so.

    Args:
        path: Path of the file.
        start_line: First line, from 1; the file's first when left out.
        end_line: Last line; 400 lines at most are shown at once.
    """
    place = bench.stage.locate(path)
    if (bench.stage.tree / place).is_dir():
        raise ToolError(
            f"{place} is a folder. Give the path of a file; git_log tells the commits of a folder."
        )
    if not (bench.stage.tree / place).is_file():
        raise ToolError(explain_missing(bench.stage, place))
    first = start_line or 1
    last = min(end_line or first + _BLAMED_LINES - 1, first + _BLAMED_LINES - 1)
    if first < 1 or last < first:
        raise ToolError("start_line must be 1 or more, and end_line not before it.")
    bench.stage.read(place)  # refuses what leads outside or is no file
    return _said(bench, "blame", {"path": place, "tree": str(bench.stage.tree), "first": first, "last": last})


def _said(bench: Workbench, what: str, task: dict[str, object]) -> ToolResult:
    ended = _run(bench, [what, str(bench.stage.project), json.dumps(task)])
    if ended.reason == "stopped":
        return ToolResult(False, "Reading the history was stopped.")
    output = ended.output.rstrip("\n")
    if ended.reason == "timed_out":
        seconds = limits().tools.search_seconds
        note = (
            f"(Ended after {seconds:g} seconds, so there may be more. Ask for less: a path, or fewer lines.)"
        )
        return ToolResult(False, f"{output}\n{note}".lstrip())
    if ended.exit_code == _REFUSED:
        raise ToolError(output)
    if ended.exit_code:
        raise ToolError(f"The history could not be read: {output[-400:]}")
    most = limits().tools.output_characters - 200
    rest = "\n(Use git_log with a path for less.)" if len(output) > most else ""
    return ToolResult(True, clip(output, most) + rest)


def _run(bench: Workbench, words: list[str]) -> Ended:
    launch = Launch(
        argv=[sys.executable, "-I", str(_WORKER), *words],
        environment={"PATH": FALLBACK_PATH, "LANG": "C.UTF-8", "PYTHONUTF8": "1"},
        folder=Path("/"),
        shell=False,
        alone=True,
    )
    return supervise(launch, seconds=limits().tools.search_seconds, stopped=bench.stop.is_set)
