"""Rewinding: the stage becomes what it was at an earlier commit, and the work after it stays reachable.

Files that had a change then have it again; all others are what the project holds now, so what was applied
or edited meanwhile is not proposed to be taken back. A note on the disk says where the stage is going, from
before the first byte until the records tell it: a rewinding that was broken off is gone on with.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from core.stage.change import LINK, StageError
from core.stage.cuts import cuts_between
from core.stage.history import Edits, History
from core.stage.journal import sync
from core.stage.merging import merge
from core.stage.shadow import Commit, Item
from core.stage.tree import Tree

_NOTE = "rewind.json"


class Rewound(msgspec.Struct, frozen=True):
    """Where the stage went, and from where; on the disk as long as the records do not tell it."""

    commit: str
    from_commit: str


class _Wanted(msgspec.Struct, frozen=True):
    """Base and work of the files that will differ from what they are now."""

    base: dict[str, Item | None]
    work: dict[str, Item | None]


def rewind(folder: Path, history: History, tree: Tree, start: str, pending: Collection[str]) -> Rewound:
    """Carry a rewinding out; one that was broken off is simply carried out again.

    `pending` are paths of the tree that were written and not recorded: they become what is recorded.

    Raises:
        StageError: there is no such point, or a file cannot be put there; then the stage is as it was.
        OSError: the disk is full; then the stage is as it was, or the rewinding is gone on with later.
    """
    point = history.find(start)
    if point is None:
        raise StageError(
            f"There is no point {start} in the stage's history. `heddle rewind SESSION` lists them."
        )
    before = read_note(folder)
    if before is not None and before.commit != point.id:
        rewind(folder, history, tree, before.commit, pending)
        before = None
    way = before or Rewound(point.id, history.head)
    _write_note(folder, way)
    _carry_out(folder, history, tree, point, pending)
    return way


def _carry_out(folder: Path, history: History, tree: Tree, point: Commit, pending: Collection[str]) -> None:
    wanted = _wanted(history, point)
    left = {path: history.work.get(path) for path in pending}
    was = {path: history.work.get(path) for path in wanted.work}
    try:
        history.put(tree, left | wanted.work)
    except (StageError, OSError):
        _put_back(history, tree, was)
        forget_note(folder)
        raise
    history.rewind(point, wanted.base, wanted.work)


def _put_back(history: History, tree: Tree, items: Edits) -> None:
    """Each by itself: what could not be put somewhere was not there before either."""
    for path, item in sorted(items.items(), key=lambda pair: pair[1] is not None):
        with suppress(StageError):
            history.put(tree, {path: item})


def _wanted(history: History, point: Commit) -> _Wanted:
    """Only a file that the user edited since, where that cannot be put together with the change of
    then, keeps its base of then: applying it will meet the user's edit."""
    base_then, work_then = history.at(point)
    base: dict[str, Item | None] = dict(history.base)
    work = dict(base)
    for path in base_then.keys() | work_then.keys():
        then, change, now = base_then.get(path), work_then.get(path), history.base.get(path)
        if then == change:
            continue
        if then == now or history.was_work(path, now):
            work[path] = change
        elif (both := _together(history, then, change, now)) is not None:
            work[path] = both
        else:
            base[path], work[path] = then, change
    return _Wanted(_different(base, history.base), _different(work, history.work))


def _different(wanted: Edits, now: Edits) -> dict[str, Item | None]:
    paths = wanted.keys() | now.keys()
    return {path: wanted.get(path) for path in paths if wanted.get(path) != now.get(path)}


def _together(history: History, then: Item | None, change: Item | None, now: Item | None) -> Item | None:
    """The change of then put together with the user's edit since; None where that cannot be."""
    if then is None or change is None or now is None or LINK in (then.mode, change.mode, now.mode):
        return None
    old, ours, theirs = (history.load(item) for item in (then, change, now))
    if any(b"\0" in text for text in (old, ours, theirs)):
        return None
    both = merge(old, cuts_between(old, ours), cuts_between(old, theirs))
    mode = change.mode if then.mode == now.mode else now.mode
    return None if both.clashes else history.store((mode, both.taken("stage")))


def read_note(folder: Path) -> Rewound | None:
    """The rewinding that is not told yet; None when there is none."""
    try:
        return msgspec.json.decode((folder / _NOTE).read_bytes(), type=Rewound)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def forget_note(folder: Path) -> None:
    """The rewinding is on record, or was taken back."""
    with suppress(FileNotFoundError):
        (folder / _NOTE).unlink()
        sync(folder)


def _write_note(folder: Path, note: Rewound) -> None:
    beside = folder / (_NOTE + ".new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(note))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / _NOTE)
    sync(folder)
