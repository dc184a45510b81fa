"""The list of past sessions; Enter reads one again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from core.text import sanitise_line
from tui.canvas import Canvas
from tui.paint import Line, Span, cut, spread
from tui.wording import RUN_WORDS, money, plural

if TYPE_CHECKING:
    from core.index import SessionRow

Browse: TypeAlias = "Callable[[], Awaitable[Sequence[SessionRow]]]"


class SessionList(Canvas):
    """Two lines a session, the latest first."""

    can_focus = True

    def __init__(self, rows: Sequence[SessionRow], *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._rows = rows
        self._current = 0

    @property
    def picked(self) -> str | None:
        return self._rows[self._current].id if self._rows else None

    def on_resize(self) -> None:
        self.resize_to(max(1, 3 * len(self._rows) - 1))

    def step(self, by: int) -> None:
        if not self._rows:
            return
        self._current = max(0, min(len(self._rows) - 1, self._current + by))
        top, height = 3 * self._current, self.size.height
        if top < self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)
        elif top + 2 > self.scroll_offset.y + height:
            self.scroll_to(y=top + 2 - height, animate=False, immediate=True)
        self.refresh()

    def line(self, y: int) -> Line:
        if not self._rows:
            return [Span("No session yet: this is the first one.", "dim")]
        index, part = divmod(y, 3)
        if part == 2 or index >= len(self._rows):
            return []
        row, here = self._rows[index], index == self._current
        ground = " on-cursor" if here else ""
        line = self._title(row, here, ground) if part == 0 else self._facts(row, ground)
        return [Span(text, f"{ink}{ground}" if ground not in ink else ink) for text, ink in line]

    def _title(self, row: SessionRow, here: bool, ground: str) -> Line:
        title = sanitise_line(row.title) or "(nothing asked yet)"
        left = [Span("▸ " if here else "  ", "accent"), Span(title, "bold" if here else "")]
        return spread(left, [Span(f"{money(row.cost, row.estimated)} ", "accent")], self.room)

    def _facts(self, row: SessionRow, ground: str) -> Line:
        when = row.last_at[:16].replace("T", " ")
        project = cut(sanitise_line(PurePath(row.project).name), 30)
        words, ink = status_words(row)
        left = [Span(f"  {when}  {project}  {plural(row.runs, 'request')}", "dim")]
        return spread(left, [Span(f"{words} ", ink)], self.room)

    def on_click(self, event: events.Click) -> None:
        index = (event.y + self.scroll_offset.y) // 3
        if index < len(self._rows):
            self.step(index - self._current)


def status_words(row: SessionRow) -> tuple[str, str]:
    """How the session's last run ended."""
    if row.status == "new":
        return "new", "dim"
    if row.status == "running":
        return "at work", "busy"
    return RUN_WORDS[row.status]


class SessionsScreen(ModalScreen[str | None]):
    """Gives the id of the session to read, or None."""

    def __init__(self, rows: Sequence[SessionRow]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        found = SessionList(self._rows, id="sessions", classes="pane dialog")
        found.border_title = "sessions"
        found.border_subtitle = "↑ ↓ choose · Enter reads · Esc goes back"
        yield found

    def on_key(self, event: events.Key) -> None:
        found = self.query_one(SessionList)
        page = max(1, found.size.height // 3)
        steps = {"up": -1, "down": 1, "k": -1, "j": 1, "pageup": -page, "pagedown": page}
        steps |= {"home": -len(self._rows), "end": len(self._rows)}
        match event.key:
            case "escape" | "q" | "f6" | "ctrl+c":
                self.dismiss(None)
            case "enter":
                self.dismiss(found.picked)
            case key if key in steps:
                found.step(steps[key])
            case _:
                return
        event.stop()
        event.prevent_default()
