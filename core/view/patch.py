"""A unified diff taken apart into lines with their numbers: kept as runs, so that a long one costs little."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias, overload

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


class Stretch(NamedTuple):
    """Lines of one kind, one after the other."""

    kind: LineKind
    start: int
    stop: int
    """Indexes of the first line, and of the one after the last."""
    old: int
    """The number before of the first one, or of the next line that was there."""
    new: int

    def line(self, index: int, text: str) -> PatchLine:
        old, new = self.old, self.new
        if self.kind in ("removed", "same"):
            old += index - self.start
        if self.kind in ("added", "same"):
            new += index - self.start
        return PatchLine(
            self.kind, 0 if self.kind == "added" else old, 0 if self.kind == "removed" else new, text
        )


class PatchLines(Sequence[PatchLine]):
    """The lines of a patch. A line is made when it is looked at."""

    def __init__(self, texts: list[str], stretches: list[Stretch]) -> None:
        self.texts = texts
        """Each line's text, without its mark."""
        self.stretches = stretches
        """All lines, in their order."""
        self._starts = [stretch.start for stretch in stretches]

    @overload
    def __getitem__(self, index: int) -> PatchLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[PatchLine]: ...
    def __getitem__(self, index: int | slice) -> PatchLine | list[PatchLine]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        at = index if index >= 0 else index + len(self.texts)
        text = self.texts[at]
        return self.stretches[bisect_right(self._starts, at) - 1].line(at, text)

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[PatchLine]:
        for stretch in self.stretches:
            for index in range(stretch.start, stretch.stop):
                yield stretch.line(index, self.texts[index])

    def at(self, index: int) -> int:
        """Which stretch a line is part of."""
        return bisect_right(self._starts, index) - 1

    @property
    def largest(self) -> int:
        """The largest line number; 1 where there is no line."""
        counts = (
            max(_counted(each.kind, each.old, each.new)) + each.stop - each.start for each in self.stretches
        )
        return max(counts, default=2) - 1


def _counted(kind: LineKind, old: int, new: int) -> tuple[int, ...]:
    """The numbers that a stretch's lines have."""
    match kind:
        case "added":
            return (new,)
        case "removed":
            return (old,)
        case "same" | "hunk" | "note":
            return (old, new)


class _Taking:
    """Puts lines together, and counts them."""

    def __init__(self, old: int, new: int) -> None:
        self.texts: list[str] = []
        self.stretches: list[Stretch] = []
        self.old, self.new = old, new

    def take(self, kind: LineKind, texts: list[str]) -> None:
        start, stop = len(self.texts), len(self.texts) + len(texts)
        last = self.stretches[-1] if self.stretches else None
        if last is not None and last.kind == kind != "hunk":
            self.stretches[-1] = last._replace(stop=stop)
        else:
            self.stretches.append(Stretch(kind, start, stop, self.old, self.new))
        self.texts += texts
        if kind in ("removed", "same"):
            self.old += len(texts)
        if kind in ("added", "same"):
            self.new += len(texts)

    @property
    def lines(self) -> PatchLines:
        return PatchLines(self.texts, self.stretches)


def parse_patch(patch: str) -> PatchLines:
    """Take the hunks of one file's diff apart; what stands before the first hunk is left out."""
    taking = _Taking(0, 0)
    for mark, group in groupby(filter(None, patch.split("\n")), itemgetter(0)):
        if mark == "@":
            for line in group:
                _take_at(taking, line)
        elif taking.texts:
            taking.take(_KINDS.get(mark, "note"), [line[1:] for line in group])
    return taking.lines


def _take_at(taking: _Taking, line: str) -> None:
    hunk = _HUNK.match(line)
    if hunk is not None:
        taking.old, taking.new = int(hunk[1]), int(hunk[2])
        taking.take("hunk", [line])
    elif taking.texts:
        taking.take("note", [line[1:]])


def parse_conflict(text: str) -> PatchLines:
    """A file with conflict markers as lines: the user's side as removed ones, the agents' as added ones."""
    taking = _Taking(1, 1)
    taking.take("hunk", [""])
    kind: LineKind = "same"
    for mark, group in groupby(text.split("\n"), _side_of):
        lines = list(group)
        if not mark:
            taking.take(kind, lines)
            continue
        for _ in lines:
            kind, title = _SIDES[mark]
            taking.take("hunk", [title])
    return taking.lines


def _side_of(line: str) -> str:
    """Which conflict marker a line is; empty where it is none."""
    mark = line[:7]
    return mark if mark in _SIDES and (len(line) == 7 or line[7] == " ") else ""


_SIDES: dict[str, tuple[LineKind, str]] = {
    "<<<<<<<": ("removed", "── yours"),
    "|||||||": ("note", "── before both"),
    "=======": ("added", "── the team's"),
    ">>>>>>>": ("same", "──"),
}
