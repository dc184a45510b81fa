"""The agent graph, drawn with box characters where there is room, else as a list. Pure."""

from collections.abc import Sequence

import msgspec

from core.view.graph import EdgeState, Graph, Link, Node
from tui.grid import Grid
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut, cut_line, spread, width_of, wrap
from tui.wording import STATE_MARKS, count, duration, money, short_model

_EDGE_INKS: dict[EdgeState, str] = {"waiting": "faint", "lit": "lit", "passed": "dim"}
_BOX_LEAST, _BOX_MOST = 24, 64
_GUTTER = 10
"""Columns right of the boxes for the ways back."""


def draw_graph(graph: Graph, width: int, boxes: bool = True, current: str = "") -> Lines:
    """The latest run's team at this width; `boxes=False` always gives the list."""
    if not graph.nodes:
        return wrap([Span("The team shows up here as soon as a request has its route.", "dim")], width)
    layers = _layers(graph)
    plan = _Plan(graph, layers, width, current) if boxes else None
    lines = plan.lines() if plan and plan.fits else draw_list(graph, width, current)
    return lines + _reasons(graph.links, width)


def draw_list(graph: Graph, width: int, current: str = "") -> Lines:
    """One or two lines a node, for narrow terminals and for screen readers."""
    lines: Lines = []
    for node in graph.nodes.values():
        mark, ink = STATE_MARKS[node.state]
        here = Span("▸" if node.name == current else " ", "accent")
        left = [here, Span(f"{mark} ", ink), Span(node.label, f"{role_ink(node.role)} bold")]
        left.append(Span(f"  {short_model(node.model)}", "dim"))
        left.append(Span(f"  {_state(node)}", ink))
        lines.append(spread(left, _price(node), width))
        if node.state == "running":
            lines.append([Span("  "), *cut_line(_doing(node), width - 2)])
    back = [link for link in graph.links if link.feedback]
    if back and graph.round > 1:
        words = f"↺ round {graph.round}: {back[0].source_label} sent the work back"
        lines += wrap([Span(words, "warn")], width)
    return lines


def _state(node: Node) -> str:
    return f"{node.state} round {node.round}" if node.round > 1 else node.state


def _price(node: Node) -> Line:
    if not node.cost:
        return []
    return [Span(money(node.cost, node.estimated), "accent")]


def _load(node: Node) -> Line:
    """How full the context is, and how fast the model writes."""
    parts = [f"{node.full:.0%} ctx"] if node.full else []
    parts += [f"{node.rate:.0f}/s"] if node.rate >= 1 else []
    return [Span("  ".join([*parts, ""]), "dim")] if parts else []


def _doing(node: Node) -> Line:
    if node.paused:
        return [Span("‖ ", "warn"), Span(node.paused, "warn")]
    if node.tool:
        return [Span("◌ ", "busy"), Span(node.tool)]
    return [Span("◌ ", "busy"), Span("thinking" if node.calling else "working", "dim")]


def _reasons(links: Sequence[Link], width: int) -> Lines:
    lines: Lines = []
    for link in links:
        if link.label:
            words = [Span(f"→ {link.target_label}: ", "accent"), Span(link.label, "dim")]
            lines += wrap(words, width)
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
    level: int
    last: bool
    """The rightmost of its layer."""

    @property
    def centre(self) -> int:
        return self.x + self.width // 2

    @property
    def right(self) -> int:
        return self.x + self.width - 1


class _Plan:
    """Where everything stands."""

    def __init__(self, graph: Graph, layers: list[list[Node]], width: int, current: str) -> None:
        self.graph = graph
        self.current = current
        self.width = width
        self.order = {name: index for index, name in enumerate(graph.nodes)}
        self.back = [link for link in graph.links if self._is_back(link)]
        self.gutter = _GUTTER if self.back else 0
        widest = max(len(layer) for layer in layers)
        self.box_width = min(_BOX_MOST, (width - self.gutter - 2 * (widest - 1)) // widest)
        self.fits = self.box_width >= _BOX_LEAST
        self.gap = 1 if widest == 1 else 2
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
            for node in layer:
                last = node is layer[-1]
                boxes[node.name] = _Box(node, x, y, self.box_width, level, last)
                x += self.box_width + 2
            y += 3 + self.gap
        return boxes

    def lines(self) -> Lines:
        grid = Grid()
        for box in self.boxes.values():
            _draw_box(grid, box, box.node.name == self.current)
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
        bottom, top = source.y + 2, target.y
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


def _draw_box(grid: Grid, box: _Box, here: bool) -> None:
    node = box.node
    mark, ink = STATE_MARKS[node.state]
    edge = {"running": "busy", "waiting": "faint"}.get(node.state, "dim")
    if node.state in ("failed", "interrupted"):
        edge = ink
    if here:
        edge = "accent"
    grid.box(box.x, box.y, box.width, 3, edge)
    state = _facts(node)
    room = box.width - 4
    name_ink = "dim" if node.state == "waiting" else f"{role_ink(node.role)} bold"
    name = cut(node.label, room - 4 - len(state))
    grid.spans(box.x + 2, box.y, [Span(f" {mark} ", ink), Span(f"{name} ", name_ink)])
    if state:
        grid.text(box.right - len(state) - 2, box.y, f" {state} ", ink if node.state != "done" else "dim")
    price = [*_load(node), *_price(node)] if node.state == "running" and not node.paused else _price(node)
    left: Line = [Span(short_model(node.model), "faint" if node.state == "waiting" else "dim")]
    if node.state == "running":
        left = [] if node.paused else [*left, Span("  ")]
        left += _doing(node)
    elif node.output_tokens:
        left.append(Span(f"  {count(node.input_tokens)} in  {count(node.output_tokens)} out", "faint"))
    grid.spans(box.x + 2, box.y + 1, cut_line(left, room - width_of(price) - 1))
    grid.spans(box.right - 1 - width_of(price), box.y + 1, price)


def _facts(node: Node) -> str:
    parts = [f"round {node.round}"] if node.round > 1 else []
    if node.state == "done":
        parts.append(duration(node.duration_ms))
    elif node.state not in ("waiting", "running"):
        parts.append(node.state)
    return " · ".join(parts)
