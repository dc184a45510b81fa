"""The list that opens above the prompt while a name is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import events
from textual.message import Message

from tui.canvas import Page
from tui.keymap import Keymap
from tui.paint import Line, Lines, Span, cut, spread, width_of

if TYPE_CHECKING:
    from tui.completing import Choice

MOST = 8
"""Rows; more is typed, not read."""


class Choices(Page):
    """Shows what the name may become; hidden while there is nothing."""

    can_focus = False

    class Picked(Message):
        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="-hidden")
        self._choices: Sequence[Choice] = ()
        self._current = 0
        self._column = 0
        """Where the notes begin."""

    @property
    def open(self) -> bool:
        return bool(self._choices)

    @property
    def picked(self) -> Choice | None:
        return self._choices[self._current] if self._choices else None

    def offer(self, choices: Sequence[Choice]) -> None:
        """Show these; none hides the list. The mark goes back to the first."""
        self._choices, self._current = choices, 0
        self._column = 4 + max((cell_len(choice.label) for choice in choices), default=0)
        self.set_class(not choices, "-hidden")
        self.redraw()

    def step(self, by: int) -> None:
        self._current = (self._current + by) % max(1, len(self._choices))
        self.redraw()

    def redraw(self) -> None:
        width = self.container_size.width or self.app.size.width
        self._lines = self.compose_lines(max(1, width))
        self.resize_to(len(self._lines))

    def compose_lines(self, width: int) -> Lines:
        first = max(0, min(self._current - MOST // 2, len(self._choices) - MOST))
        shown = range(first, min(first + MOST, len(self._choices)))
        lines = [self._row(index, width) for index in shown]
        if len(self._choices) > MOST:
            keymap: Keymap = self.app.keymap  # type: ignore[attr-defined]
            place = f"{self._current + 1} of {len(self._choices)}"
            more = f"{place}  ↑ ↓ choose · {keymap.fill('{next_pane} or Enter takes it')}"
            lines.append([Span(cut(more, width), "faint")])
        return lines

    def _row(self, index: int, width: int) -> Line:
        choice, here = self._choices[index], index == self._current
        left: Line = [Span("▸ " if here else "  ", "accent")]
        ink = f"{choice.ink} bold".strip() if here else choice.ink
        for place, letter in enumerate(choice.label):
            left.append(Span(letter, "key" if place in choice.marked else ink))
        left.append(Span(" " * max(2, self._column - width_of(left))))
        room = width - width_of(left) - width_of([Span(choice.hint)]) - 2
        if choice.note and room > 8:
            left.append(Span(cut(choice.note, room), "dim"))
        line = spread(left, [Span(choice.hint, "faint"), Span(" ")] if choice.hint else [], width)
        return [Span(text, f"{ink} on-cursor".strip()) for text, ink in line] if here else line

    def on_click(self, event: events.Click) -> None:
        first = max(0, min(self._current - MOST // 2, len(self._choices) - MOST))
        index = first + event.y + self.scroll_offset.y
        if event.y < MOST and index < len(self._choices):
            self.post_message(self.Picked(self._choices[index]))
