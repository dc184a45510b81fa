"""Colours of code, by Pygments: read in small blocks when they come into sight, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.view.patch import PatchLine

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_BLOCK = 60
"""Lines that are read at once: a block takes some milliseconds."""
_LONGEST = 1_000
"""Characters from which a line stays plain."""
_INKS = (
    # a token's name begins with → ink; the first that fits
    ("Token.Keyword", "syn-keyword"),
    ("Token.Name.Function", "syn-name"),
    ("Token.Name.Class", "syn-name"),
    ("Token.Name.Tag", "syn-name"),
    ("Token.Name.Decorator", "syn-name"),
    ("Token.Name.Builtin", "syn-builtin"),
    ("Token.Name.Attribute", "syn-builtin"),
    ("Token.Literal.String.Doc", "syn-comment"),
    ("Token.Literal.String", "syn-string"),
    ("Token.Literal.Number", "syn-number"),
    ("Token.Comment", "syn-comment"),
    ("Token.Operator.Word", "syn-keyword"),
)


class Stretch(NamedTuple):
    """Characters of a line that have an ink of their own."""

    start: int
    end: int
    ink: str


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer | None:
    """The lexer of a file's name; None where there is none."""
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        return get_lexer_for_filename(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=256)
def _ink(token: str) -> str:
    return next((ink for begin, ink in _INKS if token.startswith(begin)), "")


class Colours:
    """The coloured stretches of one patch's lines."""

    def __init__(self, path: str, lines: Sequence[PatchLine]) -> None:
        self._path = path.rpartition("/")[2]
        self._lines = lines
        self._known: dict[int, list[Stretch]] = {}
        self._read: set[int] = set()

    def of(self, index: int) -> Sequence[Stretch]:
        """The stretches of a line whose tabs are four columns wide."""
        block = index // _BLOCK
        if block not in self._read:
            self._read.add(block)
            self._colour(range(block * _BLOCK, min(len(self._lines), (block + 1) * _BLOCK)))
        return self._known.get(index, ())

    def _colour(self, block: range) -> None:
        lexer = _lexer(self._path)
        if lexer is None:
            return
        for side, others in (("removed", ("same",)), ("added", ("same",))):
            indexes = [i for i in block if self._lines[i].kind in (side, *others)]
            if side == "added" or any(self._lines[i].kind == "removed" for i in indexes):
                self._take(lexer, indexes)

    def _take(self, lexer: Lexer, indexes: Sequence[int]) -> None:
        texts = [self._lines[i].text.expandtabs(4) for i in indexes]
        texts = [text if len(text) <= _LONGEST else "" for text in texts]
        row, column = 0, 0
        found: list[list[Stretch]] = [[] for _ in texts]
        for token, value in lexer.get_tokens("\n".join(texts)):
            ink = _ink(str(token))
            for number, part in enumerate(value.split("\n")):
                if number:
                    row, column = row + 1, 0
                if ink and part and row < len(found):
                    found[row].append(Stretch(column, column + len(part), ink))
                column += len(part)
        self._known.update(zip(indexes, found, strict=True))
