"""What the user decides about changes: put on record, carried out in the stage, and written to the project."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from core import rewinds
from core.applying import Applying
from core.commands import ApplyChanges, DecideChanges, ResolveConflict, RewindStage, UndoApply
from core.past import Past
from core.refusal import Refusal
from core.resolving import check, resolve
from core.review import Review
from core.stage import StageError
from core.stage.rewinding import forget_note
from core.staging import Staging
from core.undoing import take_back
from core.unrecorded import catch_up, find_unrecorded

_log = logging.getLogger(__name__)

Emit = Callable[..., Awaitable[None]]
"""Puts events on record, and returns when they are committed."""


class Decisions:
    """The decisions of one session. The session calls one of these at a time."""

    def __init__(self, staging: Staging, past: Past, emit: Emit) -> None:
        self._staging = staging
        self._past = past
        self._review = Review(staging, past)
        self._emit = emit
        self._unsettled: dict[str, None] = dict.fromkeys(past.changes)
        """Changes for which the stage may not agree with the verdict yet: at first all, since the
        process before us may have died between a decision and what follows from it."""
        self._notes: list[str] = []

    @property
    def wait(self) -> bool:
        """Whether there is something to carry out in the stage, or to tell."""
        return bool(self._unsettled or self._notes)

    def tell(self, note: str) -> None:
        """Have a sentence told to the nodes that work, with what is carried out next."""
        self._notes.append(note)

    async def decide(self, command: DecideChanges) -> None:
        """Put decisions on record.

        Raises:
            Refusal: a path has no change that waits, a file no such hunk, or none waits at all.
        """
        decided = await self._review.decide(command)
        await self._emit(*decided)
        self._unsettled |= dict.fromkeys(event.path for event in decided)

    async def carry_out(self) -> list[str]:
        """Make the stage agree with what was decided; returns sentences for the nodes that work.

        Where there is no stage (its project is gone), that is left for later: decisions are on record. So is
        what concerns a file that a tool is writing at this moment.
        """
        paths, self._unsettled = self._unsettled, {}
        notes, self._notes = self._notes, []
        try:
            followed = await self._review.follow(paths)
        except (StageError, OSError) as error:
            _log.warning("decisions wait, since the stage cannot be opened: %s", error)
            self._unsettled = paths | self._unsettled
            return notes
        self._unsettled = dict.fromkeys(followed.later) | self._unsettled
        if followed.events:
            await self._emit(*followed.events)
        return notes + followed.notes

    async def catch_up(self) -> None:
        """Put on record what an engine did right before it died: to the project, or rewinding the stage.

        The stage follows the project only then: what was taken back unseen would be taken for the user's own.
        """
        staging, waiting = self._staging, self._past.waiting
        try:
            await self.finish_rewinding()
            found = await asyncio.to_thread(find_unrecorded, staging.journals, staging.session, waiting)
            for plan in found:
                stage = await staging.stage(follow=False)
                await self._emit(*await asyncio.to_thread(catch_up, stage, waiting, plan))
            if found:
                await staging.follow()
        except (StageError, OSError) as error:
            _log.warning("what was written last cannot be put on record yet: %s", error)

    async def rewind(self, command: RewindStage) -> None:
        """Make the stage what it was at an earlier point.

        Raises:
            StageError: there is no such point, or its files cannot be put there.
        """
        await self.carry_out()
        stage = await self._staging.stage()
        told = await asyncio.to_thread(rewinds.rewind, stage, self._past.waiting, command.commit, command.by)
        await self._emit(*told)
        await asyncio.to_thread(forget_note, stage.folder)

    async def finish_rewinding(self) -> None:
        """Go on with a rewinding that was broken off: nothing may work on the stage before.

        Raises:
            StageError, OSError: it cannot be finished yet.
        """
        if not await asyncio.to_thread(lambda: self._staging.rewinds):
            return
        stage = await self._staging.stage()
        told = await asyncio.to_thread(rewinds.finish, stage, self._past.waiting, "user")
        await self._emit(*told)
        await asyncio.to_thread(forget_note, stage.folder)

    async def write(self, command: ApplyChanges | UndoApply) -> None:
        """Apply to the project, or undo.

        Raises:
            Refusal: it could not be done; the project is as it was.
        """
        await self.carry_out()
        match command:
            case ApplyChanges():
                await self._apply(command.paths)
            case UndoApply():
                await self._undo(command.paths)

    async def _apply(self, paths: Sequence[str] | None) -> None:
        decided = self._past.waiting.decided
        chosen = await self._review.choose(paths, lambda file: file.is_accepted)
        other = [path for path in chosen if not decided[path].is_accepted]
        if other:
            raise Refusal(f"Nothing was written: {', '.join(other)} is not accepted. Accept it first.")
        if not chosen:
            raise Refusal("Nothing is accepted yet: accept a change first.")
        stage = await self._staging.stage()
        work = Applying(stage, self._past.waiting, self._staging.journals, self._staging.session)
        events = await asyncio.to_thread(work.run, chosen)
        if events:
            await self._emit(*events)
        if work.refused is not None:
            raise work.refused

    async def _undo(self, paths: Sequence[str] | None) -> None:
        if paths is not None:
            applied = self._past.applied
            paths = [path if path in applied else await self._review.locate(path) for path in paths]
        stage = await self._staging.stage()
        done = take_back, stage, self._past.waiting, self._staging.journals, self._staging.session, paths
        await self._emit(*await asyncio.to_thread(*done))

    async def resolve(self, command: ResolveConflict) -> None:
        """Decide a conflict.

        Raises:
            Refusal: there is none, or the project's file changed since it was found.
        """
        await self.carry_out()
        if command.path not in self._past.waiting.conflicts:
            command = msgspec.structs.replace(command, path=await self._review.known(command.path))
        check(self._past.waiting, command)
        stage = await self._staging.stage()
        await self._emit(*await asyncio.to_thread(resolve, stage, self._past.waiting, command))
