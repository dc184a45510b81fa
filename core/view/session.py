"""Everything that a screen draws of one session. Live and replayed, it is this one fold."""

from typing import TYPE_CHECKING, assert_never, get_args

import msgspec

from core.events import (
    Backend,
    BudgetRaised,
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    Confinement,
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
    VerdictGiven,
    WorkEscalated,
)
from core.proposals import ProposalEvent, Proposals
from core.record import Record
from core.text import sanitise_line
from core.view.changes import Changes
from core.view.cost import Costs
from core.view.graph import Graph
from core.view.inbox import Entry, Proposal, Question, proposal_of, question_of, waiting
from core.view.timeline import Timeline
from core.view.transcript import Touches, Transcript
from core.wish import as_typed

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_Silent = (
    CommandRefused
    | NoticeGiven
    | RouteDecided
    | GraphPlanned
    | HandedOff
    | NodeStarted
    | TextDelta
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
    | ToolOutput
    | ShellOutput
    | TestsFinished
    | VerdictGiven
    | CallStarted
    | ModelCalled
    | Retried
    | NodeFinished
    | Failed
    | FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | ChangeMarkedStale
    | ChangeApplied
    | ChangeUndone
    | MessageSent
    | MessageDelivered
    | BudgetRaised
    | NodePaused
    | NodeResumed
    | PromptGiven
    | ModelChanged
    | NodeSkipped
    | WorkEscalated
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | OverlapFound
)
"""Events that say nothing here."""
_SILENT = frozenset(get_args(_Silent))


def _is_silent(event: Event) -> "TypeIs[_Silent]":
    """One look into a set: `isinstance` asks each class of a union in turn."""
    return type(event) in _SILENT


class Queued(msgspec.Struct, frozen=True):
    """A request that waits for the end of the run."""

    id: str
    text: str
    """Exact, for the prompt."""


class Request(msgspec.Struct, frozen=True):
    """What the user asked once."""

    run: str
    text: str
    """Exact, for the prompt."""
    at: str
    commit: str
    """Where the stage was then, for the way back."""


class Head(msgspec.Struct):
    """What the status line says."""

    project: str = ""
    """Exact path of the project's folder."""
    project_label: str = ""
    version: str = ""
    roster: str = ""
    backend: Backend | None = None
    confinement: Confinement | None = None
    run: str = ""
    """The run that works now; empty when none does."""
    copied: tuple[int, int] = (0, 0)
    """Files of the private copy that is being made: so many, of so many; zeros while none is."""
    run_since: str = ""
    """When it began, RFC 3339."""
    status: RunStatus | None = None
    """How the last run ended; None before the first end and while one works."""
    ended_at: str = ""
    """When that was, RFC 3339."""
    request: str = ""
    """The first line of the latest request."""
    title: str = ""
    """The session's, where the user gave it one."""
    questions: dict[str, Question] = msgspec.field(default_factory=dict[str, Question])
    proposals: dict[str, Proposal] = msgspec.field(default_factory=dict[str, Proposal])
    queue: dict[str, Queued] = msgspec.field(default_factory=dict[str, Queued])
    """Requests that wait for their turn, oldest first."""
    shells: list[str] = msgspec.field(default_factory=list[str])
    """Ids of the user's own commands that run now, oldest first."""

    @property
    def busy(self) -> bool:
        return bool(self.run)

    @property
    def question(self) -> Question | None:
        """The one that waits longest."""
        return next(iter(self.questions.values()), None)

    @property
    def can_retry(self) -> bool:
        return not self.busy and self.status in ("failed", "interrupted", "budget")


class Dirty(msgspec.Struct, frozen=True):
    """What one record made old on the screen."""

    head: bool
    chat: Touches
    graph: bool
    changes: bool
    cost: bool


class SessionView:
    """The four folds and the head, fed with the same records."""

    def __init__(self) -> None:
        self.head = Head()
        self.transcript = Transcript()
        self.graph = Graph()
        self.changes = Changes()
        self.costs = Costs()
        self.timeline = Timeline()
        self._proposals = Proposals()
        self.requests: list[Request] = []
        """Oldest first."""
        self.session = ""
        """Its id; empty before the first record."""
        self.last = 0
        """The `seq` of the last record taken in."""

    @property
    def inbox(self) -> list[Entry]:
        """Everything that waits for the user."""
        return waiting(
            self.head.questions.values(), self.head.proposals.values(), self.changes.files.values()
        )

    def apply(self, record: Record) -> Dirty:
        """Take one record in and say what must be drawn again."""
        self.session, self.last = record.session, record.seq
        return Dirty(
            self._apply_head(record),
            self.transcript.apply(record),
            self.graph.apply(record),
            self.changes.apply(record),
            self.costs.apply(record),
        )

    def _apply_head(self, record: Record) -> bool:
        head, event = self.head, record.event
        if _is_silent(event):
            return False
        match event:
            case SessionStarted():
                head.project, head.project_label = event.project, sanitise_line(event.project)
                return self._take_setting(event)
            case SessionResumed():
                return self._take_setting(event)
            case RequestSubmitted():
                head.run, head.run_since, head.status = event.run, record.at, None
                head.request = sanitise_line(event.text)
                self.requests.append(Request(event.run, event.text, record.at, self.timeline.here))
                return True
            case RunFinished() | RouteOverridden():
                head.copied = (0, 0)
                if isinstance(event, RunFinished):
                    head.run, head.status, head.ended_at = "", event.status, record.at
                head.questions = {k: q for k, q in head.questions.items() if q.run != event.run}
                return True
            case QuestionAsked():
                head.questions[event.id] = question_of(event, record.at)
                return True
            case GitProposed() | ProposalDecided() | ProposalCarriedOut() | ProposalFailed():
                return self._propose(event, record.at)
            case RequestQueued() | RequestDequeued():
                if isinstance(event, RequestDequeued):
                    return head.queue.pop(event.id, None) is not None
                head.queue[event.id] = Queued(event.id, as_typed(event))
                return True
            case StageProgressed() | StagePrepared():
                head.copied = (event.files, event.total) if isinstance(event, StageProgressed) else (0, 0)
                return True
            case StageCommitted() | StageRewound():
                return self.timeline.apply(event, record.at)
            case ShellStarted() | ShellFinished():
                began = [event.id] if isinstance(event, ShellStarted) else []
                head.shells = [*(id for id in head.shells if id != event.id), *began]
                return True
            case SessionRenamed():
                head.title = sanitise_line(event.title)
                return True
            case QuestionAnswered():
                return head.questions.pop(event.id, None) is not None
        assert_never(event)

    def _propose(self, event: ProposalEvent, at: str) -> bool:
        proposed = self._proposals.note(event)
        if proposed is None or not proposed.waits:
            return self.head.proposals.pop(event.id, None) is not None
        self.head.proposals[event.id] = proposal_of(proposed, at)
        return True

    def _take_setting(self, event: SessionStarted | SessionResumed) -> bool:
        head = self.head
        head.version, head.roster = sanitise_line(event.version), sanitise_line(event.roster)
        head.backend, head.confinement = event.backend, event.confinement
        head.shells = []
        return True
