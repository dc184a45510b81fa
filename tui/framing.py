"""A canvas whose lines keep their frame: text that only moved up is not composed with its border again."""

from __future__ import annotations

from itertools import groupby
from math import ceil
from typing import NamedTuple, Self

from textual.geometry import Region, Size
from textual.strip import Strip

from tui.canvas import Canvas

_KEPT = 300


class _Row(NamedTuple):
    y: int
    content: Strip | None
    """None: border, or below the last line."""


class FramedCanvas(Canvas, part=True):
    """For canvases whose `strip(y)` gives the same object for the same line as long as nothing of it changes.

    Textual composes each line in sight with border and padding whenever a pane scrolls. That is most of
    what a long answer costs, and all but the last of its lines look as before.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._framed: dict[int, tuple[Strip, Strip]] = {}
        """By the identity of a line's content: the content, and the line as it goes to the screen."""
        self._seen: list[Strip | None] = []
        """What stands in each row since the last `refresh_changed`; empty when that is not known."""
        self.updating = False
        """What changes is told by `refresh_changed` at the end, so scrolling alone need not draw all."""

        self._thumb = (0, 0)
        self._following = True
        """The end is in sight, so new lines scroll the chat; false once the user scrolled away from it."""

    # -- the scrollbar ---------------------------------------------------------------------------

    def update_scrollbar(self, size: Size) -> None:
        """A scrollbar is as long as the pane: it is drawn again only when its thumb looks different."""
        position = self.max_scroll_y if self._following else self.scroll_y
        thumb = self._thumb_at(position)
        if thumb == self._thumb and self.show_vertical_scrollbar:
            return
        self._thumb = thumb
        super().update_scrollbar(size)
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = position

    def _thumb_at(self, position: float) -> tuple[int, int]:
        """Begin and length in eighths of a cell, the finest that Textual draws."""
        window, whole = self.size.height, self.virtual_size.height
        if whole <= window:
            return 0, 0
        length = max(1.0, window * window / whole)
        return int((window - length) * position / (whole - window) * 8), ceil(length * 8)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        thumb = self._thumb_at(new_value)
        if thumb != self._thumb:
            self._thumb = thumb
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.position = new_value
        if not self.updating and round(old_value) != round(new_value):
            self.refresh()

    # -- the lines -------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        self._base = self.rich_style
        if self.text_selection is not None or (crop.x, crop.width) != (0, self.outer_size.width):
            return super().render_lines(crop)
        if len(self._framed) > _KEPT:
            self._framed.clear()
        strips: list[Strip] = []
        above, lines = [None] * self.gutter.top, self._in_sight()
        below = [None] * (crop.bottom - len(above) - len(lines))
        contents = list(enumerate([*above, *lines, *below]))[crop.y : crop.bottom]
        for known, group in groupby((_Row(*each) for each in contents), self._is_framed):
            rows = list(group)
            strips += [self._framed[id(row.content)][1] for row in rows] if known else self._frame(rows)
        return strips

    def _is_framed(self, row: _Row) -> bool:
        return id(row.content) in self._framed

    def _in_sight(self) -> list[Strip | None]:
        """The content of each row inside of the border; None below the last line."""
        first, height, end = self.scroll_offset.y, self.size.height, self.virtual_size.height
        return [self.strip(line) if line < end else None for line in range(first, first + height)]

    def refresh_changed(self) -> None:
        """Have the rows drawn again that show something else than they did."""
        before, now = self._seen, self._in_sight()
        if len(before) != len(now):
            self.refresh()
        else:
            other = [row for row, (one, two) in enumerate(zip(before, now, strict=True)) if one is not two]
            if other:
                self.refresh(Region(0, other[0], self.size.width, other[-1] - other[0] + 1))
        self._seen = now

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        if not regions:
            self._seen = []
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _frame(self, rows: list[_Row]) -> list[Strip]:
        """Have Textual compose rows that follow each other."""
        strips = super().render_lines(Region(0, rows[0].y, self.outer_size.width, len(rows)))
        for row, strip in zip(rows, strips, strict=True):
            if row.content is not None:
                self._framed[id(row.content)] = row.content, strip
        return strips

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._framed.clear()
