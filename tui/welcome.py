"""What a new session shows: what to type, and in the rehearsal the requests that it knows."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from core.text import sanitise, sanitise_line
from tui.canvas import Page
from tui.paint import Line, Lines, Span, indent, wrap

_LOOM = ("╷ ┃ ╷ ┃ ╷", "┃ ╹ ┃ ╹ ┃", "╵ ┃ ╵ ┃ ╵")
_WHAT = (
    "Type what you want done. A router picks the cheapest team of models for it, and says what it should cost. "
    "The team works on a private copy: nothing reaches your files until you write it there."
)
_REHEARSAL = (
    "In the rehearsal the models' words come from a script and cost nothing. "
    "The rest is real: tools, tests, files, diffs."
)
_CONNECT = ("/connect", "Connect real models instead: AWS, Ollama, any compatible endpoint")
_SIGN_ROWS = 20
"""Rows from which there is room for the sign."""


class Welcome(Page):
    class Picked(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    can_focus = False

    def __init__(self, suggestions: Sequence[str], connect_hint: str, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = "chat"
        self._entries = [(text, sanitise_line(text)) for text in suggestions]
        if suggestions:
            self._entries.append(_CONNECT)
        self._hint = connect_hint
        self._current = 0
        self._tops: list[int] = []
        self._end = 0

    @property
    def picked(self) -> str:
        """What the marked line stands for; empty when there is none."""
        return self._entries[self._current][0] if self._entries else ""

    def step(self, by: int) -> None:
        if self._entries:
            self._current = (self._current + by) % len(self._entries)
            self.redraw()

    def compose_lines(self, width: int) -> Lines:
        inner, keymap = min(80, width - 2), self.app.keymap  # type: ignore[attr-defined]
        lines: Lines = [[], *self._sign(), []] if self.container_size.height >= _SIGN_ROWS else [[]]
        lines += wrap([Span(_WHAT)], inner)
        if self._entries:
            lines += [
                [],
                [
                    Span("It knows these requests", "bold"),
                    Span(keymap.fill("   ↑ ↓ {prompt.send}, or click"), "dim"),
                ],
            ]
            lines += self._list(len(lines), inner)
            lines += [[], *wrap([Span(_REHEARSAL, "dim")], inner)]
        if self._hint:
            lines += [[], *wrap([Span(sanitise(keymap.fill(self._hint)), "dim")], inner)]
        return indent(lines, [Span(" ")])

    def _sign(self) -> Lines:
        words: tuple[Line, ...] = (
            [],
            [Span("   heddle", "heading")],
            [Span("   a team of models, each strand on its own path", "dim")],
        )
        return [[Span(loom, "accent"), *text] for loom, text in zip(_LOOM, words, strict=True)]

    def _list(self, top: int, width: int) -> Lines:
        lines: Lines = []
        self._tops = []
        for index, (_, label) in enumerate(self._entries):
            self._tops.append(top + len(lines))
            here = index == self._current
            ink = "accent" if self._entries[index] is _CONNECT else ""
            drawn = wrap([Span(label, f"{ink} bold".strip() if here else ink)], width - 4)
            lines += indent(drawn, [Span("▸ " if here else "  ", "accent")], [Span("  ")])
        self._end = top + len(lines)
        return lines

    def on_click(self, event: events.Click) -> None:
        y = event.y + self.scroll_offset.y
        if self._tops and self._tops[0] <= y < self._end:
            index = max(index for index, top in enumerate(self._tops) if top <= y)
            self.post_message(self.Picked(self._entries[index][0]))
