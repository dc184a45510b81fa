"""One line in which something is asked of the user, with an answer to begin with."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.message import Message
from textual.widgets import Input


class AskLine(Input):
    """Enter answers, Escape does not; either way the line goes."""

    class Answered(Message):
        def __init__(self, text: str, then: Callable[[str], None]) -> None:
            super().__init__()
            self.text = text
            self.then = then

    def __init__(self, title: str, value: str, then: Callable[[str], None], *, id: str) -> None:
        super().__init__(value, id=id, compact=True, classes="asking")
        self.border_title = title
        self.border_subtitle = "Enter takes it · Esc does not"
        self.cursor_blink = False
        self._then = then

    def on_mount(self) -> None:
        self.focus()

    async def _on_key(self, event: events.Key) -> None:
        if event.key not in ("escape", "enter"):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        if event.key == "enter" and self.value.strip():
            self.post_message(self.Answered(self.value.strip(), self._then))
        self.remove()

    def on_blur(self) -> None:
        self.remove()
