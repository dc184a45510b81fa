"""A canvas whose lines keep their frame: text that only moved up is not composed with its border again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Self

from textual.color import Color
from textual.geometry import Region, Size
from textual.strip import Strip

from tui.canvas import Canvas

if TYPE_CHECKING:
    from textual.scrollbar import ScrollBar

_KEPT = 300


class _Row(NamedTuple):
    y: int
    content: Strip | None
    """None: border, or below the last line."""


class _Edges(NamedTuple):
    """What stands left and right of every line."""

    size: Size
    """Of the pane that they were drawn for."""
    left: Strip
    right: Strip
    ground: Color


class FramedCanvas(Canvas, part=True):
    """For canvases whose `strip(y)` gives the same object for the same line as long as nothing of it changes.

    Textual composes each line in sight with border and padding whenever a pane scrolls. That is most of
    what a long answer costs, and all but the last of its lines look as before.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._framed: dict[int, tuple[Strip, Strip]] = {}
        """By the identity of a line's content: the content, and the line as it goes to the screen."""
        self._edges: _Edges | None = None
        self._seen: list[Strip | None] = []
        """What stands in each row since the last `refresh_changed`; empty when that is not known."""
        self.updating = False
        """What changes is told by `refresh_changed` at the end, so scrolling alone need not draw all."""

        self._thumb = (0, 0)
        self._following = True
        """The end is in sight, so new lines scroll the chat; false once the user scrolled away from it."""

    # -- the scrollbar ---------------------------------------------------------------------------

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        if self._vertical_scrollbar is None:
            from tui.rail import Rail  # it is not there in the first frame

            self._vertical_scrollbar = rail = Rail(thickness=self.scrollbar_size_vertical)
            rail.display = False
            self.app._start_widget(self, rail)
        return self._vertical_scrollbar

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
        for bare, group in groupby(self._rows(crop), lambda row: row.content is None):
            rows = list(group)
            strips += (
                self._compose_rows(rows[0].y, len(rows)) if bare else [self._in_frame(row) for row in rows]
            )
        return strips

    def _rows(self, crop: Region) -> Iterator[_Row]:
        """The rows of a part of the pane."""
        top, height = self.gutter.top, self.size.height
        shift, end = self.scroll_offset.y - top, self.virtual_size.height
        for y in crop.line_range:
            within = top <= y < top + height and y + shift < end
            yield _Row(y, self.strip(y + shift) if within else None)

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

    def _in_frame(self, row: _Row) -> Strip:
        """A line as it goes to the screen."""
        content = row.content or Strip([])
        known = self._framed.get(id(content))
        if known is None:
            known = self._framed[id(content)] = content, self._frame(row.y)
        return known[1]

    def _frame(self, y: int) -> Strip:
        """A line between the edges of the pane, which are the same for all of them."""
        if self._edges is None or self._edges.size != self.outer_size:
            strip = self._compose_rows(y, 1)[0]
            gutter, width = self.gutter, self.outer_size.width
            left, right = strip.crop(0, gutter.left), strip.crop(gutter.left + self.size.width, width)
            self._edges = _Edges(self.outer_size, left, right, self.background_colors[1])
            return strip
        strip, edges = self.render_line(y - self.gutter.top), self._edges
        for filtered in self.get_line_filters():
            strip = strip.apply_filter(filtered, edges.ground)
        return Strip([*edges.left, *strip, *edges.right], edges.size.width)

    def _compose_rows(self, y: int, count: int) -> list[Strip]:
        """Have Textual draw rows with all that lies around their content."""
        return super().render_lines(Region(0, y, self.outer_size.width, count))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._framed.clear()
        self._edges = None
