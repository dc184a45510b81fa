"""A grid of cells on which boxes and lines are drawn; lines that meet join by themselves."""

from rich.cells import cell_len

from tui.paint import Line, Lines, Span

_N, _E, _S, _W = 1, 2, 4, 8
_JOINTS = " ╵╶╰╷│╭├╴╯─┴╮┤┬┼"
"""By the sum of the sides that a cell's lines leave from."""


class Grid:
    """Cells by column and row, both from 0."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], int] = {}
        self._chars: dict[tuple[int, int], str] = {}
        self._inks: dict[tuple[int, int], str] = {}
        self.height = 0

    def _join(self, x: int, y: int, sides: int, ink: str, over: bool) -> None:
        self._lines[x, y] = self._lines.get((x, y), 0) | sides
        if over or (x, y) not in self._inks:
            self._inks[x, y] = ink
        self.height = max(self.height, y + 1)

    def across(self, x1: int, x2: int, y: int, ink: str, over: bool = False) -> None:
        """A line from column x1 to x2; `over` gives its ink to the cells that it shares."""
        low, high = sorted((x1, x2))
        for x in range(low, high + 1):
            sides = (_E if x < high else 0) | (_W if x > low else 0)
            self._join(x, y, sides, ink, over)

    def down(self, x: int, y1: int, y2: int, ink: str, over: bool = False) -> None:
        """A line from row y1 to y2."""
        low, high = sorted((y1, y2))
        for y in range(low, high + 1):
            sides = (_S if y < high else 0) | (_N if y > low else 0)
            self._join(x, y, sides, ink, over)

    def box(self, x: int, y: int, width: int, height: int, ink: str) -> None:
        right, bottom = x + width - 1, y + height - 1
        self.across(x, right, y, ink)
        self.across(x, right, bottom, ink)
        self.down(x, y, bottom, ink)
        self.down(right, y, bottom, ink)

    def text(self, x: int, y: int, text: str, ink: str = "") -> int:
        """Put text over whatever is there; gives the column after it."""
        for char in text:
            size = cell_len(char)
            if size == 0:
                self._chars[x - 1, y] = self._chars.get((x - 1, y), " ") + char
                continue
            self._chars[x, y] = char
            self._inks[x, y] = ink
            for further in range(1, size):
                self._chars[x + further, y] = ""
            x += size
        self.height = max(self.height, y + 1)
        return x

    def spans(self, x: int, y: int, line: Line) -> int:
        for text, ink in line:
            x = self.text(x, y, text, ink)
        return x

    def lines(self, width: int) -> Lines:
        """All rows, cut at `width` columns."""
        return [self._row(y, width) for y in range(self.height)]

    def _row(self, y: int, width: int) -> Line:
        row: Line = []
        text, ink = "", ""
        for x in range(width):
            char = self._chars.get((x, y))
            if char is None:
                char = _JOINTS[self._lines.get((x, y), 0)]
            here = self._inks.get((x, y), "") if char.strip() else ink
            if here != ink and text:
                row.append(Span(text, ink))
                text = ""
            text, ink = text + char, here
        return [*row, Span(text.rstrip(), ink)]
