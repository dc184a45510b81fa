"""A session at a glance, beside the list: what was asked, what came of it, which files, what it cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.text import sanitise, sanitise_line
from tui.canvas import Page
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, cut_left, indent, spread, wrap
from tui.sessions import entry_title
from tui.wording import RUN_WORDS, money, plural

if TYPE_CHECKING:
    from core.index import Exchange, Preview
    from core.library import Entry

_SHORT = 10
"""Rows below which what the list says already is left out."""
_ANSWER_LINES, _ASKED_LINES, _FOUND_LINES = 6, 4, 3


class PreviewPage(Page):
    """Shows one session; scrolls when it has the focus."""

    can_focus = True

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.border_title = "preview"
        self._entry: Entry | None = None
        self._preview: Preview | None = None
        self._words: tuple[str, ...] = ()

    def show(self, entry: Entry | None, preview: Preview | None, words: str) -> None:
        """Show a session; `preview`: what the index knows of it, `words`: what is looked for."""
        if entry is None or self._entry is None or entry.id != self._entry.id:
            self.scroll_to(y=0, animate=False, immediate=True)
        self._entry, self._preview = entry, preview
        self._words = tuple(words.split())
        self.redraw()

    def compose_lines(self, width: int) -> Lines:
        entry, preview = self._entry, self._preview
        if entry is None:
            return []
        lines = _heading(entry, width, short=self.size.height < _SHORT)
        if preview is None:
            return lines
        lines += self._found(preview, width)
        for exchange in reversed(preview.exchanges):
            lines += self._exchange(exchange, width)
        if preview.paths:
            lines += [[], [Span(plural(len(preview.paths), "changed file"), "bold")]]
            lines += [[Span(cut_left(sanitise_line(path), width), "dim")] for path in preview.paths]
        if preview.roles:
            lines += [[], [Span("cost", "bold")]]
            for role, cost in preview.roles:
                lines.append(
                    spread([Span(sanitise_line(role), role_ink(role))], [Span(money(cost), "accent")], width)
                )
        return lines

    def _found(self, preview: Preview, width: int) -> Lines:
        if not preview.found:
            return []
        lines: Lines = [[], [Span("found in", "bold")]]
        for passage in preview.found[:5]:
            near = excerpt(sanitise_line(passage), self._words, width * _FOUND_LINES - 8)
            drawn = wrap(marked(near, self._words, "dim"), width - 2)[:_FOUND_LINES]
            lines += indent(drawn, [Span("· ", "accent")], [Span("  ")])
        return lines

    def _exchange(self, exchange: Exchange, width: int) -> Lines:
        words, ink = ("under way", "busy") if exchange.status == "running" else RUN_WORDS[exchange.status]
        when = exchange.at[5:16].replace("T", " ")
        asked = wrap(marked(sanitise(exchange.text).strip(), self._words, "bold"), width - 2)
        above: Lines = [] if self.size.height < _SHORT else [[]]
        lines: Lines = [*above, spread([Span(when, "dim")], [Span(words, ink)], width)]
        lines += indent(_first(asked, _ASKED_LINES), [Span("> ", "accent")], [Span("  ")])
        if answer := sanitise(exchange.answer).strip():
            said = wrap(marked(answer, self._words, ""), width - 2)
            lines += indent(_first(said, _ANSWER_LINES), [Span("  ")])
        return lines


def _heading(entry: Entry, width: int, *, short: bool) -> Lines:
    row = entry.row
    if short and row is not None and not entry.damage:
        where = cut_left(sanitise_line(row.project), max(10, width - len(entry.id) - 2))
        return [spread([Span(where, "dim")], [Span(sanitise_line(entry.id), "faint")], width)]
    lines = wrap([Span(entry_title(entry), "heading")], width)
    if entry.damage:
        lines += wrap([Span(sanitise(entry.damage), "bad")], width)
    if row is None:
        return lines
    lines.append([Span(cut_left(sanitise_line(row.project), width), "dim")])
    paid = "" if row.billed or not row.cost else " list price"
    lines.append(
        [
            Span(f"{plural(row.runs, 'request')}  {row.records:,} records  ", "dim"),
            Span(money(row.cost, row.estimated), "accent"),
            Span(paid, "dim"),
        ]
    )
    lines.append([Span(f"id {sanitise_line(entry.id)}", "faint")])
    return lines


def _first(lines: Lines, most: int) -> Lines:
    return lines if len(lines) <= most else [*lines[: most - 1], [Span("…", "dim")]]


def excerpt(text: str, words: Iterable[str], room: int) -> str:
    """The part of a long line in which the first of the words stands."""
    if len(text) <= room:
        return text
    places = [text.lower().find(word.lower()) for word in words]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, min(first - room // 3, len(text) - room))
    return ("…" if start else "") + text[start : start + room] + ("…" if start + room < len(text) else "")


def marked(text: str, words: Iterable[str], ink: str) -> Line:
    """The text with each of the words in another ink."""
    sought = [re.escape(word) for word in words if word]
    if not sought:
        return [Span(text, ink)]
    parts = re.split(f"({'|'.join(sought)})", text, flags=re.IGNORECASE)
    return [Span(part, "key" if number % 2 else ink) for number, part in enumerate(parts) if part]
