"""One drawn item of the chat: its lines, and those of them that were on the screen already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.strip import Strip

from tui.paint import TAB, Lines, indent

if TYPE_CHECKING:
    from tui.markdown import Growing

_ROWS = 400
"""Rows of a growing text that are kept as they were drawn: some screens full."""


class Block:
    """One drawn item, with those of its lines that were on the screen already."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.strips: dict[int, Strip] = {}


class GrowingBlock(Block):
    """A text that still comes in. What is done of it is drawn and looked at once."""

    def __init__(self, above: Lines, growing: Growing) -> None:
        super().__init__(above)
        self._growing = growing
        self._done = len(above)
        """Rows that cannot change any more."""
        self._taken = 0
        """Lines of `growing.done` that are among them."""

    def grow(self, parts: Sequence[str]) -> None:
        """Draw what is new; rows that look as before stay the same objects."""
        growing = self._growing
        growing.take(parts)
        rest = growing.rest()
        new = indent([*growing.done[self._taken :], *rest], [TAB])
        old = self.lines[self._done :]
        same = next((row for row, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(old))
        kept = self._done + min(same, len(new))
        self.lines[kept:] = new[kept - self._done :]
        if len(self.strips) > _ROWS:
            self.strips.clear()
        for row in range(kept, self._done + len(old)):
            self.strips.pop(row, None)
        self._done += len(growing.done) - self._taken
        self._taken = len(growing.done)
