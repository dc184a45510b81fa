"""What stands above the screen about one node: all that it said and did, its prompt, diff and charges."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from core.clock import Clock
from core.view.nodes import Node
from core.view.session import SessionView
from tui.canvas import Page, border_words
from tui.nodepage import PARTS, draw_node
from tui.paint import Lines


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
        return draw_node(self._view, node, PARTS[self._part], width, self._clock(), self.app.keymap)  # type: ignore[attr-defined]

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
        self._page.border_title = border_words(node.label)
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
