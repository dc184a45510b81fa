"""What stands above the screen about one node: all that it said and did, and the models that it could have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.prices import PriceBook
from core.view.graph import Node
from core.view.items import NodeItem, TextItem, ToolItem
from core.view.session import SessionView
from tui.canvas import Page
from tui.cards import draw_item, gap
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, spread
from tui.verdicts import file_state
from tui.wording import STATE_MARKS, count, duration, money, short_model


class NodePage(Page):
    can_focus = True

    def __init__(self, view: SessionView, node: Node, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._view = view
        self._node = node

    def compose_lines(self, width: int) -> Lines:
        node = self._view.graph.nodes.get(self._node.name, self._node)
        lines = [self._title(node, width), self._figures(node, width)]
        lines += self._files(node, width)
        return [*lines, [], *self._transcript(node, width)]

    @staticmethod
    def _title(node: Node, width: int) -> Line:
        mark, ink = STATE_MARKS[node.state]
        left = [Span(f"{mark} ", ink), Span(node.label, f"{role_ink(node.role)} bold")]
        left.append(Span(f"  {short_model(node.model)}  {node.paused or node.state}", "dim"))
        return spread(left, [Span(money(node.cost, node.estimated), "accent bold")], width)

    @staticmethod
    def _figures(node: Node, width: int) -> Line:
        parts = [f"{count(node.input_tokens)} tokens in", f"{count(node.output_tokens)} out"]
        parts += [f"context {node.full:.0%} full"] if node.full else []
        parts += [f"{node.rate:.0f} tokens a second"] if node.rate else []
        parts += [duration(node.duration_ms)] if node.duration_ms else []
        return spread([Span(" · ".join(parts), "dim")], [], width)

    def _files(self, node: Node, width: int) -> Lines:
        files = [file for file in self._view.changes.files.values() if node.role in file.roles]
        lines: Lines = [[], [Span("changed", "bold")]] if files else []
        for file in files:
            mark, ink, words = file_state(file)
            left = [Span(f"{mark} ", ink), Span(file.label)]
            lines.append(spread(left, [Span(f"+{file.added} -{file.removed}  {words}", "dim")], width))
        return lines

    def _transcript(self, node: Node, width: int) -> Lines:
        lines: Lines = []
        before = None
        for item in self._view.transcript.items:
            if not isinstance(item, NodeItem | TextItem | ToolItem):
                continue
            if (item.run, item.node) == (self._view.graph.run, node.name):
                lines += [[] for _ in range(gap(before, item))]
                lines += draw_item(item, width)
                before = item
        return lines or [[Span("It has not begun yet.", "dim")]]


class NodeScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f3,q,enter,ctrl+c", "dismiss", "Close", show=False)
    ]

    def __init__(self, view: SessionView, node: Node) -> None:
        super().__init__()
        self._view = view
        self._node = node

    def compose(self) -> ComposeResult:
        page = NodePage(self._view, self._node, id="node", classes="pane dialog")
        page.border_title = self._node.label
        page.border_subtitle = "↑ ↓ read · Esc goes back"
        yield page

    def redraw(self) -> None:
        """The session went on."""
        self.query_one(NodePage).redraw()


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
