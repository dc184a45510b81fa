"""The list of files that differ: one line a file, only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message

from core.view.files import File
from tui.canvas import Canvas
from tui.ink import role_ink
from tui.paint import Line, Span, cut_left, spread, width_of
from tui.verdicts import KIND_LETTERS, file_state

_WIDE = 60
"""Cells from which a line says who wrote the file whatever its name, and its state in words."""


class FileList(Canvas):
    class Picked(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    can_focus = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="-empty")
        self._files: Sequence[File] = ()
        self._current = 0

    def show(self, files: Sequence[File], current: int) -> None:
        self._files, self._current = files, current
        self.resize_to(len(files))
        if current < self.scroll_offset.y:
            self.scroll_to(y=current, animate=False, immediate=True)
        elif current >= self.scroll_offset.y + self.size.height > 0:
            self.scroll_to(y=current - self.size.height + 1, animate=False, immediate=True)
        self.refresh()

    def line(self, y: int) -> Line:
        if y >= len(self._files):
            return []
        file, width = self._files[y], self.room
        ground = " on-cursor" if y == self._current else ""
        mark, ink, _ = file_state(file)
        right = self._right(file, width >= _WIDE, ground)
        if width < _WIDE and file.roles and _beside(file, width, right):
            right = [Span(f"{file.roles[-1]}  ", f"{role_ink(file.roles[-1])}{ground}"), *right]
        letter, letter_ink = KIND_LETTERS[file.kind]
        left = [
            Span("▸ " if ground else "  ", f"accent{ground}"),
            Span(f"{mark} ", f"{ink} bold{ground}"),
            Span(f"{letter} ", f"{letter_ink}{ground}"),
        ]
        name = cut_left(file.label, width - width_of(left) - width_of(right) - 1)
        left.append(Span(name, f"bold{ground}" if ground else ""))
        line = spread(left, right, width)
        return [Span(text, spanned if spanned else ground.strip()) for text, spanned in line]

    @staticmethod
    def _right(file: File, wide: bool, ground: str) -> Line:
        _, ink, words = file_state(file)
        line: Line = []
        if file.overlaps:
            line.append(Span("⚠ ", f"warn{ground}"))
        if wide and file.roles:
            line.append(Span(f"{file.roles[-1]}  ", f"{role_ink(file.roles[-1])}{ground}"))
        line += [Span(f"+{file.added}", f"good{ground}"), Span(f" -{file.removed}", f"bad{ground}")]
        if wide:
            line.append(Span(f"  {words:>11}", f"{ink}{ground}"))
        return line

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < len(self._files):
            self.post_message(self.Picked(index))


def _beside(file: File, width: int, right: Line) -> bool:
    """Whether who wrote the file fits beside its whole name."""
    marks = 6
    return cell_len(file.label) + marks + len(file.roles[-1]) + 2 + width_of(right) < width
