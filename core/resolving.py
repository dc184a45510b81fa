"""Deciding a conflict: the user says which side stands, or gives the file that does."""

from core.applying import author_of
from core.commands import ResolveConflict
from core.events import ChangeDecided, ConflictResolved, Event, FileChanged
from core.refusal import Refusal
from core.spelling import real
from core.stage import Stage
from core.stage.meeting import meet, meeting_of, version_of
from core.stage.told import told
from core.verdicts import FileVerdicts
from core.waiting import WaitingChanges


def check(waiting: WaitingChanges, command: ResolveConflict) -> None:
    """Raises: Refusal: there is no such conflict, or the command is not whole."""
    if command.path not in waiting.conflicts:
        raise Refusal(f"There is no conflict in {command.path}. `heddle changes` lists the files that wait.")
    if (command.take == "merged") != (command.merged is not None):
        raise Refusal("Give the merged file with “merged”, and only then.")


def resolve(stage: Stage, waiting: WaitingChanges, command: ResolveConflict) -> list[Event]:
    """Make the user's file the base, and of the agents' what the user wants. Nothing is written.

    Raises:
        Refusal: the project's file is another one than the user saw.
    """
    path, seen = command.path, waiting.changes[command.path]
    change = stage.change(real(path))
    meeting = None if change is None else meeting_of(stage, change)
    if change is None or meeting is None or version_of(stage, meeting) != waiting.conflicts[path].version:
        raise Refusal(
            f"{path} changed in the project since this conflict was found. Apply again to see it as it is now."
        )
    if command.merged is not None:
        meet(stage, meeting, merged=command.merged)
    else:
        meet(stage, meeting, "stage" if command.take == "stage" else "project")
    now = told(stage, change.path, author_of(seen))
    events: list[Event] = [ConflictResolved(path=path, take=command.take, by=command.by), now]
    if isinstance(now, FileChanged):
        events += _accepted(now, waiting.decided[path], command)
    return events


def _accepted(now: FileChanged, before: FileVerdicts, command: ResolveConflict) -> list[ChangeDecided]:
    """What stands now was accepted before, or the user has just written it: it need not be decided again."""
    if command.take == "merged" or (before.verdict == "accepted" and not now.hunks):
        return [ChangeDecided(path=now.path, verdict="accepted", by=command.by)]
    if not before.with_verdict("accepted"):
        return []
    known = before.pieces
    return [
        ChangeDecided(path=now.path, verdict="accepted", by=command.by, hunk=hunk.id)
        for hunk in now.hunks
        if hunk.id not in known and command.take == "stage"
    ]
