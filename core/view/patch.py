"""A unified diff taken apart into lines with their numbers, and those lines laid out for reading."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from core.view.files import Piece

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


def owners(lines: Sequence[PatchLine], pieces: Sequence[Piece]) -> list[int]:
    """For each line the index of the piece that it is part of; -1 for none."""
    news = [piece.new_start for piece in pieces]
    olds = [piece.old_start for piece in pieces]
    found: list[int] = []
    for line in lines:
        index = -1
        if line.kind in ("added", "same"):
            at = bisect_right(news, line.new) - 1
            if at >= 0 and line.new < pieces[at].new_start + pieces[at].new_lines:
                index = at
        elif line.kind == "removed":
            at = bisect_right(olds, line.old) - 1
            if at >= 0 and line.old < pieces[at].old_start + pieces[at].old_lines:
                index = at
        found.append(index)
    return found


class Entry(NamedTuple):
    """One thing in a column of things, each of which takes a row or more."""

    kind: Literal["head", "line", "pair", "gap"]
    piece: int
    """Index of the piece that it is part of; -1 for none."""
    left: int = -1
    """Index of the line; in a pair, of the one before the change (-1: none)."""
    right: int = -1
    """In a pair, index of the line after the change; -1 for none."""
    text: str = ""
    """What stands behind a head's `@@ … @@`."""
    hidden: int = 0
    """Lines that a gap stands for; 0 when nobody knows."""


_KEPT, _FOLDED = 3, 9
"""Unchanged lines that stay beside a change, and how many in a row there must be for the rest to be folded."""


def lay_out(
    lines: Sequence[PatchLine], pieces: Sequence[Piece], *, pairs: bool = False, tight: bool = False
) -> list[Entry]:
    """All entries of a patch.

    Args:
        pairs: put what was before beside what came of it.
        tight: fold unchanged lines away altogether.
    """
    return _Layout(lines, pieces, pairs, tight).entries()


class _Layout:
    def __init__(self, lines: Sequence[PatchLine], pieces: Sequence[Piece], pairs: bool, tight: bool) -> None:
        self.lines = lines
        self.pairs = pairs
        self.kept = 0 if tight else _KEPT
        self.owner = owners(lines, pieces)
        self.headed: set[int] = set()
        self.out: list[Entry] = []

    def entries(self) -> list[Entry]:
        starts = [index for index, line in enumerate(self.lines) if line.kind == "hunk"]
        end = 1
        for start, stop in zip(starts, [*starts, len(self.lines)][1:], strict=True):
            missing = self.lines[start].new - end
            if self.out and missing > 0:
                self.out.append(Entry("gap", -1, hidden=missing))
            self._section(start, stop)
            last = next((i for i in range(stop - 1, start, -1) if self.lines[i].new), start)
            end = self.lines[last].new + (last != start)
        return self.out

    def _section(self, start: int, stop: int) -> None:
        """One `@@` section: it may hold no piece, one, or several."""
        inside = next(
            (owner for owner in self.owner[start + 1 : stop] if owner not in (-1, *self.headed)), -1
        )
        self._head(inside, self.lines[start].text)
        index = start + 1
        while index < stop:
            if self.lines[index].kind == "same":
                index = self._unchanged(index, stop, first=index == start + 1)
            else:
                index = self._changed(index, stop)

    def _head(self, piece: int, text: str = "") -> None:
        self.headed.add(piece)
        self.out.append(Entry("head", piece, text=text))

    def _head_of(self, index: int) -> None:
        piece = self.owner[index]
        if piece != -1 and piece not in self.headed:
            self._head(piece)

    def _unchanged(self, index: int, stop: int, *, first: bool) -> int:
        end = index
        while end < stop and self.lines[end].kind == "same":
            end += 1
        kept, size = self.kept, end - index
        if kept and size < _FOLDED:
            self._all(index, end)
            return end
        before = 0 if first else min(kept, size)
        after = 0 if end == stop else min(kept, size - before)
        self._all(index, index + before)
        if (hidden := size - before - after) > 0:
            self.out.append(Entry("gap", self.owner[index], hidden=hidden))
        self._all(end - after, end)
        return end

    def _all(self, start: int, end: int) -> None:
        for index in range(start, end):
            self._head_of(index)
            self.out.append(self._both(index))

    def _both(self, index: int) -> Entry:
        if self.pairs:
            return Entry("pair", self.owner[index], index, index)
        return Entry("line", self.owner[index], index)

    def _changed(self, index: int, stop: int) -> int:
        """Lines up to the next unchanged one; in pairs, the removed ones beside the added ones."""
        end = index
        while end < stop and self.lines[end].kind != "same":
            end += 1
        if not self.pairs:
            self._all(index, end)
            return end
        while index < end:
            index = self._block(index, end)
        return end

    def _block(self, index: int, end: int) -> int:
        """Removed lines, and the added ones that follow them, of one piece."""
        piece, first = self.owner[index], index
        while index < end and self.lines[index].kind == "removed" and self.owner[index] == piece:
            index += 1
        middle = index
        while index < end and self.lines[index].kind == "added" and self.owner[index] == piece:
            index += 1
        if index == first:
            self._head_of(index)
            self.out.append(self._both(index))
            return index + 1
        self._head_of(first)
        for row in range(max(middle - first, index - middle)):
            left = first + row if first + row < middle else -1
            right = middle + row if middle + row < index else -1
            self.out.append(Entry("pair", piece, left, right))
        return index


def parse_conflict(text: str) -> list[PatchLine]:
    """A file with conflict markers as lines: the user's side as removed ones, the agents' as added ones."""
    lines = [PatchLine("hunk", 1, 1, "")]
    kind: LineKind = "same"
    old = new = 1
    for line in text.split("\n"):
        side = _SIDES.get(line[:7]) if len(line) == 7 or line[7:8] == " " else None
        if side is not None:
            kind, title = side
            lines.append(PatchLine("hunk", old, new, title))
            continue
        lines.append(PatchLine(kind, old if kind != "added" else 0, new if kind != "removed" else 0, line))
        old += kind in ("removed", "same")
        new += kind in ("added", "same")
    return lines


_SIDES: dict[str, tuple[LineKind, str]] = {
    "<<<<<<<": ("removed", "── yours"),
    "|||||||": ("note", "── before both"),
    "=======": ("added", "── the team's"),
    ">>>>>>>": ("same", "──"),
}
