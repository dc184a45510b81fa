"""The stage: the private copy of a project that nodes read and write.

Its base is the bytes of the project's working tree. Nothing here ever writes into the project.
What nodes did is *recorded*: `changes` compares what was recorded with the base, so what the user
saw is what can be applied; `diff` and `status` also see what was written since.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.events import ChangeKind
from core.removal import remove_if_possible, remove_tree
from core.sandbox.secrecy import look_again
from core.stage import manifest as manifests
from core.stage.authors import Authors, step_message
from core.stage.change import Change, StageError, Withdrawn
from core.stage.follow import Follow, Tell, meet_project, rebuild, silent
from core.stage.history import APPLIED, UNDONE, Edits
from core.stage.manifest import Manifest
from core.stage.rewinding import Rewound, rewind
from core.stage.shadow import Shadow
from core.stage.staged import StagedFiles
from core.stage.survey import Check, Survey, unchecked

_MANIFEST = "manifest.json"
_REJECTED = "Rejected"


class Stage(StagedFiles):
    """A private copy of a project, and the history of what nodes made of it."""

    @classmethod
    def create(cls, project: Path, folder: Path, tell: Tell = silent, check: Check = unchecked) -> "Stage":
        """Copy the project's working tree into `folder`; what a broken attempt left there is replaced.

        Raises:
            StageError: the project cannot be read or is too large, a stage is there, or it cannot be written.
        """
        given = project.absolute()
        _check_room(given, folder)
        try:
            _clear(folder)
            stage = cls(folder, Manifest(project=os.path.realpath(given), given=os.fspath(given)))
            stage._rebuild(tell, check)
        except OSError as problem:
            raise StageError(f"The private copy of {given} cannot be made: {problem.strerror}.") from problem
        return stage

    @classmethod
    def open(cls, folder: Path, tell: Tell = silent) -> "Stage":
        """Open a stage again. A tree that was removed is made again from the project and the commits.

        Raises:
            StageError: there is no whole stage in the folder.
        """
        stage = cls(folder, manifests.load(folder / _MANIFEST))
        if not stage.tree.is_dir():
            stage._rebuild(tell)
        return stage

    def _rebuild(self, tell: Tell, check: Check = unchecked) -> None:
        rebuild(self._manifest, self.folder, self._history, tell, check)
        self._save()
        (self.folder / "tree.new").rename(self.tree)

    def remove_tree(self) -> None:
        """Give the disk space back; `open` makes the tree again. What is not recorded is lost."""
        with self.lock:
            _remove(self.tree, self.folder / "tree.old")
            remove_if_possible(self.outputs)
            remove_if_possible(self.folder / "packages")

    @property
    def outputs(self) -> Path:
        """Where the whole output of commands is kept; it may not exist."""
        return self.folder / "outputs"

    def _save(self) -> None:
        manifests.save(self._manifest, self.folder / _MANIFEST)

    # -- changes ---------------------------------------------------------------------------------

    def record(
        self, paths: Iterable[str], *, run: str, node: str, role: str, message: str
    ) -> list[Change | Withdrawn]:
        """Commit these paths as they are in the tree now, with the role as author.

        Returns, by path, the whole difference to the base for each of them; `Withdrawn` for what
        differed before and does not any more (also the old name of what became a rename).
        """
        with self.lock:
            places = [self._files.spell(path) for path in paths]
            return self._commit(places, role, step_message(message, run, node))

    def _commit(self, places: Sequence[str], author: str, message: str) -> list[Change | Withdrawn]:
        before = {change.path: change for change in self._history.changes()}
        self._capture(places)
        self._history.commit({}, self._history.take(self._files, places), author, message)
        self._pending.difference_update(places)
        after = {change.path: change for change in self._history.changes()}
        return _differences(before, after, places)

    def changes(self) -> list[Change]:
        """Every recorded difference to the base, by path. What was not recorded yet is not in it."""
        return self._history.changes()

    def change(self, path: str) -> Change | None:
        """The recorded change that touches this path, also by its old name."""
        return self._history.change(self._files.spell(path))

    @property
    def head(self) -> str:
        """Id of the newest commit of the stage's history."""
        return self._history.head

    def rewind(self, start: str) -> Rewound:
        """Make the stage what it was at a commit, given by its id or the start of one. See `core.stage.rewinding`.

        Raises:
            StageError: there is no such point, or its files cannot be put there.
        """
        with self.lock:
            before = dict(self._history.base)
            done = rewind(self.folder, self._history, self._files, start, self._pending)
            self._pending.clear()
            base = self._history.base
            moved = [path for path in before.keys() | base.keys() if before.get(path) != base.get(path)]
            meet_project(self._manifest, self._history, moved, self._project, self._files)
            self._save()
            return done

    def authors(self, path: str) -> Authors:
        """Who wrote each line of a file, as it is recorded."""
        place = self._files.spell(path)
        change = self.change(place)
        return self._history.authors(place, change.old_path if change else None)

    def revert(self, path: str, *, by: str = "user") -> list[Change | Withdrawn]:
        """Put the base back into the tree, for both names of a rename, and record that."""
        with self.lock:
            change = self.change(path)
            places = change.paths if change else (self._files.spell(path),)
            self._capture(places)
            self._history.put(self._files, {place: self._history.base.get(place) for place in places})
            return self._commit(places, by, _REJECTED)

    def restore(self, path: str, *, by: str) -> list[Change | Withdrawn]:
        """Put back what the last `revert` of this path took out, unless it was changed again since.

        Raises:
            StageError: the project's file is not what the change was made against any more.
        """
        with self.lock:
            taken = self._history.taken_out(self._files.spell(path), _REJECTED)
            if taken is None or any(self._history.is_open(place) for place in taken):
                return []
            self._capture(taken)
            if any(self._history.base.get(place) != base for place, (base, _) in taken.items()):
                raise StageError(f"{path} was changed in the project since; ask for the change again.")
            self._history.put(self._files, {place: work for place, (_, work) in taken.items()})
            return self._commit(list(taken), by, "Reconsidered")

    def rebase(self, paths: Iterable[str]) -> None:
        """After an apply: what is recorded of these paths is the new base."""
        with self.lock:
            places = _with_old_names(self.changes(), {self._files.spell(path) for path in paths})
            self.become({place: self._history.work.get(place) for place in places}, {}, "user", APPLIED)

    def reopen(self, paths: Iterable[str]) -> None:
        """After an undo: the base is what it was before the apply, for both names of a rename; the work stays."""
        with self.lock:
            places = [self._files.spell(path) for path in paths]
            self.become(self._history.before_apply(places, APPLIED), {}, "user", UNDONE)

    def become(self, base: Edits, work: Edits, author: str, message: str) -> None:
        """Give files another base, and make other files (or the same) in the tree what `work` says, on record.

        Raises:
            StageError: a folder is in the way in the tree; nothing was recorded.
        """
        with self.lock:
            self._history.put(self._files, work)
            self._history.commit(base, work, author, message)
            self._pending.difference_update(work)
            meet_project(self._manifest, self._history, base, self._project, self._files)
            self._save()

    def refresh(self, survey: Survey | None = None) -> list[str]:
        """Let files that no node has touched follow the project; returns the paths that did.

        `survey` is what a walk over the project has just found, if there was one.
        """
        follow = Follow(self._manifest, self.folder, self._files, self._history, survey)
        with self.lock:
            follow.run(self._pending)
            if follow.looked:
                self._save()
            if follow.followed:
                look_again(self.tree)
        return sorted(follow.followed)

    # -- to read ---------------------------------------------------------------------------------

    def diff(self, paths: Iterable[str] | None = None, check: Check = unchecked) -> str:
        """Unified text of all differences to the base as the tree is now; of these files or folders only."""
        return "".join(change.patch for change in self._now(paths, check))

    def status(self, check: Check = unchecked) -> list[tuple[ChangeKind, str]]:
        """Kind and path of all differences to the base as the tree is now."""
        return [(change.kind, change.path) for change in self._now(None, check)]

    def changes_now(self, check: Check = unchecked) -> list[Change]:
        """All differences to the base as the tree is now."""
        return self._now(None, check)

    def _now(self, paths: Iterable[str] | None, check: Check) -> list[Change]:
        taken = self._history.take(self._files, tuple(self._pending), check)
        changes = self._history.changes_with(taken, check)
        return changes if paths is None else _within(changes, [self._files.spell(path) for path in paths])


