"""Who wrote this? Every line of a file in the stage, and the node whose step put it there.

A step is a commit of the shadow repository; its author is the role, its last lines name run and node.
Lines are followed back through the versions of the file, over renames and over gaps in which it was
deleted. What a decision or the user's own edit brought is looked for in older versions, so that a line
that comes back keeps its first author; what is found in none is the project's.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from pygit2.enums import DeltaStatus

from core.stage.shadow import Commit, Item, Shadow

_STEP = re.compile(r"\n\nrun: (?P<run>[^\n]*)\nnode: (?P<node>[^\n]*)\n\Z")


@dataclass(frozen=True, slots=True)
class Origin:
    """One step of a node."""

    commit: str
    run: str
    node: str
    role: str


class Span(NamedTuple):
    """Lines that stand together and have one origin."""

    first: int
    """From 1."""
    lines: int
    origin: Origin | None
    """None: the project's own."""


@dataclass(frozen=True, slots=True)
class Authors:
    """Who made a file what it is."""

    path: str
    spans: tuple[Span, ...] = ()
    """All lines of the file as it is recorded in the stage, top down; none for what has no lines."""
    removed: tuple[Span, ...] = ()
    """Lines of the base that are gone, by the base's numbers."""
    last: Origin | None = None
    """The last step that touched the file: for what has no lines."""

    def of(self, old: tuple[int, int], new: tuple[int, int]) -> Origin | None:
        """Who wrote the most of a hunk, given the first line and the number of lines on both sides."""
        counts: dict[Origin, int] = {}
        for spans, (first, lines) in ((self.spans, new), (self.removed, old)):
            for span in spans:
                shared = min(first + lines, span.first + span.lines) - max(first, span.first)
                if span.origin is not None and shared > 0:
                    counts[span.origin] = counts.get(span.origin, 0) + shared
            if counts:
                break
        by_role: dict[str, int] = {}
        for origin, count in counts.items():
            by_role[origin.role] = by_role.get(origin.role, 0) + count
        best = max(by_role, key=by_role.__getitem__, default=None)
        mine = [origin for origin in counts if origin.role == best]
        return max(mine, key=counts.__getitem__, default=self.last)


def find_authors(shadow: Shadow, path: str, old_path: str | None = None) -> Authors:
    """Blame one file. `old_path` is where it was in the base, when the change as a whole is a rename."""
    versions, last = _versions(shadow, path, old_path)
    base_tree, work_tree = shadow.state()
    here = shadow.item(work_tree, path)
    spans: tuple[Span, ...] = ()
    if here is not None and versions:
        items, makers = [one.item for one in versions], [one.origin for one in versions]
        spans = _spans(_trace(shadow, items, makers), range(1, shadow.lines(here.oid) + 1))
    base = shadow.item(base_tree, old_path or path)
    return Authors(path, spans, _removed(shadow, base, versions, here, last), last)


def origin_of(commit: Commit) -> Origin | None:
    """The step that a commit is; None for what the user or the project did."""
    found = _STEP.search(commit.message)
    return None if found is None else Origin(commit.id, found["run"], found["node"], commit.author)


def step_message(message: str, run: str, node: str) -> str:
    """The message of a step's commit, which `origin_of` reads."""
    return f"{message}\n\nrun: {run}\nnode: {node}\n"


class _Version(NamedTuple):
    item: Item
    origin: Origin | None
    """Who made the file this."""


def _versions(shadow: Shadow, path: str, old_path: str | None) -> tuple[list[_Version], Origin | None]:
    """Every version of a file that differs from the next older one, newest first; and who touched it last."""
    found: list[_Version] = []
    last: Origin | None = None
    commits = shadow.line()
    for commit, before in pairwise(commits):
        now, then = shadow.item(commit.work, path), shadow.item(before.work, path)
        if now == then:
            continue
        origin = origin_of(commit)
        last = last or origin
        if now is not None:
            found.append(_Version(now, origin))
        if now is not None and then is None and origin is not None:
            elsewhere = _renamed_from(shadow, before.work, commit.work, path) or old_path
            if elsewhere is not None and shadow.item(before.work, elsewhere) is not None:
                path = elsewhere
    return _with_base(shadow, found, old_path), last


