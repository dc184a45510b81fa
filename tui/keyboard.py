"""Keys that Textual does not know by itself."""

from enum import Enum
from typing import Any, cast

from textual import _ansi_sequences


class _Key(Enum):
    """What Textual's own table of keys looks like: the value is the key's name."""

    ALT_ENTER = "alt+enter"


def teach_keys() -> None:
    """Have Alt+Enter known where a terminal sends it the old way, as Escape and Enter.

    Textual 8.2.8 would report a plain Enter, and the prompt would be sent.
    """
    table = cast("dict[str, Any]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    table.setdefault("\x1b\r", (_Key.ALT_ENTER,))
    table.setdefault("\x1b\n", (_Key.ALT_ENTER,))
