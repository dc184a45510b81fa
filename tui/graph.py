"""The agent graph, drawn with box characters where there is room, else as a list. Pure."""

from datetime import datetime

import msgspec

from core.view.graph import Graph
from core.view.nodes import EdgeState, Link, Node
from tui.grid import Grid
from tui.nodebox import SHORT, TALL, clock, doing, draw_box, load, name_ink, price
from tui.paint import Lines, Span, cut, cut_line, spread, wrap
from tui.path import draw_path, draw_told
from tui.wording import STATE_MARKS, short_model

_EDGE_INKS: dict[EdgeState, str] = {"waiting": "faint", "lit": "lit", "passed": "dim"}
_BOX_LEAST, _BOX_MOST = 24, 64
_GUTTER = 10
"""Columns right of the boxes for the ways back."""


def draw_graph(
    graph: Graph, width: int, now: datetime, *, rows: int = 0, boxes: bool = True, current: str = ""
) -> Lines:
    """The latest run's team at this width.

    Args:
        now: for the time that nodes have worked.
        rows: how many there are in sight; where all boxes fit into them, each has two lines.
        boxes: False always gives the list.
        current: name of the node under the cursor.
    """
    if not graph.nodes:
        return wrap([Span("The team shows up here as soon as a request has its route.", "dim")], width)
    if boxes and graph.swarm and graph.path and width >= _BOX_LEAST:
        return draw_path(graph, width, current, now)
    layers = _layers(graph)
    plan = _Plan(graph, layers, (width, rows), current, now) if boxes else None
    lines = plan.lines() if plan and plan.fits else draw_list(graph, width, now, current)
    return [*lines, *_reasons(graph, width), *draw_told(graph, width)]


def draw_list(graph: Graph, width: int, now: datetime, current: str = "") -> Lines:
    """A few lines a node, for narrow terminals and for screen readers: all that its box says, in words."""
    lines: Lines = []
    for node in graph.nodes.values():
        mark, ink = STATE_MARKS[node.state]
        here = Span("▸" if node.name == current else " ", "accent")
        left = [here, Span(f"{mark} ", ink), Span(node.label, name_ink(node))]
        left.append(Span(f"  {short_model(node.model)}", "dim"))
        left.append(Span(f"  {_state(node, now)}", ink))
        lines.append(spread(left, price(node), width))
        if node.state == "running":
            lines.append(spread([Span("  "), *doing(node)], load(node), width))
        elif node.skipped:
            lines.append([Span("  "), *cut_line([Span(node.skipped, "faint")], width - 2)])
    back = [link for link in graph.links if link.feedback]
    if back and graph.round > 1:
        words = f"↺ round {graph.round}: {back[0].source_label} sent the work back"
        lines += wrap([Span(words, "warn")], width)
    return lines


def _state(node: Node, now: datetime) -> str:
    words = f"{node.state} round {node.round}" if node.round > 1 else node.state
    return f"{words} {clock(node.elapsed_ms(now))}" if node.state == "running" else words


def _reasons(graph: Graph, width: int) -> Lines:
    """Why work was handed over: in a swarm each time, else for each way."""
    said = [(link.target_label, link.label) for link in graph.links]
    if graph.swarm:
        said = [(graph.nodes[visit.node].label, visit.reason) for visit in graph.path]
    lines: Lines = []
    for target, words in said:
        if words:
            lines += wrap([Span(f"→ {target}: ", "accent"), Span(words, "dim")], width)
    return [[], *lines] if lines else []


# -- boxes ---------------------------------------------------------------------------------------


def _layers(graph: Graph) -> list[list[Node]]:
    """Nodes by the longest way that leads to them; a way against the plan's order is no way forward."""
    order = {name: index for index, name in enumerate(graph.nodes)}
    depth = dict.fromkeys(graph.nodes, 0)
    for name in graph.nodes:
        for link in graph.links:
            if link.target == name and _forward(link, order):
                depth[name] = max(depth[name], depth[link.source] + 1)
    layers: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, level in depth.items():
        layers[level].append(graph.nodes[name])
    return [layer for layer in layers if layer]


