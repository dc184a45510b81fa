"""Searching the stage's files, in a process that can be killed: a regular expression may never end."""

import os
import shutil
import sys
from pathlib import Path

from core.limits import limits
from core.sandbox.environment import FALLBACK_PATH, clean_path
from core.sandbox.process import Ended, Launch, supervise
from core.stage.survey import JUNK
from tools.nearby import explain_missing
from tools.textfile import require_text
from tools.workbench import ToolError, ToolResult, Workbench

_PATTERN_CHARACTERS = 2_000
_WORKER = Path(__file__).with_name("search_worker.py")
_SKIPPED = sorted(JUNK | {".git"})


def search_files(bench: Workbench, pattern: str, path: str | None = None) -> ToolResult:
    """Search the text of files, line by line, for a regular expression. Matches come as `path:line: text`.

    Args:
        pattern: A regular expression in Python's syntax; (?i) at its start ignores case.
        path: Only this file or folder, relative to the project; all of it when left out.
    """
    place = bench.stage.locate(path or ".")
    if not (bench.stage.tree / place).exists():
        raise ToolError(explain_missing(bench.stage, place))
    _check(pattern)
    program = _ripgrep(bench)
    ended = _run(bench, _ripgrep_words(program, pattern, place)) if program else None
    if ended is None or ended.exit_code not in (0, 1, None):
        ended = _run(bench, _worker_words(pattern, place))
    note = ""
    if ended.exit_code == 2:
        note = (
            f"(The pattern is no regular expression: {ended.output.strip()}. It was searched as plain text.)"
        )
        ended = _run(bench, [*_worker_words(pattern, place), "--plain"])
    return _result(ended, note, place)


def _check(pattern: str) -> None:
    if not pattern:
        raise ToolError("The pattern is empty. Use list_directory to see which files there are.")
    if len(pattern) > _PATTERN_CHARACTERS:
        raise ToolError(f"The pattern is longer than {_PATTERN_CHARACTERS:,} characters. Search for less.")
    if "\0" in pattern or "\n" in pattern:
        raise ToolError("The pattern holds a line end or NUL, but lines are searched one by one.")
    require_text(pattern, "pattern")


def _worker_words(pattern: str, place: str) -> list[str]:
    most = limits().tools.search_matches + 1
    return [sys.executable, "-I", "-S", str(_WORKER), place, pattern, str(most), ",".join(_SKIPPED)]


def _ripgrep(bench: Workbench) -> str | None:
    """ripgrep's absolute path, when PATH has it outside of the project and of the stage."""
    found = shutil.which("rg", path=clean_path(os.environ.get("PATH", "")))
    if found is None:
        return None
    real = Path(os.path.realpath(found))
    untrusted = (bench.stage.project, bench.stage.tree)
    return None if any(Path(os.path.realpath(each)) in real.parents for each in untrusted) else str(real)


def _ripgrep_words(program: str, pattern: str, place: str) -> list[str]:
    words = [program, "--no-config", "--no-heading", "--with-filename", "--line-number", "--color=never"]
    words += ["--hidden", "--no-ignore", "--sort=path", "--max-columns=300", "--max-columns-preview"]
    words += ["--max-filesize=10M", "--null", "--regexp", pattern]
    words += [word for name in _SKIPPED for word in ("--glob", f"!**/{name}/**")]
    return [*words, "--", place]


def _run(bench: Workbench, words: list[str]) -> Ended:
    launch = Launch(
        argv=words,
        environment={"PATH": FALLBACK_PATH, "LANG": "C.UTF-8"},
        folder=bench.stage.tree,
        shell=False,
    )
    return supervise(launch, seconds=limits().tools.search_seconds, stopped=bench.stop.is_set)


def _row(line: str) -> str:
    """`path:line: text`, also from ripgrep's `path NUL line:text`."""
    path, nul, rest = line.partition("\0")
    number, _, text = rest.partition(":")
    return f"{path.removeprefix('./')}:{number}: {text}" if nul else line


def _result(ended: Ended, note: str, place: str) -> ToolResult:
    if ended.reason == "stopped":
        return ToolResult(False, "The search was stopped.")
    most = limits().tools.search_matches
    found = [_row(line) for line in ended.output.split("\n") if line.strip()]
    if ended.exit_code not in (0, 1, None):
        raise ToolError(f"The search failed: {ended.output.strip()[-400:]}")
    notes = [note] if note else []
    if len(found) > most:
        found = found[:most]
        notes.append(f"(Only the first {most} matches. Search in a path, or for something more special.)")
    if ended.reason == "timed_out":
        notes.append(
            f"(The search was ended after {limits().tools.search_seconds:g} seconds, so there may be more."
            " Search in a smaller path, or for a simpler pattern.)"
        )
    if not found:
        where = "" if place == "." else f" in {place}"
        notes.insert(0, f"No match{where}.")
    return ToolResult(ended.reason == "exited", "\n".join([*found, *notes]))
