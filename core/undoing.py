"""Taking an apply back: the project is what it was, and the changes wait for a decision again."""

from collections.abc import Sequence
from pathlib import Path

from core.applying import afterwards, author_of
from core.events import ChangeUndone, ChangeWithdrawn, Event
from core.refusal import Refusal
from core.spelling import real, recorded
from core.stage import Stage
from core.stage.apply import ApplyError, undo
from core.stage.told import told
from core.waiting import WaitingChanges


def take_back(
    stage: Stage, waiting: WaitingChanges, journals: Path, session: str, paths: Sequence[str] | None
) -> list[Event]:
    """Undo the session's last apply that stands, or what it wrote of `paths`.

    Raises:
        Refusal: there is nothing to undo, or the user changed a file since; the project is as it was.
    """
    places = None if paths is None else [real(path) for path in paths]
    try:
        done = undo(stage.project, journals, places, list(waiting.applies), session)
    except ApplyError as error:
        raise Refusal(str(error)) from error
    return follow_undo(stage, waiting, done.id, done.paths)


def follow_undo(stage: Stage, waiting: WaitingChanges, apply: str, places: Sequence[str]) -> list[Event]:
    """The project is what it was before an apply: the stage follows, and it is told."""
    events: list[Event] = [ChangeUndone(path=recorded(place), apply=apply) for place in places]
    events += afterwards(lambda: stage.reopen(places))
    for place in places:
        events += _differently(stage, waiting, recorded(place))
    return events


def _differently(stage: Stage, waiting: WaitingChanges, path: str) -> list[Event]:
    """What is to be decided on now, where that is not what was applied: nodes went on meanwhile."""
    seen = waiting.changes.get(path) or waiting.applied.get(path)
    if seen is None:
        return []
    place = real(path)
    if stage.change(place) is None:
        return [ChangeWithdrawn(**author_of(seen), path=path)]
    now = told(stage, place, author_of(seen))
    return [] if now == seen else [now]
