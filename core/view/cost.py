"""What it costs, as a fold over records: the run, the session, and who spent it."""

from typing import TYPE_CHECKING, assert_never, get_args

import msgspec

from core.events import (
    Backend,
    BudgetRaised,
    BudgetScope,
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
from core.money import ZERO, Pico, to_pico
from core.record import Record
from core.text import sanitise_line
from core.view.charges import Charge, Charges

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_Silent = (
    CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | StagePrepared
    | StageProgressed
    | GraphPlanned
    | HandedOff
    | NodeStarted
    | TextDelta
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
    | ToolOutput
    | TestsFinished
    | VerdictGiven
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
    | NodePaused
    | NodeResumed
    | PromptGiven
    | ShellStarted
    | ShellOutput
    | ShellFinished
    | ModelChanged
    | NodeSkipped
    | WorkEscalated
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | OverlapFound
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


class Tally(msgspec.Struct):
    """A sum of charges."""

    cost: Pico = ZERO
    calls: int = 0
    input_tokens: int = 0
    """Uncached prompt tokens."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False
    """Some of it is our estimate: shown with `~`."""

    def add(self, event: ModelCalled, cost: Pico) -> None:
        self.cost = Pico(self.cost + cost)
        self.calls += 1
        self.input_tokens += event.input_tokens
        self.output_tokens += event.output_tokens
        self.cache_read_tokens += event.cache_read_tokens
        self.cache_write_tokens += event.cache_write_tokens
        self.estimated |= event.estimated

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def cache_hit_rate(self) -> float:
        """The part of all prompt tokens that came out of the cache, from 0 to 1."""
        return self.cache_read_tokens / self.prompt_tokens if self.prompt_tokens else 0.0


Tallies = dict[str, Tally]


class RunCost(msgspec.Struct):
    run: str
    over: bool = False
    """It has ended: nothing more will be charged to it."""
    budget: Pico | None = None
    """The most that it may cost; None: nobody limits it."""
    expected: Pico | None = None
    forecast: dict[str, tuple[Pico, Pico]] = msgspec.field(default_factory=dict[str, tuple[Pico, Pico]])
    """By role, between which two amounts most of its nodes cost."""
    total: Tally = msgspec.field(default_factory=Tally)
    by_role: Tallies = msgspec.field(default_factory=dict[str, Tally])
    by_model: Tallies = msgspec.field(default_factory=dict[str, Tally])
    by_node: Tallies = msgspec.field(default_factory=dict[str, Tally])


class Costs:
    """The charges of the latest run and of the whole session."""

    def __init__(self) -> None:
        self.backend: Backend | None = None
        self.run: RunCost | None = None
        self.session = RunCost("")
        self.charges = Charges()
        self.raised: dict[BudgetScope, Pico] = {}
        """What the user raised the session's and the day's budget to."""
        self._reserved: dict[str, tuple[str, Pico]] = {}
        self._run_from = 0
        """How many charges there were when the latest run began."""

    @property
    def billed(self) -> bool:
        """False for the rehearsal: its costs are list prices that nobody pays."""
        return self.backend != "rehearsal"

    @property
    def reserved(self) -> Pico:
        """Set aside for the model calls that are under way."""
        return Pico(sum(amount for _, amount in self._reserved.values()))

    @property
    def under_way(self) -> int:
        """Model calls that have not ended."""
        return len(self._reserved)

    @property
    def run_charges(self) -> list[Charge]:
        """The charges of the latest run."""
        run = self.run.run if self.run else ""
        return [row for row in self.charges.rows[self._run_from :] if row.run == run]

    def apply(self, record: Record) -> bool:
        """Take one record in; true when the costs must be drawn again."""
        event = record.event
        if _is_silent(event):
            return False
        match event:
            case ModelCalled():
                return self._charge(event, record)
            case CallStarted():
                return self._reserve(event)
            case Retried():
                self.charges.retry(event)
                return False
            case BudgetRaised():
                return self._raise(event)
            case RequestSubmitted():
                return self._begin(event.run, event.budget_usd)
            case RouteDecided():
                return self._expect(event)
            case RunFinished():
                return self._release(event.run)
            case SessionStarted() | SessionResumed():
                self.backend = event.backend
                return True
        assert_never(event)

    def _begin(self, run: str, budget: str | None = None) -> bool:
        self.run = RunCost(run, budget=None if budget is None else to_pico(budget))
        self._run_from = len(self.charges.rows)
        return True

    def _raise(self, event: BudgetRaised) -> bool:
        if event.scope != "run":
            self.raised[event.scope] = to_pico(event.to_usd)
        elif self.run is not None and self.run.run == event.run:
            self.run.budget = to_pico(event.to_usd)
        return True

    def _expect(self, event: RouteDecided) -> bool:
        if self.run is None or self.run.run != event.run:
            self._begin(event.run)
        assert self.run is not None
        self.run.expected = to_pico(event.expected_cost_usd)
        self.run.forecast = {}
        for node in event.forecast:
            low, high = self.run.forecast.get(role := sanitise_line(node.role), (ZERO, ZERO))
            self.run.forecast[role] = Pico(low + to_pico(node.low_usd)), Pico(high + to_pico(node.high_usd))
        return True

    def _reserve(self, event: CallStarted) -> bool:
        self.charges.start(event)
        self._reserved[event.call] = (event.run, to_pico(event.reserved_usd))
        return True

    def _release(self, run: str) -> bool:
        if self.run is not None and self.run.run == run:
            self.run.over = True
        self._reserved = {call: held for call, held in self._reserved.items() if held[0] != run}
        return True

    def _charge(self, event: ModelCalled, record: Record) -> bool:
        self._reserved.pop(event.call, None)
        self.charges.add(event, record.seq, record.at, self.billed)
        _book(self.session, event)
        if self.run is not None and self.run.run == event.run:
            _book(self.run, event)
        return True


def _book(costs: RunCost, event: ModelCalled) -> None:
    cost = to_pico(event.cost_usd)
    costs.total.add(event, cost)
    for tallies, name in (
        (costs.by_role, event.role),
        (costs.by_model, event.model),
        (costs.by_node, event.node),
    ):
        tallies.setdefault(sanitise_line(name), Tally()).add(event, cost)
