"""A unified diff taken apart into lines with their numbers, for drawing."""

import re
from typing import Literal, NamedTuple, TypeAlias

LineKind: TypeAlias = Literal["added", "removed", "same", "hunk", "note"]

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
_KINDS: dict[str, LineKind] = {"+": "added", "-": "removed", " ": "same", "\\": "note"}


class PatchLine(NamedTuple):
    kind: LineKind
    old: int
    """Line number before, from 1; 0 where the line was not there."""
    new: int
    text: str
    """Without the mark in front."""


def parse_patch(patch: str) -> list[PatchLine]:
    """Take the hunks of one file's diff apart; what stands before the first hunk is left out."""
    lines: list[PatchLine] = []
    old = new = 0
    for line in patch.split("\n"):
        if line.startswith("@@") and (hunk := _HUNK.match(line)):
            old, new = int(hunk[1]), int(hunk[2])
            lines.append(PatchLine("hunk", old, new, line))
            continue
        if not lines or not line:
            continue
        kind = _KINDS.get(line[0], "note")
        lines.append(
            PatchLine(kind, old if kind != "added" else 0, new if kind != "removed" else 0, line[1:])
        )
        old += kind in ("removed", "same")
        new += kind in ("added", "same")
    return lines
