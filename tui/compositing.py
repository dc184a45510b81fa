"""How what changed is painted: of each widget only the rows that changed there are drawn, and only if they are seen.

Textual draws all rows of all widgets whenever something changed anywhere, and keeps those that changed. Of a
letter that is typed, or a word that comes in, that was half of the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class _Row:
    """A row of the screen, in the pieces into which the edges of widgets cut it."""

    def __init__(self, cuts: list[int]) -> None:
        self.cuts = cuts
        self.pieces: dict[int, Strip | None] = dict.fromkeys(cuts[:-1])
        """By the column where each begins."""
        self.missing: set[int] = set()
        """Those that are to be painted, and that no widget has filled yet."""

    def want(self, left: int, right: int) -> None:
        """Have the pieces between two columns painted."""
        self.missing.update(begin for begin, end in pairwise(self.cuts) if begin < right and end > left)

    def lacks(self, left: int, right: int) -> bool:
        """Whether something between two columns is still missing."""
        return any(left <= begin < right for begin in self.missing)

    def take(self, strip: Strip, left: int, right: int) -> None:
        """Fill what is missing between two columns; what was there before lies in front of it."""
        cuts = [cut for cut in self.cuts if left <= cut <= right]
        for begin, piece in zip(cuts, strip.divide([cut - left for cut in cuts[1:]]), strict=False):
            if begin in self.missing:
                self.pieces[begin] = piece
                self.missing.discard(begin)


_UNTOUCHED: Mapping[int, Strip | None] = {}


class Sparing(Compositor):
    """Composes what changed from the rows that are seen there."""

    def render_partial_update(self) -> ChopsUpdate | None:
        changed = list(self._dirty_regions)
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(changed))
        if not spans:
            return None
        rows: dict[int, _Row] = {}
        for y, left, right in spans:
            if y not in rows:
                rows[y] = _Row(self.cuts[y])
            rows[y].want(left, right)
        self._fill(rows)
        height = range(self.size.height)
        pieces = [rows[y].pieces if y in rows else _UNTOUCHED for y in height]
        return ChopsUpdate(pieces, spans, [rows[y].cuts[1:] if y in rows else [] for y in height])

    def _fill(self, rows: Mapping[int, _Row]) -> None:
        """Have the widgets drawn that are seen in these rows, from the front to the back."""
        open_rows = dict(rows)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            (left, right), (top, bottom) = seen.column_span, seen.line_span
            lines = [y for y, row in open_rows.items() if top <= y < bottom and row.lacks(left, right)]
            for first, strips in _draw(widget, region, seen, lines):
                for y, strip in enumerate(strips, first):
                    rows[y].take(strip, left, right)
                    if not rows[y].missing:
                        del open_rows[y]
            if not open_rows:
                return


def _draw(
    widget: Widget, region: Region, seen: Region, lines: Iterable[int]
) -> Iterator[tuple[int, list[Strip]]]:
    """Rows of a widget: each run of them by where it begins."""
    for top, count in _runs(lines):
        yield top, widget.render_lines(Region(seen.x - region.x, top - region.y, seen.width, count))


def _runs(lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Parts rising numbers where one is left out: the begin and the length of each part."""
    top = count = 0
    for y in lines:
        if count and y == top + count:
            count += 1
            continue
        if count:
            yield top, count
        top, count = y, 1
    if count:
        yield top, count
