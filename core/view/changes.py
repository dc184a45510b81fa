"""The files that differ, as a fold over records: patch, author, verdict, and what became of them."""

from typing import TYPE_CHECKING, assert_never, get_args

from core.events import (
    BudgetRaised,
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    Event,
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
    NodeSkipped,
    NodeStarted,
    NoticeGiven,
    OverlapFound,
    ProjectChanged,
    PromptGiven,
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
    ShellFinished,
    ShellOutput,
    ShellStarted,
    StageCommitted,
    StagePrepared,
    StageProgressed,
    StageRewound,
    TestsFinished,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    VerdictGiven,
    WorkEscalated,
)
from core.record import Record
from core.text import sanitise, sanitise_line
from core.view.files import Conflict, File, Place, changed_file
from core.view.steps import Steps

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_Silent = (
    SessionStarted
    | SessionResumed
    | CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | RequestSubmitted
    | StagePrepared
    | StageProgressed
    | RouteDecided
    | GraphPlanned
    | HandedOff
    | RunFinished
    | NodeStarted
    | TextDelta
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
    | ToolOutput
    | TestsFinished
    | VerdictGiven
    | CallStarted
    | ModelCalled
    | Retried
    | NodeFinished
    | Failed
    | SessionRenamed
    | RequestQueued
    | RequestDequeued
    | RouteOverridden
    | MessageSent
    | MessageDelivered
    | BudgetRaised
    | NodePaused
    | NodeResumed
    | PromptGiven
    | ShellStarted
    | ShellOutput
    | ShellFinished
    | ModelChanged
    | NodeSkipped
    | WorkEscalated
    | StageCommitted
    | StageRewound
    | GitProposed
    | ProposalDecided
    | ProposalCarriedOut
    | ProposalFailed
)
"""Events that say nothing here."""
_SILENT = frozenset(get_args(_Silent))


def _is_silent(event: Event) -> "TypeIs[_Silent]":
    """One look into a set: `isinstance` asks each class of a union in turn."""
    return type(event) in _SILENT


class Changes:
    """Every file that differs from the project, in the order of their first change."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.steps = Steps()
        """What each step cost, for whoever asks who wrote a line."""

    def apply(self, record: Record) -> bool:
        """Take one record in; true when the files must be drawn again."""
        event = record.event
        self.steps.apply(event)
        if _is_silent(event):
            return False
        match event:
            case FileChanged():
                self.files[event.path] = changed_file(event, self.files.get(event.path), record.at)
                return True
            case ChangeWithdrawn():
                return self._withdraw(event.path)
            case ChangeDecided():
                return self._decide(event)
            case ChangeMarkedStale():
                return self._outdate(event)
            case ChangeApplied():
                return self._mark(event.path, "applied")
            case ChangeUndone():
                return self._mark(event.path, "undone")
            case ChangeMerged() | ConflictFound() | ConflictResolved():
                return self._collide(event)
            case OverlapFound():
                return self._overlap(event)
            case ProjectChanged():
                return self._move(event)
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
        file.decide(event.verdict, event.hunk, sanitise(event.comment), sanitise_line(event.by))
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
                file.conflict = None
                file.verdict = "accepted"
            case "undone":
                file.decide("undecided", None, "")
            case "staged" | "stale":
                pass
        return True

    def _outdate(self, event: ChangeMarkedStale) -> bool:
        reason, file = sanitise_line(event.reason), self.files.get(event.path)
        if event.hunk is None or file is None:
            return self._mark(event.path, "stale", reason)
        for piece in file.pieces:
            if piece.id == event.hunk:
                piece.stale = reason
        return True

    def _collide(self, event: ChangeMerged | ConflictFound | ConflictResolved) -> bool:
        file = self.files.get(event.path)
        if file is None:
            return False
        match event:
            case ChangeMerged():
                file.merged, file.moved, file.conflict = True, False, None
            case ConflictFound():
                file.conflict = Conflict(event.regions, sanitise(event.text))
            case ConflictResolved():
                file.conflict = None
        return True

    def _overlap(self, event: OverlapFound) -> bool:
        file, other = self.files.get(event.path), sanitise_line(event.other_role)
        if file is None:
            return False
        if other not in file.overlaps:
            file.overlaps.append(other)
        for piece in file.pieces:
            if piece.id == event.hunk:
                piece.overlap = other
        return True

    def _move(self, event: ProjectChanged) -> bool:
        told = dict.fromkeys(event.back, False) | dict.fromkeys(event.touched, True)
        known = [(self.files[path], moved) for path, moved in told.items() if path in self.files]
        for file, moved in known:
            file.moved = moved
        return bool(known)
