"""A line that opens for one answer: Enter takes it, Escape does not, and going elsewhere closes it."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.widgets import Input

from tui.action import Scope


class AnswerLine(Input):
    """Has the focus from the beginning. A subclass says what an answer leads to, and where the focus goes."""

    scope: Scope | None = None
    """Whose actions the footer offers meanwhile."""

    def __init__(
        self, value: str = "", placeholder: str = "", *, id: str, classes: str | None = None
    ) -> None:
        super().__init__(value, placeholder, id=id, classes=classes, compact=True)
        self.cursor_blink = False

    def answered(self, text: str | None) -> None:
        """What is typed, without spaces around it; None: Escape was pressed."""
        raise NotImplementedError

    def takes(self, key: str) -> bool:
        """Whether the line does something of its own with a key."""
        if key not in ("enter", "escape"):
            return False
        self.answered(self.value.strip() if key == "enter" else None)
        return True

    def on_mount(self) -> None:
        self.focus()

    async def _on_key(self, event: events.Key) -> None:
        """What is not taken here goes on to Textual's line."""
        if self.takes(event.key):
            event.stop()
            event.prevent_default()

    def on_blur(self) -> None:
        self.remove()


class SearchLine(AnswerLine):
    """Finds while one types; Enter keeps what was found, Escape forgets it, up and down go from match to match."""

    scope = "finding"

    class Left(Message):
        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    def __init__(
        self, word: str, hint: str, seek: Callable[[str], None], step: Callable[[bool], None]
    ) -> None:
        super().__init__(word, hint, id="seek")
        self._seek = seek
        self._step = step

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._seek(event.value)

    def takes(self, key: str) -> bool:
        if key not in ("up", "down"):
            return super().takes(key)
        self._step(key == "up")
        return True

    def answered(self, text: str | None) -> None:
        self.post_message(self.Left(keep=text is not None))
