"""What stands above the screen about one node: all that it said and did, and the models that it could have."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from core.clock import Clock
from core.prices import PriceBook
from core.view.nodes import Node
from core.view.session import SessionView
from tui.canvas import Page
from tui.nodepage import PARTS, draw_node
from tui.paint import Line, Lines, Span, spread
from tui.wording import short_model


class NodePage(Page):
    can_focus = True

    def __init__(self, view: SessionView, node: Node, clock: Clock, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._view = view
        self._node = node
        self._clock = clock
        self._part = 0

    def compose_lines(self, width: int) -> Lines:
        node = self._view.graph.nodes.get(self._node.name, self._node)
        return draw_node(self._view, node, PARTS[self._part], width, self._clock())

    def turn_to(self, part: int) -> None:
        """Show another part, from its begin."""
        self._part = part % len(PARTS)
        self.redraw()
        self.scroll_to(y=0, animate=False, immediate=True)

    def step(self, by: int) -> None:
        self.turn_to(self._part + by)


class NodeScreen(ModalScreen[None]):
    def __init__(self, view: SessionView, node: Node, clock: Clock) -> None:
        super().__init__()
        self._page = NodePage(view, node, clock, id="node", classes="pane dialog")
        self._page.border_title = node.label
        self._page.border_subtitle = "← → what to read · ↑ ↓ read · Esc goes back"

    def compose(self) -> ComposeResult:
        yield self._page

    def redraw(self) -> None:
        """The session went on."""
        self._page.redraw()

    def on_key(self, event: events.Key) -> None:
        match event.key:
            case "right" | "l" | "tab":
                self._page.step(1)
            case "left" | "h" | "shift+tab":
                self._page.step(-1)
            case "1" | "2" | "3" | "4":
                self._page.turn_to(int(event.key) - 1)
            case "escape" | "f3" | "q" | "enter" | "ctrl+c":
                self.dismiss(None)
            case _:
                return
        event.stop()
        event.prevent_default()


class ModelsPage(Page):
    """One line a model, with its list price."""

    can_focus = True

    def __init__(self, models: Sequence[str], now: str, prices: PriceBook, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.models = models
        self.current = models.index(now) if now in models else 0
        self._now = now
        self._prices = prices

    def compose_lines(self, width: int) -> Lines:
        return [self._row(index, model, width) for index, model in enumerate(self.models)]

    def _row(self, index: int, model: str, width: int) -> Line:
        here = index == self.current
        left = [Span("▸ " if here else "  ", "accent"), Span(short_model(model), "bold" if here else "")]
        left += [Span("  its model now", "dim")] if model == self._now else []
        price = "no price known"
        if self._prices.knows(model):
            row = self._prices.row(model)
            price = f"${row.input} in · ${row.output} out a million tokens"
        return spread(left, [Span(price, "dim")], width)

    def step(self, by: int) -> None:
        self.current = (self.current + by) % max(1, len(self.models))
        self.redraw()


class ModelsScreen(ModalScreen[str | None]):
    """Gives the model that the node is to go on with, or None."""

    def __init__(self, models: Sequence[str], now: str, prices: PriceBook) -> None:
        super().__init__()
        self._page = ModelsPage(models, now, prices, id="models", classes="pane dialog")

    def compose(self) -> ComposeResult:
        self._page.border_title = "which model"
        self._page.border_subtitle = "↑ ↓ choose · Enter takes it · Esc goes back"
        yield self._page

    def on_key(self, event: events.Key) -> None:
        match event.key:
            case "up" | "k" | "down" | "j":
                self._page.step(1 if event.key in ("down", "j") else -1)
            case "enter":
                self.dismiss(self._page.models[self._page.current] if self._page.models else None)
            case "escape" | "q":
                self.dismiss(None)
            case _:
                return
        event.stop()
        event.prevent_default()
