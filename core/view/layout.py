"""A patch's lines laid out for reading, in blocks: what stands above what, and what is folded away."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from core.view.files import Piece
from core.view.patch import PatchLines, Stretch

EntryKind: TypeAlias = Literal["head", "line", "pair", "gap"]


class Entry(NamedTuple):
    """One thing in a column of things, each of which takes a row or more."""

    kind: EntryKind
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


class Block(NamedTuple):
    """Entries one below the other whose lines follow each other too."""

    first: Entry
    size: int = 1

    def entry(self, number: int) -> Entry:
        """One of them, counted from 0."""
        first = self.first
        if not number:
            return first
        left = first.left + number if first.left >= 0 else -1
        right = first.right + number if first.right >= 0 else -1
        return Entry(first.kind, first.piece, left, right)


_KEPT, _FOLDED = 3, 9
"""Unchanged lines that stay beside a change, and how many in a row there must be for the rest to be folded."""
_LARGEST = 512
"""Entries of one block, so that one line that is different does not make a hundred thousand costly."""


def entries_of(blocks: Iterable[Block]) -> Iterator[Entry]:
    """All entries, one by one."""
    return (block.entry(number) for block in blocks for number in range(block.size))


def lay_out(
    lines: PatchLines,
    pieces: Sequence[Piece],
    *,
    pairs: bool = False,
    tight: bool = False,
    whole: bool = False,
) -> list[Block]:
    """All entries of a patch.

    Args:
        pairs: put what was before beside what came of it.
        tight: fold unchanged lines away altogether.
        whole: fold nothing.
    """
    return _Layout(lines, pieces, pairs, len(lines) if whole else 0 if tight else _KEPT).blocks()


class _Part(NamedTuple):
    """Lines of one kind and of one piece."""

    kind: str
    start: int
    stop: int
    piece: int


class _Layout:
    def __init__(self, lines: PatchLines, pieces: Sequence[Piece], pairs: bool, kept: int) -> None:
        self.lines = lines
        self.pairs = pairs
        self.kept = kept
        self.headed: set[int] = {-1}
        self.out: list[Block] = []
        self._olds = _Spans([(piece.old_start, piece.old_lines) for piece in pieces])
        self._news = _Spans([(piece.new_start, piece.new_lines) for piece in pieces])

    def blocks(self) -> list[Block]:
        all_of = self.lines.stretches
        starts = [index for index, stretch in enumerate(all_of) if stretch.kind == "hunk"]
        end = 1
        for start, stop in pairwise([*starts, len(all_of)]):
            missing = all_of[start].new - end
            if self.out and missing > 0:
                self._one(Entry("gap", -1, hidden=missing))
            end = self._section(all_of[start], all_of[start + 1 : stop])
        return self.out

    def _section(self, head: Stretch, body: Sequence[Stretch]) -> int:
        """One `@@` section: it may hold no piece, one, or several. Gives the line number behind its last line."""
        parts = [self._split(stretch) for stretch in body]
        inside = next((part.piece for some in parts for part in some if part.piece not in self.headed), -1)
        self._head(inside, self.lines.texts[head.start])
        changed: list[_Part] = []
        for number, (stretch, some) in enumerate(zip(body, parts, strict=True)):
            if stretch.kind != "same":
                changed += some
                continue
            self._changed(changed)
            changed = []
            self._unchanged(stretch, some, first=number == 0, last=number == len(body) - 1)
        self._changed(changed)
        counted = [stretch for stretch in (head, *body) if stretch.kind != "removed"][-1]
        return counted.line(counted.stop - 1, "").new + (counted is not head)

    def _split(self, stretch: Stretch) -> list[_Part]:
        """A stretch by the pieces that its lines are part of."""
        match stretch.kind:
            case "added" | "same":
                spans, number = self._news, stretch.new
            case "removed":
                spans, number = self._olds, stretch.old
            case "hunk" | "note":
                return [_Part(stretch.kind, stretch.start, stretch.stop, -1)]
        parts: list[_Part] = []
        for begin, end, piece in spans.cut(number, stretch.stop - stretch.start):
            if parts and parts[-1].piece == piece:
                parts[-1] = parts[-1]._replace(stop=stretch.start + end)
            else:
                parts.append(_Part(stretch.kind, stretch.start + begin, stretch.start + end, piece))
        return parts

    def _one(self, entry: Entry) -> None:
        self.out.append(Block(entry))

    def _head(self, piece: int, text: str = "") -> None:
        self.headed.add(piece)
        self._one(Entry("head", piece, text=text))

    def _unchanged(self, stretch: Stretch, parts: Sequence[_Part], *, first: bool, last: bool) -> None:
        kept, size = self.kept, stretch.stop - stretch.start
        if kept and size < _FOLDED:
            self._all(parts, stretch.start, stretch.stop)
            return
        before = 0 if first else min(kept, size)
        after = 0 if last else min(kept, size - before)
        self._all(parts, stretch.start, stretch.start + before)
        if (hidden := size - before - after) > 0:
            self._one(Entry("gap", parts[0].piece, hidden=hidden))
        self._all(parts, stretch.stop - after, stretch.stop)

    def _all(self, parts: Sequence[_Part], start: int, stop: int) -> None:
        """Lines of some parts, each as itself."""
        for part in parts:
            begin, end = max(start, part.start), min(stop, part.stop)
            if begin < end:
                self._many(part.piece, begin, begin if self.pairs else -1, end - begin)

    def _many(self, piece: int, left: int, right: int, count: int) -> None:
        if piece not in self.headed:
            self._head(piece)
        kind: EntryKind = "pair" if self.pairs else "line"
        for begin in range(0, count, _LARGEST):
            first = Entry(kind, piece, left + begin if left >= 0 else -1, right + begin if right >= 0 else -1)
            self.out.append(Block(first, min(_LARGEST, count - begin)))

    def _changed(self, parts: Sequence[_Part]) -> None:
        """Lines between two unchanged ones; in pairs, the removed ones beside the added ones."""
        if not self.pairs:
            for part in parts:
                self._all([part], part.start, part.stop)
            return
        index = 0
        while index < len(parts):
            part = parts[index]
            after = parts[index + 1] if index + 1 < len(parts) else None
            index += 1
            if part.kind == "added":
                self._many(part.piece, -1, part.start, part.stop - part.start)
            elif part.kind != "removed":
                self._all([part], part.start, part.stop)
            elif after is None or (after.kind, after.piece) != ("added", part.piece):
                self._many(part.piece, part.start, -1, part.stop - part.start)
            else:
                self._side_by_side(part, after)
                index += 1

    def _side_by_side(self, before: _Part, after: _Part) -> None:
        olds, news = before.stop - before.start, after.stop - after.start
        both = min(olds, news)
        self._many(before.piece, before.start, after.start, both)
        if olds > both:
            self._many(before.piece, before.start + both, -1, olds - both)
        if news > both:
            self._many(before.piece, -1, after.start + both, news - both)


class _Spans:
    """Which piece a line number is part of: pieces stand in the order of their first lines."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def cut(self, number: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Lines from a number on in parts: where each begins and ends, from 0, and its piece or -1."""
        begin = 0
        while begin < count:
            at = bisect_right(self._starts, number + begin) - 1
            end, piece = count, -1
            if at >= 0 and number + begin < sum(self._spans[at]):
                end, piece = min(end, sum(self._spans[at]) - number), at
            if at + 1 < len(self._starts):
                end = min(end, self._starts[at + 1] - number)
            yield begin, end, piece
            begin = end
