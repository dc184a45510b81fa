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
from core.refusal import Refusal
from core.run import Team
from core.runs import Runs

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
                await self._start(command)
            case RetryRun():
                await self._start(self.runs.last_request())
            case ResumeRun():
                await self._resume()
            case InterruptRun():
                self._interrupt()
            case AnswerQuestion():
                await self.runs.answer(command)
            case (
                WithdrawRequest()
                | OverrideRoute()
                | SendMessage()
                | PauseNode()
                | ResumeNode()
                | StopNode()
                | RetryNode()
                | ChangeModel()
            ):
                raise Refusal("This cannot be done yet.")
            case _:
                assert_never(command)

    async def _start(self, command: SubmitRequest) -> None:
        team = self._team()
        async with self.turn:
            self.check_open()
            await self.runs.start(command, team)

    async def _resume(self) -> None:
        team = self._team()
        async with self.turn:
            self.check_open()
            await self.runs.resume(team)

    def _team(self) -> Team:
        if self.team is None:
            raise Refusal("This session was opened for decisions only.")
        return self.team

    def _interrupt(self) -> None:
        if not self.runs.stop():
            raise Refusal("No run is at work.")
