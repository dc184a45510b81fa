"""Everything that a screen draws of one session. Live and replayed, it is this one fold."""

from typing import assert_never

import msgspec

from core.events import (
    Backend,
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
    RunStatus,
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
    VerdictGiven,
)
from core.record import Record
from core.text import sanitise_line
from core.view.changes import Changes
from core.view.cost import Costs
from core.view.graph import Graph
from core.view.inbox import Entry, Proposal, Question, proposal_of, question_of, waiting
from core.view.timeline import Timeline
from core.view.transcript import Touches, Transcript

_Silent = (
    CommandRefused
    | NoticeGiven
    | StagePrepared
    | RouteDecided
    | GraphPlanned
    | HandedOff
    | NodeStarted
    | TextDelta
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
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
    | RouteOverridden
    | MessageSent
    | MessageDelivered
    | NodePaused
    | NodeResumed
    | ModelChanged
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | OverlapFound
)
"""Events that say nothing here."""


class Queued(msgspec.Struct, frozen=True):
    """A request that waits for the end of the run."""

    id: str
    text: str
    """Exact, for the prompt."""


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
    run_since: str = ""
    """When it began, RFC 3339."""
    status: RunStatus | None = None
    """How the last run ended; None before the first end and while one works."""
    request: str = ""
    """The first line of the latest request."""
    title: str = ""
    """The session's, where the user gave it one."""
    questions: dict[str, Question] = msgspec.field(default_factory=dict[str, Question])
    proposals: dict[str, Proposal] = msgspec.field(default_factory=dict[str, Proposal])
    queue: dict[str, Queued] = msgspec.field(default_factory=dict[str, Queued])
    """Requests that wait for their turn, oldest first."""

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
        self.last = record.seq
        return Dirty(
            self._apply_head(record),
            self.transcript.apply(record),
            self.graph.apply(record),
            self.changes.apply(record),
            self.costs.apply(record),
        )

    def _apply_head(self, record: Record) -> bool:
        head, event = self.head, record.event
        if isinstance(event, _Silent):
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
                return True
            case RunFinished():
                head.run, head.status = "", event.status
                head.questions = {k: q for k, q in head.questions.items() if q.run != event.run}
                return True
            case QuestionAsked():
                head.questions[event.id] = question_of(event, record.at)
                return True
            case GitProposed():
                head.proposals[event.id] = proposal_of(event, record.at)
                return True
            case ProposalDecided() | ProposalCarriedOut() | ProposalFailed():
                return head.proposals.pop(event.id, None) is not None
            case RequestQueued():
                head.queue[event.id] = Queued(event.id, event.text)
                return True
            case RequestDequeued():
                return head.queue.pop(event.id, None) is not None
            case StageCommitted() | StageRewound():
                return self.timeline.apply(event, record.at)
            case SessionRenamed():
                head.title = sanitise_line(event.title)
                return True
            case QuestionAnswered():
                return head.questions.pop(event.id, None) is not None
        assert_never(event)

    def _take_setting(self, event: SessionStarted | SessionResumed) -> bool:
        head = self.head
        head.version, head.roster = sanitise_line(event.version), sanitise_line(event.roster)
        head.backend, head.confinement = event.backend, event.confinement
        return True
