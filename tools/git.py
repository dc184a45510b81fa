"""What was changed in the stage, in Git's words. Git itself is never run."""

from core.limits import limits
from core.text import clip
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_FILES = 300


def git_status(bench: Workbench) -> ToolResult:
    """List the files that were added, modified, deleted or renamed since the work began."""
    rows = [f"{kind} {path}" for kind, path in bench.stage.status(bench.check)]
    if len(rows) > _MOST_FILES:
        rows = [*rows[:_MOST_FILES], f"… and {len(rows) - _MOST_FILES} more"]
    return ToolResult(True, "\n".join(rows) if rows else "Nothing was changed so far.")


def git_diff(bench: Workbench, path: str | None = None) -> ToolResult:
    """Show all changes since the work began as a unified diff.

    Args:
        path: Only this file or folder; all files when left out.
    """
    place = bench.stage.locate(path or ".")
    paths = None if place == "." else [place]
    text = bench.stage.diff(paths, bench.check)
    if not text and not (bench.stage.tree / place).exists():
        raise ToolError(explain_missing(bench.stage, place))
    if not text:
        return ToolResult(True, f"{place} was not changed." if paths else "Nothing was changed so far.")
    most = limits().tools.output_characters - 200
    if len(text) <= most:
        return ToolResult(True, text)
    rest = (
        "Read the file itself." if paths else "Use git_diff with the path of one file; git_status lists them."
    )
    return ToolResult(True, f"{clip(text, most)}\n({rest})")