def _check_room(project: Path, folder: Path) -> None:
    """Raises `StageError` where nothing can be copied, or something is there already."""
    if not project.is_dir():
        raise StageError(f"{project} is not a folder. Start Heddle in a project's folder.")
    if _is_everything(project):
        raise StageError(
            f"{project} holds everything of yours, and all of it would be copied. Start Heddle in a project's "
            "own folder; where this is meant to be one, `git init` makes it so."
        )
    if (folder / _MANIFEST).exists():
        raise StageError("There is a stage in this folder already.")


def _is_everything(project: Path) -> bool:
    """Whether it is the home folder or the root, and nobody made a project of it."""
    places = (os.path.realpath(Path("~").expanduser()), "/")
    return os.path.realpath(project) in places and not os.path.lexists(project / ".git")


def _remove(tree: Path, aside: Path) -> None:
    """Remove a tree so that a broken-off attempt leaves no half of it in its place."""
    remove_if_possible(aside)
    tree.rename(aside)
    remove_tree(aside)


def _within(changes: Iterable[Change], places: Sequence[str]) -> list[Change]:
    """The changes of these files or folders."""
    return [change for change in changes if any(_covers(place, change) for place in places)]


def _clear(folder: Path) -> None:
    """An empty shadow repository, and nothing of an attempt that was broken off."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("tree", "tree.old", "shadow.git", "scratch", "outputs", "packages"):
        remove_if_possible(folder / part)
    Shadow.create(folder / "shadow.git")


def _differences(
    before: Mapping[str, Change], after: Mapping[str, Change], places: Sequence[str]
) -> list[Change | Withdrawn]:
    """What there is to say of these places, and of others whose change is another one now."""
    asked = [change for path, change in after.items() if path in places or change != before.get(path)]
    gone = [Withdrawn(path) for path in before if path not in after]
    return sorted([*asked, *gone], key=lambda one: one.path)


def _with_old_names(changes: Iterable[Change], places: set[str]) -> list[str]:
    """These places, and both names of a rename that one of them is part of."""
    return sorted(places.union(*(change.paths for change in changes if places & set(change.paths))))


def _covers(place: str, change: Change) -> bool:
    return place == "." or any(path == place or path.startswith(place + "/") for path in change.paths)
