"""The shadow repository: a bare Git repository of our own that holds the touched files' history.

`HEAD` is a line of commits, each authored by who did it; see `core.stage.history`. libgit2 runs no
hook, filter or pager; its search paths are emptied, so that nobody's global configuration is read; and
`info/attributes` switches every conversion off, so that bytes stay bytes.
"""

import itertools
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

import pygit2
from pygit2.enums import ConfigLevel, DiffOption, FileMode, SortMode

_HEAD = "refs/heads/work"
_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding -eol\n"
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


class Step(NamedTuple):
    """A commit's message, and its trees and those of the commit before."""

    message: str
    trees: tuple[str, str]
    before: tuple[str, str]


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
            return _trees(self._repository.references[_HEAD].peel(pygit2.Commit))

    def steps(self) -> Iterator[Step]:
        """Every commit but the first, newest first."""
        with self._guard:
            top = self._repository.references[_HEAD].peel(pygit2.Commit).id
            commits = list(self._repository.walk(top, SortMode.TOPOLOGICAL))
        for after, before in itertools.pairwise(commits):
            yield Step(after.message, _trees(after), _trees(before))

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

    def commit(self, base: str, work: str, author: str, message: str) -> str:
        """Add a commit that holds these two trees; returns its id."""
        with self._guard:
            top = self._repository.TreeBuilder()
            top.insert("base", pygit2.Oid(hex=base), FileMode.TREE)
            top.insert("work", pygit2.Oid(hex=work), FileMode.TREE)
            before = self._repository.references.get(_HEAD)
            parents = [] if before is None else [before.peel(pygit2.Commit).id]
            who = _signature(author)
            text = message.replace("\0", "")
            return str(self._repository.create_commit(_HEAD, who, who, text, top.write(), parents))

    def compare(self, old: str, new: str) -> pygit2.Diff:
        """The difference of two trees, renames found by identity or half of the content."""
        with self._guard:
            diff = self._tree(old).diff_to_tree(self._tree(new), flags=DiffOption.INCLUDE_TYPECHANGE)
            diff.find_similar(rename_threshold=50)
            return diff

    def _tree(self, oid: str) -> pygit2.Tree:
        found = self._repository[oid]
        assert isinstance(found, pygit2.Tree)
        return found


def _trees(commit: pygit2.Commit) -> tuple[str, str]:
    return str(commit.tree["base"].id), str(commit.tree["work"].id)


def entries_of(index: pygit2.Index) -> Iterator[tuple[str, int, str]]:
    """Path, mode and object of every entry; `pygit2` leaves their types open."""
    for entry in cast("Iterable[pygit2.IndexEntry]", index):
        yield os.fspath(entry.path), int(entry.mode), str(entry.id)


def _signature(author: str) -> pygit2.Signature:
    name = "".join(c for c in author if c.isprintable() and c not in "<>").strip() or "unknown"
    email = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return pygit2.Signature(name, f"{email}@heddle.invalid", int(time.time()), 0)
