"""Which words of a changed line are new: two lines compared word by word."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from core.view.patch import LineKind, PatchLine

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LONGEST = 400
"""Characters from which two lines are not compared."""
_BLOCK = 60
"""Lines of one kind in a row beyond which no line is paired."""
_ALIKE = 0.5
"""How alike two lines must be for their words to be worth telling apart."""

Ranges = tuple[tuple[int, int], ...]


@lru_cache(maxsize=2048)
def changed_words(old: str, new: str) -> tuple[Ranges, Ranges]:
    """Where the old line and the new one differ, as ranges of characters; nothing for lines unlike each other."""
    if max(len(old), len(new)) > _LONGEST:
        return (), ()
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (), ()
    old_ranges: list[tuple[int, int]] = []
    new_ranges: list[tuple[int, int]] = []
    old_ends, new_ends = _ends(before), _ends(after)
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what != "equal":
            if i2 > i1:
                old_ranges.append((old_ends[i1], old_ends[i2]))
            if j2 > j1:
                new_ranges.append((new_ends[j1], new_ends[j2]))
    return tuple(old_ranges), tuple(new_ranges)


def _ends(words: list[str]) -> list[int]:
    """At which character each word begins, and at which the last one ends."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return ends


def partner(lines: Sequence[PatchLine], index: int) -> int:
    """The line that a removed line became, or that an added one was: the same place in its block; -1 for none."""
    line = lines[index]
    if line.kind not in ("added", "removed"):
        return -1
    first = _edge(lines, index, line.kind, -1)
    last = _edge(lines, index, line.kind, 1)
    if line.kind == "removed":
        there = last + 1 + index - first
        return there if there < len(lines) and lines[there].kind == "added" else -1
    if first == 0 or lines[first - 1].kind != "removed":
        return -1
    there = _edge(lines, first - 1, "removed", -1) + index - first
    return there if there < first else -1


def _edge(lines: Sequence[PatchLine], index: int, kind: LineKind, step: int) -> int:
    """The last line of the same kind in a direction; not further than `_BLOCK` lines."""
    for _ in range(_BLOCK):
        there = index + step
        if not 0 <= there < len(lines) or lines[there].kind != kind:
            break
        index = there
    return index