def _with_base(shadow: Shadow, found: list[_Version], old_path: str | None) -> list[_Version]:
    """A file that became a rename only later was written before its old name was taken into the history."""
    base = shadow.item(shadow.state()[0], old_path) if old_path is not None else None
    if base is None or not found or found[-1].origin is None:
        return found
    return [*found, _Version(base, None)]


def _renamed_from(shadow: Shadow, old: str, new: str, path: str) -> str | None:
    """Where a file that is new in a tree was in the tree before."""
    for delta in shadow.compare(old, new).deltas:
        if delta.status == DeltaStatus.RENAMED and delta.new_file.path == path:
            return delta.old_file.path
    return None


def _removed(
    shadow: Shadow,
    base: Item | None,
    versions: Sequence[_Version],
    here: Item | None,
    last: Origin | None,
) -> tuple[Span, ...]:
    """Lines of the base that the stage does not have, and who took each of them out."""
    if base is None or shadow.lines(base.oid) == 0:
        return ()
    numbers = range(1, shadow.lines(base.oid) + 1)
    same = (number for number, version in enumerate(versions) if version.item.oid == base.oid)
    way = list(reversed(versions[: next(same, len(versions))]))
    gone = _trace(shadow, [base, *(one.item for one in way)], [one.origin for one in way])
    if here is None:
        return _spans({line: gone.get(line, last) for line in numbers}, numbers)
    kept = shadow.matched(base.oid, here.oid)
    lost = [n for n in numbers if not any(run.old <= n < run.old + run.lines for run in kept)]
    return _spans({line: gone.get(line, last) for line in lost}, lost)


def _trace(
    shadow: Shadow, items: Sequence[Item], makers: Sequence[Origin | None]
) -> dict[int, Origin | None]:
    """For each line of `items[0]` who made the step from `items[i]` to `items[i + 1]` that it got lost in.

    Lines that reach the last version are left out, or have its maker where there is one. Steps without
    a maker lose nothing that a version after them has.
    """
    found: dict[int, Origin | None] = {}
    waiting: dict[int, dict[int, int]] = {0: {n: n for n in range(1, shadow.lines(items[0].oid) + 1)}}
    for at, item in enumerate(items):
        lines = waiting.pop(at, {})
        maker = makers[at] if at < len(makers) else None
        for later in range(at + 1, len(items)):
            kept = _carried(shadow, item, items[later], lines)
            waiting.setdefault(later, {}).update({new: lines[old] for old, new in kept.items()})
            lines = {old: first for old, first in lines.items() if old not in kept}
            if maker is not None or not lines:
                break
        found |= {first: maker for first in lines.values() if maker is not None}
    return found


def _carried(shadow: Shadow, old: Item, new: Item, lines: Iterable[int]) -> dict[int, int]:
    """Which of these lines the new version has too, and where."""
    runs = shadow.matched(old.oid, new.oid)
    found: dict[int, int] = {}
    at = 0
    for line in sorted(lines):
        while at < len(runs) and runs[at].old + runs[at].lines <= line:
            at += 1
        if at == len(runs):
            break
        if runs[at].old <= line:
            found[line] = line - runs[at].old + runs[at].new
    return found


def _spans(origins: Mapping[int, Origin | None], numbers: Iterable[int]) -> tuple[Span, ...]:
    """Neighbours of one origin put together."""
    spans: list[Span] = []
    pairs = ((line, origins.get(line)) for line in numbers)
    for (_, origin), group in groupby(enumerate(pairs), lambda one: (one[1][0] - one[0], one[1][1])):
        lines = [line for _, (line, _) in group]
        spans.append(Span(lines[0], len(lines), origin))
    return tuple(spans)
