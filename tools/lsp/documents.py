"""What a language server was told of the stage's files: open documents, and files that changed on disk."""

import contextlib
import itertools
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.stage.survey import JUNK
from tools.languages import ServerKind
from tools.lsp.connection import Connection
from tools.lsp.protocol import uri_of

_MOST_OPEN = 32
_MOST_WATCHED = 20_000
_UNWATCHED = JUNK | {".git", "target"}
_CREATED, _CHANGED, _DELETED = 1, 2, 3
_ALSO = (".toml", ".json", ".mod", ".cfg", ".lock")
"""Endings of files that configure, so that most servers want to hear of them."""

Stamp = tuple[int, int, int]


@dataclass
class _Open:
    version: int
    text: str
    stamp: Stamp | None


@dataclass(frozen=True)
class Shown:
    """What the server was told."""

    version: int
    """Of the text; it only grows."""
    moved: bool
    """Other files changed too, and the server was told."""


class Documents:
    """Keeps one server up to date. Used by one thread at a time."""

    def __init__(self, connection: Connection, root: Path, tree: Path, kind: ServerKind) -> None:
        self._connection = connection
        self._root = root
        self._tree = os.fspath(tree)
        self._ids = kind.ids
        self._told = kind.told
        self._once = kind.once
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._versions = itertools.count(1)
        self._seen = dict(self._watched()) if self._told else {}

    def show(self, place: str, text: str, *, again: bool = False) -> Shown:
        """Tell the server what a file's text is now (`again`: even if it knows), and what else changed."""
        moved = self._told and self._tell_changes()
        for other in self._outdated(place, everything=moved and self._once):
            self._close(other)
        document = self._open.get(place)
        stamp = _stamp(f"{self._tree}/{place}")
        if document is None:
            document = self._open[place] = _Open(next(self._versions), text, stamp)
            ending = Path(place).suffix.lower()
            item = {"uri": self._uri(place), "languageId": self._ids[ending], "version": document.version}
            self._connection.notify("textDocument/didOpen", {"textDocument": {**item, "text": text}})
        elif again or document.text != text:
            document.text = text
            self._change(place, document)
        document.stamp = stamp
        self._open.move_to_end(place)
        while len(self._open) > _MOST_OPEN:
            self._close(next(iter(self._open)))
        return Shown(document.version, moved)

    def _uri(self, place: str) -> str:
        return uri_of(self._root, place)

    def _change(self, place: str, document: _Open) -> None:
        document.version = next(self._versions)
        which = {"uri": self._uri(place), "version": document.version}
        changes = {"textDocument": which, "contentChanges": [{"text": document.text}]}
        self._connection.notify("textDocument/didChange", changes)
        self._connection.notify("textDocument/didSave", {"textDocument": {"uri": which["uri"]}})

    def _close(self, place: str) -> None:
        del self._open[place]
        self._connection.notify("textDocument/didClose", {"textDocument": {"uri": self._uri(place)}})

    def _outdated(self, place: str, *, everything: bool) -> list[str]:
        """Open documents to close, so that the server reads them from the disk: their files changed.

        `everything`: what this server opened it takes for read, whatever becomes of the files that it includes.
        """
        return [
            other
            for other, document in self._open.items()
            if everything or (other != place and _stamp(f"{self._tree}/{other}") != document.stamp)
        ]

    def _tell_changes(self) -> bool:
        """Tell which files changed on the disk; whether any did."""
        now = dict(self._watched())
        changes = [
            {"uri": self._uri(path), "type": _CHANGED if path in self._seen else _CREATED}
            for path, stamp in now.items()
            if self._seen.get(path) != stamp
        ]
        changes += [{"uri": self._uri(path), "type": _DELETED} for path in self._seen if path not in now]
        self._seen = now
        if changes:
            self._connection.notify("workspace/didChangeWatchedFiles", {"changes": changes})
        return bool(changes)

    def _watched(self) -> Iterator[tuple[str, Stamp]]:
        """The files that matter to this server, with what tells that they changed."""
        endings = (*self._ids, *_ALSO)
        count, waiting = 0, [""]
        while waiting and count < _MOST_WATCHED:
            for path, entry in _entries(self._tree, waiting.pop()):
                if entry.is_dir(follow_symlinks=False):
                    waiting += [] if entry.name in _UNWATCHED else [path]
                elif entry.name.endswith(endings):
                    count += 1
                    info = entry.stat(follow_symlinks=False)
                    yield path, (info.st_mtime_ns, info.st_size, info.st_ino)


def _entries(tree: str, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """What is in a folder, with paths relative to the tree; nothing when it is gone."""
    try:
        with os.scandir(f"{tree}/{folder}") as entries:
            found = list(entries)
    except OSError:
        return
    for entry in found:
        with contextlib.suppress(OSError):  # it was deleted meanwhile
            yield (f"{folder}/{entry.name}" if folder else entry.name), entry


def _stamp(path: str) -> Stamp | None:
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
