"""How the tests of each ecosystem are run so that they tell which lines they reach, and how that is read.

Every way prints what the tests say, then a line of `MARK`, then the report: of coverage.py as JSON, of Go as
its cover profile, of all the others as LCOV.
"""

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.plainfile import read_plain
from tools.coverage_worker import MARK, NOT_INSTALLED
from tools.runners import runner_for
from tools.targets import Kind, Target, cargo_words, npm_words, test_script
from tools.workbench import ToolError

_WORKER = Path(__file__).with_name("coverage_worker.py")
_PLAIN = {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0"}

Lines = Mapping[str, tuple[int, tuple[int, ...]]]
"""By file, as the report names it: how many lines can run, and which did not."""


class Unreadable(Exception):
    """The report is none."""


@dataclass(frozen=True)
class Way:
    """One way to measure. Its command ends with `NOT_INSTALLED` where something is missing."""

    argv: tuple[str, ...]
    form: str
    """`json`, `lcov` or `go`."""
    missing: str
    """What is said then."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def way_for(kind: Kind, tree: Path, python: str, target: Target | None) -> Way:
    """Raises `ToolError` for tests of which nobody here knows how they are measured."""
    match kind:
        case "pytest" | "unittest":
            words = runner_for(kind, tree, python, target).argv[2:]
            return Way(
                (python, "-c", _WORKER.read_text("utf-8"), *words),
                "json",
                f"coverage.py is not installed for the project's Python ({python}). Ask for it to be installed"
                " (pip install coverage), or use run_tests without coverage.",
            )
        case "npm":
            return _node(tree, target)
        case "go":
            words = runner_for(kind, tree, python, target).argv[2:]
            run = ("go", "test", "-coverprofile={d}/profile", "-coverpkg=./...", *words)
            return Way(_script(run, "command -v go"), "go", "Go is not installed here.")
        case "cargo":
            report = ("--lcov", "--output-path={d}/lcov.info")
            run = ("cargo", "llvm-cov", *report, *cargo_words(target)[2:])
            missing = "cargo llvm-cov is not installed (`cargo install cargo-llvm-cov`, `rustup component add llvm-tools`)."
            return Way(_script(run, "command -v cargo-llvm-cov"), "lcov", missing)
        case "make":
            raise ToolError(
                "Coverage cannot be measured through `make test`. Run the project's own way with run_command."
            )


def _node(tree: Path, target: Target | None) -> Way:
    script = test_script(tree)
    words = npm_words(tree, target)
    plain = words if "--" in words or words[0] == "node" else (*words, "--")
    if "vitest" in script:
        report = ("--coverage", "--coverage.reportOnFailure", "--coverage.reporter=lcovonly")
        needed = " || ".join(f"[ -d node_modules/@vitest/coverage-{each} ]" for each in ("v8", "istanbul"))
        run = (*plain, *report, "--coverage.reportsDirectory={d}")
        return Way(_script(run, needed), "lcov", _ask_for("@vitest/coverage-v8"), _PLAIN)
    if "jest" in script or "react-scripts test" in script:
        run = (*plain, "--coverage", "--coverageReporters=lcovonly", "--coverageDirectory={d}")
        return Way(_script(run, "true"), "lcov", "", _PLAIN)
    if script.startswith("node ") and "--test" in script.split():
        first, *rest = words if words[0] == "node" else (*script.split(), *words[4:])
        spec = ("--test-reporter=spec", "--test-reporter-destination=stdout")
        lcov = ("--test-reporter=lcov", "--test-reporter-destination={d}/lcov.info")
        run = (first, "--experimental-test-coverage", *spec, *lcov, *rest)
        return Way(_script(run, "command -v node"), "lcov", "Node is not installed here.", _PLAIN)
    run = ("node_modules/.bin/c8", "--reporter=lcovonly", "--reports-dir={d}", "--temp-directory={d}/tmp")
    return Way(_script((*run, *words), f"[ -x {run[0]} ]"), "lcov", _ask_for("c8"), _PLAIN)


def _ask_for(package: str) -> str:
    return (
        f"{package} is not installed in the project. Ask for it with install_dependency, as dev, or use run_tests"
        " without coverage."
    )


def _script(run: Iterable[str], needed: str) -> tuple[str, ...]:
    """`{d}` in the words is a folder of its own, from which the report is printed."""
    command = " ".join(shlex.quote(each).replace("{d}", "'\"$d\"'") for each in run)
    return (
        "sh",
        "-c",
        f"{needed} >/dev/null 2>&1 || exit {NOT_INSTALLED}\n"
        f"d=$(mktemp -d) || exit 1\n{command}\ncode=$?\n"
        f"printf '\\n%s\\n' {shlex.quote(MARK)}\n"
        'cat "$d"/lcov.info "$d"/profile 2>/dev/null\nrm -rf "$d"\nexit $code\n',
    )


def read_report(form: str, text: str, module: str = "") -> Lines:
    """What a report says. `module`: the name that Go's paths begin with. Raises `Unreadable`."""
    match form:
        case "json":
            try:
                return {path: (row[0], tuple(row[1])) for path, row in json.loads(text)["files"].items()}
            except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
                raise Unreadable from None
        case "go":
            return _counted(_go_lines(text, module))
        case _:
            return _counted(_lcov_lines(text))


def _counted(found: Iterator[tuple[str, int, int]]) -> Lines:
    """From how often each line of each file ran."""
    runs: dict[str, dict[int, int]] = defaultdict(dict)
    for path, line, count in found:
        runs[path][line] = runs[path].get(line, 0) + count
    if not runs:
        raise Unreadable
    return {
        path: (len(lines), tuple(sorted(line for line, count in lines.items() if not count)))
        for path, lines in runs.items()
    }


def _lcov_lines(text: str) -> Iterator[tuple[str, int, int]]:
    path = ""
    for row in text.splitlines():
        if row.startswith("SF:"):
            path = row[3:].strip()
        elif match := re.match(r"DA:(\d{1,9}),(-?\d{1,18})", row):
            yield path, int(match[1]), max(0, int(match[2]))


_GO_BLOCK = re.compile(r"(.+):(\d{1,9})\.\d+,(\d{1,9})\.\d+ \d+ (\d{1,18})")
_MOST_LINES = 100_000


def _go_lines(text: str, module: str) -> Iterator[tuple[str, int, int]]:
    """A profile names blocks, `module/file.go:line.column,line.column statements count`."""
    for row in text.splitlines():
        if match := _GO_BLOCK.fullmatch(row):
            path = match[1].removeprefix(f"{module}/") if module else match[1]
            first, last = int(match[2]), int(match[3])
            for line in range(first, min(last, first + _MOST_LINES) + 1):
                yield path, line, int(match[4])


def go_module(tree: Path) -> str:
    """The name in go.mod; empty when there is none."""
    try:
        text = (read_plain(tree / "go.mod", 200_000) or b"").decode("utf-8", "replace")
    except OSError:
        return ""
    match = re.search(r"^module\s+\"?([^\s\"]+)", text, re.MULTILINE)
    return match[1] if match else ""
