"""One line in which something is asked of the user, with an answer to begin with."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from tui.canvas import border_words
from tui.oneline import AnswerLine


class AskLine(AnswerLine):
    """Tells the answer, unless it is empty, together with what it is for."""

    class Answered(Message):
        def __init__(self, text: str, then: Callable[[str], None]) -> None:
            super().__init__()
            self.text = text
            self.then = then

    def __init__(self, title: str, value: str, then: Callable[[str], None], *, id: str) -> None:
        super().__init__(value, id=id, classes="asking")
        self.border_title = border_words(title)
        self.border_subtitle = "Enter takes it · Esc does not"
        self._then = then

    def answered(self, text: str | None) -> None:
        if text:
            self.post_message(self.Answered(text, self._then))
        self.remove()
