"""Searching the stage's files, in a process that can be killed: a regular expression may never end."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.limits import limits
from core.sandbox.environment import FALLBACK_PATH, clean_path
from core.sandbox.looking import failed_to_look, only_looking
from core.sandbox.process import Ended, Launch, supervise
from core.stage.survey import JUNK
from tools.finding import glob_of
from tools.globs import split_globs
from tools.kept import find_kept, is_kept
from tools.nearby import explain_missing
from tools.textfile import require_text
from tools.workbench import ToolError, ToolResult, Workbench

_PATTERN_CHARACTERS = 2_000
_MOST_CONTEXT = 20
_MOST_ROWS = 4_000
"""More matches than these are not put in order: they are looked for again, in order, until there are enough."""
_WORKER = Path(__file__).with_name("search_worker.py")
_SKIPPED = sorted(JUNK | {".git"})
_PLAIN_WORDS = (
    "--no-config",
    "--no-heading",
    "--with-filename",
    "--line-number",
    "--color=never",
    "--no-messages",
)
_CUT = re.compile(r" \[\.\.\. (?:omitted end of long line|\d+ more match(?:es)?)\]$")
"""What ripgrep puts after the beginning of a long line."""
_MOST_LONG = 20
"""Files whose long lines are looked into."""
_AROUND = 140
_SHOWN = 300
_PLAIN = 2
"""The exit code for a pattern that is no regular expression."""


@dataclass(frozen=True)
class _Wanted:
    """What is searched for, and where."""

    pattern: str
    top: Path
    """The folder that `place` is in."""
    place: str
    globs: tuple[str, ...]
    context: int


@dataclass(frozen=True, order=True)
class _Row:
    """One line that was found, or one around it."""

    path: tuple[str, ...]
    number: int
    matches: bool
    text: str

    @property
    def shown(self) -> str:
        path = "/".join(self.path)
        return f"{path}:{self.number}: {self.text}" if self.matches else f"{path}-{self.number}- {self.text}"


def search_files(
    bench: Workbench,
    pattern: str,
    path: str | None = None,
    glob: str | None = None,
    context: int | None = None,
) -> ToolResult:
    """Search the text of files, line by line, for a regular expression. Matches come as `path:line: text`.

    Args:
        pattern: A regular expression; (?i) at its start ignores case.
        path: Only this file or folder; all of it when left out.
        glob: Only files of this name, such as *.py or src/**/*.{ts,tsx}; !*.min.js leaves those out.
        context: How many lines around each match to show too, 20 at most, as `path-line- text`.
    """
    _check(pattern)
    top, place = _place(bench, path or ".")
    wanted = _Wanted(pattern, top, place, _globs(glob), min(max(context or 0, 0), _MOST_CONTEXT))
    program = ripgrep(bench)
    found = _by_ripgrep(bench, program, wanted) if program else None
    note = ""
    if found is None or found[0].exit_code not in (0, 1, None):
        found = _by_worker(bench, wanted)
    if found[0].exit_code == _PLAIN:
        said = found[0].output.strip()
        note = f"(The pattern is no regular expression: {said}. It was searched as plain text.)"
        found = _by_worker(bench, wanted, "--plain")
    ended, rows = found
    if is_kept(path or ""):
        rows = [replace(row, path=(path or "",)) for row in rows]
    return _result(ended, rows, note, wanted)


def _place(bench: Workbench, path: str) -> tuple[Path, str]:
    """What is to be searched: in the stage, or one of the kept outputs of commands."""
    if is_kept(path):
        file = find_kept(bench, path)
        return file.parent, file.name
    place = bench.stage.locate(path)
    if not (bench.stage.tree / place).exists():
        raise ToolError(explain_missing(bench.stage, place))
    return bench.stage.tree, place


def _check(pattern: str) -> None:
    if not pattern:
        raise ToolError("The pattern is empty. Use list_directory to see which files there are.")
    if len(pattern) > _PATTERN_CHARACTERS:
        raise ToolError(f"The pattern is longer than {_PATTERN_CHARACTERS:,} characters. Search for less.")
    if "\0" in pattern or "\n" in pattern:
        raise ToolError("The pattern holds a line end or NUL, but lines are searched one by one.")
    require_text(pattern, "pattern")


def _globs(text: str | None) -> tuple[str, ...]:
    """The patterns of file names. Raises `ToolError` for what is none."""
    found = split_globs(text or "")
    for each in found:
        require_text(each, "glob")
        glob_of(each.removeprefix("!"))
    return tuple(each + "**" if each.endswith("/") else each for each in found)


# -- the two engines ---------------------------------------------------------------------------------


def ripgrep(bench: Workbench) -> str | None:
    """ripgrep's absolute path: of our own installation, else of PATH, when it is not in the project or the stage."""
    own = Path(sys.executable).with_name("rg")
    found = shutil.which(
        "rg", path=os.pathsep.join((str(own.parent), clean_path(os.environ.get("PATH", ""))))
    )
    if found is None:
        return None
    real = Path(os.path.realpath(found))
    untrusted = (bench.stage.project, bench.stage.tree)
    return None if any(Path(os.path.realpath(each)) in real.parents for each in untrusted) else str(real)


