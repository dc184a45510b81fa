"""A node's step: committed to the stage's history, and told as the events that go on record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.events import ChangeWithdrawn, FileChanged, OverlapFound, StageCommitted
from core.limits import limits
from core.spelling import recorded
from core.stage.authors import Authors
from core.stage.change import Change, Withdrawn
from core.stage.stage import Stage
from core.stage.told import file_changed

StepEvent = FileChanged | ChangeWithdrawn | StageCommitted | OverlapFound


@dataclass(frozen=True)
class Who:
    """A node of a run."""

    run: str
    node: str
    role: str

    @property
    def fields(self) -> dict[str, str]:
        return {"run": self.run, "node": self.node, "role": self.role}


def take_step(
    stage: Stage, paths: Iterable[str], who: Who, message: str, known: set[tuple[str, frozenset[str]]]
) -> list[StepEvent]:
    """Commit what a step changed under the node's name.

    `known` holds the overlaps of the run that were told, by path and the pair of nodes; new ones join it.
    """
    places = list(paths)
    with stage.lock:
        head = stage.head
        before = {path: _lines_of(stage.authors(path), who.run) for path in places if stage.change(path)}
        found = stage.record(places, run=who.run, node=who.node, role=who.role, message=message)
        step = stage.history.step
        after = {
            path: _lines_of(stage.authors(path), who.run) for path in before if _others(before[path], who)
        }
    events: list[StepEvent] = [_told(stage, change, who) for change in found]
    if step is not None and step.commit != head:
        touched = tuple(recorded(path) for path in places[: limits().record.step_paths])
        events.append(
            StageCommitted(
                **who.fields,
                commit=step.commit,
                paths=touched,
                message=message,
                added_lines=stage.history.added_lines(),
            )
        )
    for path, has in after.items():
        events += _overlaps(who, path, before[path], has, known)
    return events


def _told(stage: Stage, change: Change | Withdrawn, who: Who) -> FileChanged | ChangeWithdrawn:
    if isinstance(change, Withdrawn):
        return ChangeWithdrawn(**who.fields, path=recorded(change.path))
    return file_changed(stage, change, run=who.run, node=who.node, role=who.role)


_Lines = Mapping[tuple[str, str], int]
"""How many lines each node of a run has in a file, by node and role."""


def _others(lines: _Lines, who: Who) -> bool:
    return any(node != who.node for node, _ in lines)


def _overlaps(
    who: Who, path: str, had: _Lines, has: _Lines, known: set[tuple[str, frozenset[str]]]
) -> list[OverlapFound]:
    """Nodes of this run that had lines here which are fewer now: the step took or rewrote them."""
    events: list[OverlapFound] = []
    for (node, role), count in had.items():
        pair = path, frozenset((node, who.node))
        if node != who.node and has.get((node, role), 0) < count and pair not in known:
            known.add(pair)
            events.append(OverlapFound(**who.fields, path=recorded(path), other_node=node, other_role=role))
    return events


def _lines_of(authors: Authors, run: str) -> dict[tuple[str, str], int]:
    """How many lines each node of a run has in a file."""
    found: dict[tuple[str, str], int] = {}
    for span in authors.spans:
        if span.origin is not None and span.origin.run == run:
            key = span.origin.node, span.origin.role
            found[key] = found.get(key, 0) + span.lines
    return found
