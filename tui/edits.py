"""What an edit changes, out of the arguments of its call or out of a patch, as the lines of a diff. Pure."""

from collections.abc import Sequence

import msgspec

from core.text import sanitise
from tui.paint import Lines, Span, cut


class _Piece(msgspec.Struct):
    old: str = ""
    new: str = ""


class _Written(_Piece):
    """What tells an edit: the arguments of a call that writes."""

    content: str = ""
    edits: list[_Piece] = []
    patch: str = ""


def edited_lines(arguments: str) -> list[str]:
    """An edit as the lines of a diff, safe to draw: what JSON has escaped comes out of it as it was.

    Empty when the arguments tell none, or are clipped.
    """
    try:
        told = msgspec.json.decode(arguments, type=_Written)
    except msgspec.DecodeError:
        return []
    if told.patch:
        return sanitise(told.patch).rstrip("\n").split("\n")
    pieces = [_Piece(told.old, told.new or told.content), *told.edits]
    return [
        f"{mark}{line}"
        for piece in pieces
        for mark, text in (("-", piece.old), ("+", piece.new))
        for line in (sanitise(text).rstrip("\n").split("\n") if text else ())
    ]


def draw_diff(lines: Sequence[str], width: int) -> Lines:
    """Each line in the ink of its sign; what was added and removed on a ground of its own."""
    inks = {"+": "added on-added", "-": "removed on-removed", "@": "hunk"}
    drawn: Lines = []
    for line in lines:
        head = line.startswith(("+++", "---", "***", "diff ", "index "))
        ink = "dim bold" if head else inks.get(line[:1], "dim")
        text = cut(line.expandtabs(4), width)
        drawn.append([Span(text.ljust(width) if " on-" in ink else text, ink)])
    return drawn


def say_diff(lines: Sequence[str]) -> str:
    """How many lines were added and removed; empty where none were."""
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    return f"+{added} -{removed}" if added or removed else ""
