"""The shadow repository: a bare Git repository of our own that holds the touched files' history.

`HEAD` is a line of commits, each authored by who did it; see `core.stage.history`. libgit2 runs no
hook, filter or pager; its search paths are emptied, so that nobody's global configuration is read; and
`info/attributes` switches every conversion off, so that bytes stay bytes.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import pygit2
from pygit2.enums import ConfigLevel, DiffOption, FileMode, ObjectType, SortMode

_HEAD = "refs/heads/work"
_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding -eol\n"
_LOOKED_AT = 8000
"""A file with a NUL among so many bytes has no lines, as Git sees it."""
_CONFIG = {"core.autocrlf": "false", "core.safecrlf": "false", "core.filemode": "true"}


class Item(NamedTuple):
    """A file in a tree of the shadow repository."""

    mode: int
    oid: str


@cache
def isolate() -> None:
    """Make libgit2 read no configuration but a repository's own. Nothing that it reads is ever run."""
    for level in (ConfigLevel.PROGRAMDATA, ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
        pygit2.settings.search_path[level] = ""
    pygit2.settings.owner_validation = False


class Commit(NamedTuple):
    """A commit, and the trees that it holds."""

    id: str
    author: str
    message: str
    base: str
    work: str
    parents: tuple[str, ...]
    """The state that it was made from; for a rewound one also where the stage was until then."""

    @property
    def trees(self) -> tuple[str, str]:
        return self.base, self.work


class Step(NamedTuple):
    """A commit's message, and its trees and those of the commit before."""

    message: str
    trees: tuple[str, str]
    before: tuple[str, str]


class Run(NamedTuple):
    """Lines that two versions of a file share, in one piece; numbers from 1."""

    old: int
    new: int
    lines: int


class Shadow:
    """One shadow repository. Calls from several threads wait for each other."""

    def __init__(self, folder: Path) -> None:
        isolate()
        self.folder = folder
        self._repository = pygit2.Repository(os.fspath(folder))
        self._guard = threading.RLock()

    @classmethod
    def create(cls, folder: Path) -> "Shadow":
        isolate()
        repository = pygit2.init_repository(os.fspath(folder), bare=True, initial_head="work")
        for name, value in _CONFIG.items():
            repository.config[name] = value
        (folder / "info").mkdir(exist_ok=True)
        (folder / "info" / "attributes").write_text(_ATTRIBUTES)
        shadow = cls(folder)
        empty = str(repository.TreeBuilder().write())
        shadow.commit(empty, empty, "project", "The project's files")
        return shadow

    def add(self, data: bytes) -> str:
        with self._guard:
            return str(self._repository.create_blob(data))

    def bytes_of(self, oid: str) -> bytes:
        with self._guard:
            found = self._repository[oid]
            assert isinstance(found, pygit2.Blob)
            return found.data

    def state(self) -> tuple[str, str]:
        """The trees of base and work in the newest commit."""
        with self._guard:
            return _trees(self._top())

    @property
    def head(self) -> str:
        """Id of the newest commit."""
        with self._guard:
            return str(self._top().id)

    def find(self, start: str) -> Commit | None:
        """The commit of this id, or the only one whose id starts with it; None when there is none."""
        with self._guard:
            try:
                found = self._repository[start]
            except (KeyError, ValueError):
                return None
            if found.type != ObjectType.COMMIT or not self._is_ours(found.id):
                return None
            return _commit(cast("pygit2.Commit", found))

    def _is_ours(self, commit: pygit2.Oid) -> bool:
        """Not one of the project's, whose objects are seen through the alternates."""
        top = self._top().id
        return commit == top or self._repository.descendant_of(top, commit)

    def line(self) -> list[Commit]:
        """The commits that the state of now was made by, newest first; without those that it was rewound from."""
        with self._guard:
            walker = self._repository.walk(self._top().id, SortMode.NONE)
            walker.simplify_first_parent()
            return [_commit(commit) for commit in walker]

    def steps(self) -> Iterator[Step]:
        """Every commit but the first, newest first; also those that the stage was rewound from."""
        with self._guard:
            commits = list(self._repository.walk(self._top().id, SortMode.TOPOLOGICAL | SortMode.TIME))
        for commit in commits:
            if commit.parents:
                yield Step(commit.message, _trees(commit), _trees(commit.parents[0]))

    def _top(self) -> pygit2.Commit:
        return self._repository.references[_HEAD].peel(pygit2.Commit)

    def item(self, tree: str, path: str) -> Item | None:
        """One file of a tree."""
        with self._guard:
            try:
                found = self._tree(tree)[path]
            except KeyError:
                return None
            return Item(int(found.filemode), str(found.id)) if isinstance(found, pygit2.Blob) else None

    def lines(self, oid: str) -> int:
        """How many lines a file has; 0 when it is binary."""
        data = self.bytes_of(oid)
        if b"\0" in data[:_LOOKED_AT]:
            return 0
        return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))

    def matched(self, old: str, new: str) -> list[Run]:
        """What two versions of a file share, top down."""
        count = self.lines(old)
        if old == new:
            return [Run(1, 1, count)]
        with self._guard:
            one, other = self._repository[old], self._repository[new]
            assert isinstance(one, pygit2.Blob) and isinstance(other, pygit2.Blob)
            patch = cast("pygit2.Patch", cast("Any", one).diff(other, context_lines=0))
            hunks = patch.hunks
        return [] if self.lines(new) == 0 else list(_between(hunks, count))

    def items(self, tree: str) -> dict[str, Item]:
        """Every file of a tree."""
        with self._guard:
            index = pygit2.Index()
            index.read_tree(self._tree(tree))
            return {path: Item(mode, oid) for path, mode, oid in entries_of(index)}

    def edited(self, tree: str, edits: Mapping[str, Item | None]) -> str:
        """A tree with some files put in or (None) taken out."""
        with self._guard:
            index = pygit2.Index()
            index.read_tree(self._tree(tree))
            for path, item in edits.items():
                if item is None and path in index:
                    index.remove(path)
            for path, item in edits.items():
                if item is not None:
                    index.add(pygit2.IndexEntry(path, pygit2.Oid(hex=item.oid), FileMode(item.mode)))
            return str(index.write_tree(self._repository))

    def commit(self, base: str, work: str, author: str, message: str, onto: str | None = None) -> str:
        """Add a commit that holds these two trees; returns its id.

        It goes on from the newest commit, or from `onto`: then the newest stays reachable as second parent.
        """
        with self._guard:
            top = self._repository.TreeBuilder()
            top.insert("base", pygit2.Oid(hex=base), FileMode.TREE)
            top.insert("work", pygit2.Oid(hex=work), FileMode.TREE)
            before = self._repository.references.get(_HEAD)
            parents = [] if before is None else [before.peel(pygit2.Commit).id]
            if onto is not None:
                parents.insert(0, pygit2.Oid(hex=onto))
            who = _signature(author)
            text = message.replace("\0", "")
            made = self._repository.create_commit(None, who, who, text, top.write(), parents)
            self._repository.references.create(_HEAD, made, force=True)
            return str(made)

    def compare(self, old: str, new: str) -> pygit2.Diff:
        """The difference of two trees, renames found by identity or half of the content."""
        with self._guard:
            diff = self._tree(old).diff_to_tree(self._tree(new), flags=DiffOption.INCLUDE_TYPECHANGE)
            diff.find_similar(rename_threshold=50)
            return diff

    def added_lines(self, old: str, new: str) -> int:
        """Lines that came from one tree to the other."""
        with self._guard:
            diff = self._tree(old).diff_to_tree(self._tree(new))
            return diff.stats.insertions

    def _tree(self, oid: str) -> pygit2.Tree:
        found = self._repository[oid]
        assert isinstance(found, pygit2.Tree)
        return found


