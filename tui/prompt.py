"""Where requests are typed: Enter sends, Ctrl+J and Alt+Enter begin a new line."""

from __future__ import annotations

from textual import events
from textual._text_area_theme import TextAreaTheme
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import TextArea

from tui.wording import plural

_PASTE_LIMIT = 20_000
"""Characters from which a paste stays out of the text area, which takes seconds for a megabyte."""


class Prompt(TextArea):
    _coloured: TextAreaTheme | None = None
    """What its colours were last looked up for."""

    class Sent(Message):
        """The user sends a request; empty when there was nothing in the prompt."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Chose(Message):
        """A key for the list of names that is open above."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

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
        compact = "-textual-compact"  # set with the option anyway, but then styled twice
        super().__init__(id=id, classes=compact, compact=True, highlight_cursor_line=False, placeholder="")
        self.cursor_blink = False
        self._pasted: dict[str, str] = {}
        self.choosing = False
        """A list of names is open above, and has the keys that choose."""
        self.folder = ""
        """The project's, exact; empty until it is known."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Textual looks up its colours again for each letter: here only when they can be others."""
        if self._theme is self._coloured:
            return ScrollView.render_lines(self, crop)
        self._coloured = self._theme
        return super().render_lines(crop)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._coloured = None

    async def _on_key(self, event: events.Key) -> None:
        key = event.key if self.choosing else self.app.keymap.standing("prompt", event.key)  # type: ignore[attr-defined]
        match key:
            case "up" | "down" | "enter" | "escape" if self.choosing:
                self._take(event)
                self.post_message(self.Chose(event.key))
            case "enter":
                self._take(event)
                self.send()
            case "ctrl+s":
                self._take(event)
                self.post_message(self.Steered(self.take_text()))
            case "ctrl+j" | "alt+enter" | "shift+enter":
                self._take(event)
                self.insert("\n")
            case "up" | "down" if not self.text:
                self._take(event)
                self.post_message(self.Stepped(-1 if key == "up" else 1))
            case "ctrl+underscore" | "alt+z":
                self._take(event)
                self.action_undo()
            case "ctrl+y":
                self._take(event)
                self.action_redo()
            case "pageup" | "pagedown":
                self._take(event)
                self.post_message(self.Scrolled(-1 if key == "pageup" else 1))
            case _:
                await super()._on_key(event)

    def _take(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()

    def send(self) -> None:
        """Hand in what is typed, and empty the prompt."""
        self.post_message(self.Sent(self.take_text()))

    async def _on_paste(self, event: events.Paste) -> None:
        """Terminals send a line's end as if Enter was pressed; what is kept has lines as files have them."""
        from tui.dropping import dropped_paths, mention_dropped

        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if paths := dropped_paths(text):
            self._put(event, mention_dropped(paths, self.folder))
        else:
            self._put(event, self._hold(text) if len(text) > _PASTE_LIMIT else text)

    def _put(self, event: events.Paste, text: str) -> None:
        event.stop()
        event.prevent_default()
        self.insert(text)

    def _hold(self, text: str) -> str:
        """Keep a large text beside the prompt; gives the mark that stands for it."""
        lines = plural(text.count("\n") + 1, "line")
        mark = f"[Pasted text #{len(self._pasted) + 1}, {lines}]"
        self._pasted[mark] = text
        return mark

    def take_text(self) -> str:
        """Empty the prompt and give what it held, pasted texts in full."""
        text = self.text.strip()
        for mark, pasted in self._pasted.items():
            text = text.replace(mark, pasted)
        self._pasted.clear()
        self.text = ""
        return text

    def take_over(self, text: str) -> None:
        """Hold this text instead; one that is too long for the prompt as a mark."""
        self.text = text if len(text) <= _PASTE_LIMIT else self._hold(text)
        self.move_cursor(self.document.end)

    def put_back(self, text: str) -> None:
        """Put an unsent request in front of what is typed."""
        shown = text if len(text) <= _PASTE_LIMIT else self._hold(text)
        self.text = f"{shown}\n{self.text}" if self.text else shown
        self.move_cursor(self.document.end)
