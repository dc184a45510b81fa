"""The points of the stage's history, to which it can be rewound."""

import msgspec

from core.event_base import START
from core.events import StageCommitted, StageRewound
from core.text import sanitise_line


class Point(msgspec.Struct, frozen=True):
    commit: str
    """Exact, for the command."""
    run: str
    role: str
    message: str
    labels: tuple[str, ...]
    """Paths of that step, safe to draw."""
    at: str


class Timeline:
    """All points, oldest first, and where the stage is."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.here = START
        """The commit that the stage is at."""

    def apply(self, event: StageCommitted | StageRewound, at: str) -> bool:
        """Take one event in."""
        self.here = event.commit
        if isinstance(event, StageCommitted):
            labels = tuple(sanitise_line(path) for path in event.paths)
            role, message = sanitise_line(event.role), sanitise_line(event.message)
            self.points.append(Point(event.commit, event.run, role, message, labels, at))
        return True
