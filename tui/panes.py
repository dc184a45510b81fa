"""The pane of the agent graph: who works, and the keys that steer them."""

from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from core.clock import Clock
from core.commands import Command, PauseNode, ResumeNode, RetryNode, StopNode
from core.view.graph import Graph
from core.view.nodes import Node
from tui.actions import bindings
from tui.canvas import Page, border_words
from tui.graph import draw_graph
from tui.paint import Lines, plain
from tui.pointing import node_at

_LIST_BELOW = 80
"""Columns of the terminal below which the graph is a list."""


class GraphPane(Page):
    """Who works on what now, and the keys that steer each of them."""

    BINDINGS = bindings("graph")

    class Steered(Message):
        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    class Opened(Message):
        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Told(Message):
        """The user wants to say something to a node."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Remodelled(Message):
        """The user wants another model for a node."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    def __init__(self, graph: Graph, clock: Clock, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._graph = graph
        self._clock = clock
        self._as_list: bool | None = None
        """Drawn as a list whatever room there is, for screen readers; None: as it is set."""
        self._current = ""
        self.border_title = "graph"

    @property
    def node(self) -> Node | None:
        """The one under the cursor: the chosen one, else the one that works, else the first."""
        nodes = self._graph.nodes
        if self._current in nodes:
            return nodes[self._current]
        working = [node for node in nodes.values() if node.state == "running"]
        return next(iter([*working, *nodes.values()]), None)

    def compose_lines(self, width: int) -> Lines:
        node = self.node if self.has_focus else None
        boxes = self.app.size.width >= _LIST_BELOW and not self.as_list
        current = node.name if node else ""
        return draw_graph(self._graph, width, self._clock(), rows=self._rows, boxes=boxes, current=current)

    @property
    def _rows(self) -> int:
        """How many rows the pane has, or may grow to."""
        height = self.styles.max_height if self.styles.auto_dimensions else None
        if height is None or not isinstance(self.parent, Widget):
            return self.container_size.height
        return int(self.parent.size.height * height.value / 100) - 2

    def redraw(self) -> None:
        super().redraw()
        if self._graph.swarm and not self.has_focus:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        self.border_title = border_words(graph_title(self._graph))

    def watch_has_focus(self, _has_focus: bool) -> None:
        """The cursor is drawn only here. `on_focus` would be too early: it runs before `has_focus` is set."""
        super().watch_has_focus(_has_focus)
        self.redraw()

    def action_next_node(self) -> None:
        self._step(1)

    def action_previous_node(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        walked = [visit.node for visit in self._graph.path] if self._graph.swarm else []
        names = list(dict.fromkeys([*walked, *self._graph.nodes]))
        if self.node is None:
            return
        self._current = names[(names.index(self.node.name) + by) % len(names)]
        self.redraw()
        row = next((y for y, line in enumerate(self._lines) if self.node.label in plain(line)), 0)
        if not self.scroll_offset.y <= row < self.scroll_offset.y + self.size.height - 1:
            self.scroll_to(y=max(0, row - 1), animate=False, immediate=True)

    def on_click(self, event: Click) -> None:
        """Go to the node that is clicked; a second click opens it."""
        place = event.get_content_offset(self)
        if place is None:
            return
        names = ((node.name, node.label) for node in self._graph.nodes.values())
        clicked = node_at(self._lines, names, place.x, place.y + self.scroll_offset.y)
        if clicked is not None and clicked == self._current:
            self.action_open_node()
        elif clicked is not None:
            self._current = clicked
            self.redraw()

    def action_open_node(self) -> None:
        if self.node is not None:
            self.post_message(self.Opened(self.node))

    def action_say(self) -> None:
        if self.node is not None:
            self.post_message(self.Told(self.node))

    @property
    def as_list(self) -> bool:
        return self.app.graph_as_list if self._as_list is None else self._as_list  # type: ignore[attr-defined]

    def show_as_list(self, wanted: bool) -> None:
        self._as_list = wanted
        self.redraw()

    def action_toggle_list(self) -> None:
        self.show_as_list(not self.as_list)

    def action_change_model(self) -> None:
        if self.node is not None:
            self.post_message(self.Remodelled(self.node))

    def action_pause(self) -> None:
        if (node := self.node) is not None:
            waits = bool(node.paused) or node.state == "paused"
            self.post_message(
                self.Steered(ResumeNode(node=node.name) if waits else PauseNode(node=node.name))
            )

    def action_stop_node(self) -> None:
        if self.node is not None:
            self.post_message(self.Steered(StopNode(node=self.node.name)))

    def action_retry_node(self) -> None:
        if self.node is not None:
            self.post_message(self.Steered(RetryNode(node=self.node.name)))


def graph_title(graph: Graph) -> str:
    """The pane's title, with what matters most while it is folded."""
    states = [node.state for node in graph.nodes.values()]
    if not states:
        return "graph"
    if running := states.count("running"):
        return f"graph · {running} working" + (f" · round {graph.round}" if graph.round > 1 else "")
    return f"graph · {states.count('done')} of {len(states)} done"
