"""Decisions on changes: what the user means, as events, and what follows from them in the stage."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from core.applying import author_of
from core.commands import DecideChanges
from core.events import ChangeDecided, ChangeMarkedStale, ChangeWithdrawn, Event, FileChanged, NoticeGiven
from core.past import Past
from core.refusal import Refusal
from core.run import Rejection
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets
from core.spelling import real, recorded
from core.stage import Stage, StageError
from core.stage.change import NotRegular, OutsideStage
from core.stage.settling import Settled, Wanted, settle
from core.stage.told import told
from core.staging import Staging
from core.verdicts import FileVerdicts

_log = logging.getLogger(__name__)

LOCK_SECONDS = 0.5
"""How long a decision waits for a tool that writes; then it is carried out after that tool."""
_UNFIT = "it fits no more: the lines around it are others now"


@dataclass
class Followed:
    """What became of decisions in the stage."""

    notes: list[str] = field(default_factory=list[str])
    """Sentences for the nodes that work."""
    events: list[Event] = field(default_factory=list[Event])
    later: list[str] = field(default_factory=list[str])
    """Paths that could not be settled yet, since a tool is writing."""


class Review:
    """The changes of a session that wait for the user. Disk and repository are left to threads.

    Nothing else may change the session's `Past` meanwhile, but for `decide`.
    """

    def __init__(self, staging: Staging, past: Past) -> None:
        self._staging = staging
        self._past = past

    # -- deciding --------------------------------------------------------------------------------

    async def decide(self, command: DecideChanges) -> list[ChangeDecided]:
        """Decisions as events; `follow` carries them out in the stage.

        Raises:
            Refusal: a path has no change that waits, a file no such hunk, or none waits at all.
        """
        masked = mask(command.comment.strip(), own_secrets()).text
        decided: list[ChangeDecided] = []
        for path in await self._meant(command):
            file = self._past.waiting.decided[path]
            for hunk in _hunks_meant(path, file, command):
                decided.append(
                    ChangeDecided(
                        path=path, verdict=command.verdict, by=command.by, hunk=hunk, comment=masked
                    )
                )
            if command.paths is None:
                decided += _said_before(path, file, command.verdict)
        if not decided:
            raise Refusal("No change waits for a decision.")
        return decided

    async def _meant(self, command: DecideChanges) -> list[str]:
        if command.hunks is not None and len(command.paths or ()) != 1:
            raise Refusal("Name the one file that the hunks are of.")
        return await self.choose(command.paths, _open_to(command))

    async def choose(self, paths: Sequence[str] | None, those: Callable[[FileVerdicts], bool]) -> list[str]:
        """The changed paths that are meant: the named ones, or all of which this is true.

        Raises:
            Refusal: a path has no change that waits.
        """
        if paths is None:
            return [path for path, decided in self._past.waiting.decided.items() if those(decided)]
        return list(dict.fromkeys([await self.known(path) for path in paths]))

    async def known(self, path: str) -> str:
        """A path as it is on record.

        Raises:
            Refusal: no change of it waits.
        """
        if path in self._past.changes:
            return path
        located = await self.locate(path)
        if located in self._past.changes:
            return located
        raise Refusal(f"No change of {path} waits for a decision. `heddle changes` lists those that do.")

    async def locate(self, path: str) -> str:
        """A path as records would name it.

        Raises:
            Refusal: it can be no path of the project.
        """
        stage = await self._staging.stage()
        try:
            return recorded(await asyncio.to_thread(stage.locate, real(path)))
        except (StageError, OSError, ValueError) as error:
            raise Refusal(str(error)) from error

    # -- in the stage ----------------------------------------------------------------------------

    async def follow(self, paths: Iterable[str]) -> Followed:
        """Make the stage agree with the standing verdicts on these paths.

        What is rejected is taken out, what is reconsidered is put back; all else stays.
        """
        waiting = self._past.waiting
        standing = [
            path
            for path in paths
            if path in waiting.decided and _concerns(waiting.changes[path], waiting.decided[path])
        ]
        if not standing:
            return Followed()
        stage = await self._staging.stage()
        return await asyncio.to_thread(self._follow, stage, standing)

    def _follow(self, stage: Stage, standing: Sequence[str]) -> Followed:
        found = Followed()
        if not stage.lock.acquire(timeout=LOCK_SECONDS):
            found.later += standing
            return found
        try:
            for path in standing:
                self._follow_one(stage, path, found)
        finally:
            stage.lock.release()
        return found

    def _follow_one(self, stage: Stage, path: str, found: Followed) -> None:
        place = real(path)
        change = stage.change(place)
        if place in stage.pending or (change is not None and set(change.paths) & set(stage.pending)):
            found.later.append(path)
            return
        seen, decided = self._past.changes[path], self._past.waiting.decided[path]
        try:
            settled = settle(stage, place, _wanted(seen, decided))
        except Exception as error:
            if isinstance(error, StageError) and not isinstance(error, NotRegular | OutsideStage):
                found.events.append(ChangeMarkedStale(path=path, reason=str(error)))
                return
            _log.warning("a decision on %r could not be carried out", path, exc_info=True)
            text = f"The decision on {path} could not be carried out in the private copy: {error}"
            found.events.append(NoticeGiven(text=text, level="warning"))
            return
        found.events += _told(stage, path, seen, settled, gone=decided.drops_rest and decided.has_rest)
        found.notes += self._notes(path, settled)

    def _notes(self, path: str, settled: Settled) -> list[str]:
        if not settled.changed:
            return []
        rejections = self._past.waiting.rejections
        whole = rejections.get((path, None))
        hunks = [rejections[path, id] for id in settled.out if (path, id) in rejections]
        return [rejected(one) for one in (hunks or ([whole] if whole else []))]


def rejected(rejection: Rejection) -> str:
    """What the agents are told of something that the user did not want."""
    what = f"this part of {rejection.path}" if rejection.excerpt else f"your change of {rejection.path}"
    why = f" Why: {rejection.comment}" if rejection.comment else ""
    lines = f"\n```diff\n{rejection.excerpt}\n```\n" if rejection.excerpt else " "
    return f"The user rejected {what}: it was taken back.{why}{lines}Do not make it again."


def _open_to(command: DecideChanges) -> Callable[[FileVerdicts], bool]:
    if command.verdict == "undecided":
        return lambda decided: decided.verdict != "undecided"
    return lambda decided: decided.verdict == "undecided"


def _hunks_meant(path: str, file: FileVerdicts, command: DecideChanges) -> Sequence[str | None]:
    """Hunks to decide on; None stands for the whole file.

    Raises:
        Refusal: the file has no such hunk.
    """
    if command.hunks is not None:
        unknown = [hunk for hunk in command.hunks if hunk not in file.pieces]
        if unknown and not file.pieces:
            raise Refusal(f"{path} is decided whole: it has no hunks.")
        if unknown:
            raise Refusal(f"{path} has no hunk {unknown[0]}. It has these: {', '.join(file.pieces)}.")
        return list(dict.fromkeys(command.hunks))
    if command.paths is None and command.verdict != "undecided" and file.is_mixed and not file.waits_whole:
        return file.with_verdict("undecided")
    return (None,)


def _said_before(path: str, file: FileVerdicts, verdict: str) -> list[ChangeDecided]:
    """Deciding all that is open leaves alone what is decided: it is said again where the file is decided whole."""
    if verdict == "undecided" or not (file.is_mixed and file.waits_whole):
        return []
    return [
        ChangeDecided(path=path, verdict=piece.verdict, by="user", hunk=id, comment=piece.comment)
        for id, piece in file.pieces.items()
        if piece.verdict != "undecided"
    ]


def _concerns(seen: FileChanged, decided: FileVerdicts) -> bool:
    """Whether the stage could have to follow: something is rejected, or was."""
    return decided.touched or any(hunk.rejected for hunk in seen.hunks)


def _wanted(seen: FileChanged, decided: FileVerdicts) -> Wanted:
    return Wanted(
        tuple(decided.pieces),
        frozenset(decided.with_verdict("rejected")),
        decided.drops_rest,
        decided.has_rest,
        seen.role,
    )


def _told(stage: Stage, path: str, seen: FileChanged, settled: Settled, *, gone: bool) -> list[Event]:
    """The file as it is in the stage by now; what left it whole stays on record as it was, to be reconsidered."""
    events: list[Event] = [ChangeMarkedStale(path=path, reason=_UNFIT, hunk=hunk) for hunk in settled.lost]
    if settled.changed and seen.hunks and not gone:
        now = told(stage, real(path), author_of(seen))
        if not isinstance(now, ChangeWithdrawn):
            events.insert(0, now)
    return events
