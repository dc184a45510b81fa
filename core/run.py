"""A run: the work on one request, and everything that a team gets to do it with."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.budgets import Allowance, Budgets
from core.control import Controls
from core.events import (
    Backend,
    ChangeWithdrawn,
    Event,
    FileChanged,
    ModelCalled,
    NoticeGiven,
    QuestionAnswered,
    QuestionAsked,
    QuestionKind,
    RouteDecided,
    RouteOverridden,
    RunStatus,
)
from core.halt import Interrupted, Stoppable
from core.ledger import Budget, Totals
from core.prices import PriceBook
from core.resumed import ResumedRun
from core.wish import Wish

if TYPE_CHECKING:
    from core.sandbox import Sandbox
    from core.stage import Stage


OF_THE_RUN: frozenset[QuestionKind] = frozenset({"route", "plan", "ping_pong"})
"""Questions that a run ends at where nobody is there. They are on record, and a resumed run takes their answer."""


class NeedsDecision(Exception):
    """The run cannot go on without an answer that nobody here can give."""


class Outcome(msgspec.Struct, frozen=True):
    """How a team ended its work on a request."""

    status: RunStatus
    answer: str
    exit_code: int = 0
    """What a headless run ends with; 0 stands for what the status says."""


class PastRun(msgspec.Struct, frozen=True):
    """An earlier request of the session, as later ones need it."""

    request: str
    answer: str


class Rejection(msgspec.Struct, frozen=True):
    """What the user did not want of the work so far."""

    path: str
    comment: str
    """Why, in the user's words; may be empty."""
    excerpt: str = ""
    """The lines of the diff that were meant; empty when it was the file as a whole."""


class Team(Protocol):
    """Who does the work. The core knows no model: `agents/` implements this."""

    roster: str
    backend: Backend
    roles: tuple[str, ...]
    """Those that a user can ask for by name (`@role`)."""

    def find_model(self, name: str) -> str:
        """The whole id of a model that a user names.

        Raises:
            core.refusal.Refusal: there is no such model.
        """
        ...

    async def work(self, run: "Run") -> Outcome:
        """Answer a request.

        Raises:
            core.faults.Fault: something the user should read.
            core.ledger.BudgetReached: the next call could cost more than what is left.
            Interrupted, NeedsDecision.
        """
        ...


