"""The files that differ, as a fold over records: patch, author, verdict, and what became of them."""

from typing import Literal, TypeAlias, assert_never

import msgspec

from core.events import (
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    ChangeKind,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    Failed,
    FileChanged,
    GitProposed,
    GraphPlanned,
    HandedOff,
    MessageDelivered,
    MessageSent,
    ModelCalled,
    ModelChanged,
    NodeFinished,
    NodePaused,
    NodeResumed,
    NodeStarted,
    NoticeGiven,
    OverlapFound,
    ProjectChanged,
    ProposalCarriedOut,
    ProposalDecided,
    ProposalFailed,
    QuestionAnswered,
    QuestionAsked,
    RequestDequeued,
    RequestQueued,
    RequestSubmitted,
    Retried,
    RouteDecided,
    RouteOverridden,
    RunFinished,
    SessionRenamed,
    SessionResumed,
    SessionStarted,
    StageCommitted,
    StagePrepared,
    StageRewound,
    TestsFinished,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolStarted,
    Verdict,
    VerdictGiven,
)
from core.record import Record
from core.text import sanitise, sanitise_line

Place: TypeAlias = Literal["staged", "stale", "applied", "undone"]
"""Where a change is. `stale`: the project's file moved on meanwhile, so it was not written.
`undone`: it was written and taken back, and waits for a decision again."""


class File(msgspec.Struct):
    path: str
    """Exact, for commands."""
    label: str
    """The same, safe to draw; a renamed file shows where it was."""
    kind: ChangeKind
    added: int
    removed: int
    patch: str
    binary: bool
    roles: list[str]
    """Who wrote it, the latest last."""
    verdict: Verdict = "undecided"
    place: Place = "staged"
    reason: str = ""
    """Why it is stale."""
    version: int = 0
    """Grows with each new patch."""

    @property
    def open(self) -> bool:
        """It waits for a decision."""
        return self.verdict == "undecided" and self.place != "applied"

    @property
    def ready(self) -> bool:
        """Accepted, and not written yet."""
        return self.verdict == "accepted" and self.place != "applied"


class Changes:
    """Every file that differs from the project, in the order of their first change."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}

    def apply(self, record: Record) -> bool:
        """Take one record in; true when the files must be drawn again."""
        event = record.event
        match event:
            case FileChanged():
                return self._change(event)
            case ChangeWithdrawn():
                return self._withdraw(event.path)
            case ChangeDecided():
                return self._decide(event)
            case ChangeMarkedStale():
                return self._mark(event.path, "stale", sanitise_line(event.reason))
            case ChangeApplied():
                return self._mark(event.path, "applied")
            case ChangeUndone():
                return self._mark(event.path, "undone")
            case (
                SessionStarted()
                | SessionResumed()
                | CommandRefused()
                | NoticeGiven()
                | QuestionAsked()
                | QuestionAnswered()
                | RequestSubmitted()
                | StagePrepared()
                | RouteDecided()
                | GraphPlanned()
                | HandedOff()
                | RunFinished()
                | NodeStarted()
                | TextDelta()
                | TextFinished()
                | TextDiscarded()
                | ToolStarted()
                | ToolFinished()
                | TestsFinished()
                | VerdictGiven()
                | CallStarted()
                | ModelCalled()
                | Retried()
                | NodeFinished()
                | Failed()
                | SessionRenamed()
                | RequestQueued()
                | RequestDequeued()
                | RouteOverridden()
                | MessageSent()
                | MessageDelivered()
                | NodePaused()
                | NodeResumed()
                | ModelChanged()
                | ChangeMerged()
                | ConflictFound()
                | ConflictResolved()
                | ProjectChanged()
                | OverlapFound()
                | StageCommitted()
                | StageRewound()
                | GitProposed()
                | ProposalDecided()
                | ProposalCarriedOut()
                | ProposalFailed()
            ):
                return False
        assert_never(event)

    @property
    def open(self) -> list[File]:
        return [file for file in self.files.values() if file.open]

    @property
    def ready(self) -> list[File]:
        return [file for file in self.files.values() if file.ready]

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files.values())

    @property
    def removed(self) -> int:
        return sum(file.removed for file in self.files.values())

    def _change(self, event: FileChanged) -> bool:
        """Take the new difference; a verdict was about the old one, so the file is open again."""
        before = self.files.get(event.path)
        roles = before.roles if before else []
        role = sanitise_line(event.role)
        self.files[event.path] = File(
            event.path,
            _label(event),
            event.kind,
            event.added_lines,
            event.removed_lines,
            sanitise(event.patch),
            event.binary,
            [*(known for known in roles if known != role), role],
            version=before.version + 1 if before else 0,
        )
        return True

    def _withdraw(self, path: str) -> bool:
        file = self.files.get(path)
        if file is None or file.verdict == "rejected":
            return False
        del self.files[path]
        return True

    def _decide(self, event: ChangeDecided) -> bool:
        file = self.files.get(event.path)
        if file is None:
            return False
        file.verdict = event.verdict
        if file.place == "undone":
            file.place = "staged"
        return True

    def _mark(self, path: str, place: Place, reason: str = "") -> bool:
        file = self.files.get(path)
        if file is None:
            return False
        file.place, file.reason = place, reason
        match place:
            case "applied":
                file.verdict = "accepted"
            case "undone":
                file.verdict = "undecided"
            case "staged" | "stale":
                pass
        return True


def _label(event: FileChanged) -> str:
    path = sanitise_line(event.path)
    return f"{sanitise_line(event.old_path)} → {path}" if event.old_path else path
