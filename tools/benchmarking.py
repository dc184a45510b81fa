"""How long something takes on the project as it was and as it is now: in turns, so that drift hits both."""

import re
import shlex
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from core.limits import limits
from core.removal import remove_if_possible
from core.sandbox import Ended, Sandbox, open_sandbox
from core.stage import Stage
from tools.commands import check_command
from tools.kept import run_whole, shown
from tools.measures import MARK, Measure, NoMeasure, pytest_measures, seconds_told, verdict
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_WORKER = Path(__file__).with_name("benchmark_worker.py")
_RUNS = 6
_MOST_RUNS = 100
_BLOCKS = 2
_MOST_ROWS = 40
_TEST = re.compile(r"(?P<file>[^\s:]+\.py)(::\S+)?")
_PYTEST = """
import sys, pytest

class Bare:
    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_generate_machine_info(self):
        return {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_generate_commit_info(self):
        return {}

sys.exit(pytest.main(sys.argv[1:], plugins=[Bare()]))
"""
"""pytest without what pytest-benchmark would find out about the machine: that takes seconds, and is not told."""
_Found = dict[str, list[Measure]]
"""By version, `before` and `after`."""


async def benchmark(bench: Workbench, command: str, runs: int | None = None) -> ToolResult:
    """Time a command, or pytest-benchmark's tests, before the changes and after them: median and spread of both.

    Args:
        command: For `sh -c`, such as `python -m myapp --input x.json`; it must end with 0. Or a test file alone.
        runs: How often each version of a command is timed, 6 when left out, 100 at most; one more run warms up.
    """
    check_command(command)
    each = min(max(runs or _RUNS, _BLOCKS), _MOST_RUNS)
    test = _test_of(bench, command.strip())
    with ExitStack() as ending:
        before = _before(bench, ending, test) if bench.stage.status(bench.check) else None
        try:
            found = await _in_turns(bench, before, test, command, each)
        except NoMeasure as failed:
            return ToolResult(False, str(failed))
    return ToolResult(True, _said(found, before is not None))


def _test_of(bench: Workbench, text: str) -> str:
    """The path of a test file of the stage, where that is all that was asked for; else empty."""
    match = _TEST.fullmatch(text)
    if match is None:
        return ""
    place = bench.stage.locate(match["file"])
    if not (bench.stage.tree / place).is_file():
        raise ToolError(
            f"{place} does not exist. Give a test file, or a whole command such as `python {place}`."
        )
    return place


def _before(bench: Workbench, ending: ExitStack, test: str) -> Sandbox:
    """A sandbox on the project as it is without the changes; both versions are timed by the same tests."""
    folder = Path(tempfile.mkdtemp(prefix="heddle-before-", dir=bench.stage.tree.parent))
    ending.callback(remove_if_possible, folder)
    stage = Stage.create(bench.stage.project, folder / "stage", check=bench.check)
    if test:
        stage.write(test, bench.stage.read(test))
    allowed = bench.sandbox.confinement == "unconfined"
    return open_sandbox(stage.tree, bench.stage.project, allow_unconfined=allowed).of(bench.role)


async def _in_turns(bench: Workbench, before: Sandbox | None, test: str, command: str, runs: int) -> _Found:
    """What was measured, by version. Raises `NoMeasure`."""
    versions = {"after": bench.sandbox} if before is None else {"before": before, "after": bench.sandbox}
    found: _Found = {name: [] for name in versions}
    for _ in range(_BLOCKS):
        for name, sandbox in list(versions.items()):
            try:
                found[name] += await (
                    _tests(bench, sandbox, command.strip())
                    if test
                    else _block(bench, sandbox, command, -(-runs // _BLOCKS))
                )
            except NoMeasure as failed:
                if name == "after":
                    raise
                if not test:
                    raise NoMeasure(f"On the project before the changes: {failed}") from None
                del versions[name]  # what is timed is new: there is nothing to compare with
    return found


async def _tests(bench: Workbench, sandbox: Sandbox, test: str) -> list[Measure]:
    """What pytest-benchmark measures in a file of tests."""
    python = interpreter_of(bench.stage.project)
    words = shlex.join(
        [python, "-c", _PYTEST, "-q", "--color=no", "--benchmark-only", "--benchmark-max-time=0.5", test]
    )
    script = f'f=$(mktemp) || exit 1\n{words} --benchmark-json="$f"\ncode=$?\necho; echo {shlex.quote(MARK)}\ncat "$f"\n'
    script += 'rm -f "$f"\nexit $code\n'
    ended, output = await _run(bench, sandbox, ["sh", "-c", script], limits().tools.tests_seconds)
    return pytest_measures(output, ended.exit_code == 0, python)


async def _block(bench: Workbench, sandbox: Sandbox, command: str, runs: int) -> list[Measure]:
    """Some runs of a command: by hyperfine where the sandbox has it, which takes the shell's own time off."""
    own = shlex.join(
        [interpreter_of(bench.stage.project), "-c", _WORKER.read_text("utf-8"), str(runs), command]
    )
    hyperfine = shlex.join(
        ["hyperfine", "--style=none", "--shell=sh", "--warmup=1", f"--runs={max(2, runs)}", command]
    )
    script = (
        f"if command -v hyperfine >/dev/null 2>&1; then\nf=$(mktemp) || exit 1\n"
        f'if {hyperfine} --export-json="$f" >/dev/null 2>&1; then\n'
        f'echo {shlex.quote(MARK)}; cat "$f"; rm -f "$f"; exit 0\nfi\n'
        f'rm -f "$f"\nfi\nexec {own}\n'
    )
    _, output = await _run(bench, sandbox, ["sh", "-c", script], limits().tools.command_seconds)
    return [seconds_told(output)]


async def _run(bench: Workbench, sandbox: Sandbox, argv: list[str], seconds: float) -> tuple[Ended, str]:
    ended, output = await run_whole(replace(bench, sandbox=sandbox), argv, seconds=seconds)
    if ended.reason == "stopped":
        raise NoMeasure("Stopped before it was done.")
    if ended.reason == "timed_out":
        raise NoMeasure(
            f"It took more than {seconds:g} seconds. Time something smaller, or ask for fewer runs."
        )
    return ended, output


def _said(found: _Found, changed: bool) -> str:
    """For each thing that was timed: what the changes did to it, and both versions."""
    after, before = _joined(found["after"]), _joined(found.get("before", []))
    parts = [] if changed else ["Nothing was changed so far, so there is only one version."]
    engines = sorted({each.by for each in after.values()})
    for name, now in list(after.items())[:_MOST_ROWS]:
        then = before.get(name)
        parts += [f"{name}:" if name else ""] * bool(name)
        if then is not None:
            parts += [verdict(then, now), then.row("before")]
        elif changed:
            parts.append("It could not be timed before the changes, so there is nothing to compare with.")
        parts.append(now.row("after"))
    if len(after) > _MOST_ROWS:
        parts.append(f"… and {len(after) - _MOST_ROWS} more; give one test for less.")
    return shown(
        "\n".join([*parts, f"(Timed by {' and '.join(engines)}.)"]), limits().tools.output_characters
    )


def _joined(measures: list[Measure]) -> dict[str, Measure]:
    """By name, all blocks of one in one."""
    names = dict.fromkeys(each.name for each in measures)
    return {name: Measure.of([each for each in measures if each.name == name]) for name in names}
