"""What a click in the agent graph means: the node whose box or line it is in."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from tui.paint import Lines, plain

_UP = 3
"""Rows that a box has below its name."""
_BEFORE = 5
"""Cells that a box has before its name."""


def node_at(lines: Lines, names: Iterable[tuple[str, str]], x: int, y: int) -> str | None:
    """The node at a place; None between them.

    Args:
        names: each node's name, and its label as it is drawn.
    """
    known = list(names)
    if not 0 <= y < len(lines) or x >= cell_len(plain(lines[y]).rstrip()):
        return None
    for row in range(y, max(-1, y - 1 - _UP), -1):
        text = plain(lines[row])
        found = [(_column(text, label), name) for name, label in known if label in text]
        near = [(column, name) for column, name in found if column - _BEFORE <= x]
        if near:
            return max(near)[1]
        if row != y and not text.strip():
            return None
    return None


def _column(text: str, label: str) -> int:
    return cell_len(text[: text.index(label)])
