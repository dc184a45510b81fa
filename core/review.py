"""Decisions on changes, and what follows: reverting in the stage, applying to the project, undoing."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeUndone,
    Event,
    Verdict,
)
from core.past import Past
from core.stage import Change, Stage, StageError
from core.stage.apply import ApplyFailed, NothingToUndo, Stale, UndoRefused, apply, undo


class Refusal(Exception):
    """A decision cannot be carried out; the message is a sentence that says why and what to do."""


class Review:
    """The changes of a session that wait for the user. Everything here blocks: call it in a thread."""

    def __init__(self, stage: Stage, journals: Path, past: Past) -> None:
        self._stage = stage
        self._journals = journals
        self._past = past
        self._rejected: dict[str, Change] = {}

    def open_paths(self, paths: Sequence[str] | None, verdicts: Iterable[Verdict]) -> list[str]:
        """The changed paths that are meant: the named ones, or all whose verdict is one of these.

        Raises:
            Refusal: a named path has no change that waits.
        """
        if paths is None:
            wanted = set(verdicts)
            return [path for path in self._past.changes if self._past.verdicts.get(path) in wanted]
        return [self._known(path) for path in paths]

    def _known(self, path: str) -> str:
        if path in self._past.changes:
            return path
        try:
            located = self._stage.locate(path)
        except StageError as error:
            raise Refusal(str(error)) from error
        if located in self._past.changes:
            return located
        raise Refusal(f"No change of {path} waits for a decision. `heddle changes` lists those that do.")

    def decide(self, verdict: Verdict, paths: Sequence[str] | None, by: str) -> list[Event]:
        """Decisions as events; `settle` carries them out in the stage.

        Raises:
            Refusal: a path has no change that waits.
        """
        chosen = self.open_paths(
            paths, ("undecided",) if verdict != "undecided" else ("accepted", "rejected")
        )
        return [ChangeDecided(path=path, verdict=verdict, by=by) for path in chosen]

    def settle(self, decisions: Sequence[ChangeDecided]) -> list[str]:
        """Take rejected changes out of the stage and put reconsidered ones back; returns what nodes should know."""
        notes: list[str] = []
        for decision in decisions:
            if decision.verdict == "rejected":
                notes += self._take_out(decision.path)
            else:
                self._put_back(decision.path)
        return notes

    def _take_out(self, path: str) -> list[str]:
        change = self._stage.change(path)
        if change is None:
            return []
        self._rejected[path] = change
        self._stage.revert(path)
        return [f"The user rejected your change of {path}: it was taken back. Do not make it again."]

    def _put_back(self, path: str) -> None:
        change = self._rejected.pop(path, None)
        if change is None:
            return
        if change.old_path is not None:
            self._stage.delete(change.old_path)
        if change.new is None:
            self._stage.delete(change.path)
        else:
            self._stage.write(change.path, change.new)
        seen = self._past.changes[path]
        self._stage.record(
            list(change.paths), run=seen.run, node=seen.node, role=seen.role, message="Reconsidered"
        )

    def apply(self, paths: Sequence[str] | None) -> list[Event]:
        """Write accepted changes into the project in one transaction.

        Raises:
            Refusal: nothing is accepted, or it could not be written; the project is as it was.
        """
        chosen = self.open_paths(paths, ("accepted",))
        rejected = [path for path in chosen if self._past.verdicts.get(path) == "rejected"]
        if rejected:
            raise Refusal(f"{', '.join(rejected)} was rejected. Accept it first.")
        changes = [change for path in chosen if (change := self._stage.change(path)) is not None]
        if not changes:
            raise Refusal("Nothing is accepted yet: accept a change first.")
        return self._write(changes)

    def _write(self, changes: list[Change]) -> list[Event]:
        try:
            done = apply(self._stage.project, changes, self._journals)
        except Stale as stale:
            reason = "the file was changed in the project since the agents read it"
            marks: list[Event] = [ChangeMarkedStale(path=path, reason=reason) for path in stale.paths]
            others = [change for change in changes if not set(change.paths) & set(stale.paths)]
            return marks + (self._write(others) if others else [])
        except ApplyFailed as error:
            raise Refusal(f"Nothing was written: {error}") from error
        self._stage.rebase([path for change in changes for path in change.paths])
        return [ChangeApplied(path=change.path, apply=done.id) for change in changes]

    def undo(self, paths: Sequence[str] | None) -> list[Event]:
        """Restore what was there before the last apply.

        Raises:
            Refusal: there is nothing to undo, or the user changed a file since; the project is as it was.
        """
        try:
            done = undo(self._stage.project, self._journals, list(paths) if paths is not None else None)
        except (UndoRefused, NothingToUndo) as error:
            raise Refusal(str(error)) from error
        except ApplyFailed as error:
            raise Refusal(f"Nothing was undone: {error}") from error
        self._stage.reopen(list(done.paths))
        return [ChangeUndone(path=path, apply=done.id) for path in done.paths]
