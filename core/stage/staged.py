"""The files of a stage: read, written and looked at. What they were before is kept with the first touch."""

import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

from core.stage.history import History
from core.stage.manifest import Manifest
from core.stage.mark import Mark, take_mark
from core.stage.outside import Outside
from core.stage.shadow import Item, Shadow
from core.stage.survey import Check, Rules, tree_rules, unchecked
from core.stage.tree import Tree


class StagedFiles:
    """A private copy of a project's files.

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
        self.outside = Outside(folder)
        """What was taken out of files, and could be put back."""

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

    @property
    def history(self) -> History:
        """What touched files were and became, for the modules beside this one."""
        return self._history

    @property
    def manifest(self) -> Manifest:
        """What is known of the project's files, for the same."""
        return self._manifest

    def theirs(self, place: str) -> Item | None:
        """What the project holds at a place now; None where there is nothing that could be staged."""
        return self._history.store(self._project.content(place))

    def ours(self, place: str) -> Item | None:
        """What the tree holds there, recorded or not."""
        return self._history.store(self._files.content(place))

    @property
    def pending(self) -> Collection[str]:
        """Paths that were written and are not recorded yet."""
        return self._pending

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

    def read_at(self, place: str) -> bytes:
        """The same for a place that `locate` gave."""
        return self._files.read_at(place)

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

    def mark(self, check: Check = unchecked) -> Mark:
        """Remember what the tree looks like now."""
        return take_mark(self._files, self.rules(), check)

    def rules(self) -> Rules:
        """Which paths of the tree count as ignored by now."""
        known = self._manifest.files.keys() | self._history.work.keys()
        return tree_rules(self.project, self.folder / "shadow.git", self.tree, known)

    def changed_since(self, mark: Mark) -> list[str]:
        """Paths that were added, changed or deleted since, without ignored ones."""
        return self.mark().differs_from(mark)

    def _capture(self, places: Iterable[str]) -> None:
        self._history.capture(self._manifest.files, self._files, self._project, places)
