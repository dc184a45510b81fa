"""What a reader of a file's lines would not see: line ends, encoding, and what is missing at the end."""

import re
from collections.abc import Iterable, Sequence

from core.stage.change import LINK, Change

_BOM = b"\xef\xbb\xbf"
_C1 = re.compile(rb"[\x80-\x9f]")
_LINE = 10_000
"""Bytes in a line, from which on it is worth a word."""


def marks_of(change: Change, nested: Iterable[str]) -> tuple[str, ...]:
    """Marks of a changed file, and what it is no more (`was crlf`).

    `nested` are folders of the project that are Git repositories of their own.
    """
    now = _marks(change.new, change.new_mode)
    before = _marks(change.old, change.old_mode)
    lost = [f"was {mark}" for mark in before if mark not in now] if change.new is not None else before
    inside = [folder for folder in nested if change.path.startswith(folder + "/")]
    return (*now, *lost, *(["in a nested repository"] if inside else []))


def _marks(data: bytes | None, mode: int | None) -> Sequence[str]:
    if data is None:
        return ()
    if mode == LINK:
        return ("link",)
    if not data:
        return ("empty",)
    if b"\0" in data[:8000]:
        return ()
    found = [*_line_ends(data), *_encoding(data)]
    if not data.endswith(b"\n"):
        found.append("no final newline")
    if max(map(len, data.split(b"\n"))) > _LINE:
        found.append("very long lines")
    return found


def _line_ends(data: bytes) -> Sequence[str]:
    crlf, all_ends = data.count(b"\r\n"), data.count(b"\n")
    if crlf and crlf < all_ends:
        return ("crlf and lf",)
    return ("crlf",) if crlf else ("cr",) if b"\r" in data else ()


def _encoding(data: bytes) -> Sequence[str]:
    found = ["bom"] if data.startswith(_BOM) else []
    if not is_utf8(data):
        found.append("latin-1" if is_latin(data) else "not utf-8")
    return found


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_latin(data: bytes) -> bool:
    """Whether bytes that are no UTF-8 read well as Latin-1: without its control characters."""
    return _C1.search(data) is None


def readable(data: bytes, *sides: bytes | None) -> str:
    """Lines of a diff as text, in the encoding that its file is in; bytes that are no text are replaced."""
    latin = any(side is not None and not is_utf8(side) and is_latin(side) for side in sides)
    if latin and not is_utf8(data):
        return data.decode("latin-1")
    return data.decode("utf-8", "replace")