def _by_ripgrep(bench: Workbench, program: str, wanted: _Wanted) -> tuple[Ended, list[_Row]]:
    """All that it finds, put in order; of very much only the first, which it then finds in order by itself."""
    words = [program, *_ripgrep_words(wanted)]
    ended, rows = _run(bench, wanted, words, _MOST_ROWS)
    if len(rows) >= _MOST_ROWS or ended.omitted_bytes:
        most = (limits().tools.search_matches + 1) * (2 * wanted.context + 1)
        ended, rows = _run(bench, wanted, [program, "--sort=path", *words[1:]], most)
    return ended, _with_matches(bench, program, wanted, sorted(rows))


def _with_matches(bench: Workbench, program: str, wanted: _Wanted, rows: list[_Row]) -> list[_Row]:
    """Of lines that are too long to be shown, what is around the match: their beginning tells nothing."""
    cut = [row for row in rows[: limits().tools.search_matches] if row.matches and _CUT.search(row.text)]
    paths = list(dict.fromkeys("/".join(row.path) for row in cut))[:_MOST_LONG]
    if not paths:
        return rows
    around = f".{{0,{_AROUND}}}(?:{wanted.pattern}).{{0,{_AROUND}}}"
    words = [program, *_PLAIN_WORDS, "--only-matching", "--null", "--regexp", around, "--", *paths]
    found: dict[tuple[tuple[str, ...], int], str] = {}
    for row in _run(bench, wanted, words, _MOST_ROWS)[1]:
        found.setdefault((row.path, row.number), f"…{row.text[:_SHOWN]}…")
    return [
        replace(row, text=found.get((row.path, row.number), row.text)) if row in cut else row for row in rows
    ]


def _ripgrep_words(wanted: _Wanted) -> list[str]:
    words = [*_PLAIN_WORDS]
    words += ["--hidden", "--no-ignore", "--max-columns=300", "--max-columns-preview"]
    words += ["--null", "--regexp", wanted.pattern]
    words += [f"--context={wanted.context}"] if wanted.context else []
    words += [word for each in _anchored(wanted) for word in ("--glob", each)]
    words += [word for name in _SKIPPED for word in ("--glob", f"!{name}/")]
    return [*words, "--", wanted.place]


def _anchored(wanted: _Wanted) -> list[str]:
    """Globs with a slash may begin at the project or at the place: both are given."""
    found = list(wanted.globs)
    for each in wanted.globs:
        bare = each.removeprefix("!")
        if "/" in bare and wanted.place != ".":
            found.append("!" * each.startswith("!") + f"{wanted.place}/{bare}")
    return found


