"""What the user wants of runs and of the nodes in them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from core.commands import (
    AnswerQuestion,
    ChangeModel,
    InterruptRun,
    OverrideRoute,
    PauseNode,
    ResumeNode,
    ResumeRun,
    RetryNode,
    RetryRun,
    SendMessage,
    StopNode,
    SubmitRequest,
    WithdrawRequest,
)
from core.events import RouteOverridden
from core.refusal import Refusal
from core.requests import Requests
from core.run import Interrupted, Team
from core.runs import Runs
from core.steering import Steering
from core.wish import WORDS, overridden

RunCommand: TypeAlias = (
    SubmitRequest
    | WithdrawRequest
    | RetryRun
    | ResumeRun
    | InterruptRun
    | OverrideRoute
    | SendMessage
    | PauseNode
    | ResumeNode
    | StopNode
    | RetryNode
    | ChangeModel
    | AnswerQuestion
)


@dataclass(frozen=True)
class RunCommands:
    """Carries out what concerns runs. Those that begin one take their turn; the others do not wait."""

    runs: Runs
    requests: Requests
    steering: Steering
    team: Team | None
    turn: asyncio.Lock
    check_open: Callable[[], None]
    """Raises a `Refusal` once the session is being closed."""

    async def carry_out(self, command: RunCommand) -> None:
        """Do what is wanted.

        Raises:
            Refusal: it cannot be done; nothing was changed.
        """
        match command:
            case SubmitRequest():
                await self._submit(command)
            case RetryRun():
                await self._retry()
            case ResumeRun():
                await self._resume(command)
            case InterruptRun():
                self._interrupt()
            case AnswerQuestion():
                await self.runs.answer(command)
            case RetryNode():
                await self._retry_node(command)
            case SendMessage() | PauseNode() | ResumeNode() | StopNode() | ChangeModel():
                await self.steering.carry_out(command)
            case WithdrawRequest():
                async with self.turn:
                    self.check_open()
                    await self.requests.withdraw(command.id)
            case OverrideRoute():
                self._override(command)
            case _:
                assert_never(command)

    async def _submit(self, command: SubmitRequest) -> None:
        team = self._team()
        async with self.turn:
            self.check_open()
            await self.requests.submit(command, team)

    async def _retry(self) -> None:
        self.runs.last_request()
        team = self._team()
        async with self.turn:
            self.check_open()
            await self.runs.start(self.runs.last_request(), team)

    async def _retry_node(self, command: RetryNode) -> None:
        """In the run that works, or in a new one that goes on with the last run at this node."""
        if self.runs.running is not None:
            await self.steering.carry_out(command)
            return
        team = self._team()
        async with self.turn:
            self.check_open()
            model = None if command.model is None else self.steering.model(command.model)
            await self.runs.retry_node(command.node, model, team)

    async def _resume(self, command: ResumeRun) -> None:
        team = self._team()
        async with self.turn:
            self.check_open()
            await self.runs.resume(command, team)

    def _override(self, command: OverrideRoute) -> None:
        """On record once the work on the route of before has ended, which it does at once."""
        run = self.runs.running
        if run is None:
            raise Refusal(f"No run is at work. Begin a request with one of {', '.join(WORDS)} instead.")
        before = run.wish if run.wanted is None else run.wanted[0]
        wish = overridden(before, run.route, command, self._team().roles)
        event = RouteOverridden(
            run=run.id,
            complexity=wish.complexity,
            pattern=wish.pattern,
            asked_role=wish.role,
            by=command.by,
        )
        try:
            run.reroute(wish, event)
        except Interrupted:
            raise Refusal("The run is coming to its end: send the request again instead.") from None

    def _team(self) -> Team:
        if self.team is None:
            raise Refusal("This session was opened for decisions only.")
        return self.team

    def _interrupt(self) -> None:
        if not self.runs.stop():
            raise Refusal("No run is at work.")