def _trees(commit: pygit2.Commit) -> tuple[str, str]:
    return str(commit.tree["base"].id), str(commit.tree["work"].id)


def _commit(commit: pygit2.Commit) -> Commit:
    parents = tuple(str(id) for id in commit.parent_ids)
    return Commit(str(commit.id), commit.author.name, commit.message, *_trees(commit), parents)


def _between(hunks: Iterable[pygit2.DiffHunk], count: int) -> Iterator[Run]:
    """The lines that no hunk touches, of a file with so many lines."""
    old = new = 1
    for hunk in hunks:
        start = hunk.old_start + (hunk.old_lines == 0)
        if start > old:
            yield Run(old, new, start - old)
        old = start + hunk.old_lines
        new = hunk.new_start + (hunk.new_lines == 0) + hunk.new_lines
    if count >= old:
        yield Run(old, new, count - old + 1)


def entries_of(index: pygit2.Index) -> Iterator[tuple[str, int, str]]:
    """Path, mode and object of every entry; `pygit2` leaves their types open."""
    for entry in cast("Iterable[pygit2.IndexEntry]", index):
        yield os.fspath(entry.path), int(entry.mode), str(entry.id)


def _signature(author: str) -> pygit2.Signature:
    name = "".join(c for c in author if c.isprintable() and c not in "<>").strip() or "unknown"
    email = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return pygit2.Signature(name, f"{email}@heddle.invalid", int(time.time()), 0)
