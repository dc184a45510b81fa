"""What nodes want done in the user's own repository, and what became of it: a fold over records."""

from typing import Literal, TypeAlias, assert_never

import msgspec

from core.events import GitProposed, ProposalCarriedOut, ProposalDecided, ProposalFailed

ProposalState: TypeAlias = Literal["waiting", "approved", "refused", "done", "failed"]
"""`approved`: it is being made; `failed`: it could not be, and waits for a decision again."""
ProposalEvent: TypeAlias = GitProposed | ProposalDecided | ProposalCarriedOut | ProposalFailed


class Proposed(msgspec.Struct):
    """One proposal."""

    event: GitProposed
    state: ProposalState = "waiting"
    result: str = ""
    """The commit's id or the branch's name; why it failed; or what the user said to it."""

    @property
    def waits(self) -> bool:
        """Whether the user can decide on it."""
        return self.state in ("waiting", "failed")


class Proposals:
    """All proposals of a session, oldest first."""

    def __init__(self) -> None:
        self.known: dict[str, Proposed] = {}

    @property
    def waiting(self) -> list[Proposed]:
        """Those that wait for the user."""
        return [one for one in self.known.values() if one.waits]

    @property
    def under_way(self) -> list[Proposed]:
        """Those that were approved, and of which nothing more is on record."""
        return [one for one in self.known.values() if one.state == "approved"]

    def note(self, event: ProposalEvent) -> Proposed | None:
        """Take one event in; returns its proposal, None when nobody knows it."""
        if isinstance(event, GitProposed):
            self.known[event.id] = Proposed(event)
        proposed = self.known.get(event.id)
        if proposed is None:
            return None
        match event:
            case GitProposed():
                pass
            case ProposalDecided():
                proposed.state = "approved" if event.verdict == "accepted" else "refused"
                proposed.result = event.comment
            case ProposalCarriedOut():
                proposed.state, proposed.result = "done", event.result
            case ProposalFailed():
                proposed.state, proposed.result = "failed", event.reason
            case _:
                assert_never(event)
        return proposed
