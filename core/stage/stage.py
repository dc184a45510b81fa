"""The stage: the private copy of a project that nodes read and write.

Its base is the bytes of the project's working tree. Nothing here ever writes into the project.
What nodes did is *recorded*: `changes` compares what was recorded with the base, so what the user
saw is what can be applied; `diff` and `status` also see what was written since.
"""

import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from core.events import ChangeKind
from core.stage import manifest as manifests
from core.stage.authors import Authors, step_message
from core.stage.change import Change, StageError, Withdrawn
from core.stage.follow import Follow, meet_project, rebuild
from core.stage.history import Edits, History
from core.stage.manifest import Manifest
from core.stage.mark import Mark, take_mark
from core.stage.shadow import Shadow
from core.stage.survey import tree_rules
from core.stage.tree import Tree

_MANIFEST = "manifest.json"
_REJECTED = "Rejected"
_APPLIED = "Applied"


class Stage:
    """A private copy of a project, and the history of what nodes made of it.

    `lock` is held by whatever changes the tree: take it around a command that may write, from `mark`
    to `record`, so that its difference is that command's alone. It belongs to a thread.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self.project = Path(manifest.project)
        self.lock = threading.RLock()
        roots = (self.project, Path(manifest.given))
        self._files = Tree(folder / "tree", roots, folder / "scratch")
        self._project = Tree(self.project, (), folder / "scratch")
        self._manifest = manifest
        self._history = History(Shadow(folder / "shadow.git"))
        self._pending: set[str] = set()

    @classmethod
    def create(cls, project: Path, folder: Path) -> "Stage":
        """Copy the project's working tree into `folder`; what a broken attempt left there is replaced.

        Raises:
            StageError: the project cannot be read or is too large, a stage is there, or it cannot be written.
        """
        given = project.absolute()
        _check_room(given, folder)
        try:
            _clear(folder)
            stage = cls(folder, Manifest(project=os.path.realpath(given), given=os.fspath(given)))
            stage._rebuild()
        except OSError as problem:
            raise StageError(f"The private copy of {given} cannot be made: {problem.strerror}.") from problem
        return stage

    @classmethod
    def open(cls, folder: Path) -> "Stage":
        """Open a stage again. A tree that was removed is made again from the project and the commits.

        Raises:
            StageError: there is no whole stage in the folder.
        """
        stage = cls(folder, manifests.load(folder / _MANIFEST))
        if not stage.tree.is_dir():
            stage._rebuild()
        return stage

    def _rebuild(self) -> None:
        rebuild(self._manifest, self.folder, self._history)
        self._save()
        (self.folder / "tree.new").rename(self.tree)

    def remove_tree(self) -> None:
        """Give the disk space back; `open` makes the tree again. What is not recorded is lost."""
        with self.lock:
            _remove(self.tree, self.folder / "tree.old")

    @property
    def tree(self) -> Path:
        """The private copy's folder."""
        return self._files.folder

    @property
    def files(self) -> int:
        """How many of the project's files are staged."""
        return len(self._manifest.files)

    @property
    def left_out(self) -> dict[str, str]:
        """Paths of the project that are not in the stage → why (`is larger than …`)."""
        return dict(self._manifest.left_out)

    @property
    def nested(self) -> tuple[str, ...]:
        """Folders of the project that are Git repositories of their own; their history is not staged."""
        return tuple(self._manifest.nested)

    def _save(self) -> None:
        manifests.save(self._manifest, self.folder / _MANIFEST)

    # -- files -----------------------------------------------------------------------------------

    def locate(self, path: str) -> str:
        """The place that a path means, relative and without links; `.` is the project's folder.

        Takes relative paths and absolute ones below the project or the tree. The file need not exist.

        Raises:
            OutsideStage: it leads elsewhere; the message is a sentence.
        """
        return self._files.locate(path)

    def read(self, path: str) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: there is no such file.
            StageError: it lies outside, or is a folder, FIFO or device.
        """
        return self._files.read(path)

    def write(self, path: str, data: bytes) -> None:
        """Write a file, making folders. It counts as a change when it is recorded.

        Raises:
            StageError: it lies outside, or a folder, FIFO or device is there.
        """
        with self.lock:
            place = self._files.locate(path)
            self._capture([place])
            self._files.write(place, data)
            self._pending.add(place)

    def delete(self, path: str) -> None:
        """Delete a file, or a link itself.

        Raises:
            FileNotFoundError: there is nothing.
            StageError: it lies outside, or is a folder.
        """
        with self.lock:
            place = self._files.locate(path, follow_last=False)
            if not os.path.lexists(self.tree / place):
                raise FileNotFoundError(place)
            self._capture([place])
            self._files.delete(place)
            self._pending.add(place)

    # -- what a command changed -------------------------------------------------------------------

    def mark(self) -> Mark:
        """Remember what the tree looks like now."""
        known = self._manifest.files.keys() | self._history.work.keys()
        return take_mark(self._files, tree_rules(self.project, self.folder / "shadow.git", self.tree, known))

    def changed_since(self, mark: Mark) -> list[str]:
        """Paths that were added, changed or deleted since, without ignored ones."""
        return self.mark().differs_from(mark)

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

    def _capture(self, places: Iterable[str]) -> None:
        self._history.capture(self._manifest.files, self._files, self._project, places)

    def changes(self) -> list[Change]:
        """Every recorded difference to the base, by path. What was not recorded yet is not in it."""
        return self._history.changes()

    def change(self, path: str) -> Change | None:
        """The recorded change that touches this path, also by its old name."""
        place = self._files.spell(path)
        return next((change for change in self.changes() if place in change.paths), None)

    @property
    def head(self) -> str:
        """Id of the newest commit of the stage's history."""
        return self._history.head

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
            self._meet({place: self._history.work.get(place) for place in places}, _APPLIED)

    def reopen(self, paths: Iterable[str]) -> None:
        """After an undo: the base is what it was before the apply, for both names of a rename; the work stays."""
        with self.lock:
            places = [self._files.spell(path) for path in paths]
            self._meet(self._history.before_apply(places, _APPLIED), "Undone")

    def _meet(self, edits: Edits, message: str) -> None:
        """Keep a new base of these places, and take in what the project has there."""
        self._history.commit(edits, {}, "user", message)
        meet_project(self._manifest, self._history, edits, self._project, self._files)
        self._save()

    def refresh(self) -> list[str]:
        """Let files that no node has touched follow the project; returns the paths that did."""
        follow = Follow(self._manifest, self.folder, self._files, self._history)
        with self.lock:
            follow.run(self._pending)
            if follow.looked:
                self._save()
        return sorted(follow.followed)

    # -- to read ---------------------------------------------------------------------------------

    def diff(self, paths: Iterable[str] | None = None) -> str:
        """Unified text of all differences to the base as the tree is now; of these files or folders only."""
        return "".join(change.patch for change in self._now(paths))

    def status(self) -> list[tuple[ChangeKind, str]]:
        """Kind and path of all differences to the base as the tree is now."""
        return [(change.kind, change.path) for change in self._now(None)]

    def _now(self, paths: Iterable[str] | None) -> list[Change]:
        changes = self._history.changes_with(self._history.take(self._files, tuple(self._pending)))
        return changes if paths is None else _within(changes, [self._files.spell(path) for path in paths])


def _check_room(project: Path, folder: Path) -> None:
    """Raises `StageError` where nothing can be copied, or something is there already."""
    if not project.is_dir():
        raise StageError(f"{project} is not a folder. Start Heddle in a project's folder.")
    if (folder / _MANIFEST).exists():
        raise StageError("There is a stage in this folder already.")


def _remove(tree: Path, aside: Path) -> None:
    """Remove a tree so that a broken-off attempt leaves no half of it in its place."""
    shutil.rmtree(aside, ignore_errors=True)
    tree.rename(aside)
    shutil.rmtree(aside)


def _within(changes: Iterable[Change], places: Sequence[str]) -> list[Change]:
    """The changes of these files or folders."""
    return [change for change in changes if any(_covers(place, change) for place in places)]


def _clear(folder: Path) -> None:
    """An empty shadow repository, and nothing of an attempt that was broken off."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("tree", "tree.old", "shadow.git", "scratch"):
        shutil.rmtree(folder / part, ignore_errors=True)
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
