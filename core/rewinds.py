"""A rewinding of the stage, told: what waits for the user afterwards is what the stage holds."""

from core.applying import author_of, is_same
from core.events import ChangeDecided, ChangeWithdrawn, Event, FileChanged, StageRewound
from core.spelling import real, recorded
from core.stage import Stage
from core.stage.rewinding import Rewound, read_note
from core.stage.told import Author, told
from core.verdicts import FileVerdicts
from core.waiting import WaitingChanges


def rewind(stage: Stage, waiting: WaitingChanges, commit: str, by: str) -> list[Event]:
    """Make the stage what it was at a commit, and say what that means for each file.

    The note of it stays on the disk: whoever has put the events on record takes it away (`forget_note`).

    Raises:
        StageError: there is no such point, or its files cannot be put there.
    """
    return _tell(stage, waiting, stage.rewind(commit), by)


def finish(stage: Stage, waiting: WaitingChanges, by: str) -> list[Event]:
    """Go on with a rewinding that was broken off; nothing when there is none, or it is on record already.

    Raises:
        StageError: as `rewind`.
    """
    note = read_note(stage.folder)
    if note is None or (waiting.rewound is not None and _is_told(note, waiting.rewound)):
        return []
    return rewind(stage, waiting, note.commit, by)


def _is_told(note: Rewound, event: StageRewound) -> bool:
    return (note.commit, note.from_commit) == (event.commit, event.from_commit)


def _tell(stage: Stage, waiting: WaitingChanges, done: Rewound, by: str) -> list[Event]:
    events: list[Event] = [StageRewound(commit=done.commit, from_commit=done.from_commit, by=by)]
    paths = {recorded(change.path) for change in stage.changes()}
    for path in sorted(paths.union(waiting.changes)):
        events += _tell_file(stage, waiting, path, by)
    return events


def _tell_file(stage: Stage, waiting: WaitingChanges, path: str, by: str) -> list[Event]:
    """A file that was rejected as a whole and is not in the stage waits on, to be reconsidered."""
    seen, decided = waiting.changes.get(path), waiting.decided.get(path)
    now = told(stage, real(path), _author(stage, path, seen))
    if isinstance(now, ChangeWithdrawn):
        return [] if decided is not None and decided.verdict == "rejected" else [now]
    dropped = decided is not None and decided.has_rest and decided.drops_rest
    if seen is not None and is_same(now, seen) and not dropped:
        return []
    return [now, *_open_again(now, decided, by)]


def _author(stage: Stage, path: str, seen: FileChanged | None) -> Author:
    """Whose work a file is: the last step's that touched it on the way to where the stage is now."""
    last = stage.authors(real(path)).last
    if last is not None:
        return Author(run=last.run, node=last.node, role=last.role)
    return author_of(seen) if seen is not None else Author(run="", node="user", role="user")


def _open_again(now: FileChanged, before: FileVerdicts | None, by: str) -> list[ChangeDecided]:
    """What was rejected and is in the stage again waits for a decision again."""
    if before is None:
        return []
    after = FileVerdicts(now, before)
    rejected = after.with_verdict("rejected")
    back = [id for id in rejected if not after.pieces[id].hunk.rejected]
    whole = bool(before.with_verdict("rejected") or before.rest == "rejected") and len(back) == len(rejected)
    if whole and not after.with_verdict("accepted"):
        return [ChangeDecided(path=now.path, verdict="undecided", by=by)]
    return [ChangeDecided(path=now.path, verdict="undecided", by=by, hunk=id) for id in back]
