"""The bar above the footer: what waits for the user now, in one to a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from core.events import QuestionKind
from core.view.inbox import Question
from tui.canvas import Page
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, indent, wrap

_TITLES: dict[QuestionKind, str] = {
    "question": "",
    "route": "Before it starts",
    "plan": "The plan",
    "budget": "The budget",
    "network": "Outside the sandbox: network",
    "path": "Outside the sandbox: files",
    "host": "A web site",
    "install": "Outside the sandbox: an installation",
    "ping_pong": "Going round in circles",
}


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
        self._top = 0
        """The row of the first choice."""

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
        question = self.question
        lines = self._title(question)
        lines += indent(wrap([Span(question.text, "bold")], width - 2), [Span("? ", "key")], [Span("  ")])
        self._top = len(lines)
        for index, label in enumerate(question.labels[:9]):
            here = index == self._chosen
            mark = "▸ " if here else "  "
            line = [Span(mark, "accent"), Span(f"{index + 1} ", "key"), Span(label, "bold" if here else "")]
            lines.append(line)
        if question.detail:
            lines += [[], *indent(self._detail(question, width - 4), [Span("  ")])]
        return lines

    @staticmethod
    def _title(question: Question) -> Lines:
        """What it is about, who waits, and how much it risks."""
        title = _TITLES[question.kind]
        line = [Span(title, "warn bold" if question.risk == "high" else "accent bold")] if title else []
        if question.role:
            line += [Span(f"{'  ' if line else ''}{question.role} waits", role_ink(question.role))]
        return [line] if line else []

    @staticmethod
    def _detail(question: Question, width: int) -> Lines:
        """A plan is read as text; a command is shown to its last character."""
        from tui.markdown import draw_code, draw_markdown

        if question.kind == "plan":
            return draw_markdown(question.detail, width)
        return draw_code(question.detail, width)

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
        number = event.y + self.scroll_offset.y - self._top
        if 0 <= number < len(self.question.choices):
            self._answer(number)

    def _answer(self, number: int) -> None:
        question = self.question
        if question is not None:
            self.post_message(self.Answered(question, question.choices[number]))
