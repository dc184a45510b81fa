"""The terminal's clipboard (OSC 52): it works over ssh and through tmux, and needs no program."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from core.text import sanitise
from core.view.changes import Changes
from core.view.items import Item, RunEndItem, TextItem
from tui.notices import through_tmux

MOST_BYTES = 74_994
"""What xterm takes, and tmux: 100,000 bytes as base64, with the code around it. Longer ones are dropped silently."""


class TooLong(Exception):
    """The terminal would not take it; the message is a sentence that says what to do instead."""


def clipboard_codes(text: str, environ: Mapping[str, str]) -> Sequence[str]:
    """What is written to the terminal to have it hold this text.

    Controls become visible marks: what is pasted into a shell must not be obeyed there.

    Raises:
        TooLong: terminals drop what is as long as this.
    """
    data = sanitise(text).encode("utf-8")
    if len(data) > MOST_BYTES:
        raise TooLong(
            f"{len(data):,} bytes are more than terminals take ({MOST_BYTES:,}). "
            "Mark a part of it, or use `heddle changes` and `heddle sessions export`."
        )
    code = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"
    if environ.get("TMUX"):
        return (code, through_tmux(code))
    return (code,)


def answer_to_copy(items: Sequence[Item], current: int) -> str:
    """What the item under the cursor says, else the last answer; empty where nothing was said yet."""
    if 0 <= current < len(items) and (said := _said(items[current])):
        return said
    return next((said for item in reversed(items) if (said := _said(item))), "")


def _said(item: Item) -> str:
    match item:
        case RunEndItem():
            return item.answer
        case TextItem(kind="text", state="finished" | "growing"):
            return item.text.strip()
        case _:
            return str(getattr(item, "output", ""))


def diff_to_copy(changes: Changes, path: str | None) -> str:
    """The diff of a file, else of all files."""
    files = changes.files
    if path is not None and path in files:
        return files[path].patch
    return "\n".join(file.patch.rstrip("\n") for file in files.values())
