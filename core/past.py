"""What a session knows of its own past: a fold over its records, for resuming."""

from typing import TYPE_CHECKING, TypeAlias, assert_never, get_args

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
    QuestionAnswered,
    QuestionAsked,
    RequestDequeued,
    RequestQueued,
    RequestSubmitted,
    Retried,
    RouteDecided,
    RouteOverridden,
    RunFinished,
    RunStatus,
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
    Verdict,
    VerdictGiven,
    WorkEscalated,
)
from core.money import to_pico
from core.proposals import ProposalEvent, Proposals
from core.queue import Queue
from core.record import Record
from core.resumed import Progress
from core.run import OF_THE_RUN, PastRun
from core.waiting import WaitingChanges

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Aside: TypeAlias = (
    SessionResumed
    | CommandRefused
    | NoticeGiven
    | StagePrepared
    | StageProgressed
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
    | ToolOutput
    | Retried
    | Failed
    | SessionRenamed
    | NodePaused
    | NodeResumed
    | PromptGiven
    | ShellStarted
    | ShellOutput
    | ShellFinished
    | NodeSkipped
    | WorkEscalated
    | ChangeMerged
    | ProjectChanged
)
"""Events that say nothing about resuming."""
_SILENT = frozenset(get_args(Aside))


def _is_silent(event: Event) -> "TypeIs[Aside]":
    """One look into a set: `isinstance` asks each class of a union in turn."""
    return type(event) in _SILENT


class Past:
    """The state of a session after its records so far."""

    def __init__(self) -> None:
        self.project: str = ""
        self.runs = 0
        self.requests: list[RequestSubmitted] = []
        self.answers: list[PastRun] = []
        self.open_run: RequestSubmitted | None = None
        self.last_end: RunStatus = "done"
        """How the last run ended."""
        self.asked: QuestionAsked | None = None
        """The question of the last run that waits for an answer, or that it ended at."""
        self.queue = Queue()
        """What waits for its turn."""
        self.progress = Progress()
        """How far the last run has come."""
        self.carried: frozenset[str] = frozenset()
        """Paths of changes that the last run took over from the one before it."""
        self.open_nodes: dict[str, NodeStarted] = {}
        self.open_calls: dict[str, CallStarted] = {}
        self.heard: dict[str, int] = {}
        """Characters streamed by each node since its last call went out."""
        self.charges: list[ModelCalled] = []
        """Charges of the last run."""
        self.spent = 0
        """Pico-dollars of all charges; a call without reported usage counts with all that was reserved for it."""
        self.budget_usd: str | None = None
        """The limit that the user raised the session's budget to, in dollars; None: it is as configured."""
        self.proposals = Proposals()
        """What nodes want done in the user's repository."""
        self.waiting = WaitingChanges()
        self.changes = self.waiting.changes
        """Changes that are neither applied nor withdrawn, by path."""
        self.applied = self.waiting.applied
        """What was applied and is not undone, by path."""
        self.applies = self.waiting.applies
        """The applies of this session that still stand, oldest first: id → paths."""

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each file that waits."""
        return {path: decided.verdict for path, decided in self.waiting.decided.items()}

    def verdict(self, path: str) -> Verdict | None:
        """The verdict on a file; None when no change of it waits."""
        decided = self.waiting.decided.get(path)
        return None if decided is None else decided.verdict

    def apply(self, record: Record) -> None:
        """Take one record in."""
        self.note(record.event)

    def note(self, event: Event) -> None:
        """Take one event in."""
        if _is_silent(event):
            return
        if isinstance(event, ProposalEvent):
            self.proposals.note(event)
            return
        match event:
            case SessionStarted() | BudgetRaised():
                self._set(event)
            case RequestSubmitted():
                self._begin(event)
            case RunFinished():
                self._end(event)
            case NodeStarted():
                self.open_nodes[event.node] = event
                self.progress.note(event)
            case NodeFinished():
                self.open_nodes.pop(event.node, None)
                self.progress.note(event)
            case CallStarted() | TextDelta():
                self._hear(event)
            case ModelCalled():
                self._charge(event)
            case FileChanged() | ChangeWithdrawn() | StageRewound():
                self.waiting.note(event)
                self.progress.note(event)
            case (
                ChangeDecided()
                | ChangeApplied()
                | ChangeUndone()
                | ChangeMarkedStale()
                | ConflictFound()
                | ConflictResolved()
                | OverlapFound()
            ):
                self.waiting.note(event)
            case QuestionAsked() | QuestionAnswered():
                self._ask(event)
            case RequestQueued() | RequestDequeued() | MessageSent() | MessageDelivered():
                self.queue.note(event)
            case (
                RouteDecided()
                | RouteOverridden()
                | GraphPlanned()
                | HandedOff()
                | ModelChanged()
                | TestsFinished()
                | VerdictGiven()
                | StageCommitted()
            ):
                self.progress.note(event)
            case _:
                assert_never(event)

    def _ask(self, event: QuestionAsked | QuestionAnswered) -> None:
        if isinstance(event, QuestionAsked):
            self.asked = event if event.kind in OF_THE_RUN else self.asked
        elif self.asked is not None and self.asked.id == event.id:
            self.asked = None

    def _set(self, event: SessionStarted | BudgetRaised) -> None:
        if isinstance(event, SessionStarted):
            self.project = event.project
        elif event.scope == "session":
            self.budget_usd = event.to_usd

    def _hear(self, event: CallStarted | TextDelta) -> None:
        if isinstance(event, CallStarted):
            self.open_calls[event.call] = event
            self.heard[event.node] = 0
        else:
            self.heard[event.node] = self.heard.get(event.node, 0) + len(event.text)

    def _charge(self, event: ModelCalled) -> None:
        call = self.open_calls.pop(event.call, None)
        reserved = to_pico(call.reserved_usd) if call is not None and event.estimated else 0
        self.spent += max(to_pico(event.cost_usd), reserved)
        self.charges.append(event)

    def _begin(self, event: RequestSubmitted) -> None:
        self.carried = frozenset(self.left_over(event.text, resumes=event.resumes is not None))
        self.waiting.begin()
        self.runs += 1
        self.requests.append(event)
        self.open_run = event
        self.asked = None
        self.open_nodes.clear()
        self.open_calls.clear()
        self.charges = []
        self.progress.begin(event)

    def _end(self, event: RunFinished) -> None:
        if self.open_run is not None:
            self.answers.append(PastRun(self.open_run.text, event.answer))
        self.last_end = event.status
        self.open_run = None

    def files_of(self, run: str) -> tuple[str, ...]:
        """Paths that the last run changed or took over, as far as they still wait."""
        found = (path for path, change in self.changes.items() if change.run == run or path in self.carried)
        return tuple(sorted(path for path in found if self.verdict(path) != "rejected"))

    def left_over(self, text: str, *, resumes: bool = False) -> dict[str, FileChanged]:
        """Changes of the last run that a new run goes on with: it resumes that one, or has the same request
        after it did not end well."""
        if not self.requests:
            return {}
        if not resumes and (self.requests[-1].text != text or self.last_end == "done"):
            return {}
        return {path: self.changes[path] for path in self.files_of(self.requests[-1].run)}
