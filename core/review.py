"""Decisions on changes, and what follows: reverting in the stage, applying to the project, undoing."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeUndone,
    ChangeWithdrawn,
    Event,
    NoticeGiven,
    Verdict,
)
from core.past import Past
from core.refusal import Refusal
from core.stage import Change, Stage, StageError
from core.stage.apply import ApplyError, Stale, apply, undo
from core.stage.told import file_changed
from core.staging import Staging

_log = logging.getLogger(__name__)

_STALE = "the file was changed in the project since the agents read it"
_LOST = "the private copy does not hold this change any more; ask for it again"


@dataclass
class Settled:
    """What became of decisions in the stage."""

    notes: list[str] = field(default_factory=list[str])
    """Sentences for the node whose tool call is next."""
    events: list[Event] = field(default_factory=list[Event])


class Review:
    """The changes of a session that wait for the user. Disk and repository are left to threads.

    Nothing else may change the session's `Past` meanwhile, but for `decide`.
    """

    def __init__(self, staging: Staging, past: Past) -> None:
        self._staging = staging
        self._past = past

    # -- deciding --------------------------------------------------------------------------------

    async def decide(self, verdict: Verdict, paths: Sequence[str] | None, by: str) -> list[ChangeDecided]:
        """Decisions as events; `settle` carries them out in the stage.

        Raises:
            Refusal: a path has no change that waits, or none waits at all.
        """
        verdicts = ("undecided",) if verdict != "undecided" else ("accepted", "rejected")
        chosen = await self._choose(paths, verdicts)
        if not chosen:
            raise Refusal("No change waits for a decision.")
        return [ChangeDecided(path=path, verdict=verdict, by=by) for path in chosen]

    async def _choose(self, paths: Sequence[str] | None, verdicts: Iterable[Verdict]) -> list[str]:
        """The changed paths that are meant: the named ones, or all whose verdict is one of these."""
        if paths is None:
            wanted = set(verdicts)
            return [path for path in self._past.changes if self._past.verdict(path) in wanted]
        return list(dict.fromkeys([await self._known(path) for path in paths]))

    async def _known(self, path: str) -> str:
        if path in self._past.changes:
            return path
        located = await self._locate(path)
        if located in self._past.changes:
            return located
        raise Refusal(f"No change of {path} waits for a decision. `heddle changes` lists those that do.")

    async def _locate(self, path: str) -> str:
        stage = await self._staging.stage()
        try:
            return await asyncio.to_thread(stage.locate, path)
        except (StageError, OSError, ValueError) as error:
            raise Refusal(str(error)) from error

    # -- in the stage ----------------------------------------------------------------------------

    async def settle(self, paths: Iterable[str]) -> Settled:
        """Make the stage agree with the standing verdicts on these paths.

        What is rejected is taken out, what is reconsidered is put back; all else stays.
        """
        verdicts = self._past.verdicts
        verdicts = self._past.verdicts
        standing: dict[str, Verdict] = {path: verdicts[path] for path in paths if path in verdicts}
        if not standing:
            return Settled()
        stage = await self._staging.stage()
        return await asyncio.to_thread(self._settle, stage, standing)

    def _settle(self, stage: Stage, standing: Mapping[str, Verdict]) -> Settled:
        settled = Settled()
        for path, verdict in standing.items():
            try:
                if verdict == "rejected":
                    settled.notes += _take_out(stage, path)
                elif stage.change(path) is None:
                    settled.events += _put_back(stage, path, self._past.changes[path].role)
            except Exception as error:
                _log.warning("a decision on %r could not be carried out", path, exc_info=True)
                text = f"The decision on {path} could not be carried out in the private copy: {error}"
                settled.events.append(NoticeGiven(text=text, level="warning"))
        return settled

    # -- into the project ------------------------------------------------------------------------

    async def apply(self, paths: Sequence[str] | None) -> list[Event]:
        """Write accepted changes into the project in one transaction.

        Raises:
            Refusal: nothing is accepted, or it could not be written; the project is as it was.
        """
        chosen = await self._choose(paths, ("accepted",))
        other = [path for path in chosen if self._past.verdict(path) != "accepted"]
        if other:
            raise Refusal(f"Nothing was written: {', '.join(other)} is not accepted. Accept it first.")
        if not chosen:
            raise Refusal("Nothing is accepted yet: accept a change first.")
        stage = await self._staging.stage()
        return await asyncio.to_thread(self._apply, stage, chosen)

    def _apply(self, stage: Stage, chosen: Sequence[str]) -> list[Event]:
        found = {path: stage.change(path) for path in chosen}
        events: list[Event] = [
            ChangeMarkedStale(path=path, reason=_LOST) for path, change in found.items() if change is None
        ]
        changes = {change.path: change for change in found.values() if change is not None}
        while changes:
            try:
                return events + self._write(stage, changes)
            except Stale as stale:
                marked = _touching(changes, stale.paths)
                if not marked:
                    raise Refusal(str(stale)) from stale
                events += [ChangeMarkedStale(path=changes.pop(path).path, reason=_STALE) for path in marked]
            except ApplyError as error:
                raise Refusal(str(error)) from error
        return events

    def _write(self, stage: Stage, changes: Mapping[str, Change]) -> list[Event]:
        done = apply(stage.project, list(changes.values()), self._staging.journals, self._staging.session)
        applied: list[Event] = [ChangeApplied(path=path, apply=done.id) for path in changes]
        touched = [path for change in changes.values() for path in change.paths]
        return applied + _afterwards(lambda: stage.rebase(touched))

    async def undo(self, paths: Sequence[str] | None) -> list[Event]:
        """Restore what was there before this session's last apply, or before it wrote `paths`.

        Raises:
            Refusal: there is nothing to undo, or the user changed a file since; the project is as it was.
        """
        places = None
        if paths is not None:
            places = [path if path in self._past.applied else await self._locate(path) for path in paths]
        stage = await self._staging.stage()
        return await asyncio.to_thread(self._undo, stage, places)

    def _undo(self, stage: Stage, places: Sequence[str] | None) -> list[Event]:
        try:
            done = undo(
                stage.project,
                self._staging.journals,
                places,
                list(self._past.applies),
                self._staging.session,
            )
        except ApplyError as error:
            raise Refusal(str(error)) from error
        events: list[Event] = [ChangeUndone(path=path, apply=done.id) for path in done.paths]
        events += _afterwards(lambda: stage.reopen(done.paths))
        for path in done.paths:
            events += self._differently(stage, path)
        return events

    def _differently(self, stage: Stage, path: str) -> list[Event]:
        """What is to be decided on now, where that is not what was applied: nodes went on meanwhile."""
        seen = self._past.changes.get(path) or self._past.applied.get(path)
        if seen is None:
            return []
        change = stage.change(path)
        if change is None:
            return [ChangeWithdrawn(run=seen.run, node=seen.node, role=seen.role, path=path)]
        now = file_changed(change, run=seen.run, node=seen.node, role=seen.role)
        return [] if now == seen else [now]


def _take_out(stage: Stage, path: str) -> list[str]:
    if stage.change(path) is None:
        return []
    stage.revert(path)
    return [f"The user rejected your change of {path}: it was taken back. Do not make it again."]


def _put_back(stage: Stage, path: str, role: str) -> list[Event]:
    try:
        stage.restore(path, by=role)
    except StageError as error:
        return [ChangeMarkedStale(path=path, reason=str(error))]
    return []


def _touching(changes: Mapping[str, Change], paths: Sequence[str]) -> list[str]:
    return [path for path, change in changes.items() if set(change.paths) & set(paths)]


def _afterwards(step: Callable[[], None]) -> list[Event]:
    """The project is written already, so that a stage which cannot follow is no reason to refuse."""
    try:
        step()
    except (StageError, OSError) as error:
        text = f"The private copy could not follow: {error}. Start a new session for further work."
        return [NoticeGiven(text=text, level="warning")]
    return []
