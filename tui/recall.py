"""A list of requests to take one up again: of every session (Ctrl+R), or of this one (Esc Esc)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from core.text import first_line, sanitise_line
from tui.canvas import Canvas, border_words
from tui.paint import Line, Span, cut, spread, width_of


class Recalled(msgspec.Struct, frozen=True):
    text: str
    """Exact."""
    about: str
    """When and where it was asked; safe to draw."""
    run: str = ""


class RecallList(Canvas):
    """One line a request; those that hold every typed word."""

    def __init__(self, entries: Sequence[Recalled], *, id: str) -> None:
        super().__init__(id=id)
        self._entries = entries
        self._shown = list(entries)
        self._current = 0

    @property
    def picked(self) -> Recalled | None:
        return self._shown[self._current] if self._shown else None

    def narrow(self, words: str) -> None:
        """Keep the requests in which each of these words stands."""
        parts = words.lower().split()
        self._shown = [entry for entry in self._entries if all(part in entry.text.lower() for part in parts)]
        self._current = 0
        self.scroll_to(y=0, animate=False, immediate=True)
        self.on_resize()

    def on_resize(self) -> None:
        self.resize_to(max(1, len(self._shown)))

    def step(self, by: int) -> None:
        self._current = max(0, min(len(self._shown) - 1, self._current + by))
        top, height = self.scroll_offset.y, self.size.height
        if not top <= self._current < top + height:
            at = self._current if self._current < top else self._current - height + 1
            self.scroll_to(y=at, animate=False, immediate=True)
        self.refresh()

    def line(self, y: int) -> Line:
        if not self._shown:
            said = "No request holds these words." if self._entries else "Nothing was asked yet."
            return [Span(f"  {said}", "dim")]
        entry, here = self._shown[y], y == self._current
        right = [Span(f" {entry.about} ", "dim")]
        said = cut(first_line(sanitise_line(entry.text.strip()), 400), self.room - width_of(right) - 3)
        line = spread(
            [Span("▸ " if here else "  ", "accent"), Span(said, "bold" if here else "")], right, self.room
        )
        return [Span(text, f"{ink} on-cursor".strip()) for text, ink in line] if here else line

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < len(self._shown):
            self._current = index
            self.refresh()


class RecallScreen(ModalScreen[Recalled | None]):
    """Gives the request that was chosen, or None."""

    def __init__(self, title: str, entries: Sequence[Recalled]) -> None:
        super().__init__()
        self._title = title
        self._list = RecallList(entries, id="recalled")

    def compose(self) -> ComposeResult:
        with Vertical(id="recall", classes="pane dialog") as box:
            box.border_title = border_words(self._title)
            box.border_subtitle = "type to search · ↑ ↓ choose · Enter takes it · Esc goes back"
            yield Input(placeholder="words in it", id="sought", compact=True)
            yield self._list

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._list.narrow(event.value)

    def on_input_submitted(self) -> None:
        self.dismiss(self._list.picked)

    def on_key(self, event: events.Key) -> None:
        page = max(1, self._list.size.height - 1)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page, "ctrl+r": 1}
        if event.key in ("escape", "ctrl+c"):
            self.dismiss(None)
        elif event.key in steps:
            self._list.step(steps[event.key])
        else:
            return
        event.stop()
        event.prevent_default()
