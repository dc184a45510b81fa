"""How a tool call looks: one line, and unfolded what it gave, in the way that suits the tool. Pure."""

from core.text import first_line
from core.view.items import ToolItem
from tui.markdown import draw_code
from tui.paint import Line, Lines, Span, cut, indent, spread, wrap
from tui.wording import TOOL_MARKS, duration

_MOST = 60
"""Lines of a tool's output that are shown unfolded; the record holds all of them."""
_DIFFS = ("diff", "edit", "patch", "write")
_HITS = ("search", "find", "references", "grep")
_TESTS = ("test", "coverage")
_INSET = Span("      ")


def draw_tool(item: ToolItem, width: int, full: bool = False) -> Lines:
    """A call's line; with its output where that is asked for, and a word of it where it failed."""
    mark, ink = TOOL_MARKS[item.state]
    left = [Span("  "), Span(f"{mark} ", ink), Span(item.tool, "bold" if item.state == "running" else "")]
    left.append(Span(f"  {item.subject}", "dim"))
    right = [Span(duration(item.duration_ms), "faint")] if item.state in ("ok", "failed") else []
    lines = [spread(left, right, width)]
    if full and (item.output or item.arguments):
        return lines + indent(_unfolded(item, width - 6), [_INSET])
    if item.state == "failed" and item.output:
        said = first_line(item.output, 400)
        lines += indent(wrap([Span(said, "bad")], width - 6)[:2], [_INSET])
    return lines


def _unfolded(item: ToolItem, width: int) -> Lines:
    shown = item.output.rstrip().split("\n") if item.output else []
    lines = _drawn(item.tool, shown[:_MOST], width) if shown else draw_code(item.arguments, width)
    left_out = len(shown) - _MOST
    return [*lines, [Span(f"… {left_out:,} more lines", "faint")]] if left_out > 0 else lines


def _drawn(tool: str, output: list[str], width: int) -> Lines:
    if any(word in tool for word in _DIFFS):
        return [_diff_line(line, width) for line in output]
    if any(word in tool for word in _TESTS):
        return [_test_line(line, width) for line in output]
    if any(word in tool for word in _HITS):
        return [_hit_line(line, width) for line in output]
    return draw_code("\n".join(output), width)


def _diff_line(line: str, width: int) -> Line:
    inks = {"+": "added on-added", "-": "removed on-removed", "@": "hunk"}
    return [Span(cut(line.expandtabs(4), width), inks.get(line[:1], "dim"))]


def _test_line(line: str, width: int) -> Line:
    low = line.lower()
    bad, good = "fail" in low or "error" in low, "passed" in low or "ok" in low.split()
    return [Span(cut(line.expandtabs(4), width), "bad" if bad else "good" if good else "dim")]


def _hit_line(line: str, width: int) -> Line:
    """`path:12: text` with its place and its text apart."""
    place, colon, text = line.expandtabs(4).partition(": ")
    if not colon or " " in place:
        return [Span(cut(line.expandtabs(4), width), "dim")]
    shown = cut(place, max(8, width // 2))
    return [Span(f"{shown}  ", "accent"), Span(cut(text.strip(), width - len(shown) - 2))]
