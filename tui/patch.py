"""The patch of one file: unified or side by side, with a cursor on one of its pieces."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from textual import events

from core.view.files import File
from core.view.patch import Entry, LineKind, PatchLine, lay_out, parse_conflict, parse_patch
from tui.canvas import Canvas
from tui.code import ink_rows, rows_of
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut, cut_line, spread, width_of, wrap
from tui.syntax import Colours
from tui.verdicts import file_notes, head_line
from tui.wording import plural
from tui.wordwise import changed_words, partner

_LOOKS: dict[LineKind, tuple[str, str, str]] = {
    # kind: (mark, ink, ground)
    "added": ("+", "added", "on-added"),
    "removed": ("-", "removed", "on-removed"),
    "same": (" ", "", ""),
    "hunk": (" ", "hunk", ""),
    "note": (" ", "dim", ""),
}
_EMPTY = "No file differs from your project. What the team writes shows up here, and waits for your decision."
_AUTHOR = 14
"""Cells of the column that names who wrote a line."""


class PatchView(Canvas):
    can_focus = True

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.piece = -1
        """Index of the current piece; -1 where the file has none."""
        self.pairs = self.tight = self.authors = False
        """Side by side; without unchanged lines; with who wrote each line."""
        self._file: File | None = None
        self._shown: tuple[object, ...] = ()
        self._lines: Sequence[PatchLine] = ()
        self._entries: Sequence[Entry] = ()
        self._colours = Colours("", ())
        self._notes: Lines = []
        self._digits = 1
        self._tops: list[int] = [0]
        """On which row each entry begins, and where the last one ends."""
        self._heads: dict[int, int] = {}
        """On which row the head of each piece stands."""

    # -- what is shown ---------------------------------------------------------------------------

    def show(self, file: File | None) -> None:
        """Draw a file's patch, from its begin when it is another file."""
        key = (file.path, file.version, file.conflict) if file else ()
        other = not self._shown or not key or key[0] != self._shown[0]
        self._file = file
        if key != self._shown or file is None:
            self._shown = key
            self._lines = _lines_of(file) if file else ()
            self._colours = Colours(file.path if file else "", self._lines)
            self._digits = len(str(max((max(line.old, line.new) for line in self._lines), default=1)))
            self._arrange()
        elif self._compose_notes() != self._notes:
            self._lay_out()
        if other:
            self.piece = 0 if self._heads else -1
            self.scroll_to(0, 0, animate=False, immediate=True)
        self.piece = min(self.piece, len(self._heads) - 1) if self._heads else -1
        self.refresh()

    def _arrange(self) -> None:
        pieces = self._file.pieces if self._file and self._file.conflict is None else ()
        pairs = self.pairs and self._file is not None and self._file.kind != "added"
        self._entries = lay_out(self._lines, pieces, pairs=pairs, tight=self.tight)
        self._lay_out()

    def _lay_out(self) -> None:
        self._notes = self._compose_notes()
        heights = (self._height(entry) for entry in self._entries)
        self._tops = list(accumulate(heights, initial=len(self._notes)))
        heads = (
            (entry.piece, top)
            for entry, top in zip(self._entries, self._tops, strict=False)
            if entry.kind == "head"
        )
        self._heads = {piece: top for piece, top in heads if piece >= 0}
        self.resize_to(self._tops[-1])

    def _height(self, entry: Entry) -> int:
        lines, room = self._lines, self._text_room(entry.kind == "pair")
        return max(
            1,
            rows_of(lines[entry.left].text, room) if entry.left >= 0 else 1,
            rows_of(lines[entry.right].text, room) if entry.right >= 0 else 1,
        )

    def _compose_notes(self) -> Lines:
        width = max(10, self.room)
        if self._file is None:
            return wrap([Span(_EMPTY, "dim")], width)
        return file_notes(self._file, len(self._lines), width)

    def _text_room(self, half: bool) -> int:
        """Cells for the text beside bar, numbers and mark; of one of two columns, or of the only one."""
        if half:
            return max(8, (self.room - 1) // 2 - self._digits - 4)
        return max(8, self.room - 2 * self._digits - 5 - (_AUTHOR if self.authors else 0))

    def on_resize(self) -> None:
        self._lay_out()

    def toggle(self, what: str) -> None:
        """Turn `pairs`, `tight` or `authors` on or off, and stay at the current piece."""
        setattr(self, what, not getattr(self, what))
        self._arrange()
        self.point(self.piece)

    # -- the cursor ------------------------------------------------------------------------------

    def point(self, piece: int) -> None:
        """Make a piece the current one, and bring it into sight."""
        self.piece = piece
        if (row := self._heads.get(piece)) is not None:
            end = self._end_of(row)
            top, height = self.scroll_offset.y, max(1, self.size.height)
            if row < top or end > top + height:
                self.scroll_to(y=max(0, row - min(2, row)), animate=False, immediate=True, force=True)
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls away from the current piece decides on the one that is in sight."""
        super().watch_scroll_y(old_value, new_value)
        top, bottom = int(new_value), int(new_value) + self.size.height
        row = self._heads.get(self.piece)
        if row is None or (row < bottom and self._end_of(row) > top):
            return
        rows, pieces = list(self._heads.values()), list(self._heads)
        near = max(0, bisect_right(rows, top) - 1)
        if rows[near] < bottom:
            self.piece = pieces[near]
            self.refresh()

    def _end_of(self, row: int) -> int:
        """Where the piece ends whose head stands on this row: at the next head."""
        rows = list(self._heads.values())
        after = bisect_right(rows, row)
        return rows[after] if after < len(rows) else self._tops[-1]

    def on_click(self, event: events.Click) -> None:
        entry = self._entry(event.y + self.scroll_offset.y)
        if entry is not None and entry.piece >= 0:
            self.piece = entry.piece
            self.refresh()

    # -- rows ------------------------------------------------------------------------------------

    def _entry(self, y: int) -> Entry | None:
        place = bisect_right(self._tops, y) - 1
        return self._entries[place] if 0 <= place < len(self._entries) and y >= len(self._notes) else None

    def line(self, y: int) -> Line:
        if y < len(self._notes):
            return self._notes[y]
        entry = self._entry(y)
        if entry is None:
            return []
        row = y - self._tops[bisect_right(self._tops, y) - 1]
        match entry.kind:
            case "head":
                return self._head(entry)
            case "gap":
                return [self._bar(entry), Span(f"  ⋯ {plural(entry.hidden, 'unchanged line')}", "faint")]
            case "line":
                return [self._bar(entry), *self._single(entry, row)]
            case "pair":
                left = self._half(entry.left, entry.right, row, "removed")
                right = self._half(entry.right, entry.left, row, "added")
                return [self._bar(entry), *left, Span("│", "faint"), *right]

    def _bar(self, entry: Entry) -> Span:
        here = entry.piece >= 0 and entry.piece == self.piece
        return Span("┃" if here else " ", "accent")

    def _head(self, entry: Entry) -> Line:
        file = self._file
        if file is None or entry.piece < 0:
            return [Span(" "), Span(cut(entry.text, self.room - 1), "hunk")]
        piece = file.pieces[entry.piece]
        ground = "on-cursor" if entry.piece == self.piece else ""
        left, right = head_line(piece, entry.piece + 1, len(file.pieces), ground, self.room >= 80)
        role = piece.role or (file.roles[-1] if file.roles else "")
        right = [Span(f"{role}  ", f"{role_ink(role)} {ground}"), *right]
        said = f"  “{piece.comment}”" if piece.comment else "  " + entry.text.rpartition("@@")[2].strip()
        left.append(Span(said, f"{'accent' if piece.comment else 'hunk'} {ground}"))
        line = spread(left, right, self.room)
        return [Span(text, ink if ink else ground) for text, ink in line]

    def _single(self, entry: Entry, row: int) -> Line:
        line, digits = self._lines[entry.left], self._digits
        mark, ink, ground = self._look(entry.left)
        numbers = f"{line.old or '':>{digits}} {line.new or '':>{digits}} "
        rows = self._inked(entry.left, partner(self._lines, entry.left), self._text_room(False))
        front = [Span(numbers if row == 0 else " " * len(numbers), "faint")]
        if self.authors:
            front.append(self._author(entry, row))
        front.append(Span(f"{mark} " if row == 0 else "  ", f"{ink} {ground}".strip()))
        return [*front, *(rows[row] if row < len(rows) else [])]

    def _author(self, entry: Entry, row: int) -> Span:
        file, line = self._file, self._lines[entry.left]
        if file is None or row or line.kind not in ("added", "removed"):
            return Span(" " * _AUTHOR)
        role = file.pieces[entry.piece].role if entry.piece >= 0 else ""
        role = role or (file.roles[-1] if file.roles else "")
        return Span(cut(role, _AUTHOR - 1).ljust(_AUTHOR), role_ink(role))

    def _half(self, index: int, other: int, row: int, side: LineKind) -> Line:
        """One side of a pair; the number that it had there."""
        room, digits = self._text_room(True), self._digits
        width = room + digits + 3
        if index < 0:
            return [Span("╱" * width if row == 0 else " " * width, "edge")]
        line = self._lines[index]
        mark, ink, ground = self._look(index)
        rows = self._inked(index, other if other != index else -1, room)
        if row >= len(rows):
            return [Span(" " * width)]
        number = line.old if side == "removed" else line.new
        shown = f"{number or '':>{digits}} " if row == 0 else " " * (digits + 1)
        drawn = [
            Span(shown, "faint"),
            Span(f"{mark if row == 0 else ' '} ", f"{ink} {ground}".strip()),
            *rows[row],
        ]
        return [*cut_line(drawn, width), Span(" " * max(0, width - width_of(drawn)))]

    def _look(self, index: int) -> tuple[str, str, str]:
        return _LOOKS[self._lines[index].kind]

    def _inked(self, index: int, other: int, room: int) -> Lines:
        """A line's rows, with its colours and the words in which it differs from another line."""
        line = self._lines[index]
        text, (_, ink, ground) = line.text.expandtabs(4), self._look(index)
        words: Sequence[tuple[int, int]] = ()
        if other >= 0 and line.kind in ("added", "removed"):
            there = self._lines[other].text.expandtabs(4)
            words = changed_words(text, there)[0] if line.kind == "removed" else changed_words(there, text)[1]
        return ink_rows(text, room, ink, ground, self._colours.of(index), words, f"{ground}-word")


def _lines_of(file: File) -> Sequence[PatchLine]:
    return parse_conflict(file.conflict.text) if file.conflict is not None else parse_patch(file.patch)
