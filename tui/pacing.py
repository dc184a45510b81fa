"""When a screen is painted: as soon as something changed, and then not again for a moment."""

from __future__ import annotations

from asyncio import sleep

from textual.screen import Screen
from textual.timer import Timer

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


class Paced(Screen[None]):
    """A screen that paints what is typed at once, whatever else it draws; the first part of a session's screen.

    That is made of ten parts, and Textual gathers what a class inherits whenever one is made: for the parts of
    a screen that is for nothing.
    """

    def __init_subclass__(cls, *, part: bool = False, **more: bool) -> None:
        if not part:
            super().__init_subclass__(**more)

    def __init__(self, *, classes: str) -> None:
        super().__init__(classes=classes)
        self._pace: Timer | None = None

    @property
    def _update_timer(self) -> Timer:
        if self._pace is None:
            self._pace = Pace(self, LEAST_SECONDS, name="pace", callback=self._on_timer_update, pause=True)
            self._pace._start()
            self._timers.add(self._pace)
        return self._pace
