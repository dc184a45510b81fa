"""A scrolling pane that draws lines by itself: its cost is what is in sight, however long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.actions import SkipAction
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from core.text import sanitise_line
from tui.ink import Palette
from tui.paint import Line, Lines, plain
from tui.part import Part

if TYPE_CHECKING:
    from textual.selection import Selection


def border_words(text: str) -> Content:
    """A text for a border or a list of Textual's own, which would read a plain one as markup."""
    return Content(sanitise_line(text))


class Canvas(Part, ScrollView, part=True):
    """Base of the panes. A subclass gives `line(y)` and says with `resize_to` how many there are."""

    ALLOW_SELECT = True
    _base = Style.null()
    """The pane's own style, looked up once a frame."""

    @property
    def palette(self) -> Palette:
        return self.app.palette  # type: ignore[attr-defined]

    def line(self, y: int) -> Line:
        """The content of line `y`, from 0."""
        raise NotImplementedError

    @property
    def room(self) -> int:
        """Cells that a line has, with the scrollbar's always left free."""
        return max(1, self.container_size.width - self.styles.scrollbar_size_vertical)

    def resize_to(self, height: int) -> None:
        """Say how many lines there are, and have those in sight drawn again."""
        self.set_height(height)
        self.refresh()

    def set_height(self, height: int) -> None:
        """Say how many lines there are.

        A pane whose height does not follow its content needs no new layout of the screen, which
        would cost more than all its lines do; only its scrollbar has to know.
        """
        size = Size(0, height)
        if size == self.virtual_size:
            return
        if self.styles.auto_dimensions:
            self.virtual_size = size
        else:
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]
            self.update_scrollbar(size)

    def update_scrollbar(self, size: Size) -> None:
        """Have the scrollbar follow, and come or go where it must."""
        self._scroll_update(size)

    def refresh_from(self, y: int) -> None:
        """Have the lines from `y` on drawn again."""
        top = max(0, y - self.scroll_offset.y)
        if top < self.size.height:
            self.refresh(Region(0, top, self.size.width, self.size.height - top))

    # -- moving: at once, since a glide would have the next key decide on what is not yet in sight ----

    def _jump(self, y: float) -> None:
        if not self.allow_vertical_scroll:
            raise SkipAction
        self.scroll_to(y=y, animate=False, immediate=True)

    def action_scroll_home(self) -> None:
        self._jump(0)

    def action_scroll_end(self) -> None:
        self._jump(self.max_scroll_y)

    def action_scroll_up(self) -> None:
        self._jump(self.scroll_y - 1)

    def action_scroll_down(self) -> None:
        self._jump(self.scroll_y + 1)

    def action_page_up(self) -> None:
        self._jump(self.scroll_y - self.size.height)

    def action_page_down(self) -> None:
        self._jump(self.scroll_y + self.size.height)

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """A scrollbar that appears after the scrolling must be told how far it went."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y

    def render_lines(self, crop: Region) -> list[Strip]:
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        base = self._base
        line = self.scroll_offset.y + y
        if line >= self.virtual_size.height:
            return Strip.blank(self.size.width, base)
        strip = self._selected(self.strip(line), line)
        strip = strip.crop_extend(0, self.size.width, base).apply_style(base)
        return strip.apply_offsets(0, line)

    def strip(self, y: int) -> Strip:
        """Line `y` in the colours of the theme, without the pane's own style."""
        style = self.palette.style
        return Strip([Segment(text, style(ink)) for text, ink in self.line(y)])

    def _selected(self, strip: Strip, y: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is None:
            return strip
        start, end = span
        end = strip.cell_length if end == -1 else min(end, strip.cell_length)
        if start >= end:
            return strip
        mark = self._selection_style()
        before, within, after = strip.divide([start, end, strip.cell_length])
        chosen = Strip([Segment(text, (style or mark) + mark) for text, style, _ in within])
        return Strip.join([before, chosen, after])

    def _selection_style(self) -> Style:
        return self.screen.get_component_rich_style("screen--selection")

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(plain(self.line(y)).rstrip() for y in range(self.virtual_size.height))
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


class Page(Canvas, part=True):
    """A canvas of few lines, all of them drawn at once."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: Lines = []

    def line(self, y: int) -> Line:
        return self._lines[y] if y < len(self._lines) else []

    def compose_lines(self, width: int) -> Lines:
        """The whole content at this width."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Make all lines again. A pane that is folded to its title has none; it is told when it opens."""
        folded = not self.size.height and not self.styles.auto_dimensions
        if folded or self.container_size.width <= 0:
            return
        self._lines = self.compose_lines(self.room)
        self.resize_to(len(self._lines))

    def on_resize(self) -> None:
        self.redraw()
