"""What the user decides about changes: put on record, carried out in the stage, and written to the project."""

import logging
from collections.abc import Awaitable, Callable

from core.commands import ApplyChanges, DecideChanges, UndoApply
from core.events import Event
from core.past import Past
from core.refusal import Refusal
from core.review import Review
from core.stage import StageError
from core.staging import Staging

_log = logging.getLogger(__name__)

Emit = Callable[..., Awaitable[None]]
"""Puts events on record, and returns when they are committed."""


class Decisions:
    """The decisions of one session. The session calls one of these at a time."""

    def __init__(self, staging: Staging, past: Past, emit: Emit) -> None:
        self._review = Review(staging, past)
        self._emit = emit
        self._unsettled: dict[str, None] = dict.fromkeys(past.changes)
        """Changes for which the stage may not agree with the verdict yet: at first all, since the
        process before us may have died between a decision and what follows from it."""

    @property
    def wait(self) -> bool:
        """Whether there is something to carry out in the stage."""
        return bool(self._unsettled)

    async def decide(self, command: DecideChanges) -> None:
        """Put decisions on record.

        Raises:
            Refusal: a path has no change that waits, or none waits at all.
        """
        if command.hunks is not None:
            raise Refusal("Pieces of a file cannot be decided by themselves yet: decide the whole file.")
        decided = await self._review.decide(command.verdict, command.paths, command.by)
        await self._emit(*decided)
        self._unsettled |= dict.fromkeys(event.path for event in decided)

    async def carry_out(self) -> list[str]:
        """Make the stage agree with what was decided; returns sentences for the node that works.

        Where there is no stage (its project is gone), that is left for later: decisions are on record.
        """
        paths, self._unsettled = self._unsettled, {}
        try:
            settled = await self._review.settle(paths)
        except (StageError, OSError) as error:
            _log.warning("decisions wait, since the stage cannot be opened: %s", error)
            self._unsettled = paths | self._unsettled
            return []
        await self._emit(*settled.events)
        return settled.notes

    async def write(self, command: ApplyChanges | UndoApply) -> None:
        """Apply to the project, or undo.

        Raises:
            Refusal: it could not be done; the project is as it was.
        """
        await self.carry_out()
        await self._emit(*await self._written(command))

    async def _written(self, command: ApplyChanges | UndoApply) -> list[Event]:
        match command:
            case ApplyChanges():
                return await self._review.apply(command.paths)
            case UndoApply():
                return await self._review.undo(command.paths)
