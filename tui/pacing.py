"""When a screen is painted: as soon as something changed, and then not again for a moment."""

from __future__ import annotations

from asyncio import sleep

from textual.events import ScreenResume
from textual.screen import Screen
from textual.timer import Timer

from tui.part import Part

LEAST_SECONDS = 1 / 120
"""Between two paintings. What comes in is drawn 30 times a second at most (`tui.feed`), so these are keys."""


class Pace(Timer):
    """Paints at once after a rest.

    Textual's own timer keeps to a grid of sixtieths of a second, and after a rest it leaves out up to two of
    them: with text coming in, a key that was typed after a frame waited for the next one.
    """

    async def _run(self) -> None:
        while True:
            await self._active.wait()
            await self._tick(next_timer=0, count=0)
            await sleep(LEAST_SECONDS)


class Paced(Part, Screen[None], part=True):
    """A screen that paints what is typed at once, whatever else it draws; the first part of a session's screen."""

    def __init__(self, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._pace: Timer | None = None

    def on_screen_resume(self, event: ScreenResume) -> None:
        """All of it was styled as it was mounted: Textual would do so once more before it first appears."""
        if not self.stack_updates:
            event.refresh_styles = False

    @property
    def _update_timer(self) -> Timer:
        if self._pace is None:
            self._pace = Pace(self, LEAST_SECONDS, name="pace", callback=self._on_timer_update, pause=True)
            self._pace._start()
            self._timers.add(self._pace)
        return self._pace
