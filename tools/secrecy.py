"""The boundary that secrets do not cross: what a model may ask for, and what it gets to read."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.limits import limits
from core.sandbox.masking import MARK, Masked, mask
from core.sandbox.secrecy import hidden_files, known_values
from core.stage.change import StageError
from core.text import clip
from tools.workbench import TestReport, ToolError, ToolResult, Workbench

_LOOKED_AT = 4
"""So many times what a model gets is looked through; the rest would be left out anyway."""


def check_secrecy(bench: Workbench, writes: bool, arguments: Mapping[str, Any]) -> None:
    """Raises `ToolError` where a call asks for a hidden file, or would write the mark over a secret."""
    path = arguments.get("path")
    if not isinstance(path, str):
        return
    hidden = hidden_files(bench.stage.tree, bench.stage.project).files
    if not hidden and not writes:
        return
    try:
        place = bench.stage.locate(path)
    except (StageError, ValueError):
        return  # the tool itself says what is wrong
    if hidden and (place in hidden or _real(bench.stage.tree, place) in hidden):
        raise ToolError(
            f"{place} is hidden, since it holds secrets; commands find it empty. Work without it: its names can be"
            f' in an example file. Only the user can show it, with show = ["{place}"] under [sandbox] in policy.toml,'
            " in the folder that `heddle doctor` prints as configuration."
        )
    marked = any(isinstance(each, str) and MARK in each for each in arguments.values())
    if writes and marked and not _holds_mark(bench.stage.tree / place):
        raise ToolError(
            f"The text holds {MARK}, which stands for a secret that you were not shown: writing it would destroy"
            " the secret. Change only the lines around it, with edit_file."
        )


def _real(tree: Path, place: str) -> str:
    """The place that links in the way lead to."""
    return os.path.relpath(os.path.realpath(tree / place), os.path.realpath(tree))


def _holds_mark(path: Path) -> bool:
    try:
        return not path.is_file() or MARK in path.read_text("utf-8", "replace")
    except OSError:
        return False


def without_secrets(result: ToolResult, bench: Workbench) -> ToolResult:
    """The result with every secret masked, and a note about it."""
    values = known_values(bench.stage.tree, bench.stage.project)
    masked = mask(clip(result.text, _LOOKED_AT * limits().tools.output_characters), values)
    tests = result.tests and _report_without(result.tests, values)
    if not masked.kinds:
        return replace(result, tests=tests) if tests else result
    return replace(result, text=_noted(masked), tests=tests, masked=masked.counts)


def _noted(masked: Masked) -> str:
    return f"{masked.text}\n({MARK} stands for {', '.join(masked.kinds)}: not shown to models.)"


def _report_without(report: TestReport, values: frozenset[str]) -> TestReport:
    failures = tuple(replace(each, message=mask(each.message, values).text) for each in report.failures)
    return replace(report, failures=failures, text=mask(report.text, values).text)
