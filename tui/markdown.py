"""Markdown drawn as lines: whole, and growing at the same cost from its start to its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from tui.paint import Line, Lines, Span, chop, cut_line, indent, width_of, wrap

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MARKS = {"strong_open": "bold", "em_open": "italic", "s_open": "strike", "link_open": "link"}
_LONG_FENCE = 24
"""Lines from which an open code block is drawn line by line instead of whole at each frame."""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # a tenth of the start-up time, and not needed for the first frame

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def draw_markdown(text: str, width: int) -> Lines:
    """Draw a whole text. Nothing in it is markup but Markdown, and links are text."""
    return _Drawing(width).blocks(_parser().parse(text))


def draw_code(text: str, width: int) -> Lines:
    """Draw code on its own ground, broken at the edge."""
    lines: Lines = []
    for source in text.rstrip("\n").split("\n"):
        lines += [_on_ground(line, width) for line in chop(source, width - 2, "code on-code")]
    return lines


def _on_ground(line: Line, width: int) -> Line:
    rest = max(0, width - 1 - width_of(line))
    return [Span(" ", "on-code"), *line, Span(" " * rest, "on-code")]


class _Drawing:
    """Draws a flat list of tokens; containers draw what is inside of them at a smaller width."""

    def __init__(self, width: int, ink: str = "") -> None:
        self.width = max(8, width)
        self.ink = ink

    def blocks(self, tokens: Sequence[Token], tight: bool = False) -> Lines:
        lines: Lines = []
        for group in _groups(tokens):
            drawn = self._block(group)
            if lines and drawn and not tight:
                lines.append([])
            lines += drawn
        return lines

    def _block(self, tokens: Sequence[Token]) -> Lines:
        first = tokens[0]
        match first.type:
            case "heading_open":
                return self._text(tokens[1], "heading")
            case "paragraph_open":
                return self._text(tokens[1], self.ink)
            case "fence" | "code_block":
                return draw_code(first.content, self.width)
            case "bullet_list_open" | "ordered_list_open":
                return self._list(tokens)
            case "blockquote_open":
                inner = _Drawing(self.width - 2, "dim").blocks(tokens[1:-1])
                return indent(inner, [Span("▎ ", "faint")])
            case "table_open":
                return _Table(tokens, self.width).lines()
            case "hr":
                return [[Span("─" * self.width, "faint")]]
            case _:
                return wrap([Span(first.content, self.ink)], self.width) if first.content else []

    def _text(self, token: Token, ink: str) -> Lines:
        return wrap(inline_spans(token, ink), self.width)

    def _list(self, tokens: Sequence[Token]) -> Lines:
        ordered = tokens[0].type == "ordered_list_open"
        number = int(tokens[0].attrs.get("start", 1)) if ordered else 0
        lines: Lines = []
        for item in _groups(tokens[1:-1]):
            mark = f"{number}. " if ordered else "• "
            tight = any(token.type == "paragraph_open" and token.hidden for token in item)
            inner = _Drawing(self.width - len(mark), self.ink).blocks(item[1:-1], tight)
            if lines and not tight:
                lines.append([])
            lines += indent(inner or [[]], [Span(mark, "accent")], [Span(" " * len(mark))])
            number += 1
        return lines


def _groups(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Part tokens into blocks: an opening one with all up to its closing one, or one alone."""
    groups: list[Sequence[Token]] = []
    depth = start = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            groups.append(tokens[start : index + 1])
            start = index + 1
    return groups


def inline_spans(token: Token, ink: str = "") -> Line:
    """The text of one paragraph with its emphasis."""
    spans: Line = []
    inks: list[str] = []
    targets: list[str] = []
    for child in token.children or []:
        match child.type:
            case "text" | "html_inline" | "text_special":
                spans.append(Span(child.content, " ".join([ink, *inks])))
            case "code_inline":
                spans.append(Span(child.content, "code on-code"))
            case "softbreak":
                spans.append(Span(" ", ink))
            case "hardbreak":
                spans.append(Span("\n", ink))
            case "image":
                spans.append(Span(f"[image: {child.content}]", "dim"))
            case "link_open":
                inks.append("link")
                targets.append(str(child.attrs.get("href", "")))
            case "link_close":
                inks.remove("link")
                spans += _target(targets.pop(), spans)
            case kind if kind in _MARKS:
                inks.append(_MARKS[kind])
            case kind if kind.endswith("_close"):
                inks.remove(_MARKS[kind.replace("_close", "_open")])
            case _:
                spans.append(Span(child.content, ink))
    return spans