def _forward(link: Link, order: dict[str, int]) -> bool:
    here, there = order.get(link.source), order.get(link.target)
    return not link.feedback and here is not None and there is not None and here < there


class _Box(msgspec.Struct):
    node: Node
    x: int
    y: int
    width: int
    height: int
    level: int
    last: bool
    """The rightmost of its layer."""

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height - 1

    @property
    def right(self) -> int:
        return self.x + self.width - 1


class _Plan:
    """Where everything stands."""

    def __init__(
        self, graph: Graph, layers: list[list[Node]], size: tuple[int, int], current: str, now: datetime
    ) -> None:
        self.graph = graph
        self.current = current
        self.now = now
        self.width, rows = size
        self.order = {name: index for index, name in enumerate(graph.nodes)}
        self.back = [link for link in graph.links if self._is_back(link)]
        self.gutter = _GUTTER if self.back else 0
        widest = max(len(layer) for layer in layers)
        self.box_width = min(_BOX_MOST, (self.width - self.gutter - 2 * (widest - 1)) // widest)
        self.fits = self.box_width >= _BOX_LEAST
        self.gap = 1 if widest == 1 else 2
        self.tall = len(layers) * (TALL + self.gap) - self.gap <= rows
        """Every box has two lines; else only those of nodes that work."""
        self.boxes = self._place(layers, widest) if self.fits else {}

    def _is_back(self, link: Link) -> bool:
        known = link.source in self.order and link.target in self.order
        return known and self.order[link.target] < self.order[link.source]

    def _place(self, layers: list[list[Node]], widest: int) -> dict[str, _Box]:
        boxes: dict[str, _Box] = {}
        full = widest * (self.box_width + 2) - 2
        y = 0
        for level, layer in enumerate(layers):
            taken = len(layer) * (self.box_width + 2) - 2
            x = (full - taken) // 2
            working = any(node.state == "running" for node in layer)
            height = TALL if self.tall or working else SHORT
            for node in layer:
                last = node is layer[-1]
                boxes[node.name] = _Box(node, x, y, self.box_width, height, level, last)
                x += self.box_width + 2
            y += height + self.gap
        return boxes

    def lines(self) -> Lines:
        grid = Grid()
        for box in self.boxes.values():
            size, here = (box.width, box.height), box.node.name == self.current
            draw_box(grid, box.x, box.y, size, box.node, here, self.now)
        for link in sorted(self.graph.links, key=lambda link: link.state == "lit"):
            if _forward(link, self.order):
                self._draw_way(grid, link)
        for lane, link in enumerate(self.back):
            self._draw_back(grid, link, lane)
        return grid.lines(self.width)

    def _draw_way(self, grid: Grid, link: Link) -> None:
        """A way to the next layer. Longer ones are left out: what lies between shows the same flow."""
        source, target = self.boxes[link.source], self.boxes[link.target]
        if target.level != source.level + 1:
            return
        ink, over = _EDGE_INKS[link.state], link.state != "waiting"
        bottom, top = source.bottom, target.y
        if source.centre == target.centre:
            grid.down(source.centre, bottom, top, ink, over)
        else:
            grid.down(source.centre, bottom, bottom + 1, ink, over)
            grid.across(source.centre, target.centre, bottom + 1, ink, over)
            grid.down(target.centre, bottom + 1, top, ink, over)
        if link.state == "lit":
            grid.text(target.centre, top - 1 if top - bottom > 1 else top, "▼", ink)

    def _draw_back(self, grid: Grid, link: Link, lane: int) -> None:
        source, target = self.boxes[link.source], self.boxes[link.target]
        if not (source.last and target.last):
            return
        ink, over = _EDGE_INKS[link.state], link.state != "waiting"
        x = max(source.right, target.right) + 2 + lane
        grid.across(source.right, x, source.y + 1, ink, over)
        grid.down(x, target.y + 1, source.y + 1, ink, over)
        grid.across(target.right, x, target.y + 1, ink, over)
        grid.text(target.right + 1, target.y + 1, "◄", ink)
        if self.graph.round > 1 and link.state != "waiting":
            middle = (source.y + target.y) // 2 + 1
            label = cut(f"round {self.graph.round}", self.width - x - 2)
            grid.text(x + 2, middle, label, ink)
