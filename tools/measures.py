"""What timing programs tell, and what two versions' times say about a change."""

import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.limits import limits
from tools.kept import shown

MARK = "--- heddle benchmark ---"
_NOISE = 3.0
"""A difference counts when it is larger than so many times the spread of the medians."""


class NoMeasure(Exception):
    """Nothing could be timed; the text says why."""


@dataclass(frozen=True)
class Measure:
    """How long one thing takes. All times in seconds."""

    name: str
    """Empty where only one thing was timed."""
    by: str
    """Who timed it."""
    median: float
    spread: float
    """The median distance from the median: few slow runs do not matter."""
    low: float
    high: float
    runs: int

    @classmethod
    def of_seconds(cls, seconds: Sequence[float], by: str) -> "Measure":
        """From the time of each run."""
        middle = statistics.median(seconds)
        spread = statistics.median(abs(each - middle) for each in seconds)
        return cls("", by, middle, spread, min(seconds), max(seconds), len(seconds))

    @classmethod
    def of(cls, blocks: Sequence["Measure"]) -> "Measure":
        """Blocks of runs of one thing as one."""
        return cls(
            blocks[0].name,
            blocks[0].by,
            statistics.mean(each.median for each in blocks),
            max(each.spread for each in blocks),
            min(each.low for each in blocks),
            max(each.high for each in blocks),
            sum(each.runs for each in blocks),
        )

    def row(self, version: str) -> str:
        """As the model reads it."""
        return (
            f"{version}: median {_time(self.median)}, spread ±{_time(self.spread)}, "
            f"from {_time(self.low)} to {_time(self.high)}, {self.runs} runs"
        )


def verdict(before: Measure, after: Measure) -> str:
    """What the change did, where that is more than the noise."""
    noise = _NOISE * (before.spread + after.spread) / 2
    if abs(before.median - after.median) <= max(noise, before.median * 0.02):
        return "No difference that is larger than the noise."
    less, more = sorted((before.median, after.median))
    how = "faster" if after.median < before.median else "slower"
    if less == 0:  # hyperfine takes off as much as its shell takes, which may be all that there is
        return f"After the changes it is {how}; the quicker version takes no time that could be told."
    return f"After the changes it is {more / less:.2f} × {how}."


def seconds_told(output: str) -> Measure:
    """What hyperfine exported after `MARK`, or our own worker printed. Raises `NoMeasure`."""
    text, mark, exported = output.rpartition(MARK + "\n")
    try:
        if mark:
            (result,) = json.loads(exported)["results"]
            return Measure.of_seconds([float(each) for each in result["times"]], "hyperfine")
        found = json.loads(output.strip().rpartition("\n")[2])
        if "failed" in found:
            raise NoMeasure(f"The command failed (exit code {found['failed']}):\n{found['output'].strip()}")
        return Measure.of_seconds(found["seconds"], "Heddle, with the shell's own start")
    except (ValueError, KeyError, TypeError, statistics.StatisticsError):
        said = shown((text if mark else output).strip(), 1_000)
        raise NoMeasure(f"Nothing could be timed: {said}") from None


def pytest_measures(output: str, passed: bool, python: str) -> list[Measure]:
    """What pytest-benchmark exported after `MARK`. Raises `NoMeasure`."""
    text, mark, exported = output.rpartition(MARK + "\n")
    text = text if mark else output
    try:
        rows: list[dict[str, Any]] = json.loads(exported)["benchmarks"]
        if passed and rows:
            return [_of_stats(str(row["fullname"]), row["stats"]) for row in rows]
    except (ValueError, KeyError, TypeError):
        pass
    if "unrecognized arguments: --benchmark" in text or re.search("No module named '?pytest", text):
        raise NoMeasure(
            f"pytest-benchmark is not installed for the project's Python ({python}). Ask for it with"
            " install_dependency, as dev, or time a whole command."
        )
    said = shown(text.strip(), limits().tools.command_characters // 2)
    raise NoMeasure(f"The tests measured nothing; each must take the fixture `benchmark`:\n{said}")


def _of_stats(name: str, stats: dict[str, Any]) -> Measure:
    """Half of the range that the middle half of the runs lies in is their distance from the median."""
    spread = float(stats["iqr"]) / 2
    low, high = float(stats["min"]), float(stats["max"])
    return Measure(name, "pytest-benchmark", float(stats["median"]), spread, low, high, int(stats["rounds"]))


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds * 1e6:.3g} µs" if seconds >= 1e-6 else f"{seconds * 1e9:.3g} ns"