def _by_worker(bench: Workbench, wanted: _Wanted, *more: str) -> tuple[Ended, list[_Row]]:
    most = limits().tools.search_matches + 1
    task = {"globs": wanted.globs, "context": wanted.context, "most": most, "skipped": _SKIPPED}
    words = [sys.executable, "-I", "-S", str(_WORKER), wanted.place, wanted.pattern, json.dumps(task), *more]
    return _run(bench, wanted, words, most * (2 * wanted.context + 2))


def _run(bench: Workbench, wanted: _Wanted, words: Sequence[str], most: int) -> tuple[Ended, list[_Row]]:
    """Run an engine until it ends, or has printed so many lines."""
    count = 0

    def tell(data: bytes) -> None:
        nonlocal count
        count += data.count(b"\n")

    launch = Launch(
        argv=only_looking(words, wanted.top),
        environment={"PATH": FALLBACK_PATH, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
        folder=wanted.top,
        shell=True,
        alone=True,
    )
    stopped: Callable[[], bool] = lambda: count >= most or bench.stop.is_set()  # noqa: E731
    ended = supervise(launch, seconds=limits().tools.search_seconds, stopped=stopped, tell=tell)
    if failed_to_look(ended.exit_code, ended.output):
        raise ToolError(f"The search could not be set up: {ended.output.strip()[-400:]}")
    return ended, [row for line in ended.output.split("\n") if (row := _row(line))]


def _row(line: str) -> _Row | None:
    """Both engines print `path NUL line:text` for a match, and `path NUL line-text` around one."""
    path, nul, rest = line.partition("\0")
    number = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    mark = rest[len(number) : len(number) + 1]
    if not nul or not number or mark not in (":", "-"):
        return None
    text = rest[len(number) + 1 :].removesuffix("\r")
    return _Row(tuple(path.removeprefix("./").split("/")), int(number[:9]), mark == ":", text)


# -- the answer --------------------------------------------------------------------------------------


def _result(ended: Ended, rows: list[_Row], note: str, wanted: _Wanted) -> ToolResult:
    if ended.reason == "stopped" and len(rows) < limits().tools.search_matches:
        return ToolResult(False, "The search was stopped.")
    if ended.exit_code not in (0, 1, None):
        raise ToolError(f"The search failed: {ended.output.strip()[-400:]}")
    notes = [note] if note else []
    most = limits().tools.search_matches
    shown, more = _shown(rows, most, wanted.context)
    if more:
        notes.append(
            f"(Only the first {more} matches. Search in a path, with a glob, or for something more special.)"
        )
    if ended.reason == "timed_out":
        notes.append(
            f"(The search was ended after {limits().tools.search_seconds:g} seconds, so there may be more."
            " Search in a smaller path, or for a simpler pattern.)"
        )
    if not shown:
        where = "" if wanted.place == "." else f" in {wanted.place}"
        names = f" in files like {' '.join(wanted.globs)}" if wanted.globs else ""
        so_far = " so far" if ended.reason == "timed_out" else ""
        notes.insert(0, f"No match{so_far}{where}{names}.")
    return ToolResult(ended.reason != "timed_out", "\n".join([*shown, *notes]))


def _shown(rows: list[_Row], most: int, context: int) -> tuple[list[str], int]:
    """The rows as text, as far as there is room; and how many matches they hold when that is not all."""
    room = limits().tools.output_characters - 800
    shown: list[str] = []
    matches = 0
    for number, row in enumerate(rows):
        gap = (
            context
            and number
            and (row.path, row.number) != (rows[number - 1].path, rows[number - 1].number + 1)
        )
        text = ("--\n" if gap else "") + row.shown
        room -= len(text) + 1
        if room < 0 or (row.matches and matches == most):
            return shown, matches
        matches += row.matches
        shown.append(text)
    return shown, 0
