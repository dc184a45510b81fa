"""A canvas over a transcript of which only a window is drawn; older items on demand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Literal, TypeAlias

from textual.geometry import Size
from textual.strip import Strip

from core.view.items import TextItem
from core.view.transcript import Transcript
from tui.blocks import Block, GrowingBlock
from tui.framing import FramedCanvas
from tui.paint import Lines

How: TypeAlias = Literal["added", "grown", "changed"]

_PAGE = 40
"""The most items that are drawn when the chat opens, and further ones each time it is scrolled up to its begin."""
_SCREENS = 3
"""As many screens full are enough: the items of long answers are more than a screen each."""
_LEAST_ROWS = 40
"""What counts as a screen at least."""
_KEPT = 200
"""Items that stay drawn while the chat follows its end."""
_SLACK = 80


class Window(FramedCanvas, part=True):
    """The items from `_first` on. A subclass draws one item, and what stands below the last."""

    def __init__(self, transcript: Transcript, *, id: str) -> None:
        super().__init__(id=id)
        self._transcript = transcript
        self._first = 0
        self._blocks: list[Block] = []
        self._tops: list[int] = [0]
        self._tail: Lines = []
        self._width = 0
        self._late: set[int] = set()
        """Growing texts above the rows in sight, of which not all is drawn."""

    def draw_block(self, index: int) -> Block:
        """One item at this width."""
        raise NotImplementedError

    def draw_tail(self) -> Lines:
        """What stands below the last item."""
        raise NotImplementedError

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        """Textual sends no `Resize` to a pane that was asked for its place between its styling and its layout."""
        changed = super()._size_updated(size, virtual_size, container_size, layout)
        if self.room != self._width:
            self.call_next(self.on_resize)
        return changed

    def on_resize(self) -> None:
        if self.room != self._width and self.container_size.width > 0:
            self.rebuild(keep=not self._following)
        if self._following:
            self._to_end()

    def rebuild(self, keep: bool = False) -> None:
        """Draw the window again: where it was, or the last page."""
        self._width = self.room
        self._late.clear()
        end = len(self._transcript.items)
        if keep:
            self._blocks = [self.draw_block(index) for index in range(self._first, end)]
        else:
            self._first, self._blocks = self._draw_page(end)
        self._tail = self.draw_tail()
        self._measure()
        self.refresh()
        if not keep:
            self._to_end()

    def _draw_page(self, end: int) -> tuple[int, list[Block]]:
        """The items that end before an index, from the last one up until they fill some screens; and the first's
        index."""
        first, rows, blocks = end, 0, list[Block]()
        wanted = _SCREENS * max(_LEAST_ROWS, self.container_size.height)
        while first > 0 and end - first < _PAGE and rows < wanted:
            first -= 1
            blocks.append(self.draw_block(first))
            rows += len(blocks[-1].lines)
        return first, blocks[::-1]

    def draw_changes(self, touched: Mapping[int, How]) -> None:
        """Draw what changed since the last frame."""
        if self._width <= 0:
            return
        self.updating = True
        if not self._skip_ahead():
            for index in sorted(touched):
                self._touch(index, touched[index])
        self._tail = self.draw_tail()
        self._measure()
        if self._following:
            self._forget()
            self._to_end()
        self.updating = False
        self.refresh_changed()

    def _skip_ahead(self) -> bool:
        """Of a past that comes in at once only the last page is drawn; true when that was so."""
        end = len(self._transcript.items)
        if not self._following or end - self._first - len(self._blocks) <= _PAGE:
            return False
        self._first, self._blocks = self._draw_page(end)
        self._late.clear()
        return True

    def _touch(self, index: int, how: How) -> None:
        """Draw an item again."""
        if index < self._first:
            return
        place = index - self._first
        if place >= len(self._blocks):
            for missing in range(self._first + len(self._blocks), index + 1):
                self._blocks.append(self.draw_block(missing))
        elif how == "grown" and self._is_above(place):
            self._late.add(index)
        elif how == "grown":
            self._grow(index)
        else:
            self._late.discard(index)
            self._blocks[place] = self.draw_block(index)

    def _is_above(self, place: int) -> bool:
        """Whether a block is out of sight, and stays so: the user looks at the end."""
        return (
            self._following and place + 1 < len(self._tops) and self._tops[place + 1] < self.scroll_offset.y
        )

    def _grow(self, index: int) -> None:
        """Draw a longer text."""
        block, item = self._blocks[index - self._first], self._transcript.items[index]
        if isinstance(block, GrowingBlock) and isinstance(item, TextItem):
            block.grow(item.parts)
        else:
            self._blocks[index - self._first] = self.draw_block(index)

    def _catch_up(self) -> None:
        """Draw what grew out of sight, and stay at the same place in the text."""
        end, late = self._tops[-1], [index for index in self._late if index >= self._first]
        self._late.clear()
        for index in late:
            self._grow(index)
        self._measure()
        self.scroll_to(y=self.scroll_y + self._tops[-1] - end, animate=False, immediate=True)

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
        before, older = self._draw_page(self._first)
        height = sum(len(block.lines) for block in older) - (2 if before == 0 else 0)
        self._blocks[:0] = older
        self._first = before
        self._measure()
        self.scroll_to(y=self.scroll_y + height, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.updating:
            return
        self._following = new_value >= self.max_scroll_y - 1
        if self._late and not self._following:
            self.call_next(self._catch_up)
        if self._first and new_value < old_value and new_value <= self.size.height:
            self.call_next(self._load_if_near)

    def _load_if_near(self) -> None:
        if self._first and self.scroll_y <= self.size.height:
            self._load_older()

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

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
