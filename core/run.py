"""A run: the work on one request, and everything that a team gets to do it with."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
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
    Pattern,
    QuestionAsked,
    QuestionKind,
    RunStatus,
)
from core.halt import Interrupted, Stoppable
from core.ledger import Budget, Totals
from core.prices import PriceBook
from core.resumed import ResumedRun

if TYPE_CHECKING:
    from core.sandbox import Sandbox
    from core.stage import Stage


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
        pattern: Pattern | None,
        past: tuple[PastRun, ...],
        allowance: Allowance,
        prices: PriceBook,
        record: Callable[..., Awaitable[None]],
        settle: Callable[[], Awaitable[list[str]]],
        interactive: bool,
    ) -> None:
        super().__init__()
        self.id = id
        self.session = session
        self.request = request
        self.pattern = pattern
        """The pattern that the user asked for, if any."""
        self.past = past
        self.resumed: ResumedRun | None = None
        """What an earlier run had done that this one goes on with; None: it begins from the start."""
        self.stage: Stage
        """Set once the private copy is ready, before any team sees the run."""
        self.sandbox: Sandbox
        self._allowance = allowance
        self.prices = prices
        self.interactive = interactive
        """Whether somebody is there to answer questions."""
        self.controls = Controls(self)
        """Its nodes, and what the user wants of them."""
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
    def project(self) -> Path:
        return self.stage.project

    @property
    def budget(self) -> Budget:
        """The run's own budget, which is one of several: calls are paid for with `budgets`."""
        return self._allowance.run

    def budgets(self, node: str) -> Budgets:
        """Every budget that a call of a node counts to."""
        return self._allowance.of(node)

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
        super().interrupt()
        self.controls.interrupt()

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
            Interrupted: the user stopped the run instead.
        """
        if not self.interactive:
            raise NeedsDecision(text)
        question = f"q{self.number()}"
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._questions[question] = answer, choices
        try:
            await self.emit(
                QuestionAsked(
                    id=question,
                    run=self.id,
                    text=text,
                    choices=choices,
                    kind=kind,
                    detail=detail,
                    node=node,
                    role=role,
                )
            )
            return await self.unless_stopped(answer)
        finally:
            self._questions.pop(question, None)

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
