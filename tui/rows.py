"""On which row of a pane each line of a patch stands: cheap for long patches, exact where lines are broken."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from core.view.layout import Block, Entry
from core.view.patch import PatchLines
from tui.code import rows_of


class Rows:
    """The rows of some blocks.

    Args:
        top: the row on which the first block begins.
        room: cells for the text of a line.
        half: the same for each side of a pair.
    """

    def __init__(self, lines: PatchLines, blocks: Sequence[Block], top: int, room: int, half: int) -> None:
        self._lines = lines
        self._blocks = blocks
        self._top = top
        self._room, self._half = room, half
        self._inner: dict[int, list[int]] = {}
        """Of blocks in which a line takes several rows: on which of the block's rows each entry begins."""
        heights = (self._height(number, block) for number, block in enumerate(blocks))
        self._tops = list(accumulate(heights, initial=top))
        heads = [
            (row, block.first.piece)
            for block, row in zip(blocks, self._tops, strict=False)
            if block.first.kind == "head" and block.first.piece >= 0
        ]
        self.heads = [row for row, _ in heads]
        """On which row the head of each piece stands, top down."""
        self.pieces = [piece for _, piece in heads]
        self._head_of = {piece: row for row, piece in heads}

    @property
    def end(self) -> int:
        """The row behind the last one."""
        return self._tops[-1]

    def _height(self, number: int, block: Block) -> int:
        if block.first.kind in ("head", "gap"):
            return 1
        room = self._half if block.first.kind == "pair" else self._room
        sides = [side for side in {block.first.left, block.first.right} if side >= 0]
        texts = [self._lines.texts[side : side + block.size] for side in sides]
        if all(_fit(some, room) for some in texts):
            return block.size
        rows = zip(*([rows_of(text, room) for text in some] for some in texts), strict=True)
        self._inner[number] = list(accumulate(map(max, rows), initial=0))
        return self._inner[number][-1]

    def at(self, y: int) -> tuple[Entry, int] | None:
        """What stands on a row, and which of its rows that is."""
        if not self._top <= y < self.end:
            return None
        number = bisect_right(self._tops, y) - 1
        block, row = self._blocks[number], y - self._tops[number]
        inner = self._inner.get(number)
        if inner is None:
            return block.entry(row), 0
        entry = bisect_right(inner, row) - 1
        return block.entry(entry), row - inner[entry]

    def row_of_line(self, index: int) -> int | None:
        """On which row a line of the patch begins; None where it is folded away."""
        for number, block in enumerate(self._blocks):
            for side in (block.first.left, block.first.right):
                if 0 <= side <= index < side + block.size:
                    inner = self._inner.get(number)
                    at = index - side
                    return self._tops[number] + (at if inner is None else inner[at])
        return None

    # -- pieces ----------------------------------------------------------------------------------

    def head_of(self, piece: int) -> int | None:
        """The row of a piece's head."""
        return self._head_of.get(piece)

    def end_of(self, row: int) -> int:
        """Where the piece ends whose head stands on this row: at the next head."""
        after = bisect_right(self.heads, row)
        return self.heads[after] if after < len(self.heads) else self.end

    def near(self, top: int) -> int:
        """Index of the head above a row, or of the first one below it."""
        return max(0, bisect_left(self.heads, top + 1) - 1)


def _fit(texts: Sequence[str], room: int) -> bool:
    """Whether each of them surely takes one row only."""
    if not texts:
        return True
    together = "".join(texts)
    return together.isascii() and "\t" not in together and max(map(len, texts)) <= room
