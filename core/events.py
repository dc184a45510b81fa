"""What comes out of a session: one closed union of frozen structs, past tense, plain data only.

`Record(seq, session, at, event)` in `core.record` is what the log stores and every client sees.
To add an event: write the class (here, or in `core/change_events.py` when it is about the stage), put it
into `Event`, and let the type checker show each exhaustive `match` that must decide about it (the folds in
`core/view/`).
"""

from typing import Literal, TypeAlias

import msgspec

from core.change_events import (
    ChangeApplied as ChangeApplied,
    ChangeDecided as ChangeDecided,
    ChangeMarkedStale as ChangeMarkedStale,
    ChangeMerged as ChangeMerged,
    ChangeUndone as ChangeUndone,
    ChangeWithdrawn as ChangeWithdrawn,
    ConflictFound as ConflictFound,
    ConflictResolved as ConflictResolved,
    FileChanged as FileChanged,
    GitProposed as GitProposed,
    Hunk as Hunk,
    OverlapFound as OverlapFound,
    ProjectChanged as ProjectChanged,
    ProposalCarriedOut as ProposalCarriedOut,
    ProposalDecided as ProposalDecided,
    ProposalFailed as ProposalFailed,
    StageCommitted as StageCommitted,
    StageRewound as StageRewound,
    Written as Written,
)
from core.event_base import (
    Backend as Backend,
    BudgetScope as BudgetScope,
    ChangeKind as ChangeKind,
    Complexity as Complexity,
    Confinement as Confinement,
    DecidedBy as DecidedBy,
    EventBase as EventBase,
    Evidence as Evidence,
    GitAction as GitAction,
    NodeEvent as NodeEvent,
    NodeStatus as NodeStatus,
    Pattern as Pattern,
    QuestionKind as QuestionKind,
    Resolution as Resolution,
    RunEvent as RunEvent,
    RunStatus as RunStatus,
    Side as Side,
    TestOutcome as TestOutcome,
    Verdict as Verdict,
    snake_case as snake_case,
)
from core.node_events import (
    CallStarted as CallStarted,
    Failed as Failed,
    MessageDelivered as MessageDelivered,
    ModelCalled as ModelCalled,
    ModelChanged as ModelChanged,
    NodeFinished as NodeFinished,
    NodePaused as NodePaused,
    NodeResumed as NodeResumed,
    NodeSkipped as NodeSkipped,
    NodeStarted as NodeStarted,
    PromptGiven as PromptGiven,
    Retried as Retried,
    TestsFinished as TestsFinished,
    TextDelta as TextDelta,
    TextDiscarded as TextDiscarded,
    TextFinished as TextFinished,
    ToolFinished as ToolFinished,
    ToolOutput as ToolOutput,
    ToolStarted as ToolStarted,
    VerdictGiven as VerdictGiven,
    WorkEscalated as WorkEscalated,
)
from core.shell_events import (
    ShellFinished as ShellFinished,
    ShellOutput as ShellOutput,
    ShellStarted as ShellStarted,
)

# -- the session ---------------------------------------------------------------------------------


class SessionStarted(EventBase, frozen=True, kw_only=True):
    project: str
    """Absolute path of the project's folder."""
    version: str
    roster: str
    backend: Backend
    confinement: Confinement


class SessionResumed(EventBase, frozen=True, kw_only=True):
    """The session was opened again, perhaps by another version or with other models."""

    version: str
    roster: str
    backend: Backend
    confinement: Confinement


class SessionRenamed(EventBase, frozen=True, kw_only=True):
    title: str
    by: str


class CommandRefused(EventBase, frozen=True, kw_only=True):
    """A command could not be carried out; nothing was changed."""

    command: str
    """The command's `type` on the wire."""
    reason: str
    """A sentence that says why and what to do next."""


class NoticeGiven(EventBase, frozen=True, kw_only=True):
    """Something the user should know and need not answer."""

    text: str
    level: Literal["info", "warning"] = "info"


class QuestionAsked(EventBase, frozen=True, kw_only=True):
    """The run waits for the user; `AnswerQuestion` names this id."""

    id: str
    run: str
    text: str
    choices: tuple[str, ...]
    kind: QuestionKind = "question"
    detail: str = ""
    """What exactly would be done, such as the whole command."""
    node: str | None = None
    """The node that waits for the answer; None when the whole run does."""
    role: str | None = None


class QuestionAnswered(EventBase, frozen=True, kw_only=True):
    id: str
    answer: str
    by: str


class RequestQueued(EventBase, frozen=True, kw_only=True):
    """A request came while another was worked on: it begins when its turn comes."""

    id: str
    text: str
    pattern: Literal["auto", "graph", "swarm"] = "auto"
    budget_usd: str | None = None
    asked_role: str | None = None
    complexity: Complexity | None = None


class RequestDequeued(EventBase, frozen=True, kw_only=True):
    id: str
    reason: Literal["started", "withdrawn"]


# -- a run ---------------------------------------------------------------------------------------


