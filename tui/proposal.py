"""One proposal for the user's repository, whole: what would be done, with which message, files and hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from core.commands import Command, DecideProposal
from core.events import Verdict
from core.view.inbox import Proposal
from tui.canvas import Page, border_words
from tui.paint import Lines, Span, wrap

_KEYS = "{inbox.approve} approves · {inbox.refuse} refuses · Esc closes"
_APPLIED = "What you accepted of its files is applied first. What you have staged stays as it is."


class ProposalPage(Page):
    can_focus = True

    def __init__(self, proposal: Proposal, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._proposal = proposal

    def compose_lines(self, width: int) -> Lines:
        one = self._proposal
        lines: Lines = [[Span(one.title, "heading")], [Span(f"proposed by {one.role}", "dim")]]
        if one.failure:
            lines += [[], *wrap([Span(f"It failed: {one.failure}", "bad")], width)]
        if one.message:
            lines += [
                [],
                *(row for line in one.message.split("\n") for row in (wrap([Span(line)], width) or [[]])),
            ]
        if one.paths:
            lines += [[], [Span("files", "heading")], *([Span(f"  {path}")] for path in one.paths)]
            lines += [[], *wrap([Span(_APPLIED, "dim")], width)]
        if one.hooks:
            told = f"Your hooks run, with your rights: {', '.join(one.hooks)}"
            lines += [[], *wrap([Span(told, "warn")], width)]
        return lines


class ProposalScreen(ModalScreen[None]):
    """Shows a proposal; the decision is sent from here.

    Args:
        send: takes a command.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('accepted')", "Approve", show=False, id="inbox.approve"),
        Binding("r", "decide('rejected')", "Refuse", show=False, id="inbox.refuse"),
        Binding("escape,q,enter,ctrl+c", "dismiss", "Close", show=False),
    ]

    def __init__(self, proposal: Proposal, send: Callable[[Command], object]) -> None:
        super().__init__()
        self._proposal = proposal
        self._send = send

    def compose(self) -> ComposeResult:
        page = ProposalPage(self._proposal, id="proposal", classes="pane dialog")
        page.border_title = "proposal for your repository"
        page.border_subtitle = border_words(self.app.keymap.fill(_KEYS))  # type: ignore[attr-defined]
        yield page

    def action_decide(self, verdict: Verdict) -> None:
        self._send(DecideProposal(id=self._proposal.id, verdict=verdict))
        self.dismiss()
