"""Running the project's tests in the sandbox, with the project's own interpreter."""

import os
import re
from dataclasses import replace

from core.limits import limits
from core.sandbox import Ended, NotAllowed, SandboxFailed
from tools.commands import hints_for
from tools.kept import Printed, run_kept, shown, told
from tools.nearby import explain_missing
from tools.parts import part_of, parts_in, placed, target_in, words_in
from tools.reports import Counts, plain, read
from tools.runners import Runner, Target, find_kind, interpreter_of, runner_for
from tools.workbench import TestFailure, TestReport, ToolError, ToolResult, Workbench

_PLAIN = {"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0"}
"""So that runners of JavaScript run once, and write no colours."""
_TAIL_CHARACTERS = 1_500
_NOTHING_COLLECTED = 5
_NOT_FOUND = 127


async def run_tests(bench: Workbench, target: str | None = None) -> ToolResult:
    """Run the project's tests: pytest, unittest, npm test (Jest, Vitest, …), go test, cargo test or make test.

    Tells the counts, and of each failure its file, line, message and shortest trace.

    Args:
        target: A test file, a folder, or one test like tests/test_app.py::test_home (path::name); all when left out.
    """
    chosen = None if target is None else _target(bench, target)
    place = part_of(bench.stage.tree, chosen)
    chosen = target_in(place, chosen) if chosen and place else chosen
    kind = find_kind(bench.stage.tree / place, chosen)
    if kind is None:
        return _not_run(_why_none(bench))
    runner = runner_for(kind, bench.stage.tree / place, interpreter_of(bench.stage.project), chosen)
    try:
        printed = await run_kept(
            bench,
            words_in(place, runner.argv) if place else runner.argv,
            seconds=limits().tools.tests_seconds,
            environment={**_PLAIN, **_import_path(bench)} if kind == "npm" else _import_path(bench),
        )
    except (NotAllowed, SandboxFailed) as error:
        return _not_run(str(error))
    roots = (str(bench.stage.project), str(bench.stage.tree))
    counts = read(kind, printed.ended.output, roots)
    failures = placed(counts.failures, place, bench.stage.tree)
    return _result(runner, printed, replace(counts, failures=failures))


def _why_none(bench: Workbench) -> str:
    parts = parts_in(bench.stage.tree)
    return "no tests were found in the project" + (
        f" itself; give the target of a part, such as {' or '.join(parts)}" if parts else ""
    )


def _target(bench: Workbench, text: str) -> Target:
    """The file or folder, and the name in it. Dotted module names are understood too."""
    if text.startswith("-"):
        raise ToolError("target must be a path or a test's id, not an option.")
    path, _, name = text.partition("::")
    place = bench.stage.locate(path or ".")
    if (bench.stage.tree / place).exists():
        return Target(place, name)
    parts = text.split(".")
    for size in range(len(parts), 0, -1):
        module = "/".join(parts[:size]) + ".py"
        if "/" not in text and (bench.stage.tree / module).is_file():
            return Target(module, "::".join(parts[size:]))
    raise ToolError(explain_missing(bench.stage, place))


def _import_path(bench: Workbench) -> dict[str, str]:
    """Without a sandbox the stage is not at the project's path, where an editable install leads."""
    match bench.sandbox.confinement:
        case "confined":
            return {}
        case "unconfined":
            return {"PYTHONPATH": os.pathsep.join(map(str, (bench.stage.tree, bench.stage.tree / "src")))}


def _not_run(reason: str, output: str = "") -> ToolResult:
    text = f"The tests were not run: {reason.rstrip('.')}."
    return ToolResult(False, f"{text}\n{output}".rstrip(), tests=TestReport("not_run", text=text))


def _result(runner: Runner, printed: Printed, counts: Counts) -> ToolResult:
    ended = printed.ended
    output = plain(ended.output).strip("\n")
    reason = _why_not_run(runner, ended, counts)
    if reason:
        rest = told(printed)
        end = shown(output, limits().tools.command_characters, ended.omitted_bytes)
        return _not_run(reason, "\n".join([*([rest] if rest else []), end]))
    report = _report(runner, ended, counts)
    failures = [_lines(each) for each in report.failures]
    text = "\n".join([report.text, *failures, *_rest(printed, report, output)])
    return ToolResult(report.outcome == "passed", text.rstrip(), tests=report)


def _rest(printed: Printed, report: TestReport, output: str) -> list[str]:
    """What a runner printed, as far as its report does not tell it already."""
    if report.failures and len(report.failures) >= report.failed:
        return [told(printed)] if printed.name else []
    known = report.outcome == "passed" and report.passed
    most = _TAIL_CHARACTERS if known else limits().tools.command_characters
    rest = told(printed) if len(output) > most else ""
    return ["", *([rest] if rest else []), shown(output, most, printed.ended.omitted_bytes)]


def _why_not_run(runner: Runner, ended: Ended, counts: Counts) -> str:
    """Why this says nothing about the code; empty when the tests ran."""
    if ended.reason == "stopped":
        return "the work was stopped"
    if re.search(r"No module named '?pytest'?$", ended.output.strip()):
        return f"pytest is not installed for the project's Python ({runner.argv[0]})"
    if ended.exit_code == _NOT_FOUND and not counts.known:
        return f"{runner.argv[0]} is not installed"
    if runner.kind == "pytest" and re.search(
        r"^ERROR: (not found|file or directory not found)|unrecognized arguments|^INTERNALERROR>",
        ended.output,
        re.MULTILINE,
    ):
        return "pytest could not start with this target or this configuration"
    if (
        counts.known
        and not counts.passed
        and not counts.failed
        and ended.exit_code in (0, _NOTHING_COLLECTED)
    ):
        return f"all {counts.skipped} tests were skipped" if counts.skipped else "no tests were found"
    if not counts.known and ended.exit_code:
        return " ".join(hints_for(ended))
    return ""


def _report(runner: Runner, ended: Ended, counts: Counts) -> TestReport:
    failed = counts.failed
    if not failed and ended.exit_code != 0:
        failed = 1
    parts = [f"{counts.passed} passed", f"{failed} failed"]
    parts += [f"{counts.skipped} skipped"] if counts.skipped else []
    said = ", ".join(parts) if counts.known else f"the runner gave no counts{_end_of(ended)}"
    if ended.reason == "timed_out":
        said += f", and they did not end within {limits().tools.tests_seconds:g} seconds"
    outcome = "failed" if failed else "passed"
    text = f"Tests {outcome} ({runner.program}): {said}."
    return TestReport(outcome, counts.passed, failed, counts.skipped, counts.failures, text)


def _end_of(ended: Ended) -> str:
    """How a run ended that told nothing."""
    match ended.reason:
        case "exited" if ended.exit_code:
            return f", and ended with exit code {ended.exit_code}"
        case _:
            return ""


def _lines(failure: TestFailure) -> str:
    """Where and why it failed, and the shortest useful trace below."""
    place = f" ({failure.file}:{failure.line})" if failure.line else f" ({failure.file})" * bool(failure.file)
    trace = [f"    {line}" for line in failure.trace.split("\n") if line]
    return "\n".join([f"- {failure.test}{place}: {failure.message}", *trace])