class Run(Stoppable):
    """One run's identity, request, stage, sandbox, money, and its way to the record."""

    def __init__(
        self,
        *,
        id: str,
        session: str,
        request: str,
        wish: Wish,
        past: tuple[PastRun, ...],
        allowance: Allowance,
        prices: PriceBook,
        record: Callable[..., Awaitable[None]],
        settle: Callable[[], Awaitable[list[str]]],
        interactive: bool,
        rejections: Callable[[], Sequence[Rejection]] = tuple,
    ) -> None:
        super().__init__()
        self.rejections = rejections
        """What the user did not want of the session's work so far, the latest last."""
        self.id = id
        self.session = session
        self.request = request
        self.wish = wish
        """What the user asks of the route."""
        self.route: RouteDecided | None = None
        """The route that the work is on."""
        self.rerouted = False
        """The user overrode the route: the work began anew, over what was done before."""
        self.wanted: tuple[Wish, RouteOverridden] | None = None
        """The route that the user wants instead, while the work on the one before comes to its end."""
        self.past = past
        self.resumed: ResumedRun | None = None
        """What an earlier run had done that this one goes on with; None: it begins from the start."""
        self.stage: Stage
        """Set once the private copy is ready, before any team sees the run."""
        self.sandbox: Sandbox
        self.allowance = allowance
        self.prices = prices
        self.interactive = interactive
        """Whether somebody is there to answer questions."""
        self.controls = Controls(self)
        """Its nodes, and what the user wants of them."""
        self.given: str | None = None
        """The answer to its first question, given before the run began."""
        self.unanswered: QuestionKind | None = None
        """The question that the run which this one goes on with ended at: it is to be asked again."""
        self.refused_before = False
        """The user rejected all that came of the request before this one."""
        self.refused: Callable[[], Mapping[str, str]] = dict
        """Files of this run that the user rejected as a whole, with why, which may be empty."""
        self._over = False
        self.totals = Totals()
        self.files: dict[str, FileChanged] = {}
        self._masked: set[str] = set()
        self._record = record
        self._settle = settle
        self._questions: dict[str, tuple[asyncio.Future[str], tuple[str, ...]]] = {}
        self._numbers = itertools.count(1)

    def go_on(self, resumed: ResumedRun | None) -> None:
        """Begin where another run broke off."""
        self.resumed = resumed
        if resumed is not None:
            self.controls.models.update(resumed.models)
            self.controls.announced.update(resumed.models)

    @property
    def closing(self) -> bool:
        """The user wants it to end with what there is: no more is begun than is under way."""
        return any(scope != "node" for scope in self.allowance.closed.values())

    @property
    def project(self) -> Path:
        return self.stage.project

    @property
    def budget(self) -> Budget:
        """The run's own budget, which is one of several: calls are paid for with `budgets`."""
        return self.allowance.run

    def budgets(self, node: str) -> Budgets:
        """Every budget that a call of a node counts to."""
        return self.allowance.of(node)

    def number(self) -> str:
        """An id that is unique in the session."""
        return f"{self.id}.{next(self._numbers)}"

    async def emit(self, *events: Event) -> None:
        """Put events on record.

        Raises:
            Interrupted: the run has ended; nothing was recorded.
        """
        if self._over:
            raise Interrupted
        for event in events:
            self._note(event)
        await self._record(*events)

    def _note(self, event: Event) -> None:
        if isinstance(event, ModelCalled):
            self.totals.add(event)
        elif isinstance(event, RouteDecided):
            self.route = event
        elif isinstance(event, FileChanged):
            self.files[event.path] = event
        elif isinstance(event, ChangeWithdrawn):
            self.files.pop(event.path, None)

    async def note_masked(self, found: Mapping[str, int]) -> None:
        """Say which secrets were kept from models, and how many: once for each kind."""
        new = {kind: count for kind, count in found.items() if kind not in self._masked}
        self._masked.update(new)
        if new:
            told = ", ".join(f"{count} × {kind}" for kind, count in new.items())
            text = f"Not shown to models: {told}. They read ⟨secret⟩ in its place."
            await self.emit(NoticeGiven(text=text))

    async def decisions(self) -> list[str]:
        """Carry out the decisions that the user took meanwhile; returns sentences for the node to read.

        Called between tool calls, never during one.
        """
        return await self._settle()

    def interrupt(self) -> None:
        """Ask everything that works for this run to stop."""
        self.wanted = None
        super().interrupt()
        self.controls.interrupt()

    def reroute(self, wish: Wish, event: RouteOverridden) -> None:
        """Let the work come to its end, to begin anew on another route; `event` is put on record then.

        Raises:
            Interrupted: the run is to end.
        """
        if self.wanted is None:
            self.check()
        self.wanted = wish, event
        super().interrupt()
        self.controls.interrupt()

    async def begin_anew(self) -> None:
        """The work has ended: take the route that the user wants. Files, budgets and the record stay.

        Raises:
            Interrupted: the run is to end.
        """
        if self.wanted is None:
            raise Interrupted
        self.wish, event = self.wanted
        self.wanted, self.route, self.resumed, self.rerouted = None, None, None, True
        self.rearm()
        self.controls.begin_anew()
        self.allowance.closed.clear()
        await self.emit(event)

    def end(self) -> None:
        """Let nothing more onto the record: whoever works on comes too late."""
        self.interrupt()
        self._over = True

    async def ask(
        self,
        text: str,
        choices: tuple[str, ...],
        *,
        kind: QuestionKind = "question",
        detail: str = "",
        node: str | None = None,
        role: str | None = None,
    ) -> str:
        """Ask the user and wait for one of the choices.

        `detail` is what exactly would be done; `node` and `role` say who waits, None: the whole run.

        Raises:
            NeedsDecision: nobody is there to answer.
            Interrupted: the user stopped the run, or the node that waits, instead.
        """
        asked = QuestionAsked(
            id=f"q{self.number()}",
            run=self.id,
            text=text,
            choices=choices,
            kind=kind,
            detail=detail,
            node=node,
            role=role,
        )
        if kind in OF_THE_RUN and self.given is not None:
            return await self._as_given(asked)
        if not self.interactive:
            if kind in OF_THE_RUN:
                await self.emit(asked)
            raise NeedsDecision(text)
        question = asked.id
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._questions[question] = answer, choices
        try:
            await self.emit(asked)
            return await self._answered(answer, node)
        finally:
            self._questions.pop(question, None)
            if node is not None and not answer.done() and not self._over:
                await self.emit(QuestionAnswered(id=question, answer="", by="heddle"))

    async def _answered(self, answer: "asyncio.Future[str]", node: str | None) -> str:
        """Wait for an answer, but no longer than until whoever waits for it is to end."""
        if node is None:
            return await self.unless_stopped(answer)
        control = self.controls.of(node)
        with control.waiting_for_the_user():
            return await control.unless_stopped(answer)

    async def _as_given(self, asked: QuestionAsked) -> str:
        """The answer that was given before the run began: both are on record as ever."""
        answer, self.given = self.given, None
        if answer is None or (asked.choices and answer not in asked.choices):
            raise NeedsDecision(asked.text)
        await self.emit(asked, QuestionAnswered(id=asked.id, answer=answer, by="user"))
        return answer

    def choices(self, question: str) -> tuple[str, ...] | None:
        """What a question can be answered with (nothing: anything); None when it does not wait."""
        answer, choices = self._questions.get(question, (None, ()))
        return None if answer is None or answer.done() else choices

    def answer(self, question: str, answer: str) -> bool:
        """Hand in an answer; False when the question does not wait."""
        if self.choices(question) is None:
            return False
        self._questions[question][0].set_result(answer)
        return True
