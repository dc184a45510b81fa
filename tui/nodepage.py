"""All that there is to read about one node: what it said and did, what it was asked, what it changed and cost. Pure."""

from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from core.view.files import File
from core.view.items import NodeItem, TextItem, ToolItem
from core.view.nodes import Charge, Node
from core.view.session import SessionView
from tui.cards import draw_item, gap
from tui.ink import role_ink
from tui.keymap import Keymap
from tui.markdown import draw_markdown
from tui.paint import Line, Lines, Span, cut, spread
from tui.verdicts import file_state
from tui.wording import STATE_MARKS, count, duration, money, plural, short_model

Part: TypeAlias = Literal["work", "prompt", "diff", "charges"]
PARTS: tuple[Part, ...] = ("work", "prompt", "diff", "charges")
_DIFF_LINES = 400
"""Lines of one file's diff that are shown here; the diffs pane shows all of them."""


def draw_node(view: SessionView, node: Node, part: Part, width: int, now: datetime, keymap: Keymap) -> Lines:
    """One part of what there is about a node, below what holds for all of them."""
    lines = [_title(node, width), _figures(node, width, now), [], _parts(part), []]
    match part:
        case "work":
            return lines + _work(view, node, width, keymap)
        case "prompt":
            return lines + _prompt(node, width)
        case "diff":
            return lines + _diff(view, node, width, keymap)
        case "charges":
            return lines + _charges(node, width)
    assert_never(part)


def _title(node: Node, width: int) -> Line:
    mark, ink = STATE_MARKS[node.state]
    left = [Span(f"{mark} ", ink), Span(node.label, f"{role_ink(node.role)} bold")]
    left.append(Span(f"  {short_model(node.model)}  {node.paused or node.state}", "dim"))
    return spread(left, [Span(money(node.cost, node.estimated), "accent bold")], width)


def _figures(node: Node, width: int, now: datetime) -> Line:
    parts = [f"{count(node.input_tokens)} tokens in", f"{count(node.output_tokens)} out"]
    parts += [f"context {node.full:.0%} full"] if node.full else []
    parts += [f"{node.speed:.0f} tokens a second"] if node.speed >= 1 else []
    took = node.elapsed_ms(now)
    parts += [duration(took)] if took else []
    return spread([Span(" · ".join(parts), "dim")], [], width)


def _parts(current: Part) -> Line:
    line: Line = []
    for number, part in enumerate(PARTS, 1):
        here = part == current
        line.append(Span(f" {number} ", "key on-cursor" if here else "dim"))
        line += [Span(f"{part} ", "bold on-cursor" if here else "dim"), Span(" ")]
    return line


def _work(view: SessionView, node: Node, width: int, keymap: Keymap) -> Lines:
    lines: Lines = []
    before = None
    for item in view.transcript.items:
        if not isinstance(item, NodeItem | TextItem | ToolItem):
            continue
        if (item.run, item.node) == (view.graph.run, node.name):
            lines += [[] for _ in range(gap(before, item))]
            lines += draw_item(item, width, keymap, full=isinstance(item, ToolItem))
            before = item
    return lines or [[Span("It has not begun yet.", "dim")]]


def _prompt(node: Node, width: int) -> Lines:
    if not node.prompt:
        return [[Span("It was not asked anything yet.", "dim")]]
    return draw_markdown(node.prompt, width)


def _diff(view: SessionView, node: Node, width: int, keymap: Keymap) -> Lines:
    lines: Lines = []
    for file in view.changes.files.values():
        if node.role in file.roles:
            lines += [*([[]] if lines else []), *_file(file, width, keymap)]
    return lines or [[Span("It has changed no file.", "dim")]]


def _file(file: File, width: int, keymap: Keymap) -> Lines:
    mark, ink, words = file_state(file)
    left = [Span(f"{mark} ", ink), Span(file.label, "bold")]
    lines = [spread(left, [Span(f"+{file.added} -{file.removed}  {words}", "dim")], width)]
    inks = {"+": "added on-added", "-": "removed on-removed", "@": "hunk"}
    patch = [line for line in file.patch.split("\n") if not line.startswith(("--- ", "+++ "))]
    for line in patch[:_DIFF_LINES]:
        lines.append([Span(cut(line.expandtabs(4), width).ljust(width), inks.get(line[:1], "dim"))])
    if len(patch) > _DIFF_LINES:
        more = plural(len(patch) - _DIFF_LINES, "line")
        lines.append(keymap.line(f"… {more} more: {{focus_diffs}} shows all of them", "faint"))
    return lines


def _charges(node: Node, width: int) -> Lines:
    if not node.charges:
        return [[Span("It has called no model yet.", "dim")]]
    lines = [_charge(charge, width) for charge in node.charges]
    total = [Span(plural(len(node.charges), "call"), "bold")]
    return [*lines, [], spread(total, [Span(money(node.cost, node.estimated), "accent bold")], width)]


def _charge(charge: Charge, width: int) -> Line:
    left = [Span(f"{charge.at[11:19]}  ", "faint"), Span(short_model(charge.model), "dim")]
    if not charge.ok:
        left.append(Span("  failed", "bad"))
    parts = [f"{count(charge.input_tokens)} in"]
    parts += [f"{count(charge.cached_tokens)} cached"] if charge.cached_tokens else []
    parts += [f"{count(charge.output_tokens)} out", duration(charge.latency_ms)]
    right = [Span("  ".join(parts), "dim"), Span(f"  {money(charge.cost, charge.estimated):>10}", "accent")]
    return spread(left, right, width)
