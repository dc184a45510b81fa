"""One line in which the user says why a change is rejected."""

from __future__ import annotations

from typing import Protocol

from core.events import Verdict
from tui.oneline import AnswerLine


class Decide(Protocol):
    def __call__(self, verdict: Verdict, *, comment: str) -> None: ...


class CommentLine(AnswerLine):
    """Rejects with what is typed, which may be nothing."""

    scope = "reason"

    def __init__(self, decide: Decide, *, id: str) -> None:
        super().__init__(placeholder="Why? The agents read it. Enter rejects, Esc does not", id=id)
        self._decide = decide

    def answered(self, text: str | None) -> None:
        parent = self.parent
        self.remove()
        if parent is not None:
            parent.query_one("#patch").focus()
        if text is not None:
            self._decide("rejected", comment=text)
