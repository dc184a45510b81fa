"""The tree follows the project: all of it when a stage is made, later only what no node has touched."""

# ruff: noqa: PTH102 - descriptors and names, not path objects

import errno
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from core.removal import remove_if_possible
from core.stage.change import NotRegular, OutsideStage
from core.stage.copying import copy
from core.stage.history import History
from core.stage.manifest import Entry, Manifest
from core.stage.shadow import Item
from core.stage.survey import Check, Survey, Walk, project_rules, settle, unchecked, unsettled
from core.stage.tree import Tree

OUR_FAULTS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
"""Faults of the place that we write to; others are faults of the file that we read."""


def survey_project(
    manifest: Manifest, folder: Path, *, known: Collection[str] = (), check: Check = unchecked
) -> Survey:
    """Walk the project; the stages' own folder is never part of it."""
    project = Path(manifest.project)
    mine = [os.path.realpath(folder), os.path.realpath(folder.parent)]
    skip = [path for path in mine if not (manifest.project + "/").startswith(path + "/")]
    rules = project_rules(project, folder / "shadow.git")
    return Walk(project, rules, known=known, skip=skip, check=check).run()


Tell = Callable[[int, int], None]
"""Told how many files are copied, and of how many; called for each."""


def silent(done: int, total: int) -> None:
    """Tells nobody."""


def populate(
    manifest: Manifest, folder: Path, top: Path, tell: Tell = silent, check: Check = unchecked
) -> None:
    """Copy every file of the project into the empty folder `top`.

    Raises:
        StageError: the project cannot be read or is too large.
        OSError: the tree cannot be written.
    """
    survey = survey_project(manifest, folder, check=check)
    tree = os.fspath(top)
    for path in survey.folders:
        os.mkdir(f"{tree}/{path}")
    manifest.left_out, manifest.nested, manifest.files = survey.left_out, survey.nested, {}
    for number, path in enumerate(survey.files):
        check()
        tell(number, len(survey.files))
        try:
            made = copy(f"{manifest.project}/{path}", f"{tree}/{path}")
        except OSError as problem:
            if problem.errno in OUR_FAULTS:
                raise
            manifest.left_out[path] = f"cannot be read ({problem.strerror})"
            continue
        if made is not None:
            manifest.files[path] = Entry(settle(made[0]), made[1])


def rebuild(
    manifest: Manifest, folder: Path, history: History, tell: Tell = silent, check: Check = unchecked
) -> None:
    """Make the tree, as `tree.new`, from the project and from what is recorded.

    Raises:
        StageError: the project cannot be read or is too large.
        OSError: the tree cannot be written.
    """
    top = folder / "tree.new"
    remove_if_possible(top)
    top.mkdir()
    populate(manifest, folder, top, tell, check)
    tree = Tree(top, (), folder / "scratch")
    history.keep(manifest.files, tree, manifest.files)
    items = history.open_items()
    history.put(tree, items)
    for path in items.keys() & manifest.files.keys():
        entry = manifest.files[path]
        entry.project = unsettled(entry.project)


def meet_project(
    manifest: Manifest, history: History, places: Iterable[str], project: Tree, tree: Tree
) -> None:
    """The base of these files is new: the next refresh compares their bytes with the project's."""
    for place in places:
        theirs, ours = project.seen(place), tree.seen(place)
        manifest.files.pop(place, None)
        if place in history.base and theirs is not None:
            manifest.files[place] = Entry(unsettled(theirs), ours or unsettled(theirs))


class Follow:
    """One pass that brings what the user did in the project into the tree."""

    def __init__(
        self, manifest: Manifest, folder: Path, tree: Tree, history: History, survey: Survey | None = None
    ) -> None:
        """`survey` is a walk that was just made with the manifest's files as known ones."""
        self._given = survey
        self._manifest = manifest
        self._files = manifest.files
        self._folder = folder
        self._tree = tree
        self._history = history
        self._edits: dict[str, Item | None] = {}
        self.followed: list[str] = []
        self.looked = False
        """True when the manifest is different now."""

    def run(self, pending: Collection[str]) -> None:
        """Follow everything but `pending` paths, which were written and not recorded yet."""
        survey = self._survey()
        for path in (self._files.keys() | self._history.base.keys()) - survey.files.keys():
            if path not in pending and self._untouched(path):
                self._drop(path)
        for path, now in survey.files.items():
            entry = self._files.get(path)
            if (entry is None or entry.project != now) and path not in pending and self._untouched(path):
                self._take(path)
        self.looked |= (survey.left_out, survey.nested) != (self._manifest.left_out, self._manifest.nested)
        self._manifest.left_out, self._manifest.nested = survey.left_out, survey.nested
        self._history.commit(self._edits, self._edits, "project", "The project's files")

    def _survey(self) -> Survey:
        """Files that were staged before are not asked about again, unless an ignore file changed."""
        survey = self._given or survey_project(self._manifest, self._folder, known=self._files)
        for path in survey.files.keys() | self._files.keys():
            if path.rpartition("/")[2] == ".gitignore":
                entry = self._files.get(path)
                if entry is None or entry.project != survey.files.get(path):
                    return survey_project(self._manifest, self._folder)
        return survey

    def _untouched(self, path: str) -> bool:
        """True when the tree still holds what was copied, or what the base is."""
        if self._history.is_open(path):
            return False
        entry = self._files.get(path)
        now = self._tree.seen(path)
        if now == (entry.copy if entry else None):
            return True
        item = self._history.work.get(path)
        return self._tree.content(path) == (None if item is None else (item.mode, self._history.load(item)))

    def _drop(self, path: str) -> None:
        try:
            self._tree.delete(path)
        except NotRegular:
            return
        self._files.pop(path, None)
        self._note(path)

    def _take(self, path: str) -> None:
        before = self._tree.content(path)
        try:
            made = self._tree.adopt(f"{self._manifest.project}/{path}", path)
        except (NotRegular, OutsideStage):
            return
        except OSError as problem:
            if problem.errno in OUR_FAULTS:
                raise
            return
        if made is None:
            return
        self._files[path] = Entry(settle(made[0]), made[1])
        self._history.keep(self._files, self._tree, (path,))
        self._note(path, changed=self._tree.content(path) != before)

    def _note(self, path: str, *, changed: bool = True) -> None:
        self.looked = True
        if not changed:
            return
        self.followed.append(path)
        if path in self._history.base:
            self._edits[path] = self._history.store(self._tree.content(path))
