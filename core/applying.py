"""Writing what is accepted into the project: met with the user's own edits first, then in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.events import (
    ChangeApplied,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeWithdrawn,
    ConflictFound,
    Event,
    FileChanged,
    NoticeGiven,
)
from core.limits import limits
from core.refusal import Refusal
from core.sandbox.masking import mask_lines
from core.sandbox.secrecy import known_values
from core.spelling import real
from core.stage import Stage, StageError
from core.stage.apply import ApplyError, Stale, apply
from core.stage.meeting import Meeting, meet, meeting_of, shown, version_of
from core.stage.pieces import pieces_of
from core.stage.portion import Portion, portion_after, portion_of, written
from core.stage.told import Author, told
from core.text import clip
from core.verdicts import FileVerdicts
from core.waiting import WaitingChanges

LOST = "the private copy does not hold this change any more; ask for it again"
OTHER = "the private copy holds another change by now: look at it again"
COLLIDES = "you changed the same lines in the project meanwhile"
_MOVING = "the file changes in the project all the time, or something else stands where it belongs"
_ATTEMPTS = 5


@dataclass
class Applying:
    """One apply of a session. `events` is what happened, in order."""

    stage: Stage
    waiting: WaitingChanges
    journals: Path
    session: str
    events: list[Event] = field(default_factory=list[Event])
    refused: Refusal | None = None
    """Why nothing was written, for a reason that concerns all of them."""
    _portions: dict[str, Portion] = field(default_factory=dict[str, Portion])
    """What is to be written, by the path that is on record."""
    _stale: set[str] = field(default_factory=set[str])
    """What the last try found to be something else than it was made against."""

    def run(self, paths: Sequence[str]) -> list[Event]:
        """Write the accepted parts of these files, all of them or none; what does not fit is left out and said."""
        for path in paths:
            self._gather(path)
        while not self._try():
            self._leave_out()
        self._tell(paths)
        return self.events

    def _try(self) -> bool:
        """Write what is ready; False when something of it cannot be met, however often it is tried."""
        for _ in range(_ATTEMPTS):
            self._meet_edits()
            ready = {path: portion for path, portion in self._portions.items() if not portion.is_empty}
            if not ready or self._write(ready):
                return True
        return False

    def _leave_out(self) -> None:
        """What stands in the way of its own file must not keep the others from being written."""
        hit = [path for path, portion in self._portions.items() if self._stale & set(portion.change.paths)]
        for path in hit:
            del self._portions[path]
        self.events += [ChangeMarkedStale(path=path, reason=_MOVING) for path in hit]

    def _gather(self, path: str) -> None:
        """Find out what of a file is to be written; it must be what the user saw."""
        seen, decided = self.waiting.changes[path], self.waiting.decided[path]
        change = self.stage.change(real(path))
        if change is None or change.path != real(path):
            self.events.append(ChangeMarkedStale(path=path, reason=LOST))
            return
        now = told(self.stage, change.path, author_of(seen))
        if not is_same(now, seen):
            self.events += [now, ChangeMarkedStale(path=path, reason=OTHER)]
            return
        self._portions[path] = portion_of(self.stage, change, _accepted(decided))

    # -- the user's own edits --------------------------------------------------------------------

    def _meet_edits(self) -> None:
        for path, portion in list(self._portions.items()):
            change = self.stage.change(real(path))
            meeting = None if change is None else meeting_of(self.stage, change)
            if meeting is None:
                continue
            if meeting.regions:
                del self._portions[path]
                self.events += conflict(self.stage, path, meeting)
                continue
            meet(self.stage, meeting)
            self.events.append(ChangeMerged(path=path))
            after = portion_after(self.stage, portion, meeting)
            if after is None:
                del self._portions[path]
            else:
                self._portions[path] = after

    # -- into the project ------------------------------------------------------------------------

    def _write(self, ready: dict[str, Portion]) -> bool:
        """False when the user changed something in this very moment: nothing was written, and it can be tried again."""
        changes = [portion.change for portion in ready.values()]
        try:
            done = apply(self.stage.project, changes, self.journals, self.session)
        except Stale as stale:
            self._stale = {*stale.paths}
            return not any(self._stale & set(change.paths) for change in changes) and self._refuse(stale)
        except ApplyError as error:
            return self._refuse(error)
        self.events += [ChangeApplied(path=path, apply=done.id) for path in ready]
        for portion in ready.values():
            self.events += afterwards(lambda portion=portion: written(self.stage, portion))
        return True

    def _refuse(self, error: ApplyError) -> bool:
        self.refused = Refusal(str(error))
        return True

    def _tell(self, paths: Sequence[str]) -> None:
        """What is undecided of them waits on, against the new base; what is not told differently is gone."""
        applied = {event.path for event in self.events if isinstance(event, ChangeApplied)}
        merged = {event.path for event in self.events if isinstance(event, ChangeMerged)}
        for path in paths:
            if path in applied or path in merged:
                self.events += rest_of(self.stage, path, self.waiting.changes[path], applied=path in applied)


def author_of(change: FileChanged) -> Author:
    return Author(run=change.run, node=change.node, role=change.role)


def _accepted(decided: FileVerdicts) -> tuple[str, ...] | None:
    return decided.with_verdict("accepted") if decided.pieces else None


def is_same(now: FileChanged | ChangeWithdrawn, seen: FileChanged) -> bool:
    """Whether the stage holds what is on record; records of before that was noted are believed."""
    if not isinstance(now, FileChanged):
        return False
    if not seen.old_blob and not seen.new_blob:
        return True
    return _bytes(now) == _bytes(seen) and [hunk.id for hunk in now.hunks] == [hunk.id for hunk in seen.hunks]


def _bytes(change: FileChanged) -> tuple[str | None, ...]:
    return change.old_blob, change.new_blob, change.old_mode, change.new_mode, change.old_path


def rest_of(stage: Stage, path: str, seen: FileChanged, *, applied: bool) -> list[Event]:
    """What is left of a file after an apply, told; nothing when all that differed was written."""
    change = stage.change(real(path))
    if change is None:
        return [] if applied else [ChangeWithdrawn(**author_of(seen), path=path)]
    return [told(stage, change.path, author_of(seen))]


def conflict(stage: Stage, path: str, meeting: Meeting) -> list[Event]:
    """Both sides, and which of the pieces collide."""
    whole = mask_lines(shown(stage, meeting), known_values(stage.tree, stage.project)).text
    text = clip(whole, limits().record.patch_characters)
    found = ConflictFound(path=path, regions=meeting.regions, text=text, version=version_of(stage, meeting))
    pieces = pieces_of(stage, meeting.change.path)
    hit = [part.id for part in pieces.parts if part.cut in meeting.colliding] if pieces is not None else []
    marks = hit or [None]
    return [found, *(ChangeMarkedStale(path=path, reason=COLLIDES, hunk=hunk) for hunk in marks)]


def afterwards(step: Callable[[], None]) -> list[Event]:
    """The project is written already, so that a stage which cannot follow is no reason to refuse."""
    try:
        step()
    except (StageError, OSError) as error:
        text = f"The private copy could not follow: {error}. Start a new session for further work."
        return [NoticeGiven(text=text, level="warning")]
    return []
