"""The two panes that show and are not asked: the agent graph and the costs."""

from textual.message import Message

from core.commands import Command, PauseNode, ResumeNode, RetryNode, StopNode
from core.money import Pico
from core.view.cost import Costs
from core.view.graph import Graph, Node
from tui.actions import bindings
from tui.canvas import Page
from tui.cost import draw_costs
from tui.graph import draw_graph
from tui.paint import Lines, plain
from tui.wording import money

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

    class Remodelled(Message):
        """The user wants another model for a node."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    def __init__(self, graph: Graph, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._graph = graph
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
        boxes = self.app.size.width >= _LIST_BELOW
        return draw_graph(self._graph, width, boxes=boxes, current=node.name if node else "")

    def redraw(self) -> None:
        super().redraw()
        self.border_title = graph_title(self._graph)

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def action_next_node(self) -> None:
        self._step(1)

    def action_previous_node(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        names = list(self._graph.nodes)
        if self.node is None:
            return
        self._current = names[(names.index(self.node.name) + by) % len(names)]
        self.redraw()
        row = next((y for y, line in enumerate(self._lines) if self.node.label in plain(line)), 0)
        if not self.scroll_offset.y <= row < self.scroll_offset.y + self.size.height - 1:
            self.scroll_to(y=max(0, row - 1), animate=False, immediate=True)

    def action_open_node(self) -> None:
        if self.node is not None:
            self.post_message(self.Opened(self.node))

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


class CostPane(Page):
    """What it costs."""

    def __init__(self, costs: Costs, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._costs = costs
        self.border_title = "cost"

    def compose_lines(self, width: int) -> Lines:
        return draw_costs(self._costs, width)

    def redraw(self) -> None:
        super().redraw()
        self.border_title = cost_title(self._costs)


def graph_title(graph: Graph) -> str:
    """The pane's title, with what matters most while it is folded."""
    states = [node.state for node in graph.nodes.values()]
    if not states:
        return "graph"
    if running := states.count("running"):
        return f"graph · {running} working" + (f" · round {graph.round}" if graph.round > 1 else "")
    return f"graph · {states.count('done')} of {len(states)} done"


def cost_title(costs: Costs) -> str:
    spent: Pico = costs.session.total.cost
    return f"cost · {money(spent, costs.session.total.estimated)}" if costs.session.total.calls else "cost"
