"""A run: the work on one request, and everything that a team gets to do it with."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from core.events import (
    Backend,
    ChangeWithdrawn,
    Event,
    FileChanged,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    NodeStatus,
    Pattern,
    QuestionAsked,
    RunStatus,
)
from core.ledger import Budget, Totals
from core.prices import PriceBook

if TYPE_CHECKING:
    from core.sandbox import Sandbox
    from core.stage import Stage


class Interrupted(Exception):
    """The user stopped the run."""


class NeedsDecision(Exception):
    """The run cannot go on without an answer that nobody here can give."""


class Outcome(msgspec.Struct, frozen=True):
    """How a team ended its work on a request."""

    status: RunStatus
    answer: str
    exit_code: int = 0


class PastRun(msgspec.Struct, frozen=True):
    """An earlier request of the session, as later ones need it."""

    request: str
    answer: str


class Team(Protocol):
    """Who does the work. The core knows no model: `agents/` implements this."""

    roster: str
    backend: Backend

    async def work(self, run: "Run") -> Outcome:
        """Answer a request.

        Raises:
            core.faults.Fault: something the user should read.
            core.ledger.BudgetReached: the next call could cost more than what is left.
            Interrupted, NeedsDecision.
        """
        ...


class Run:
    """One run's identity, request, stage, sandbox, money, and its way to the record."""

    def __init__(
        self,
        *,
        id: str,
        session: str,
        request: str,
        pattern: Pattern | None,
        past: tuple[PastRun, ...],
        budget: Budget,
        prices: PriceBook,
        record: Callable[..., Awaitable[None]],
        settle: Callable[[], Awaitable[list[str]]],
        interactive: bool,
    ) -> None:
        self.id = id
        self.session = session
        self.request = request
        self.pattern = pattern
        """The pattern that the user asked for, if any."""
        self.past = past
        self.stage: Stage
        """Set once the private copy is ready, before any team sees the run."""
        self.sandbox: Sandbox
        self.budget = budget
        self.prices = prices
        self.interactive = interactive
        """Whether somebody is there to answer questions."""
        self.stop = threading.Event()
        self.totals = Totals()
        self.files: dict[str, FileChanged] = {}
        self._record = record
        self._settle = settle
        self._open: dict[str, NodeStarted] = {}
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)

    @property
    def project(self) -> Path:
        return self.stage.project

    def number(self) -> str:
        """An id that is unique in the session."""
        return f"{self.id}.{next(self._numbers)}"

    async def emit(self, *events: Event) -> None:
        """Put events on record."""
        for event in events:
            self._note(event)
        await self._record(*events)

    def _note(self, event: Event) -> None:
        if isinstance(event, ModelCalled):
            self.totals.add(event)
        elif isinstance(event, NodeStarted):
            self._open[event.node] = event
        elif isinstance(event, NodeFinished):
            self._open.pop(event.node, None)
        elif isinstance(event, FileChanged):
            self.files[event.path] = event
        elif isinstance(event, ChangeWithdrawn):
            self.files.pop(event.path, None)

    async def decisions(self) -> list[str]:
        """Carry out the decisions that the user took meanwhile; returns sentences for the node to read.

        Called between tool calls, never during one.
        """
        return await self._settle()

    def check(self) -> None:
        """Raises: Interrupted: the user stopped the run."""
        if self.stop.is_set():
            raise Interrupted

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the run is stopped.

        Raises:
            Interrupted: the user stopped the run.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            self.check()
            await asyncio.sleep(min(left, 0.05))
        self.check()

    async def ask(self, text: str, choices: tuple[str, ...]) -> str:
        """Ask the user and wait for one of the choices.

        Raises:
            NeedsDecision: nobody is there to answer.
            Interrupted: the user stopped the run instead.
        """
        if not self.interactive:
            raise NeedsDecision(text)
        question = f"q{self.number()}"
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[question] = future
        await self.emit(QuestionAsked(id=question, run=self.id, text=text, choices=choices))
        try:
            while not future.done():
                await asyncio.wait({future}, timeout=0.1)
                self.check()
            return future.result()
        finally:
            self._answers.pop(question, None)

    def answer(self, question: str, answer: str) -> bool:
        """Hand in an answer; False when the question does not wait."""
        future = self._answers.get(question)
        if future is None or future.done():
            return False
        future.set_result(answer)
        return True

    async def finish_nodes(self, status: NodeStatus, summary: str) -> None:
        """Close the nodes that were started and of which nothing more was heard."""
        for started in list(self._open.values()):
            await self.emit(
                NodeFinished(
                    run=self.id,
                    node=started.node,
                    role=started.role,
                    status=status,
                    summary=summary,
                    duration_ms=0,
                )
            )
