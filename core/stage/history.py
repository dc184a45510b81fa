"""What touched files were and became: base and work, kept side by side in every commit.

A commit's tree holds two folders, `base` (what the touched files are in the project) and `work`
(what nodes made of them), so both change in one step and any commit tells the whole state.
"""

from collections.abc import Iterable, Mapping

from core.event_base import START
from core.stage.authors import Authors, Origin, find_authors, origin_of
from core.stage.change import FILE, Change, git_mode
from core.stage.difference import changes_between
from core.stage.manifest import Entry
from core.stage.shadow import Commit, Item, Shadow
from core.stage.survey import Check, unchecked
from core.stage.tree import Tree, content_of

_LOST = b"(The file as it was when the work on it began is no longer known.)\n"
"""Stands for a base that a command and the user changed at once; equal to no file, so never applied."""

APPLIED, UNDONE = "Applied", "Undone"
"""Messages of the commits that an apply makes, and its undo."""
_SHORTEST_ID = 4

Edits = Mapping[str, Item | None]


class History:
    """Base and work of every file that was ever touched."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._trees = shadow.state()
        self.base, self.work = (shadow.items(tree) for tree in self._trees)
        self._known: tuple[tuple[str, str], list[Change], dict[str, Change]] | None = None

    def commit(self, base: Edits, work: Edits, author: str, message: str) -> None:
        """Record new states of some files; nothing happens when they are the same."""
        old_base, old_work = self._trees
        trees = self._shadow.edited(old_base, base), self._shadow.edited(old_work, work)
        if trees == self._trees:
            return
        self._shadow.commit(*trees, author, message)
        self._trees = trees
        self.base, self.work = (self._shadow.items(tree) for tree in trees)

    def capture(self, files: Mapping[str, Entry], tree: Tree, project: Tree, paths: Iterable[str]) -> None:
        """Keep the base of files that are touched for the first time."""
        new = {path: files[path] for path in paths if path in files and path not in self.base}
        if not new:
            return
        items = {path: self._original(entry, tree, project, path) for path, entry in new.items()}
        self.commit(items, items, "project", "The project's files")

    def _original(self, entry: Entry, tree: Tree, project: Tree, path: str) -> Item | None:
        """What the project's file was when it was copied: from the copy, else from the project."""
        for place, expected in ((tree, entry.copy), (project, entry.project)):
            content = content_of(place, path, expected)
            if content is not None:
                return self.store(content)
        return Item(git_mode(entry.project.mode), entry.oid) if entry.oid else self.store((FILE, _LOST))

    def keep(self, files: Mapping[str, Entry], tree: Tree, paths: Iterable[str]) -> None:
        """Keep the base of fresh copies whose original could change without a new timestamp."""
        for path in paths:
            if not files[path].project.is_settled:
                item = self.store(tree.content(path))
                files[path].oid = item.oid if item else None

    def store(self, content: tuple[int, bytes] | None) -> Item | None:
        """Put a file's mode and bytes into the repository."""
        return None if content is None else Item(content[0], self._shadow.add(content[1]))

    def take(self, tree: Tree, places: Iterable[str], check: Check = unchecked) -> Edits:
        """What the tree holds; a file that is too large now, or cannot be read, stays as it was recorded."""
        found: dict[str, Item | None] = {}
        for place in places:
            check()
            if not tree.is_beyond(place):
                found[place] = self.store(tree.content(place))
        return found

    def load(self, item: Item) -> bytes:
        return self._shadow.bytes_of(item.oid)

    def put(self, tree: Tree, items: Edits) -> None:
        """Make files of the tree what `items` are; those that go (None) go first, since they make room.

        Raises:
            StageError: a folder is there, or a link or file where a folder should be.
        """
        for path, item in sorted(items.items(), key=lambda pair: pair[1] is not None):
            if item is None:
                tree.delete(path)
            else:
                tree.restore(path, item.mode, self.load(item))

    @property
    def head(self) -> str:
        """Id of the newest commit."""
        return self._shadow.head

    def find(self, start: str) -> Commit | None:
        """The commit that an id or the start of one names; `START` is the one before all work."""
        if start == START:
            commits = self._shadow.line()
            return commits[-1] if commits else None
        return self._shadow.find(start) if len(start) >= _SHORTEST_ID else None

    def at(self, point: Commit) -> tuple[dict[str, Item], dict[str, Item]]:
        """Base and work of every file that was touched until a commit."""
        return self._shadow.items(point.base), self._shadow.items(point.work)

    def was_work(self, path: str, item: Item | None) -> bool:
        """Whether nodes made a file this at any time: then the user has it by an apply."""
        trees = {(step.trees[1], step.trees[0]) for step in self._shadow.steps()}
        return any(
            self._shadow.item(work, path) == item != self._shadow.item(base, path) for work, base in trees
        )

    def rewind(self, point: Commit, base: Edits, work: Edits) -> None:
        """Go on from an earlier commit; the newest one stays reachable from the new one."""
        old_base, old_work = self._trees
        trees = self._shadow.edited(old_base, base), self._shadow.edited(old_work, work)
        self._shadow.commit(*trees, "user", f"Rewound to {point.id}", onto=point.id)
        self._trees = trees
        self.base, self.work = (self._shadow.items(tree) for tree in trees)

    @property
    def step(self) -> Origin | None:
        """The node's step that the newest commit is; None for what the user or the project did."""
        commit = self._shadow.find(self.head)
        return None if commit is None else origin_of(commit)

    def added_lines(self) -> int:
        """Lines that the newest commit brought to the work, in all its files."""
        now, *before = self._shadow.line()
        return self._shadow.added_lines(before[0].work, now.work) if before else 0

    def applied(self, path: str) -> list[Item | None]:
        """What a file was made in the project by each apply that was not undone, oldest first."""
        found: list[Item | None] = []
        commits = self._shadow.line()
        for commit, before in zip(reversed(commits[:-1]), reversed(commits[1:]), strict=True):
            now, then = self._shadow.item(commit.base, path), self._shadow.item(before.base, path)
            if now != then and commit.message == APPLIED:
                found.append(now)
            elif now != then and commit.message == UNDONE and found:
                found.pop()
        return found

    def shared(self, old: Item, new: Item) -> list[int]:
        """Lines of a version, by their numbers, that another one has as well."""
        runs = self._shadow.matched(old.oid, new.oid)
        return [line for run in runs for line in range(run.new, run.new + run.lines)]

    def authors(self, path: str, old_path: str | None) -> Authors:
        """See `core.stage.authors.find_authors`."""
        return find_authors(self._shadow, path, old_path)

    def is_open(self, path: str) -> bool:
        """True when a node's change of this file is recorded and not applied or withdrawn."""
        return self.base.get(path) != self.work.get(path)

    def taken_out(self, path: str, message: str) -> dict[str, tuple[Item | None, Item | None]] | None:
        """What the last commit with this message took out of the work, if `path` was among it.

        Base and work of each file as they were before, by path.
        """
        for step in self._shadow.steps():
            if step.message != message or step.trees[1] == step.before[1]:
                continue
            old_base, old_work = (self._shadow.items(tree) for tree in step.before)
            work = self._shadow.items(step.trees[1])
            places = [
                place for place in old_work.keys() | work.keys() if old_work.get(place) != work.get(place)
            ]
            if path in places:
                return {place: (old_base.get(place), old_work.get(place)) for place in places}
        return None

    def before_apply(self, paths: Iterable[str], message: str) -> Edits:
        """The base of these paths, and of the other names of their renames, before the commit made it what it is.

        Commits with this message are looked at, newest first; paths that none of them changed are left out.
        """
        left, found = set(paths), dict[str, Item | None]()
        for step in self._shadow.steps():
            if step.message != message:
                continue
            old, new = self._shadow.items(step.before[0]), self._shadow.items(step.trees[0])
            mine = {path for path in left if old.get(path) != new.get(path) == self.base.get(path)}
            for change in changes_between(self._shadow, *step.before) if mine else ():
                if mine & set(change.paths):
                    found |= {
                        place: old.get(place)
                        for place in change.paths
                        if new.get(place) == self.base.get(place)
                    }
            left -= mine
        return found

    def open_items(self) -> Edits:
        """What is recorded and not applied or withdrawn."""
        paths = [path for path in self.base.keys() | self.work.keys() if self.is_open(path)]
        return {path: self.work.get(path) for path in sorted(paths)}

    def changes(self, check: Check = unchecked) -> list[Change]:
        """What is recorded, against the base."""
        return list(self._compared(check)[0])

    def change(self, path: str) -> Change | None:
        """The recorded change that touches this path, also by its old name."""
        return self._compared()[1].get(path)

    def _compared(self, check: Check = unchecked) -> tuple[list[Change], dict[str, Change]]:
        if self._known is None or self._known[0] != self._trees:
            changes = changes_between(self._shadow, *self._trees, check)
            by_path = {path: change for change in reversed(changes) for path in change.paths}
            self._known = self._trees, changes, by_path
        return self._known[1:]

    def changes_with(self, edits: Edits, check: Check = unchecked) -> list[Change]:
        """The same, as if these files were recorded too."""
        if not edits:
            return self.changes(check)
        base, work = self._trees
        return changes_between(self._shadow, base, self._shadow.edited(work, edits), check)
