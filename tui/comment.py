"""One line in which the user says why a change is rejected."""

from __future__ import annotations

from typing import Protocol

from textual import events
from textual.widgets import Input

from core.events import Verdict


class Decide(Protocol):
    def __call__(self, verdict: Verdict, *, comment: str) -> None: ...


class CommentLine(Input):
    """Enter rejects with what is typed; Escape leaves everything as it was."""

    def __init__(self, decide: Decide, *, id: str) -> None:
        super().__init__(
            placeholder="Why? The agents read it. Enter rejects, Esc does not", id=id, compact=True
        )
        self.cursor_blink = False
        self._decide = decide

    def on_mount(self) -> None:
        self.focus()

    async def _on_key(self, event: events.Key) -> None:
        if event.key not in ("escape", "enter"):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        self._leave()
        if event.key == "enter":
            self._decide("rejected", comment=self.value.strip())

    def on_blur(self) -> None:
        self.remove()

    def _leave(self) -> None:
        parent = self.parent
        self.remove()
        if parent is not None:
            parent.query_one("#patch").focus()