def _target(target: str, spans: Line) -> Line:
    """Where a link really goes, unless its text says just that."""
    shown = spans[-1].text if spans else ""
    return [] if not target or target == shown else [Span(f" ({target})", "dim")]


class _Table:
    def __init__(self, tokens: Sequence[Token], width: int) -> None:
        self.rows: list[list[Line]] = []
        for token in tokens:
            if token.type == "tr_open":
                self.rows.append([])
            elif token.type == "inline" and self.rows:
                head = "bold" if len(self.rows) == 1 else ""
                self.rows[-1].append(inline_spans(token, head))
        self.width = width

    def lines(self) -> Lines:
        columns = max((len(row) for row in self.rows), default=0)
        if not columns:
            return []
        widths = self._widths(columns)
        lines: Lines = []
        for index, row in enumerate(self.rows):
            lines += self._row(row, widths)
            if index == 0:
                lines.append([Span("─┼─".join("─" * width for width in widths), "faint")])
        return lines

    def _widths(self, columns: int) -> list[int]:
        """Natural widths; the widest gives way until the table fits."""
        wanted = [
            max((width_of(row[column]) for row in self.rows if column < len(row)), default=1)
            for column in range(columns)
        ]
        room = max(columns * 3, self.width - 3 * (columns - 1))
        while sum(wanted) > room:
            wanted[wanted.index(max(wanted))] -= 1
        return [max(1, width) for width in wanted]

    def _row(self, row: Sequence[Line], widths: Sequence[int]) -> Lines:
        cells = [wrap(row[i], width) if i < len(row) else [[]] for i, width in enumerate(widths)]
        lines: Lines = []
        for level in range(max(len(cell) for cell in cells)):
            line: Line = []
            for i, width in enumerate(widths):
                part = cut_line(cells[i][level], width) if level < len(cells[i]) else []
                line += [Span(" │ ", "faint")] if i else []
                line += [*part, Span(" " * (width - width_of(part)))]
            lines.append(line)
        return lines


class Growing:
    """A text that still comes in. Blocks that are complete are drawn once; only the last one again."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.done: Lines = []
        self._tail = ""
        self._fence = ""
        self._taken = 0

    def take(self, parts: Sequence[str]) -> None:
        """Take in the parts that are new since the last call; `parts` are all of them."""
        self._tail += "".join(parts[self._taken :])
        self._taken = len(parts)

    def lines(self) -> Lines:
        """Everything so far, drawn."""
        rest = self.rest()
        return self.done + rest

    def rest(self) -> Lines:
        """The lines after `done`, which can still change; what cannot any more was put there."""
        tokens = self._settle()
        if self._fence:
            return draw_code(self._tail, self.width) if self._tail else []
        last = _Drawing(self.width).blocks(_parser().parse(self._tail) if tokens is None else tokens)
        return ([[]] if self.done and last else []) + last

    def _settle(self) -> list[Token] | None:
        """Move what cannot change any more from the tail to the drawn lines.

        Gives the tokens of the tail where it stayed as it was read: reading is most of the work.
        """
        if self._fence:
            self._settle_code()
            if self._fence:
                return None
        before, read = self._tail, _parser().parse(self._tail)
        tokens = [token for token in read if token.level == 0 and token.map]
        starts = [token.map[0] for token in tokens if token.map and token.nesting >= 0]
        if not starts:
            return read
        source = self._tail.splitlines(keepends=True)
        self._settle_to("".join(source[: starts[-1]]))
        if tokens[-1].type == "fence" and len(source) - starts[-1] > _LONG_FENCE:
            self._open_code()
        return read if self._tail is before else None

    def _settle_to(self, text: str) -> None:
        if not text.strip():
            return
        self.done += ([[]] if self.done else []) + draw_markdown(text, self.width)
        self._tail = self._tail[len(text) :]

    def _open_code(self) -> None:
        head, _, body = self._tail.lstrip("\n").partition("\n")
        fence = _FENCE.match(head)
        if fence is None or _closes(body, fence[1]) is not None:
            return
        self._fence = fence[1]
        self.done += [[]] if self.done else []
        self._tail = body
        self._settle_code()

    def _settle_code(self) -> None:
        end = _closes(self._tail, self._fence)
        code = self._tail[: self._tail.rfind("\n") + 1] if end is None else self._tail[: end[0]]
        if code:
            self.done += draw_code(code, self.width)
        self._tail = self._tail[len(code) :] if end is None else self._tail[end[1] :]
        if end is not None:
            self._fence = ""


def _closes(body: str, fence: str) -> tuple[int, int] | None:
    """Where the closing fence's line begins and ends in the text of a code block."""
    found = re.search(rf"^ {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*(?:\n|$)", body, re.MULTILINE)
    return found.span() if found else None
