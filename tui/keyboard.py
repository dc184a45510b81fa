"""Keys that Textual does not know by itself, or takes for others."""

from enum import Enum
from typing import Any, cast

from textual import _ansi_sequences
from textual.keys import _character_to_key

_TYPED = "0123456789-="
"""What Textual 8.2.8 takes for the signs that a Mac writes with Option, when they come after Escape."""
_Key = Enum("_Key", {"enter": "alt+enter"} | {sign: f"alt+{_character_to_key(sign)}" for sign in _TYPED})
"""What Textual's own table of keys looks like: the value is the key's name."""


def teach_keys() -> None:
    """Have Alt with Enter, a digit, `-` and `=` known where a terminal sends it the old way, after an Escape.

    Textual would report a plain Enter, and the prompt would be sent; or type a sign of cents for Alt+4.
    """
    table = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    for sequence in ("\x1b\r", "\x1b\n"):
        table.setdefault(sequence, (_Key["enter"],))
    for sign in _TYPED:
        table[f"\x1b{sign}"] = (_Key[sign],)
