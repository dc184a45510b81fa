"""How complex functions are, measured by lizard."""

import json
import stat
from functools import cache
from pathlib import Path
from typing import Any

from core.limits import limits
from tools.finding import staged_files
from tools.nearby import explain_missing
from tools.outline import run_worker
from tools.workbench import ToolError, ToolResult, Workbench

ENGINE = "lizard"
_WORKER = Path(__file__).with_name("complexity_worker.py")
_MOST_FILES = 1_000
_FOLDER_FILE_BYTES = 300_000


def analyze_complexity(bench: Workbench, path: str = ".") -> ToolResult:
    """Measure the functions of a file or folder, worst first: cyclomatic complexity, lines of code, arguments.

    Args:
        path: The file or folder; the project itself when left out.
    """
    place = bench.stage.locate(path)
    target = bench.stage.tree / place
    if not target.exists():
        raise ToolError(explain_missing(bench.stage, place))
    files = _files_of_folder(bench, place) if target.is_dir() else [_single(bench, place)]
    chosen = files[:_MOST_FILES]
    most = limits().tools.complexity_rows
    ended = run_worker(bench, [str(_WORKER), str(most), *chosen])
    if ended.reason == "timed_out":
        raise ToolError(
            f"Measuring {place} took more than {limits().tools.analysis_seconds:g} seconds."
            " Give one file or a smaller folder."
        )
    found = _parsed(ended.output)
    if found is None:
        raise ToolError(
            f"{ENGINE} could not measure {place}: {ended.output.strip()[-300:] or 'it ended early'}."
        )
    return ToolResult(True, "\n".join(_report(place, found, len(files), len(chosen))))


def _single(bench: Workbench, place: str) -> str:
    if not _is_known(place):
        raise ToolError(f"{place} is in no language that {ENGINE} measures. Give a source file or a folder.")
    size = (bench.stage.tree / place).stat().st_size
    if size > limits().tools.file_bytes:
        raise ToolError(f"{place} has {size:,} bytes, too many to measure.")
    return place


def _files_of_folder(bench: Workbench, place: str) -> list[str]:
    files = [
        name
        for name, seen in staged_files(bench, place).items()
        if stat.S_ISREG(seen.mode) and seen.size <= _FOLDER_FILE_BYTES and _is_known(name)
    ]
    if not files:
        raise ToolError(f"No file in {place} is in a language that {ENGINE} measures. Use list_directory.")
    return sorted(files, key=lambda name: (name.count("/"), name))


def _is_known(name: str) -> bool:
    return Path(name).suffix.lower().removeprefix(".") in _endings()


@cache
def _endings() -> frozenset[str]:
    from lizard_languages import languages  # takes a tenth of a second

    return frozenset(ending for language in languages() for ending in language.ext)


def _parsed(output: str) -> dict[str, Any] | None:
    try:
        value = json.loads(output)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _report(place: str, found: dict[str, Any], files: int, measured: int) -> list[str]:
    count, rows = found["count"], found["rows"]
    if not count:
        return [f"{ENGINE} found no function in {place}."]
    title = f"{count:,} functions in {measured:,} files" if measured > 1 else f"{count:,} functions"
    said = [f"{title} (by {ENGINE}), mean complexity {found['sum'] / count:.1f}. Worst first:"]
    said += [
        f"complexity {row['complexity']}, {row['length']} lines, {row['arguments']} arguments |"
        f" {row['path']}:{row['line']} {row['name']}"
        for row in rows
    ]
    if len(rows) < count:
        said.append(f"(The worst {len(rows)} of {count:,}. Give a file or a smaller folder for the others.)")
    if measured < files:
        said.append(f"(The first {measured:,} of {files:,} files. Give a folder in {place} for the others.)")
    if found["unread"]:
        said.append(f"(Could not be measured: {', '.join(found['unread'][:10])}.)")
    return said
