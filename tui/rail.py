"""The scrollbar of a pane that grows: of its rows only those are drawn that look different."""

from __future__ import annotations

from typing import Self

from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


class Rail(ScrollBar):
    """A vertical scrollbar. Textual draws all of its rows anew whenever its thumb moves by an eighth of one."""

    def __init__(self, *, thickness: int) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._rows: list[Strip] = []
        """As they were drawn last; empty when that is not known."""

    def render_line(self, y: int) -> Strip:
        if len(self._rows) != self.size.height:
            self._rows = self._draw()
        return self._rows[y]

    def _draw(self) -> list[Strip]:
        """All rows. Most of them are the same object."""
        bar, style, size = self.render(), self.visual_style.rich_style, self.size
        assert isinstance(bar, ScrollBarRender)
        inks = self.app.console.get_style(bar.style)
        assert inks.color is not None and inks.bgcolor is not None
        segments = bar.render_bar(
            size=size.height,
            virtual_size=bar.virtual_size,
            window_size=bar.window_size,
            position=bar.position,
            thickness=size.width,
            back_color=inks.bgcolor,
            bar_color=inks.color,
        ).segments[: size.height]
        known = {id(one): one for one in segments}
        strips = {which: Strip([one], size.width).apply_style(style) for which, one in known.items()}
        return [strips[id(one)] for one in segments]

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        if regions or layout or recompose or not repaint or len(self._rows) != self.size.height:
            self._rows = []  # a rail that gets its old length back would show what it was then
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        before, self._rows = self._rows, self._draw()
        changed = [y for y, (one, two) in enumerate(zip(before, self._rows, strict=True)) if one != two]
        return super().refresh(*(Region(0, y, self.size.width, 1) for y in changed)) if changed else self