class RequestSubmitted(RunEvent, frozen=True, kw_only=True):
    text: str
    pattern: Literal["auto", "graph", "swarm"] = "auto"
    budget_usd: str | None = None
    asked_role: str | None = None
    """The role that the user named (`@role`): it works alone."""
    complexity: Complexity | None = None
    """The class that the user gave it; None: the router decides."""
    resumes: str | None = None
    """The run that this one goes on with, at the node that it was in."""
    resumes_at: str | None = None
    """The node of that run that does its task again, with all that came after it; None: where it broke off."""
    queued: str | None = None
    """The id that it waited under."""


class StageProgressed(RunEvent, frozen=True, kw_only=True):
    """The private copy is being made, which takes a while."""

    files: int
    """Copied so far."""
    total: int


class StagePrepared(RunEvent, frozen=True, kw_only=True):
    """The private copy of the project is up to date."""

    files: int
    duration_ms: int


class ExpectedNode(msgspec.Struct, frozen=True, kw_only=True):
    """What one node will probably cost: one in five is cheaper than `low_usd`, one in five dearer than `high_usd`."""

    role: str
    model: str
    low_usd: str
    likely_usd: str
    high_usd: str
    samples: int
    """This user's own nodes of that role and model that it is drawn from; 0: figures that are shipped."""


class RouteDecided(RunEvent, frozen=True, kw_only=True):
    complexity: Complexity
    pattern: Pattern
    confidence: float
    """From 0 to 1, as the router said; 1 for rules and users."""
    reason: str
    decided_by: DecidedBy
    expected_cost_usd: str
    forecast: tuple[ExpectedNode, ...] = ()
    """`expected_cost_usd` node by node, with its range."""
    rule: str = ""
    """Name of the rule that won, where one did."""


class RouteOverridden(RunEvent, frozen=True, kw_only=True):
    """The user wants another route: the work begins anew with it. What was spent stays spent."""

    complexity: Complexity | None = None
    """None, here and below: as it was."""
    pattern: Pattern | None = None
    asked_role: str | None = None
    """The role that works alone from here on; None: a team."""
    by: str = "user"


class PlannedNode(msgspec.Struct, frozen=True, kw_only=True):
    node: str
    role: str
    model: str


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    target: str
    feedback: bool = False
    """The way back from a reviewer to a coder."""


class GraphPlanned(RunEvent, frozen=True, kw_only=True):
    """The nodes that this run may use and how work flows between them; a later one replaces it."""

    nodes: tuple[PlannedNode, ...]
    edges: tuple[Edge, ...]


class MessageSent(RunEvent, frozen=True, kw_only=True):
    """The user says something to a node that works."""

    id: str
    text: str
    node: str | None = None
    """None: whichever node works next."""
    by: str = "user"


class HandedOff(RunEvent, frozen=True, kw_only=True):
    from_role: str
    to_role: str
    reason: str
    from_node: str = ""
    """Names of the nodes; empty where they are the roles'."""
    to_node: str = ""
    shared: str = ""
    """What the members of a swarm have told all others so far, as JSON text, clipped; empty without such."""

    @property
    def said(self) -> str:
        """The reason alone: a swarm's message begins with who hands over to whom."""
        return self.reason.removeprefix(f"{self.from_role} → {self.to_role}: ")


class BudgetRaised(RunEvent, frozen=True, kw_only=True):
    """The user let a budget be larger, and it alone: a node's and a run's for this run, a session's for its
    other runs too, a day's for the rest of the day."""

    scope: BudgetScope
    from_usd: str
    to_usd: str
    by: str = "user"
    node: str | None = None
    """The node whose call would have crossed it."""
    role: str | None = None


class RunFinished(RunEvent, frozen=True, kw_only=True):
    status: RunStatus
    answer: str
    files: tuple[str, ...]
    """Paths that the run changed, relative to the project."""
    cost_usd: str
    by_role: dict[str, str]
    by_model: dict[str, str]
    estimated: bool = False
    """True when some call's usage was not reported, so that the cost is partly an estimate (`~`)."""
    exit_code: int = 0
    """What a headless run ends with (docs/contract.md)."""


Event: TypeAlias = (
    SessionStarted
    | SessionResumed
    | CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | RequestSubmitted
    | StageProgressed
    | StagePrepared
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
    | FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | ChangeMarkedStale
    | ChangeApplied
    | ChangeUndone
    | SessionRenamed
    | RequestQueued
    | RequestDequeued
    | RouteOverridden
    | MessageSent
    | MessageDelivered
    | BudgetRaised
    | NodePaused
    | NodeResumed
    | ModelChanged
    | NodeSkipped
    | WorkEscalated
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | PromptGiven
    | ShellStarted
    | ShellOutput
    | ShellFinished
    | OverlapFound
    | StageCommitted
    | StageRewound
    | GitProposed
    | ProposalDecided
    | ProposalCarriedOut
    | ProposalFailed
)
"""Everything that can be on record."""
