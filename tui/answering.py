"""The way from the inbox to where each thing that waits is decided."""

from __future__ import annotations

from core.commands import Command
from core.view.inbox import Entry
from tui.composing import Composing
from tui.diffs import Diffs


class Answering(Composing, part=True):
    """A screen whose inbox leads to questions, proposals and changes."""

    def action_inbox(self) -> None:
        from tui.inbox import InboxScreen

        self.app.push_screen(InboxScreen(self.view, self._clock, self._send_soon), self._go_to)

    def _send_soon(self, command: Command) -> None:
        self.run_worker(self.send(command))

    def _go_to(self, entry: Entry | None) -> None:
        """To where an entry of the inbox is decided."""
        if entry is None:
            return
        if entry.kind == "question":
            self.show_question(entry.key)
        elif entry.kind == "proposal":
            self._show_proposal(entry.key)
        else:
            self.query_one(Diffs).open(entry.key)
            self.focus_pane("diffs")

    def _show_proposal(self, id: str) -> None:
        from tui.proposal import ProposalScreen

        proposal = self.view.head.proposals.get(id)
        if proposal is not None:
            self.app.push_screen(ProposalScreen(proposal, self._send_soon))
