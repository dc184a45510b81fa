"""How long a command takes on the project as it was and as it is now: in turns, so that drift hits both."""

import json
import shutil
import statistics
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.limits import limits
from core.sandbox import Sandbox, open_sandbox
from core.stage import Stage
from core.text import clip
from tools.runners import interpreter_of
from tools.workbench import ToolError, ToolResult, Workbench

_WORKER = Path(__file__).with_name("benchmark_worker.py")
_RUNS = 6
_MOST_RUNS = 100
_BLOCKS = 2
_NOISE = 3.0
"""A difference counts when it is larger than so many times the spread of the medians."""


class _Failed(Exception):
    """The command could not be timed; the text says why."""


async def benchmark(bench: Workbench, command: str, runs: int | None = None) -> ToolResult:
    """Time a command before the changes and after them, and say the median and the spread of both.

    Args:
        command: What is timed, for `sh -c`, such as `python -m myapp --input data/sample.json`; it must end with 0.
        runs: How often each version is timed, 6 when left out, 100 at most; one more run warms up.
    """
    if not command.strip() or "\0" in command:
        raise ToolError("The command is empty or holds NUL.")
    each = min(max(runs or _RUNS, _BLOCKS), _MOST_RUNS)
    with ExitStack() as ending:
        before = _before(bench, ending) if bench.stage.status() else None
        try:
            taken = await _timed(bench, before, command, each)
        except _Failed as failed:
            return ToolResult(False, str(failed))
    return ToolResult(True, _said(taken))


def _before(bench: Workbench, ending: ExitStack) -> Sandbox:
    """A sandbox on the project as it is without the changes."""
    folder = Path(tempfile.mkdtemp(prefix="heddle-before-", dir=bench.stage.tree.parent))
    ending.callback(shutil.rmtree, folder, ignore_errors=True)
    stage = Stage.create(bench.stage.project, folder / "stage")
    allowed = bench.sandbox.confinement == "unconfined"
    return open_sandbox(stage.tree, bench.stage.project, allow_unconfined=allowed).of(bench.role)


async def _timed(
    bench: Workbench, before: Sandbox | None, command: str, runs: int
) -> Mapping[str, list[float]]:
    """Seconds by version. Raises `_Failed`."""
    versions = {"after": bench.sandbox} if before is None else {"before": before, "after": bench.sandbox}
    taken: dict[str, list[float]] = {name: [] for name in versions}
    for _ in range(_BLOCKS):
        for name, sandbox in versions.items():
            taken[name] += await _block(bench, name, sandbox, command, -(-runs // _BLOCKS))
    return taken


async def _block(bench: Workbench, name: str, sandbox: Sandbox, command: str, runs: int) -> list[float]:
    python = interpreter_of(bench.stage.project)
    argv = [python, "-c", _WORKER.read_text("utf-8"), str(runs), command]
    seconds = limits().tools.command_seconds
    ended = await sandbox.run(argv, seconds=seconds, stop=bench.stop)
    if ended.reason == "stopped":
        raise _Failed("Stopped before it was done.")
    if ended.reason == "timed_out":
        raise _Failed(
            f"{runs} runs took more than {seconds:g} seconds. Time something smaller, or ask for fewer runs."
        )
    try:
        found: dict[str, Any] = json.loads(ended.output.strip().rpartition("\n")[2])
    except ValueError:
        raise _Failed(f"Nothing could be timed with {python}: {clip(ended.output.strip(), 1_000)}") from None
    if "failed" in found:
        version = "on the project before the changes " if name == "before" else ""
        raise _Failed(
            f"The command failed {version}(exit code {found['failed']}):\n{found['output'].strip()}"
        )
    return found["seconds"]


def _said(taken: Mapping[str, list[float]]) -> str:
    rows = [_row(name, seconds) for name, seconds in taken.items()]
    if "before" not in taken:
        return "\n".join(["Nothing was changed so far, so there is only one version.", *rows])
    return "\n".join([_verdict(taken["before"], taken["after"]), *rows])


def _row(name: str, seconds: list[float]) -> str:
    low, high = min(seconds), max(seconds)
    return (
        f"{name}: median {_time(statistics.median(seconds))}, spread ±{_time(_spread(seconds))}, "
        f"from {_time(low)} to {_time(high)}, {len(seconds)} runs"
    )


def _spread(seconds: list[float]) -> float:
    """The median distance from the median: few slow runs do not matter."""
    middle = statistics.median(seconds)
    return statistics.median(abs(each - middle) for each in seconds)


def _verdict(before: list[float], after: list[float]) -> str:
    old, new = statistics.median(before), statistics.median(after)
    noise = _NOISE * (_spread(before) + _spread(after)) / 2
    if abs(old - new) <= max(noise, old * 0.02):
        return "No difference that is larger than the noise."
    word = f"{old / new:.2f} × faster" if new < old else f"{new / old:.2f} × slower"
    return f"After the changes it is {word}."


def _time(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"
