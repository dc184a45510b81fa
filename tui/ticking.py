"""What says how long something takes is drawn once a second, and only while something does."""

from __future__ import annotations

from datetime import datetime

from textual.timer import Timer

from core.clock import Clock
from tui.lines import StatusLine
from tui.pacing import Paced
from tui.panes import GraphPane


class Ticking(Paced, part=True):
    """A screen with a clock."""

    def __init__(self, clock: Clock, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._clock = clock
        self._ticking: Timer | None = None

    def tick(self, busy: bool) -> None:
        """Have the clock tick while a run works, where things may move by themselves."""
        busy &= self.app.animation_level != "none"
        if busy and self._ticking is None:
            self._ticking = self.set_interval(1.0, self._count)
        elif not busy and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def _count(self) -> None:
        self.query_one(StatusLine).refresh()
        self.query_one(GraphPane).redraw()

    def elapsed(self, since: str) -> str:
        """The time since then, as `0:42`; empty for never."""
        if not since:
            return ""
        seconds = max(0, int((self._clock() - datetime.fromisoformat(since)).total_seconds()))
        return f"{seconds // 60}:{seconds % 60:02d}"
