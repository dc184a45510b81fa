"""What the user wants done with the stage: decisions, applies, and the way back. Each takes its turn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from core.commands import (
    ApplyChanges,
    DecideChanges,
    DecideProposal,
    ResolveConflict,
    RewindStage,
    UndoApply,
)
from core.decisions import Decisions
from core.proposing import Proposing
from core.refusal import Refusal

StageCommand: TypeAlias = (
    DecideChanges | ApplyChanges | UndoApply | ResolveConflict | DecideProposal | RewindStage
)


@dataclass(frozen=True)
class StageCommands:
    """Carries out what concerns changes."""

    decisions: Decisions
    proposing: Proposing
    turn: asyncio.Lock
    busy: Callable[[], bool]
    """Whether a run is at work."""
    check_open: Callable[[], None]
    """Raises a `Refusal` once the session is being closed."""

    async def carry_out(self, command: StageCommand) -> None:
        """Do what is wanted, in turn.

        Raises:
            Refusal: it cannot be done; nothing was changed.
        """
        async with self.turn:
            self.check_open()
            await self.decisions.finish_rewinding()
            match command:
                case DecideChanges():
                    await self._decide(command)
                case ApplyChanges() | UndoApply():
                    await self._write(command)
                case ResolveConflict():
                    await self._resolve(command)
                case DecideProposal():
                    await self.proposing.decide(command)
                case RewindStage():
                    await self._rewind(command)
                case _:
                    assert_never(command)

    async def _decide(self, command: DecideChanges) -> None:
        """During a run, decisions are carried out between two tool calls."""
        await self.decisions.decide(command)
        if not self.busy():
            await self.decisions.carry_out()

    async def _resolve(self, command: ResolveConflict) -> None:
        if self.busy():
            raise Refusal("A run is at work: decide conflicts when it is finished, or interrupt it first.")
        await self.decisions.resolve(command)

    async def _rewind(self, command: RewindStage) -> None:
        if self.busy():
            raise Refusal("A run is at work: rewind when it is finished, or interrupt it first.")
        await self.decisions.rewind(command)

    async def _write(self, command: ApplyChanges | UndoApply) -> None:
        if self.busy():
            raise Refusal("A run is at work: apply or undo when it is finished, or interrupt it first.")
        await self.decisions.write(command)
