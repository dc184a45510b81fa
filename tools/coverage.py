"""Which lines the tests reach: those that were changed come first."""

import contextlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.limits import limits
from core.sandbox import Ended
from tools.coverage_ways import Unreadable, Way, go_module, read_report, way_for
from tools.coverage_worker import MARK, NOT_INSTALLED
from tools.kept import run_whole, shown
from tools.nearby import explain_missing
from tools.parts import part_of
from tools.runners import Target, find_kind, interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_FILES = 40
_MOST_RANGES = 25


@dataclass(frozen=True)
class _Covered:
    """One file: how many lines can run, and which did not."""

    path: str
    lines: int
    missing: tuple[int, ...]

    @property
    def percent(self) -> int:
        return 100 if not self.lines else 100 * (self.lines - len(self.missing)) // self.lines


async def coverage_report(bench: Workbench, target: str | None = None) -> ToolResult:
    """Run the tests and list the lines that no test reaches, the changed ones first.

    For Python (coverage.py), Jest, Vitest, node --test, other npm tests (c8), Go, and Rust (cargo llvm-cov).

    Args:
        target: A test file, a folder, or one test like tests/test_app.py::test_home; all when left out.
    """
    chosen = None if target is None else _target(bench, target)
    kind = find_kind(bench.stage.tree, chosen)
    place = part_of(bench.stage.tree, chosen)
    if place and kind not in ("npm", "go", "cargo"):
        raise ToolError(
            f"{place} has a test runner of its own, and coverage is measured for the whole project only."
            f" Use run_tests there, or run_command with `cd {place}` and its own coverage program."
        )
    if kind is None:
        raise ToolError("No tests were found in the project itself, so there is nothing to measure.")
    way = way_for(kind, bench.stage.tree, interpreter_of(bench.stage.project), chosen)
    seconds = limits().tools.tests_seconds
    ended, output = await run_whole(bench, way.argv, seconds=seconds, environment=way.environment)
    if ended.exit_code == NOT_INSTALLED:
        raise ToolError(way.missing)
    if ended.reason != "exited":
        how = "stopped" if ended.reason == "stopped" else f"ended after {seconds:g} seconds"
        return ToolResult(False, f"The tests were {how}, so nothing was measured.")
    return _result(bench, way, ended, output)


def _target(bench: Workbench, text: str) -> Target:
    path, _, name = text.partition("::")
    place = bench.stage.locate(path)
    if text.startswith("-") or not (bench.stage.tree / place).exists():
        raise ToolError(explain_missing(bench.stage, place))
    return Target(place, name)


def _result(bench: Workbench, way: Way, ended: Ended, output: str) -> ToolResult:
    told, mark, report = output.rpartition(MARK + "\n")
    try:
        if not mark:
            raise Unreadable
        found = read_report(way.form, report, go_module(bench.stage.tree))
    except Unreadable:
        said = shown((told if mark else output).strip(), limits().tools.command_characters)
        raise ToolError(f"Coverage could not be measured: {said or 'nothing was said'}") from None
    files = [
        _Covered(path, lines, missing)
        for each, (lines, missing) in sorted(found.items())
        if (path := _relative(bench, each))
    ]
    failed = bool(ended.exit_code)
    head = "The tests failed, so this shows what they reached until then.\n" if failed else ""
    text = head + _report(files, _changed_lines(bench, {each.path for each in files}))
    said = shown(told.strip(), limits().tools.command_characters // 2)
    return ToolResult(not failed, f"{text}\n\nWhat the tests said:\n{said}" if failed else text)


def _relative(bench: Workbench, path: str) -> str:
    """A report's path as the project's own; empty for files that are not the project's."""
    for top in (bench.stage.project, bench.stage.tree):
        with contextlib.suppress(ValueError):
            path = str(PurePosixPath(path).relative_to(top.resolve()))
    path = posixpath.normpath(path)
    foreign = path.startswith(("/", "../")) or "node_modules" in path.split("/")
    return "" if foreign else path


def _changed_lines(bench: Workbench, known: set[str]) -> dict[str, set[int]]:
    """The lines of known files that were added or replaced, by path."""
    changes = bench.stage.changes_now(bench.check)
    return {
        each.path: set(_new_lines(each.patch))
        for each in changes
        if each.kind != "deleted" and each.path in known
    }


def _new_lines(patch: str) -> Iterator[int]:
    number = 0
    for line in patch.split("\n"):
        if line.startswith("@@"):
            number = int(line.split("+", 1)[1].split(" ", 1)[0].split(",")[0])
        elif number and line.startswith("+"):
            yield number
            number += 1
        elif number and line.startswith(" "):
            number += 1


def _report(files: list[_Covered], changed: dict[str, set[int]]) -> str:
    lines = sum(each.lines for each in files)
    missing = sum(len(each.missing) for each in files)
    total = _Covered("", lines, tuple(range(missing))).percent
    parts = [f"Coverage: {total} % of {lines} lines in {len(files)} files.", *_of_changes(files, changed)]
    worst = sorted((each for each in files if each.missing), key=lambda each: -len(each.missing))
    parts += [
        f"- {each.path}: {each.percent} %, not reached: {_ranges(each.missing)}"
        for each in worst[:_MOST_FILES]
    ]
    if len(worst) > _MOST_FILES:
        parts.append(f"… and {len(worst) - _MOST_FILES} more files; give a target for less.")
    return "\n".join(parts)


def _of_changes(files: list[_Covered], changed: dict[str, set[int]]) -> list[str]:
    """What is said about the changed lines."""
    known = {each.path: each for each in files}
    bad = [
        f"- {path}: {_ranges(left)}"
        for path, numbers in sorted(changed.items())
        if path in known and (left := sorted(numbers.intersection(known[path].missing)))
    ]
    if bad:
        return ["Changed lines that no test reaches:", *bad, "All files:"]
    if any(path in known for path in changed):
        return ["Every changed line that can run is reached.", "All files:"]
    return []


def _ranges(numbers: Iterable[int]) -> str:
    """`3-5, 9` for 3, 4, 5, 9."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [f"{first}" if first == last else f"{first}-{last}" for first, last in spans[:_MOST_RANGES]]
    more = f" and {len(spans) - _MOST_RANGES} more places" if len(spans) > _MOST_RANGES else ""
    return ", ".join(shown) + more
