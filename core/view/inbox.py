"""Everything that waits for the user, in one list: questions, proposals, conflicts, stale files, changes."""

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from core.events import GitProposed, QuestionAsked, QuestionKind
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


def proposal_of(event: GitProposed, at: str) -> Proposal:
    what = "Create the branch" if event.action == "create_branch" else "Commit to your repository"
    return Proposal(
        event.id,
        f"{what} {sanitise_line(event.branch)}".rstrip(),
        sanitise(event.message),
        tuple(sanitise_line(path) for path in event.paths),
        sanitise_line(event.role),
        at,
    )


def waiting(
    questions: Iterable[Question], proposals: Iterable[Proposal], files: Iterable[File]
) -> list[Entry]:
    """All of it: what stops the work first, then what is decided once, then the changes."""
    found = [Entry("question", one.id, one.text, one.detail, one.risk, one.since) for one in questions]
    for proposal in proposals:
        detail = "\n".join([proposal.message, *proposal.paths]).strip()
        found.append(Entry("proposal", proposal.id, proposal.title, detail, "medium", proposal.since))
    conflicts: list[Entry] = []
    stale: list[Entry] = []
    changes: list[Entry] = []
    for file in files:
        if file.conflict is not None:
            conflicts.append(Entry("conflict", file.path, file.label, "", "high", file.since))
        elif file.place == "stale":
            stale.append(Entry("stale", file.path, file.label, file.reason, "medium", file.since))
        elif file.open:
            changes.append(_change(file))
    return found + conflicts + stale + changes


def _change(file: File) -> Entry:
    risk: Risk = "medium" if file.overlaps or file.kind == "deleted" or file.new_mode == "100755" else "low"
    return Entry("change", file.path, file.label, f"+{file.added} -{file.removed}", risk, file.since)
