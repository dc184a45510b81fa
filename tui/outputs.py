"""What a tool gave, drawn in the way that suits the tool, and said in a few words. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from core.view.items import ToolItem
from tui.edits import draw_diff, edited_lines, say_diff
from tui.markdown import draw_code
from tui.paint import Line, Lines, Span, cut, cut_line, wrap
from tui.wording import plural

SHOWN = 60
"""Lines of a tool's output that are shown unfolded; the record holds all of them."""
_HIT = re.compile(r"(?P<path>[^:\s][^:]*?)(?P<sign>[:-])(?P<line>\d+)(?P=sign)(?P<text>.*)")
_NUMBERED = re.compile(r"\s*(\d+)\t(.*)")
_COUNTS = re.compile(r"(\d+) (passed|failed|skipped)")
_EXIT = re.compile(r"Exit code (\d+)\.")
_COMMIT = re.compile(r"([0-9a-f]{7,40})\s+(.*)")

Draw = Callable[[Sequence[str], int], Lines]
Say = Callable[[Sequence[str]], str]


class Way(NamedTuple):
    """How one kind of output is drawn, and what is said of it while it is folded."""

    draw: Draw
    say: Say


# -- trees ---------------------------------------------------------------------------------------


def _tree(lines: Sequence[str], width: int) -> Lines:
    """A listing as branches: two spaces a level; a folder ends in a slash, a file has its size behind it."""
    levels = [-1 if _is_note(line) else (len(line) - len(line.lstrip(" "))) // 2 for line in lines]
    drawn: Lines = []
    for index, line in enumerate(lines):
        if _is_note(line):
            drawn.append([Span(cut(line, width), "faint")])
            continue
        level = levels[index]
        stems = "".join("│ " if _goes_on(levels, index, above) else "  " for above in range(level))
        branch = "├ " if _goes_on(levels, index, level) else "└ "
        drawn.append(cut_line([Span(stems + branch, "faint"), *_entry(line.strip())], width))
    return drawn


def _is_note(line: str) -> bool:
    return line.startswith(("(", "…"))


def _goes_on(levels: Sequence[int], index: int, level: int) -> bool:
    """Whether another entry of this level follows before the folder that holds it ends."""
    for later in levels[index + 1 :]:
        if later <= level:
            return later == level
    return False


def _entry(text: str) -> Line:
    name, _, rest = text.partition(" (")
    said = Span(f"  {rest.rstrip(')')}" if rest else "", "faint")
    return [Span(name, "accent" if name.endswith("/") else ""), said]


def _say_tree(lines: Sequence[str]) -> str:
    count = sum(not _is_note(line) for line in lines)
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


# -- hits ----------------------------------------------------------------------------------------


def _hits(lines: Sequence[str], width: int) -> Lines:
    """Hits as a table: their file once, then line and text in columns; lines around a hit are dim."""
    found = [_HIT.fullmatch(line) for line in lines]
    digits = max((len(hit["line"]) for hit in found if hit), default=1)
    drawn: Lines = []
    here = ""
    for line, hit in zip(lines, found, strict=True):
        if hit is None:
            drawn.append([Span(cut(line.expandtabs(4), width), "dim")])
            continue
        if hit["path"] != here:
            here = hit["path"]
            drawn.append([Span(cut(here, width), "accent")])
        text = hit["text"].expandtabs(4).removeprefix(" ")
        ink = "" if hit["sign"] == ":" else "dim"
        row = [Span(f"{hit['line']:>{digits + 1}} ", "dim"), Span("│ ", "faint"), Span(text, ink)]
        drawn.append(cut_line(row, width))
    return drawn


def _say_hits(lines: Sequence[str]) -> str:
    hits = [hit for line in lines if (hit := _HIT.fullmatch(line)) and hit["sign"] == ":"]
    if not hits:
        return "none" if any(line.startswith("No ") for line in lines) else ""
    files = len({hit["path"] for hit in hits})
    return f"{plural(len(hits), 'hit')} in {plural(files, 'file')}"


# -- tests ---------------------------------------------------------------------------------------


def _tests(lines: Sequence[str], width: int) -> Lines:
    """The outcome with its mark, each failure with its place, and the rest dim."""
    drawn: Lines = []
    for line in lines:
        text = line.expandtabs(4)
        if line.startswith("Tests passed"):
            drawn.append([Span("✓ ", "good"), Span(cut(text, width - 2), "good bold")])
        elif line.startswith(("Tests failed", "The tests were not run")):
            drawn.append([Span("✗ ", "bad"), Span(cut(text, width - 2), "bad bold")])
        elif line.startswith("- "):
            name, _, why = text[2:].partition(": ")
            row = [Span("  ✗ ", "bad"), Span(name), Span(f"  {why}" if why else "", "bad")]
            drawn.append(cut_line(row, width))
        else:
            drawn.append([Span(cut(text, width), _test_ink(line))])
    return drawn


def _test_ink(line: str) -> str:
    low = line.lower()
    if "fail" in low or "error" in low:
        return "bad"
    return "good" if "passed" in low or "ok" in low.split() else "dim"


def _say_tests(lines: Sequence[str]) -> str:
    first = lines[0] if lines else ""
    if first.startswith("The tests were not run"):
        return "not run"
    counts = [(int(number), word) for number, word in _COUNTS.findall(first)]
    return ", ".join(f"{number} {word}" for number, word in counts if number or word == "passed")


# -- code, commits, commands, anything else ------------------------------------------------------


def _file(lines: Sequence[str], width: int) -> Lines:
    """A file with its line numbers apart."""
    rows = [_NUMBERED.fullmatch(line) for line in lines]
    digits = max((len(row[1]) for row in rows if row), default=1)
    drawn: Lines = []
    for line, row in zip(lines, rows, strict=True):
        if row is None:
            drawn.append([Span(cut(line.expandtabs(4), width), "dim")])
            continue
        number = Span(f"{row[1]:>{digits}} ", "faint")
        drawn.append([number, Span(cut(row[2].expandtabs(4), width - digits - 1), "code")])
    return drawn


def _say_file(lines: Sequence[str]) -> str:
    rows = sum(_NUMBERED.fullmatch(line) is not None for line in lines)
    return plural(rows, "line") if rows else ""


def _commits(lines: Sequence[str], width: int) -> Lines:
    drawn: Lines = []
    for line in lines:
        found = _COMMIT.fullmatch(line)
        row = (
            [Span(f"{found[1]}  ", "accent"), Span(found[2])] if found else [Span(line.expandtabs(4), "dim")]
        )
        drawn.append(cut_line(row, width))
    return drawn


def _say_commits(lines: Sequence[str]) -> str:
    count = sum(_COMMIT.fullmatch(line) is not None for line in lines)
    return plural(count, "commit") if count else ""


def _command(lines: Sequence[str], width: int) -> Lines:
    """How it ended, then what it printed."""
    head = _EXIT.fullmatch(lines[0]) if lines else None
    if head is None:
        return _anything(lines, width)
    ink = "good" if head[1] == "0" else "bad"
    rest = draw_code("\n".join(lines[1:]), width) if len(lines) > 1 else []
    return [[Span(lines[0], ink)], *rest]


def _say_command(lines: Sequence[str]) -> str:
    head = _EXIT.match(lines[0]) if lines else None
    return f"exit {head[1]}" if head and head[1] != "0" else ""


def _anything(lines: Sequence[str], width: int) -> Lines:
    return draw_code("\n".join(lines), width)


def _nothing(lines: Sequence[str]) -> str:
    return ""


_GENERIC = Way(_anything, _nothing)
_DIFF, _TREE, _HITS = Way(draw_diff, say_diff), Way(_tree, _say_tree), Way(_hits, _say_hits)
_TESTS, _COMMAND = Way(_tests, _say_tests), Way(_command, _say_command)
_WAYS: dict[str, Way] = {
    "read_file": Way(_file, _say_file),
    "edit_file": _DIFF,
    "write_file": _DIFF,
    "apply_patch": _DIFF,
    "git_diff": _DIFF,
    "list_directory": _TREE,
    "find_files": _TREE,
    "search_files": _HITS,
    "find_references": _HITS,
    "go_to_definition": _HITS,
    "diagnostics": _HITS,
    "run_linter": _HITS,
    "run_tests": _TESTS,
    "coverage_report": _TESTS,
    "git_log": Way(_commits, _say_commits),
    "run_command": _COMMAND,
    "run_command_outside": _COMMAND,
    "execute_code": _COMMAND,
}
"""By tool; any other tool, such as one of an MCP server, is drawn as it is."""
_EDITS = ("edit_file", "write_file", "apply_patch")


def way_of(tool: str) -> Way:
    return _WAYS.get(tool, _GENERIC)


def summary(item: ToolItem) -> str:
    """What a call gave, in a few words; empty where there is nothing worth saying."""
    way = way_of(item.tool)
    if item.tool in _EDITS:
        return way.say(edited_lines(item.arguments)) if item.state == "ok" else ""
    return way.say(item.output.rstrip().split("\n")) if item.output else ""


def unfolded(item: ToolItem, width: int) -> Lines:
    """What a call did and gave."""
    way = way_of(item.tool)
    if item.tool in _EDITS and (told := edited_lines(item.arguments)):
        said = wrap([Span(item.output.strip(), "bad" if item.state == "failed" else "dim")], width)
        return [*_shown(way.draw, told, width), *(said if item.output.strip() else [])]
    if not item.output:
        return draw_code(item.arguments, width)
    return _shown(way.draw, item.output.rstrip().split("\n"), width)


def _shown(draw: Draw, lines: Sequence[str], width: int) -> Lines:
    """As many lines as there is room for, and how many there are besides."""
    drawn = draw(lines[:SHOWN], width)
    left_out = len(lines) - SHOWN
    more = f"… {left_out:,} more {'line' if left_out == 1 else 'lines'}"
    return [*drawn, [Span(more, "faint")]] if left_out > 0 else drawn
