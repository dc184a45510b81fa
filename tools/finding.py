"""Finding files by their names."""

from core.limits import limits
from core.stage.survey import Seen
from tools.globs import BadGlob, Glob
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench


def find_files(bench: Workbench, pattern: str, path: str | None = None) -> ToolResult:
    """Find files by name, the last changed first. Ignored files are left out. To search inside files, use search_files.

    Args:
        pattern: A glob such as *.py, src/**/test_*.ts or {a,b}.json; without a slash it may be in any folder.
        path: Only in this folder; all of it when left out.
    """
    place = bench.stage.locate(path or ".")
    folder = bench.stage.tree / place
    if not folder.exists():
        raise ToolError(explain_missing(bench.stage, place))
    if not folder.is_dir():
        raise ToolError(f"{place} is a file. Give a folder, or leave path out.")
    wanted = glob_of(_relative(bench, pattern))
    files = staged_files(bench, place)
    found = [(name, seen) for name, seen in files.items() if wanted.matches(_below(name, place))]
    found.sort(key=lambda each: (-each[1].mtime_ns, each[0]))
    return _result(pattern, place, found, len(files))


def _relative(bench: Workbench, pattern: str) -> str:
    """The pattern as from the project's folder, with slashes."""
    return pattern.strip().replace("\\", "/").removeprefix(f"{bench.stage.project}/")


def glob_of(pattern: str) -> Glob:
    """The pattern. Raises `ToolError` for what is none."""
    try:
        return Glob(pattern)
    except BadGlob as error:
        raise ToolError(str(error)) from None


def staged_files(bench: Workbench, place: str = ".") -> dict[str, Seen]:
    """The stage's files below a folder that do not count as ignored, with what `lstat` says of them."""
    files = bench.stage.mark(bench.check).files
    if place == ".":
        return files
    return {name: seen for name, seen in files.items() if name == place or name.startswith(place + "/")}


def _below(name: str, place: str) -> str:
    return name if place == "." else name[len(place) + 1 :]


def _result(pattern: str, place: str, found: list[tuple[str, Seen]], count: int) -> ToolResult:
    where = "" if place == "." else f" in {place}"
    if not found:
        return ToolResult(
            True,
            f"No file{where} matches {pattern} ({count:,} files were looked at, without ignored ones)."
            " Use list_directory to see what there is.",
        )
    most = limits().tools.list_entries
    rows = [f"{name} ({seen.size:,})" for name, seen in found[:most]]
    if len(found) > most:
        rows.append(
            f"(The {most} that were changed last, of {len(found):,}. Give a narrower pattern or a path.)"
        )
    return ToolResult(True, "\n".join(rows))
