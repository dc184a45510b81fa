"""Everything that waits for the user, in one list: questions, proposals, conflicts, stale files, changes."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from core.events import QuestionAsked, QuestionKind
from core.proposals import Proposed
from core.text import sanitise, sanitise_line
from core.view.files import File

Risk: TypeAlias = Literal["low", "medium", "high"]
WaitKind: TypeAlias = Literal["question", "proposal", "conflict", "stale", "change"]

_RISKS: dict[QuestionKind, Risk] = {
    "question": "low",
    "route": "low",
    "ping_pong": "low",
    "plan": "medium",
    "budget": "medium",
    "host": "medium",
    "network": "high",
    "path": "high",
    "install": "high",
}


_COLLIDED = "You and the team changed the same lines: one side has to be taken."


class Question(msgspec.Struct, frozen=True):
    """One that waits for the user."""

    id: str
    run: str
    text: str
    choices: tuple[str, ...]
    """Exact, for the answer."""
    labels: tuple[str, ...]
    """The same, safe to draw."""
    kind: QuestionKind = "question"
    detail: str = ""
    """What exactly would be done, safe to draw."""
    role: str = ""
    """Who waits for the answer; empty when the whole run does."""
    since: str = ""

    @property
    def risk(self) -> Risk:
        return _RISKS[self.kind]


class Proposal(msgspec.Struct, frozen=True):
    """What a node wants done in the user's own repository. All texts are safe to draw."""

    id: str
    title: str
    message: str
    paths: tuple[str, ...]
    role: str
    since: str
    hooks: tuple[str, ...] = ()
    """The user's hooks that will run."""
    failure: str = ""
    """Why it could not be made when it was approved; empty when it was not yet."""

    @property
    def detail(self) -> str:
        """All that there is to know before it is approved; what went wrong first."""
        failed = [f"It failed: {self.failure}"] if self.failure else []
        files = [f"Files: {', '.join(self.paths)}"] if self.paths else []
        hooks = [f"Your hooks run, with your rights: {', '.join(self.hooks)}"] if self.hooks else []
        return "\n".join([*failed, *([self.message] if self.message else []), *files, *hooks])


class Entry(msgspec.Struct, frozen=True):
    """One thing that waits."""

    kind: WaitKind
    key: str
    """Id of the question or proposal, or exact path of the file."""
    title: str
    detail: str
    risk: Risk
    since: str
    """When it began to wait, RFC 3339; empty when nobody knows."""


def question_of(event: QuestionAsked, at: str) -> Question:
    labels = tuple(sanitise_line(choice) for choice in event.choices)
    return Question(
        event.id,
        event.run,
        sanitise(event.text),
        event.choices,
        labels,
        event.kind,
        sanitise(event.detail),
        sanitise_line(event.role or ""),
        at,
    )


def proposal_of(proposed: Proposed, at: str) -> Proposal:
    event, branch = proposed.event, sanitise_line(proposed.event.branch)
    onto = f"on the branch {branch}" if branch else "to your repository"
    return Proposal(
        event.id,
        f"Create the branch {branch}" if event.action == "create_branch" else f"Commit {onto}",
        sanitise(event.message),
        tuple(sanitise_line(path) for path in event.paths),
        sanitise_line(event.role),
        at,
        tuple(sanitise_line(hook) for hook in event.hooks),
        sanitise(proposed.result) if proposed.state == "failed" else "",
    )


def waiting(
    questions: Iterable[Question], proposals: Iterable[Proposal], files: Iterable[File]
) -> list[Entry]:
    """All of it: what stops the work first, then what is decided once, then the changes."""
    found = [Entry("question", one.id, one.text, one.detail, one.risk, one.since) for one in questions]
    for proposal in proposals:
        found.append(
            Entry("proposal", proposal.id, proposal.title, proposal.detail, "medium", proposal.since)
        )
    conflicts: list[Entry] = []
    stale: list[Entry] = []
    changes: list[Entry] = []
    for file in files:
        if file.conflict is not None:
            conflicts.append(Entry("conflict", file.path, file.label, _COLLIDED, "high", file.since))
        elif file.place == "stale":
            stale.append(Entry("stale", file.path, file.label, file.reason, "medium", file.since))
        elif file.open:
            changes.append(_change(file))
    return found + conflicts + stale + changes


def _change(file: File) -> Entry:
    risk: Risk = "medium" if file.overlaps or file.kind == "deleted" or file.new_mode == "100755" else "low"
    return Entry("change", file.path, file.label, f"+{file.added} -{file.removed}", risk, file.since)
