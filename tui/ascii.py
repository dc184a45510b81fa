"""For terminals that do not speak UTF-8: every character that is not ASCII becomes one that looks like it. Pure.

Each cell stays one cell, so that nothing moves. What has no likeness becomes `?`.
"""

import codecs
import unicodedata
from collections.abc import Mapping
from functools import cache

from rich.cells import cell_len

_LIKE = {
    "-": "─━═╌╍┄┅╴╶╸╺‐‑‒–—―−▔▁",
    "|": "│┃║╎╏┆┇┊┋╵╷╹╻▌▐▏▎▍▋▊▉",
    "+": "┌┍┎┏┐┑┒┓└┕┖┗┘┙┚┛├┝┞┟┠┡┢┣┤┥┦┧┨┩┪┫┬┭┮┯┰┱┲┳┴┵┶┷┸┹┺┻┼╀╁╂╃╄╅╆╇╈╉╊╋╔╗╚╝╠╣╦╩╬╭╮╯╰",
    "#": "█▓▒░■▆▇◼",
    "_": "▂▃▄▅",
    '"': "▀“”„″",
    ">": "▸►▶→›»⟩≥",
    "<": "◄◀←‹«⟨≤",
    "^": "▲↑",
    "v": "▼↓✓✔",
    "*": "●•★∗",
    "o": "○◇◆◦",
    ".": "◌·…∙⋯",
    "x": "✗✘×╳",
    "=": "‖≡",
    "%": "◐",
    "!": "⚠",
    "@": "↺↻↶↷",
    ":": "∴",
    "/": "╱⏎",
    "\\": "╲",
    "~": "≈",
    "'": "‘’‚′",
}
_TABLE = {ord(char): plain for plain, chars in _LIKE.items() for char in chars}
_PICTURES = range(0x2400, 0x2422)
"""Pictures of control characters."""


def fold(text: str) -> str:
    """The text in ASCII, as wide as it was."""
    return text if text.isascii() else "".join(char if char.isascii() else _fold_one(char) for char in text)


@cache
def _fold_one(char: str) -> str:
    width = cell_len(char)
    if width == 0:
        return ""
    if ord(char) in _TABLE:
        return _TABLE[ord(char)] * width
    if ord(char) in _PICTURES:
        return "^" * width
    base = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return base if len(base) == width and base.isprintable() else "?" * width


def speaks_utf8(environ: Mapping[str, str], encoding: str) -> bool:
    """Whether the locale says that the terminal does; where nothing is said, it is taken for granted.

    Args:
        encoding: that of the stream to the terminal.
    """
    named = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    told = not named or "utf8" in named.lower().replace("-", "")
    return told and _is_utf8(encoding)


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
