"""The chat: one canvas over the transcript. Only a window of items is drawn; older ones on demand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Literal, TypeAlias

import msgspec
from textual.strip import Strip

from core.text import sanitise
from core.view.items import Item, TextItem
from core.view.transcript import Transcript
from tui.canvas import Canvas
from tui.cards import TAB, draw_item, gap, request_card
from tui.markdown import Growing
from tui.paint import Line, Lines, Span, indent

How: TypeAlias = Literal["added", "grown", "changed"]

_PAGE = 40
"""Items that are drawn when the chat opens, and further ones each time it is scrolled up to its begin."""
_KEPT = 200
"""Items that stay drawn while the chat follows its end."""
_SLACK = 80


class Waiting(msgspec.Struct):
    """A request that the engine has not taken yet."""

    text: str
    sent: bool = False
    held: bool = False
    """The session takes it only after the run."""
    note: str = ""
    """What is said of it; empty: by its state."""


class _Block:
    """One drawn item, with those of its lines that were on the screen already."""

    def __init__(self, lines: Lines, growing: Growing | None = None) -> None:
        self.lines = lines
        self.growing = growing
        self.strips: dict[int, Strip] = {}

    def replace(self, lines: Lines, kept: int) -> None:
        """Take new lines, of which the first `kept` are the old ones."""
        self.lines = lines
        self.strips = {row: strip for row, strip in self.strips.items() if row < kept}


class Chat(Canvas):
    """The transcript, followed at its end unless the user scrolled away."""

    BORDER_TITLE = "chat"

    def __init__(self, transcript: Transcript, *, id: str) -> None:
        super().__init__(id=id)
        self._transcript = transcript
        self._first = 0
        self._blocks: list[_Block] = []
        self._tops: list[int] = [0]
        self._tail: Lines = []
        self._waiting: Sequence[Waiting] = ()
        self._width = 0
        self._full = False
        """Tool output and reasoning are unfolded."""
        self._following = True
        """The end is in sight, so new lines scroll the chat; false once the user scrolled away from it."""

    # -- what is drawn ---------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self.room != self._width and self.container_size.width > 0:
            self._rebuild(keep=not self._following)
        if self._following:
            self._to_end()

    def unfold(self) -> None:
        """Show tool output and reasoning in full, or fold them again."""
        self._full = not self._full
        self._rebuild(keep=not self._following)

    def _rebuild(self, keep: bool = False) -> None:
        """Draw the window again: where it was, or the last page."""
        self._width = self.room
        if not keep:
            self._first = max(0, len(self._transcript.items) - _PAGE)
        self._blocks = [self._draw(index) for index in range(self._first, len(self._transcript.items))]
        self._draw_waiting()
        self._measure()
        self.refresh()
        if not keep:
            self._to_end()

    def _draw(self, index: int) -> _Block:
        items = self._transcript.items
        item = items[index]
        above = [[] for _ in range(gap(items[index - 1] if index else None, item))]
        if isinstance(item, TextItem) and item.state == "growing" and item.kind == "text":
            growing = Growing(self._width - 2)
            growing.take(item.parts)
            return _Block([*above, *indent(growing.lines(), [TAB])], growing)
        return _Block([*above, *draw_item(item, self._width, self._full)])

    def _grow(self, index: int, item: Item) -> int:
        """Draw a longer text; gives how many of its lines stayed."""
        block = self._blocks[index - self._first]
        if block.growing is None or not isinstance(item, TextItem):
            self._blocks[index - self._first] = self._draw(index)
            return 0
        above = [[] for _ in range(gap(self._transcript.items[index - 1] if index else None, item))]
        kept = len(above) + len(block.growing.done)
        block.growing.take(item.parts)
        block.replace([*above, *indent(block.growing.lines(), [TAB])], kept)
        return kept

    def update(self, touched: Mapping[int, How], waiting: Sequence[Waiting]) -> None:
        """Draw what changed since the last frame."""
        self._waiting = waiting
        if self._width <= 0:
            return
        end = self._tops[-1]
        changed = min((self._touch(index, touched[index]) for index in sorted(touched)), default=end)
        self._draw_waiting()
        self._measure()
        if self._following:
            self._forget()
            self._to_end()
        self.refresh_from(min(changed, end))

    def _touch(self, index: int, how: How) -> int:
        """Draw an item again; gives the line from which the chat differs."""
        if index < self._first:
            return self._tops[-1]
        place = index - self._first
        if place >= len(self._blocks):
            for missing in range(self._first + len(self._blocks), index + 1):
                self._blocks.append(self._draw(missing))
            return self._tops[-1]
        if how == "grown":
            return self._tops[place] + self._grow(index, self._transcript.items[index])
        self._blocks[place] = self._draw(index)
        return self._tops[place]

    def _draw_waiting(self) -> None:
        self._tail = []
        for entry in self._waiting:
            note = (
                entry.note or "sent"
                if entry.sent or entry.note
                else "queued: it is sent as soon as the team is free"
            )
            self._tail += [[], *request_card(sanitise(entry.text), self._width, "dim", note)]

    # -- the window ------------------------------------------------------------------------------

    def _measure(self) -> None:
        heights = (len(block.lines) for block in self._blocks)
        self._tops = list(accumulate(heights, initial=self._marker_height))
        self.set_height(self._tops[-1] + len(self._tail))

    @property
    def _marker_height(self) -> int:
        return 2 if self._first else 0

    def _forget(self) -> None:
        """Drop old blocks once the window has grown far beyond what is kept."""
        extra = len(self._blocks) - _KEPT
        if extra > _SLACK:
            del self._blocks[:extra]
            self._first += extra
            self._measure()

    def _load_older(self) -> None:
        """Draw one more page above, and stay at the same place in the text."""
        before = max(0, self._first - _PAGE)
        older = [self._draw(index) for index in range(before, self._first)]
        height = sum(len(block.lines) for block in older) - (2 if before == 0 else 0)
        self._blocks[:0] = older
        self._first = before
        self._measure()
        self.scroll_to(y=self.scroll_y + height, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._following = new_value >= self.max_scroll_y - 1
        if self._first and new_value < old_value and new_value <= self.size.height:
            self.call_next(self._load_if_near)

    def _load_if_near(self) -> None:
        if self._first and self.scroll_y <= self.size.height:
            self._load_older()

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

    # -- lines -----------------------------------------------------------------------------------

    def line(self, y: int) -> Line:
        if y < self._marker_height:
            return (
                [Span(f"▲ {self._first:,} earlier items: scroll up to read them", "faint")] if y == 0 else []
            )
        end = self._tops[-1]
        if y >= end:
            return self._tail[y - end]
        place = bisect_right(self._tops, y) - 1
        return self._blocks[place].lines[y - self._tops[place]]

    def strip(self, y: int) -> Strip:
        end = self._tops[-1]
        if y < self._marker_height or y >= end:
            return super().strip(y)
        place = bisect_right(self._tops, y) - 1
        strips, row = self._blocks[place].strips, y - self._tops[place]
        if row not in strips:
            strips[row] = super().strip(y)
        return strips[row]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        for block in self._blocks:
            block.strips.clear()

    @property
    def drawn_items(self) -> int:
        """How many items are drawn now, however many there are."""
        return len(self._blocks)
