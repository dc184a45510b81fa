"""The list of sessions: two lines each, the latest first. Only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from core.text import sanitise_line
from tui.canvas import Canvas
from tui.paint import Line, Span, cut, spread
from tui.wording import RUN_WORDS, money, plural

if TYPE_CHECKING:
    from core.library import Entry

_ROWS = 2
"""Lines that a session takes."""


class SessionList(Canvas):
    """Knows which session is under the cursor, and keeps it there when the list changes."""

    can_focus = True

    class Moved(Message):
        """Another session is under the cursor."""

    def __init__(self, here: str, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.border_title = "sessions"
        self._here = here
        """Id of the session that is open on this screen; empty when none is."""
        self._entries: Sequence[Entry] = ()
        self._current = 0
        self.empty = ""
        """What is said when there is nothing to list."""

    @property
    def entry(self) -> Entry | None:
        """The session under the cursor."""
        return self._entries[self._current] if self._entries else None

    def show(self, entries: Sequence[Entry], *, stay: bool = True) -> None:
        """List these. `stay`: keep the cursor on its session, or else where it is."""
        before = self.entry.id if self.entry else ""
        self._entries = entries
        place = next((n for n, entry in enumerate(entries) if entry.id == before), None) if stay else 0
        self._current = min(self._current if place is None else place, max(0, len(entries) - 1))
        self.resize_to(max(1, _ROWS * len(entries)))
        self._keep_in_sight()
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        self.resize_to(max(1, _ROWS * len(self._entries)))
        self._keep_in_sight()

    @property
    def page(self) -> int:
        """Sessions that are in sight together."""
        return max(1, self.size.height // _ROWS)

    def step(self, by: int) -> None:
        there = max(0, min(len(self._entries) - 1, self._current + by))
        if there != self._current:
            self._current = there
            self._keep_in_sight()
            self.refresh()
            self.post_message(self.Moved())

    def _keep_in_sight(self) -> None:
        top, height = _ROWS * self._current, self.size.height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif top + _ROWS > self.scroll_offset.y + height > 0:
            self.scroll_to(y=top + _ROWS - height, animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        index = (event.y - self.gutter.top + self.scroll_offset.y) // _ROWS
        if 0 <= index < len(self._entries):
            self.step(index - self._current)

    # -- lines -----------------------------------------------------------------------------------

    def line(self, y: int) -> Line:
        if not self._entries:
            return [Span(self.empty, "dim")]
        index, part = divmod(y, _ROWS)
        if index >= len(self._entries):
            return []
        entry, here = self._entries[index], index == self._current
        ground = " on-cursor" if here else ""
        line = self._title(entry, here) if part == 0 else self._facts(entry)
        return [Span(text, f"{ink}{ground}".strip()) for text, ink in line]

    def _title(self, entry: Entry, here: bool) -> Line:
        left = [Span("▸ " if here else "  ", "accent"), Span(entry_title(entry), "bold" if here else "")]
        cost = money(entry.row.cost, entry.row.estimated) if entry.row else ""
        return spread(left, [Span(f"{cost} ", "accent")], self.room)

    def _facts(self, entry: Entry) -> Line:
        row = entry.row
        words, ink = status_words(entry, self._here)
        about = (
            f"{cut(sanitise_line(PurePath(row.project).name), 30)}  {plural(row.runs, 'request')}"
            if row
            else ""
        )
        left = [Span(f"  {entry.at[:16].replace('T', ' ')}  {about}", "dim")]
        return spread(left, [Span(f"{words} ", ink)], self.room)


def entry_title(entry: Entry) -> str:
    """What a session is called, safe to draw."""
    if entry.row is None:
        return f"{sanitise_line(entry.id)}.db"
    return sanitise_line(entry.row.title) or "(nothing asked yet)"


def status_words(entry: Entry, here: str = "") -> tuple[str, str]:
    """How a session stands: damaged, open, or how its last run ended."""
    row = entry.row
    if entry.damage:
        return "damaged", "bad bold"
    if entry.id == here:
        return "open here", "good"
    if entry.held:
        return "open elsewhere", "busy"
    if row is None or row.status == "new":
        return "new", "dim"
    if row.status == "running":
        return "broken off", "warn"
    return RUN_WORDS[row.status]
