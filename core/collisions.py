"""How the changes that wait stand to the project as it is now: which the user has moved, and which fit no more."""

from collections.abc import Iterable

from core.applying import COLLIDES, author_of
from core.events import ChangeMarkedStale, Event, ProjectChanged
from core.limits import limits
from core.spelling import real, recorded
from core.stage import Stage
from core.stage.looking import Look
from core.stage.meeting import Meeting, meeting_of
from core.stage.pieces import pieces_of
from core.stage.shadow import Item
from core.stage.told import told
from core.waiting import WaitingChanges


class Collisions:
    """What was told of the user's own edits, so that each is told once."""

    def __init__(self, waiting: WaitingChanges) -> None:
        self._waiting = waiting
        self._told: dict[str, Item | None] = {}
        """Files of the project that differ from the stage's base, as they were when that was told."""
        self._stale: dict[str, tuple[Item | None, Item | None]] = {}
        """Changes that fit no more: the project's file and the agents' when that was told."""

    def events(self, stage: Stage, found: Look, *, at_rest: bool) -> list[Event]:
        """What there is to say that was not said. `at_rest`: no node works, so a change can be told anew."""
        fresh = [path for path, item in found.ahead.items() if self._told.get(path, _NOTHING) != item]
        back = [path for path in self._told if path not in found.ahead]
        self._told = dict(found.ahead)
        mine = self._waiting_places()
        touched = sorted({mine[path] for path in fresh if path in mine})
        again = sorted({mine[path] for path in back if path in mine})
        events: list[Event] = []
        if found.followed or fresh or again:
            events.append(_changed({*found.followed, *fresh}, touched, again))
        return events + self._outdated(stage, set(mine.values()), at_rest=at_rest)

    def _waiting_places(self) -> dict[str, str]:
        """Place in the project → path on record, of each change that waits; a rename has two."""
        places: dict[str, str] = {}
        for path, change in list(self._waiting.changes.items()):
            places[real(path)] = path
            if change.old_path is not None:
                places[real(change.old_path)] = path
        return places

    def _outdated(self, stage: Stage, paths: Iterable[str], *, at_rest: bool) -> list[Event]:
        events: list[Event] = []
        for path in sorted(paths):
            change = stage.change(real(path))
            meeting = None if change is None or change.path != real(path) else meeting_of(stage, change)
            if meeting is not None and meeting.regions:
                events += self._collides(stage, path, meeting, at_rest=at_rest)
            elif path in self._stale and at_rest:
                del self._stale[path]
                events.append(told(stage, real(path), author_of(self._waiting.changes[path])))
        for path in self._stale.keys() - set(paths):
            del self._stale[path]
        return events

    def _collides(self, stage: Stage, path: str, meeting: Meeting, *, at_rest: bool) -> list[Event]:
        state = meeting.theirs or meeting.there, meeting.work
        if self._stale.get(path) == state:
            return []
        before, self._stale[path] = path in self._stale, state
        pieces = pieces_of(stage, meeting.change.path)
        hit = [part.id for part in pieces.parts if part.cut in meeting.colliding] if pieces else []
        marks = [ChangeMarkedStale(path=path, reason=COLLIDES, hunk=hunk) for hunk in hit or [None]]
        if not (before and at_rest):
            return [*marks]
        fresh = told(stage, real(path), author_of(self._waiting.changes[path]))
        return [fresh, *marks]  # other pieces may collide than before: the old marks go


_NOTHING = Item(-1, "")
"""Equal to no file."""


def _changed(paths: Iterable[str], touched: Iterable[str], back: Iterable[str]) -> ProjectChanged:
    named = sorted(recorded(path) for path in paths)
    most = limits().record.step_paths
    return ProjectChanged(
        paths=tuple(named[:most]), count=len(named), touched=tuple(touched), back=tuple(back)
    )
