"""The changes of a session that wait, and what became of the others: a fold over their records."""

from typing import TypeAlias, assert_never

from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeUndone,
    ChangeWithdrawn,
    ConflictFound,
    ConflictResolved,
    FileChanged,
    OverlapFound,
    StageRewound,
)
from core.run import Rejection
from core.verdicts import FileVerdicts, excerpt

ChangeEvent: TypeAlias = (
    FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | ChangeApplied
    | ChangeUndone
    | ChangeMarkedStale
    | ConflictFound
    | ConflictResolved
    | StageRewound
    | OverlapFound
)


class WaitingChanges:
    """What waits for the user, what he said of it, and what is applied."""

    def __init__(self) -> None:
        self.changes: dict[str, FileChanged] = {}
        """Changes that are neither applied nor withdrawn, by path."""
        self.decided: dict[str, FileVerdicts] = {}
        """What is decided of each of them, piece by piece."""
        self.rejections: dict[tuple[str, str | None], Rejection] = {}
        """What the user rejected and did not reconsider, by path and hunk, the latest last."""
        self.made: set[str] = set()
        """Files that were changed since the last request."""
        self.refused: dict[str, str] = {}
        """Those of them that the user rejected as a whole, with why in the user's words, which may be empty."""
        self.conflicts: dict[str, ConflictFound] = {}
        """Files where the user's edits and the agents' collide."""
        self.overlaps: dict[str, list[OverlapFound]] = {}
        """Nodes that changed lines of other nodes, by path."""
        self.applied: dict[str, FileChanged] = {}
        """What was applied and is not undone, by path."""
        self.applies: dict[str, set[str]] = {}
        """The applies of this session that still stand, oldest first: id → paths."""
        self.approved: dict[str, dict[str, tuple[str, ...]]] = {}
        """Who accepted what was applied and is not undone: by path, then by apply, oldest first."""
        self.recorded: set[str] = set()
        """Every apply that is on record, also those that were undone."""
        self.rewound: StageRewound | None = None
        """The last rewinding that is on record."""

    @property
    def all_refused(self) -> bool:
        """The user rejected all that was made since the last request."""
        return bool(self.refused) and self.made <= set(self.refused)

    def begin(self) -> None:
        """A request begins."""
        self.made, self.refused = set(), {}

    def note(self, event: ChangeEvent) -> None:
        """Take one event in."""
        match event:
            case FileChanged():
                self._wait(event)
            case ChangeWithdrawn():
                self._forget(event.path)
            case ChangeDecided():
                self._decide(event)
            case ChangeApplied():
                self.recorded.add(event.apply)
                self.applies.setdefault(event.apply, set()).add(event.path)
                decided = self.decided.get(event.path)
                by = decided.approved_by if decided is not None else ()
                self.approved.setdefault(event.path, {})[event.apply] = by
                change = self._forget(event.path)
                if change is not None:
                    self.applied[event.path] = change
            case ChangeUndone():
                self._undo(event)
            case ChangeMarkedStale():
                decided = self.decided.get(event.path)
                if decided is not None and event.hunk is not None:
                    decided.mark_stale(event.hunk, event.reason)
            case ConflictFound():
                self.conflicts[event.path] = event
            case ConflictResolved():
                self.conflicts.pop(event.path, None)
            case StageRewound():
                self.rewound = event
            case OverlapFound():
                self.overlaps.setdefault(event.path, []).append(event)
            case _:
                assert_never(event)

    def _wait(self, change: FileChanged) -> None:
        self.made.add(change.path)
        self.changes[change.path] = change
        decided = self.decided[change.path] = FileVerdicts(change, self.decided.get(change.path))
        if decided.verdict != "rejected":
            self.refused.pop(change.path, None)

    def _forget(self, path: str) -> FileChanged | None:
        self.decided.pop(path, None)
        self.conflicts.pop(path, None)
        self.overlaps.pop(path, None)
        return self.changes.pop(path, None)

    def _decide(self, event: ChangeDecided) -> None:
        decided = self.decided.get(event.path)
        if decided is None:
            return
        decided.decide(event)
        self._take_back(event)
        if decided.verdict == "rejected":
            self.refused[event.path] = event.comment
        else:
            self.refused.pop(event.path, None)
        if event.verdict == "rejected":
            lines = excerpt(self.changes[event.path], event.hunk)
            self.rejections[event.path, event.hunk] = Rejection(event.path, event.comment, lines)

    def _take_back(self, event: ChangeDecided) -> None:
        """What was said of this before does not count any more."""
        whole = event.hunk is None
        for key in [key for key in self.rejections if key[0] == event.path]:
            if whole or key[1] == event.hunk:
                del self.rejections[key]

    def _undo(self, event: ChangeUndone) -> None:
        standing = self.applies.get(event.apply, set())
        standing.discard(event.path)
        self.approved.get(event.path, {}).pop(event.apply, None)
        if not standing:
            self.applies.pop(event.apply, None)
        change = self.applied.pop(event.path, None)
        if change is not None:
            self.decided.pop(event.path, None)
            self._wait(self.changes.get(event.path, change))
