"""The two panes that show and are not asked: the agent graph and the costs."""

from core.money import Pico
from core.view.cost import Costs
from core.view.graph import Graph
from tui.canvas import Page
from tui.cost import draw_costs
from tui.graph import draw_graph
from tui.paint import Lines
from tui.wording import money

_LIST_BELOW = 80
"""Columns of the terminal below which the graph is a list."""


class GraphPane(Page):
    """Who works on what now."""

    def __init__(self, graph: Graph, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._graph = graph
        self.border_title = "graph"

    def compose_lines(self, width: int) -> Lines:
        return draw_graph(self._graph, width, boxes=self.app.size.width >= _LIST_BELOW)

    def redraw(self) -> None:
        super().redraw()
        self.border_title = graph_title(self._graph)


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
