"""When a screen is painted: as soon as something changed, and then not again for a moment."""

from __future__ import annotations

from asyncio import sleep
from time import monotonic

from textual.events import ScreenResume
from textual.screen import Screen
from textual.timer import Timer

from tui.compositing import Sparing
from tui.part import Part

FRAME_SECONDS = 1 / 30
LEAST_SECONDS = 1 / 120
"""Between two paintings. What comes in is drawn 30 times a second at most (`tui.feed`), so these are keys."""
_AHEAD = 4
"""Frames that keys may be painted ahead of their time: what is typed is seen at once, and what comes in waits."""
_TOLERANCE = 0.5
"""Of a frame. A frame that is due comes some moments after the one before it was painted, too."""


class Budget:
    """How often a screen may be painted: 30 times a second, whatever comes in and whatever is typed.

    Args:
        frame: seconds of one frame; 0: there is no limit.
    """

    def __init__(self, frame: float = FRAME_SECONDS) -> None:
        self.frame = frame
        self._paid_until = 0.0

    def spend(self) -> None:
        """Something was painted."""
        self._paid_until = max(self._paid_until, monotonic()) + self.frame

    @property
    def rest(self) -> float:
        """Seconds until what came in may be painted."""
        return max(0.0, self._owed - _TOLERANCE * self.frame)

    @property
    def rest_of_keys(self) -> float:
        """Seconds until what was typed may be painted: only who types without end waits at all."""
        return max(0.0, self._owed - _AHEAD * self.frame)

    @property
    def _owed(self) -> float:
        return max(0.0, self._paid_until - monotonic())


class Pace(Timer):
    """Paints at once after a rest.

    Textual's own timer keeps to a grid of sixtieths of a second, and after a rest it leaves out up to two of
    them: with text coming in, a key that was typed after a frame waited for the next one.
    """

    budget: Budget

    async def _run(self) -> None:
        while True:
            await self._active.wait()
            if rest := self.budget.rest_of_keys:
                await sleep(rest)
            await self._tick(next_timer=0, count=0)
            await sleep(LEAST_SECONDS)


class Paced(Part, Screen[None], part=True):
    """A screen that paints what is typed at once, whatever else it draws; the first part of a session's screen."""

    def __init__(self, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._compositor = Sparing()
        self.budget = Budget()
        self._pace: Pace | None = None

    def on_screen_resume(self, event: ScreenResume) -> None:
        """All of it was styled as it was mounted: Textual would do so once more before it first appears."""
        if not self.stack_updates:
            event.refresh_styles = False

    @property
    def _update_timer(self) -> Timer:
        if self._pace is None:
            self._pace = Pace(self, LEAST_SECONDS, name="pace", callback=self._on_timer_update, pause=True)
            self._pace.budget = self.budget
            self._pace._start()
            self._timers.add(self._pace)
        return self._pace

    def _compositor_refresh(self) -> None:
        self.budget.spend()
        super()._compositor_refresh()
