"""How a tool call and a command of the user's own look: one line, and what they gave. Pure."""

from core.text import first_line
from core.view.items import ShellItem, ToolItem
from tui.keymap import Keymap
from tui.outputs import SHOWN, summary, unfolded
from tui.paint import Lines, Span, cut, indent, spread, wrap
from tui.wording import TOOL_MARKS, duration, plural

_LIVE = 3
"""Lines of it that are shown while it runs."""
_INSET = Span("      ")
SHELL_LINES = 12
"""Lines of a command's output that are shown while it is folded: its end, where it says how it went."""


def draw_tool(item: ToolItem, width: int, full: bool = False) -> Lines:
    """A call's line; with its output where that is asked for, and a word of it where it failed."""
    mark, ink = TOOL_MARKS[item.state]
    left = [Span("  "), Span(f"{mark} ", ink), Span(item.tool, "bold" if item.state == "running" else "")]
    left.append(Span(f"  {item.subject}", "dim"))
    right = [Span(duration(item.duration_ms), "faint")] if item.state in ("ok", "failed") else []
    if item.state in ("ok", "failed") and (said := summary(item)):
        right = [Span(f"{said}  ", "dim"), *right]
    lines = [spread(left, right, width)]
    if item.state == "running" and item.output:
        return lines + indent(_live(item.output, width - 6, full), [_INSET])
    if full and (item.output or item.arguments):
        return lines + indent(unfolded(item, width - 6), [_INSET])
    if item.state == "failed" and item.output:
        said = first_line(item.output, 400)
        lines += indent(wrap([Span(said, "bad")], width - 6)[:2], [_INSET])
    return lines


def _live(output: str, width: int, full: bool) -> Lines:
    """The end of what a running call has printed so far."""
    last = output.rstrip("\n").split("\n")[-(SHOWN if full else _LIVE) :]
    return [[Span(cut(line.expandtabs(4), width), "dim")] for line in last]


def shell_folds(item: ShellItem) -> bool:
    """Whether there is more of it than is shown folded."""
    return item.output.rstrip("\n").count("\n") >= SHELL_LINES


def draw_shell(item: ShellItem, width: int, keymap: Keymap, full: bool = False) -> Lines:
    """A command of the user's own, and what it printed as it was printed."""
    mark, ink = TOOL_MARKS[item.state]
    command, *more = item.command.split("\n")
    left = [Span("! ", "accent bold"), Span(command + (" …" if more else ""), "bold")]
    right = [Span(f"{item.note}  ", ink)] if item.note else []
    if item.state != "running":
        right += [Span(f"{mark} ", ink), Span(duration(item.duration_ms), "faint")]
    else:
        right = [Span(keymap.fill(mark + " running, {end_command} stops it"), ink)]
    lines = [spread(left, right, width)]
    if full and more:
        lines += [[Span("  "), Span(cut(line.expandtabs(4), width - 2), "bold")] for line in more]
    printed = item.output.rstrip("\n")
    shown = printed.split("\n") if printed else []
    hidden = 0 if full else max(0, len(shown) - SHELL_LINES)
    if hidden:
        lines.append([Span(f"  … {plural(hidden, 'line')} before", "faint")])
    return lines + [[Span("  "), Span(cut(line.expandtabs(4), width - 2), "code")] for line in shown[hidden:]]
