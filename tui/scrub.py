"""The scrub bar of a replay: where it is, how fast it goes, and what lies ahead."""

from __future__ import annotations

from rich.segment import Segment
from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from core.view.replay import Kind, Replay
from tui.ink import Palette
from tui.paint import Line, Span, spread

MARKS: dict[Kind, tuple[str, str]] = {
    # kind: (sign, ink); where two stand in one place, the later one in this table is seen
    "handoff": ("→", "dim"),
    "spike": ("$", "accent"),
    "decision": ("◆", "key"),
    "failure": ("✗", "bad"),
}


class Scrub(Widget):
    """Three lines, as the prompt takes: marks, the bar, and words."""

    can_focus = True

    class Sought(Message):
        """The user points at a place, from 0 to 1."""

        def __init__(self, part: float) -> None:
            super().__init__()
            self.part = part

    def __init__(self, replay: Replay, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._replay = replay
        self._words: Line = []
        self._loaded = False

    def show(self, words: Line, loaded: bool) -> None:
        """Draw again; `words`: how it is played."""
        self._words, self._loaded = words, loaded
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        line = (self._lane, self._bar, self._told)[y](max(1, width - 2)) if y < 3 else []
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        strip = Strip([Segment(text, palette.style(ink)) for text, ink in [Span(" "), *line]])
        return strip.crop_extend(0, width, base).apply_style(base)

    def column(self, position: int, width: int) -> int:
        """In which of so many columns a position stands."""
        length = self._replay.length
        return min(width - 1, self._replay.time_at(position) * (width - 1) // length) if length else 0

    def _lane(self, width: int) -> Line:
        lane: list[tuple[str, str]] = [(" ", "")] * width
        order = list(MARKS)
        for mark in sorted(self._replay.marks, key=lambda mark: order.index(mark.kind)):
            lane[self.column(mark.position, width)] = MARKS[mark.kind]
        return [Span(sign, ink) for sign, ink in lane]

    def _bar(self, width: int) -> Line:
        here = self.column(self._replay.position, width)
        ink = "accent" if self.has_focus else "busy"
        return [Span("━" * here, ink), Span("●", f"{ink} bold"), Span("─" * (width - 1 - here), "faint")]

    def _told(self, width: int) -> Line:
        replay = self._replay
        of = f"{len(replay.records):,}" + ("" if self._loaded else " …")
        right = [Span(f"record {replay.position:,} of {of}", "dim")]
        return spread(self._words, right, width)

    def on_click(self, event: Click) -> None:
        if event.y < 2:
            self.post_message(self.Sought(max(0, event.x - 1) / max(1, self.size.width - 3)))


def clock(ms: int) -> str:
    """`2:05`."""
    return f"{ms // 60_000}:{ms // 1000 % 60:02d}"
