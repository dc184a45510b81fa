"""Where requests are typed: Enter sends, Ctrl+J and Alt+Enter begin a new line."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.widgets import TextArea

_PASTE_LIMIT = 20_000
"""Characters from which a paste stays out of the text area, which takes seconds for a megabyte."""


class Prompt(TextArea):
    class Sent(Message):
        """The user sends a request; empty when there was nothing in the prompt."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Steered(Message):
        """The user says something to a node that works."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Stepped(Message):
        """Up or down was pressed in the empty prompt."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Scrolled(Message):
        """The chat is to be scrolled by a page."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True, highlight_cursor_line=False, placeholder="")
        self.cursor_blink = False
        self._pasted: dict[str, str] = {}

    async def _on_key(self, event: events.Key) -> None:
        match event.key:
            case "enter":
                self._take(event)
                self.post_message(self.Sent(self.take_text()))
            case "ctrl+s":
                self._take(event)
                self.post_message(self.Steered(self.take_text()))
            case "ctrl+j" | "alt+enter" | "shift+enter":
                self._take(event)
                self.insert("\n")
            case "up" | "down" if not self.text:
                self._take(event)
                self.post_message(self.Stepped(-1 if event.key == "up" else 1))
            case "pageup" | "pagedown":
                self._take(event)
                self.post_message(self.Scrolled(-1 if event.key == "pageup" else 1))
            case _:
                await super()._on_key(event)

    def _take(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    async def _on_paste(self, event: events.Paste) -> None:
        if len(event.text) <= _PASTE_LIMIT:
            await super()._on_paste(event)
            return
        event.stop()
        event.prevent_default()
        lines = event.text.count("\n") + 1
        mark = f"[Pasted text #{len(self._pasted) + 1}, {lines:,} lines]"
        self._pasted[mark] = event.text
        self.insert(mark)

    def take_text(self) -> str:
        """Empty the prompt and give what it held, pasted texts in full."""
        text = self.text.strip()
        for mark, pasted in self._pasted.items():
            text = text.replace(mark, pasted)
        self._pasted.clear()
        self.text = ""
        return text

    def put_back(self, text: str) -> None:
        """Put an unsent request in front of what is typed."""
        self.text = f"{text}\n{self.text}" if self.text else text
        self.move_cursor(self.document.end)
