"""The small list at the route card: what the work can be begun anew on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from core.commands import OverrideRoute
from core.wish import CLASSES, PATTERNS, WORDS
from tui.canvas import Page
from tui.paint import Line, Lines, Span, cut, width_of


def choices(roles: Mapping[str, str]) -> list[tuple[str, str, OverrideRoute]]:
    """What can be chosen, as it is typed in a request, with what it does."""
    found = [(word, WORDS[word], OverrideRoute(complexity=name)) for word, name in CLASSES.items()]
    found += [(word, WORDS[word], OverrideRoute(pattern=name)) for word, name in PATTERNS.items()]
    found += [(f"@{role}", f"Alone: {does}", OverrideRoute(asked_role=role)) for role, does in roles.items()]
    return found


class RoutesPage(Page):
    """One line a route."""

    can_focus = True

    def __init__(self, roles: Mapping[str, str], *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.entries = choices(roles)
        self.current = 0

    def compose_lines(self, width: int) -> Lines:
        return [self._row(index, width) for index in range(len(self.entries))]

    def _row(self, index: int, width: int) -> Line:
        word, does, _ = self.entries[index]
        here = index == self.current
        left = [Span("▸ " if here else "  ", "accent"), Span(f"{word:<18}", "bold" if here else "")]
        return [*left, Span(cut(does, max(1, width - width_of(left))), "dim")]

    def step(self, by: int) -> None:
        self.current = (self.current + by) % len(self.entries)
        self.redraw()


class RoutesScreen(ModalScreen[OverrideRoute | None]):
    """Gives the route that the user wants instead, or None."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, roles: Mapping[str, str]) -> None:
        super().__init__()
        self._page = RoutesPage(roles, id="routes", classes="pane dialog")

    def compose(self) -> ComposeResult:
        self._page.border_title = "begin the work anew on another route: files and costs stay"
        self._page.border_subtitle = "↑ ↓ choose · Enter takes it · Esc goes back"
        yield self._page

    def on_key(self, event: events.Key) -> None:
        match event.key:
            case "up" | "k" | "down" | "j":
                self._page.step(1 if event.key in ("down", "j") else -1)
            case "enter":
                self.dismiss(self._page.entries[self._page.current][2])
            case "escape" | "q" | "f10":
                self.dismiss(None)
            case _:
                return
        event.stop()
        event.prevent_default()
