"""What the agent graph says of one node: in its box, and on its line of the list. Pure."""

from datetime import datetime

from core.view.nodes import Node
from tui.grid import Grid
from tui.ink import role_ink
from tui.paint import Line, Span, cut, cut_line, width_of
from tui.wording import STATE_MARKS, count, duration, money, short_model

_LEAST_PART = 0.01
"""Of the context window: what is less is shown as that."""
SHORT, TALL = 3, 4
"""Rows of a box with one line in it, and with two."""


def draw_box(
    grid: Grid, x: int, y: int, size: tuple[int, int], node: Node, here: bool, now: datetime
) -> None:
    """A node's box: its name and state in the frame; within its model, what it does, its load and its price."""
    width, height = size
    mark, ink = STATE_MARKS[node.state]
    grid.box(x, y, width, height, "accent" if here else _edge(node, ink))
    room, right = width - 4, x + width - 1
    state = facts(node, now)
    name = cut(node.label, room - 4 - len(state))
    grid.spans(x + 2, y, [Span(f" {mark} ", ink), Span(f"{name} ", name_ink(node))])
    if state:
        grid.text(right - len(state) - 2, y, f" {state} ", "dim" if node.state == "done" else ink)
    for row, (left, end) in enumerate(_rows(node, height), 1):
        grid.spans(x + 2, y + row, cut_line(left, room - width_of(end) - 1))
        grid.spans(right - 1 - width_of(end), y + row, end)


def _edge(node: Node, ink: str) -> str:
    if node.state in ("failed", "interrupted"):
        return ink
    return {"running": "busy", "waiting": "faint", "skipped": "faint"}.get(node.state, "dim")


def _rows(node: Node, height: int) -> list[tuple[Line, Line]]:
    """The lines in the box, each with its two ends."""
    model = Span(short_model(node.model), "faint" if node.state == "waiting" else "dim")
    if height == TALL:
        return [([model], price(node)), (_does(node), load(node))]
    return [([model, Span("  "), *_does(node)], price(node))]


def _does(node: Node) -> Line:
    if node.state == "running":
        return doing(node)
    if node.skipped:
        return [Span(node.skipped, "faint")]
    if node.output_tokens:
        return [Span(f"{count(node.input_tokens)} in  {count(node.output_tokens)} out", "faint")]
    return []


def name_ink(node: Node) -> str:
    return "dim" if node.state in ("waiting", "skipped") else f"{role_ink(node.role)} bold"


def price(node: Node) -> Line:
    return [Span(money(node.cost, node.estimated), "accent")] if node.cost else []


def load(node: Node) -> Line:
    """How full the context is, and how fast the model writes."""
    full = f"{node.full:.0%}" if node.full >= _LEAST_PART else "<1%"
    parts = [f"{full} ctx"] if node.full else []
    parts += [f"{node.speed:.0f}/s"] if node.speed >= 1 and node.state == "running" else []
    return [Span("  ".join(parts), "dim")] if parts else []


def doing(node: Node) -> Line:
    """The tool under way with its argument, or what else a node that works is at."""
    if node.paused:
        return [Span("‖ ", "warn"), Span(node.paused, "warn")]
    if node.tool:
        return [Span("◌ ", "busy"), Span(node.tool)]
    words = "writing" if node.heard else "thinking" if node.calling else "working"
    return [Span("◌ ", "busy"), Span(words, "dim")]


def facts(node: Node, now: datetime) -> str:
    """Round, state and time, as far as they say more than the mark does."""
    parts = [f"round {node.round}"] if node.round > 1 else []
    if node.state == "running" and node.since:
        parts.append(clock(node.elapsed_ms(now)))
    elif node.state == "done":
        parts.append(duration(node.duration_ms))
    elif node.state not in ("waiting", "running"):
        parts.append(node.state)
    return " · ".join(parts)


def clock(ms: int) -> str:
    """`0:07`, `12:30`: of what still goes on."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
