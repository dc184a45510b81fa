"""A line that opens for one answer: Enter takes it, Escape does not, and going elsewhere closes it."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class AnswerLine(Input):
    """Has the focus from the beginning. A subclass says what an answer leads to, and where the focus goes."""

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
