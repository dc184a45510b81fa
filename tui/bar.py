"""The bar above the footer: what waits for the user now, in one to a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from core.view.session import Question
from tui.canvas import Page
from tui.paint import Line, Lines, Span, indent, wrap


class Bar(Page):
    """Shows a question with its choices, or a sentence; hidden when there is nothing."""

    can_focus = True

    class Answered(Message):
        def __init__(self, question: Question, answer: str) -> None:
            super().__init__()
            self.question = question
            self.answer = answer

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="-hidden")
        self.question: Question | None = None
        self._words: Line = []
        self._chosen = 0

    def ask(self, question: Question) -> bool:
        """Show a question, its first choice marked; true when it was not shown already."""
        if self.question == question:
            return False
        self.question, self._chosen, self._words = question, 0, []
        self._appear("-asking", True)
        return True

    def say(self, words: Sequence[Span]) -> None:
        """Show a sentence."""
        self.question, self._words = None, list(words)
        self._appear("", False)

    def clear(self) -> None:
        self.question, self._words = None, []
        self.add_class("-hidden")

    def _appear(self, state: str, focusable: bool) -> None:
        self.can_focus = focusable
        self.set_classes(state)
        self.redraw()

    def redraw(self) -> None:
        width = self.container_size.width or self.app.size.width
        self._lines = self.compose_lines(max(1, width - 2))
        self.resize_to(len(self._lines))

    def compose_lines(self, width: int) -> Lines:
        if self.question is None:
            return wrap(self._words, width)
        lines = indent(wrap([Span(self.question.text, "bold")], width - 2), [Span("? ", "key")], [Span("  ")])
        for index, label in enumerate(self.question.labels[:9]):
            here = index == self._chosen
            mark = "▸ " if here else "  "
            line = [Span(mark, "accent"), Span(f"{index + 1} ", "key"), Span(label, "bold" if here else "")]
            lines.append(line)
        return lines

    def on_key(self, event: events.Key) -> None:
        if self.question is None or not self.question.choices:
            return
        number = int(event.key) - 1 if event.key.isdigit() else None
        if number is not None and 0 <= number < len(self.question.choices):
            self._answer(number)
        elif event.key == "enter":
            self._answer(self._chosen)
        elif event.key in ("up", "down"):
            step = 1 if event.key == "down" else -1
            self._chosen = (self._chosen + step) % len(self.question.choices)
            self.redraw()
        else:
            return
        event.stop()
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        if self.question is None:
            return
        number = event.y - (len(self._lines) - len(self.question.labels[:9]))
        if 0 <= number < len(self.question.choices):
            self._answer(number)

    def _answer(self, number: int) -> None:
        question = self.question
        if question is not None:
            self.post_message(self.Answered(question, question.choices[number]))
