"""The patch of one file: unified or side by side, with a cursor on one of its pieces."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from core.view.credits import Credit, credited, credits_of
from core.view.files import File
from core.view.finding import Search, file_lines
from core.view.layout import Block, Entry, lay_out
from core.view.patch import LineKind, PatchLines
from core.view.steps import Steps
from tui.actions import Scope
from tui.canvas import Canvas
from tui.code import ink_rows, mark_places
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut, cut_line, plain, spread, width_of, wrap
from tui.rows import Rows
from tui.syntax import Colours
from tui.verdicts import credit_line, file_notes, head_line
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
_AUTHOR, _NUMBER = 14, 3
"""Cells of the column that names who wrote a line, and of one that has room for the number in the list only."""
_WIDE = 100
"""Cells from which each of two columns names them."""


class PatchView(Canvas):
    can_focus = True
    scope: Scope = "diffs"
    """Whose actions the footer offers."""

    def __init__(self, steps: Steps, *, id: str) -> None:
        super().__init__(id=id)
        self._steps = steps
        self.piece = -1
        """Index of the current piece; -1 where the file has none."""
        self.pairs = self.tight = self.authors = False
        """Side by side; without unchanged lines; with who wrote each line."""
        self.search: Search | None = None
        """The word whose places are marked."""
        self._whole = False
        """Nothing is folded: the line that was found would be hidden."""
        self._file: File | None = None
        self._shown: tuple[object, ...] = ()
        self._lines = PatchLines([], [])
        self._blocks: Sequence[Block] = ()
        self._colours = Colours("", ())
        self._notes: Lines = []
        self._credits: list[Credit] = []
        """Who wrote it, by the numbers in the column; nobody while that is not shown."""
        self._digits = 1
        self._rows = Rows(self._lines, (), 0, 1, 1)

    # -- what is shown ---------------------------------------------------------------------------

    def show(self, file: File | None) -> None:
        """Draw a file's patch, from its begin when it is another file."""
        key = (file.path, file.version, file.conflict) if file else ()
        other = not self._shown or not key or key[0] != self._shown[0]
        self._file = file
        if key != self._shown or file is None:
            self._shown, self._whole = key, False
            self._lines = file_lines(file) if file else PatchLines([], [])
            self._colours = Colours(file.path if file else "", self._lines)
            self._digits = len(str(self._lines.largest))
            self._arrange()
        elif self._compose_notes() != self._notes:
            self._lay_out()
        if other:
            self.piece = 0 if self._rows.heads else -1
            self.scroll_to(0, 0, animate=False, immediate=True)
        self.piece = min(self.piece, len(self._rows.heads) - 1)
        self.refresh()

    def _arrange(self) -> None:
        pieces = self._file.pieces if self._file and self._file.conflict is None else ()
        pairs = self.pairs and self._file is not None and self._file.kind != "added"
        self._blocks = lay_out(self._lines, pieces, pairs=pairs, tight=self.tight, whole=self._whole)
        self._lay_out()

    def _lay_out(self) -> None:
        self._notes = self._compose_notes()
        rooms = (self._text_room(False), self._text_room(True))
        self._rows = Rows(self._lines, self._blocks, len(self._notes), *rooms)
        self.resize_to(self._rows.end)

    def _compose_notes(self) -> Lines:
        width = max(10, self.room)
        if self._file is None:
            return wrap([Span(_EMPTY, "dim")], width)
        notes = file_notes(self._file, len(self._lines), width)
        self._credits = credits_of(self._file, self._steps) if self.authors else []
        for number, credit in enumerate(self._credits, 1):
            notes += wrap(credit_line(number, credit), width)
        return notes

    def _text_room(self, half: bool) -> int:
        """Cells for the text beside bar, numbers and mark; of one of two columns, or of the only one."""
        if half:
            return max(8, (self.room - 1) // 2 - self._digits - 4 - self._author_room(True))
        return max(8, self.room - 2 * self._digits - 5 - self._author_room(False))

    def _author_room(self, half: bool) -> int:
        if not self.authors:
            return 0
        return _NUMBER if half and self.room < _WIDE else _AUTHOR

    def on_resize(self) -> None:
        self._lay_out()

    def toggle(self, what: str) -> None:
        """Turn `pairs`, `tight` or `authors` on or off, and stay at the current piece."""
        setattr(self, what, not getattr(self, what))
        self._whole = False
        self._arrange()
        self.point(self.piece)

    # -- the cursor ------------------------------------------------------------------------------

    def point(self, piece: int) -> None:
        """Make a piece the current one, and bring it into sight."""
        self.piece = piece
        if (row := self._rows.head_of(piece)) is not None:
            end = self._rows.end_of(row)
            top, height = self.scroll_offset.y, max(1, self.size.height)
            if row < top or end > top + height:
                self.scroll_to(y=max(0, row - min(2, row)), animate=False, immediate=True, force=True)
        self.refresh()

    def reveal(self, line: int) -> None:
        """Bring a line into sight, with its piece as the current one; one above the first is the file's name."""
        if line < 0:
            self.scroll_to(y=0, animate=False, immediate=True)
            return
        row = self._rows.row_of_line(line)
        if row is None and not self._whole:
            self._whole = True
            self._arrange()
            row = self._rows.row_of_line(line)
        found = self._rows.at(row) if row is not None else None
        if row is None or found is None:
            return
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if not top <= row < top + height - 1:
            self.scroll_to(y=max(0, row - height // 3), animate=False, immediate=True, force=True)
        if found[0].piece >= 0:
            self.piece = found[0].piece

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Who scrolls away from the current piece decides on the one that is in sight."""
        super().watch_scroll_y(old_value, new_value)
        top, bottom = int(new_value), int(new_value) + self.size.height
        rows = self._rows
        row = rows.head_of(self.piece)
        if row is None or (row < bottom and rows.end_of(row) > top):
            return
        near = rows.near(top)
        if rows.heads[near] < bottom:
            self.piece = rows.pieces[near]
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        found = self._rows.at(event.y + self.scroll_offset.y)
        if found is not None and found[0].piece >= 0:
            self.piece = found[0].piece
            self.refresh()

    # -- rows ------------------------------------------------------------------------------------

    def line(self, y: int) -> Line:
        if y < len(self._notes):
            return self._notes[y]
        found = self._rows.at(y)
        if found is None:
            return []
        entry, row = found
        match entry.kind:
            case "head":
                return self._head(entry)
            case "gap":
                return [self._bar(entry), Span(f"  ⋯ {plural(entry.hidden, 'unchanged line')}", "faint")]
            case "line":
                return [self._bar(entry), *self._single(entry, row)]
            case "pair":
                left = self._half(entry, row, "removed")
                right = self._half(entry, row, "added")
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
            front.append(self._author(entry.piece, entry.left if row == 0 else -1, _AUTHOR))
        front.append(Span(f"{mark} " if row == 0 else "  ", f"{ink} {ground}".strip()))
        return [*front, *(rows[row] if row < len(rows) else [])]

    def _author(self, at: int, index: int, width: int) -> Span:
        """Who wrote a line, by the number in the list above; nobody for a line that is as it was, or for none (-1)."""
        file = self._file
        if file is None or index < 0 or self._lines[index].kind not in ("added", "removed"):
            return Span(" " * width)
        piece = file.pieces[at] if at >= 0 else None
        key = credited(file, piece, self._lines[index].new, self._steps)
        role = key.role if key is not None else (piece.role if piece is not None else "")
        role = role or (file.roles[-1] if file.roles else "")
        numbers = [f"{number} " for number, one in enumerate(self._credits, 1) if one.key == key]
        words = "".join(numbers) + role if width == _AUTHOR else "".join([*numbers, role[:1]])
        return Span(cut(words, width - 1).ljust(width), role_ink(role))

    def _half(self, entry: Entry, row: int, side: LineKind) -> Line:
        """One side of a pair; the number that it had there."""
        index, other = (entry.left, entry.right) if side == "removed" else (entry.right, entry.left)
        room, digits, author = self._text_room(True), self._digits, self._author_room(True)
        width = room + digits + 3 + author
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
            *([self._author(entry.piece, index if row == 0 else -1, author)] if author else []),
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
        rows = ink_rows(text, room, ink, ground, self._colours.of(index), words, f"{ground}-word")
        if self.search is None:
            return rows
        return [mark_places(row, self.search.places(plain(row)), len(self.search.word)) for row in rows]
