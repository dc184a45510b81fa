"""Lines of inked text: wrapped, cut and padded by terminal cells. Knows no widget and no colour."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, chop_cells, set_cell_size


class Span(NamedTuple):
    text: str
    ink: str = ""
    """Names out of `tui.ink`, parted by spaces: `role-coder bold`."""


Line: TypeAlias = list[Span]
Lines: TypeAlias = list[Line]

TAB = Span("  ")
"""What stands before everything that a node says or does."""
_PIECES = re.compile(r"\n|[^\S\n]+|\S+")


def width_of(line: Iterable[Span]) -> int:
    """Cells that the line takes."""
    return sum(cell_len(span.text) for span in line)


def plain(line: Iterable[Span]) -> str:
    return "".join(span.text for span in line)


class _Wrapping:
    """Fills lines word by word; a word may change its ink in the middle."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self.lines: Lines = []
        self.line: Line = []
        self.used = 0
        self.word: Line = []
        self.gap: Span | None = None

    def take(self, span: Span) -> None:
        for piece in _PIECES.findall(span.text):
            if piece == "\n":
                self.end_word()
                self.end_line()
            elif piece.isspace():
                self.end_word()
                self.gap = Span(piece.expandtabs(4), span.ink)
            else:
                self.word.append(Span(piece, span.ink))

    def end_word(self) -> None:
        if not self.word:
            return
        size, gap = width_of(self.word), self.gap
        room = self.used + (cell_len(gap.text) if gap else 0) + size
        if self.used and room > self.width:
            self.end_line()
        elif gap:
            self._put(gap)
        for span in self.word:
            self._put(span)
        self.word, self.gap = [], None

    def _put(self, span: Span) -> None:
        size = cell_len(span.text)
        if self.used + size <= self.width:
            self._join(span)
            self.used += size
            return
        for part in chop_cells(span.text, self.width):
            if self.used:
                self.end_line()
            self.line.append(Span(part, span.ink))
            self.used = cell_len(part)

    def _join(self, span: Span) -> None:
        """Words of one ink become one span, so that a line has few."""
        if self.line and self.line[-1].ink == span.ink:
            self.line[-1] = Span(self.line[-1].text + span.text, span.ink)
        else:
            self.line.append(span)

    def end_line(self) -> None:
        self.lines.append(self.line)
        self.line, self.used, self.gap = [], 0, None


def wrap(spans: Iterable[Span], width: int) -> Lines:
    """Break text at words, at most `width` cells a line; newlines break too, and leading space stays."""
    wrapping = _Wrapping(width)
    for span in spans:
        wrapping.take(span)
    wrapping.end_word()
    if wrapping.line or not wrapping.lines:
        wrapping.end_line()
    return wrapping.lines


def chop(text: str, width: int, ink: str = "") -> Lines:
    """Break one line of code at the edge, with its spaces as they are."""
    text = text.expandtabs(4)
    if not text:
        return [[]]
    if len(text) <= width and text.isascii():
        return [[Span(text, ink)]]
    return [[Span(part, ink)] for part in chop_cells(text, max(1, width))]


def cut(text: str, width: int) -> str:
    """One line of at most `width` cells, with `…` where something is missing."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def cut_left(text: str, width: int) -> str:
    """The same for paths, whose end says more than their beginning."""
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    kept = text
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return "…" + kept


def cut_line(line: Sequence[Span], width: int) -> Line:
    """Cut a line of several inks to `width` cells."""
    if width_of(line) <= width:
        return list(line)
    kept: Line = []
    room = width
    for span in line:
        size = cell_len(span.text)
        if size < room:
            kept.append(span)
            room -= size
            continue
        kept.append(Span(cut(span.text + " " * 2, room), span.ink))
        break
    return kept


def spread(left: Sequence[Span], right: Sequence[Span], width: int) -> Line:
    """Two ends of one line; the left one is cut when both do not fit."""
    room = width - width_of(right) - (1 if right else 0)
    head = cut_line(left, max(0, room))
    return [*head, Span(" " * max(0, width - width_of(head) - width_of(right))), *right]


def indent(lines: Iterable[Line], first: Sequence[Span], rest: Sequence[Span] | None = None) -> Lines:
    """Put `first` before the first line and `rest` before the others."""
    begin, further = list(first), list(first if rest is None else rest)
    return [[*(further if index else begin), *line] for index, line in enumerate(lines)]
