"""A swarm: the path that the work took so far, why each member handed it on, and what all of them share. Pure."""

from datetime import datetime

from core.view.graph import Graph
from core.view.nodes import Node, Visit
from tui.grid import Grid
from tui.nodebox import SHORT, TALL, draw_box
from tui.paint import Lines, Span, cut, wrap

_BOX_MOST = 64
_REASON_LINES = 3


def draw_path(graph: Graph, width: int, current: str, now: datetime) -> Lines:
    """One box for each step, the latest at the bottom, and what was said between them."""
    lines: Lines = []
    latest = {visit.node: index for index, visit in enumerate(graph.path)}
    for index, visit in enumerate(graph.path):
        lit = index == len(graph.path) - 1 and graph.nodes[visit.node].state == "running"
        lines += _way(visit, width, lit) if index else []
        lines += _step(graph.nodes[visit.node], latest[visit.node] == index, width, current, now)
    return lines + _others(graph, width, current)


def _step(node: Node, latest: bool, width: int, current: str, now: datetime) -> Lines:
    """A step's box; one that the work came back to later says only who it was."""
    room = min(_BOX_MOST, width)
    grid = Grid()
    if latest:
        height = TALL if node.state == "running" else SHORT
        draw_box(grid, 0, 0, (room, height), node, node.name == current, now)
    else:
        grid.box(0, 0, room, 2, "faint")
        grid.spans(2, 0, [Span(" ✓ ", "faint"), Span(f"{cut(node.label, room - 8)} ", "dim")])
    return grid.lines(width)


def _way(visit: Visit, width: int, lit: bool) -> Lines:
    """The way to a step, with the reason that was given."""
    ink = "lit" if lit else "dim"
    said = (
        wrap([Span(visit.reason, "" if lit else "dim")], width - 4)[:_REASON_LINES] if visit.reason else [[]]
    )
    lines: Lines = [[Span("  │ ", ink), *line] for line in said]
    return [*lines, [Span("  ▼", ink)]] if lit else lines


def _others(graph: Graph, width: int, current: str) -> Lines:
    """Members that did not work yet, and what was told to all."""
    walked = {visit.node for visit in graph.path}
    lines: Lines = []
    for node in graph.nodes.values():
        if node.name not in walked:
            here = Span("▸ " if node.name == current else "  ", "accent")
            lines.append([here, Span("○ ", "faint"), Span(cut(node.label, width - 4), "dim")])
    return [*([[]] if lines else []), *lines, *draw_told(graph, width)]


def draw_told(graph: Graph, width: int) -> Lines:
    """The shared context."""
    if not graph.told:
        return []
    lines: Lines = [[], [Span(cut("shared with all", width), "bold")]]
    for one in graph.told:
        lines += wrap([Span(f"{one.who}  " if one.who else "", "accent"), Span(one.what, "dim")], width)
    return lines
