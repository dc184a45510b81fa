"""Records into the view, and the view onto the screen: once a frame, never once a record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import monotonic

from core.record import Record
from core.view.session import Dirty, SessionView
from tui.pacing import FRAME_SECONDS
from tui.window import How

_SOON_SECONDS = 0.001
"""A frame that is due now. Textual's timers divide by their interval, so that it must not be 0."""
_SHARE = 4
"""So many times what the last frame took passes until the next: a long past is taken in, not drawn piece by piece."""
_MOST_SECONDS = 0.2
_PUT_OFF = 3
"""Frames after which what came in is drawn though keys were painted meanwhile."""
_PAST_SECONDS = 1.0
"""Between two frames while a past is read: drawing each part of it would take longer than reading all."""
_SLICE_SECONDS = 0.008
"""How long records are taken in before keys and frames get their turn."""


class Damage:
    """What is old on the screen since the last frame."""

    def __init__(self) -> None:
        self.head = self.graph = self.changes = self.cost = False
        self.chat: dict[int, How] = {}

    def add(self, dirty: Dirty) -> None:
        self.head |= dirty.head
        self.graph |= dirty.graph
        self.changes |= dirty.changes
        self.cost |= dirty.cost
        for touched in dirty.chat:
            self.chat[touched.index] = _worse(self.chat.get(touched.index), touched.how)

    @classmethod
    def everything(cls) -> Damage:
        damage = cls()
        damage.head = damage.graph = damage.changes = damage.cost = True
        return damage


def _worse(before: How | None, now: How) -> How:
    """What the next frame must do when an item was touched twice."""
    if before is None or before == "grown":
        return now
    return before


class Feed:
    """Takes records in as they come, and has the damage drawn at most once a frame.

    Args:
        later: calls back after some seconds: a one-shot timer, so that nothing ticks while nothing comes.
        frame: seconds between two frames; 0 draws after every record.
        rest: seconds until the screen may be painted again, since it was just now for something else.
    """

    def __init__(
        self,
        view: SessionView,
        draw: Callable[[Damage], None],
        later: Callable[[float, Callable[[], None]], object],
        frame: float = FRAME_SECONDS,
        rest: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.view = view
        self._rest = rest
        self._draw = draw
        self._later = later
        self._frame = frame
        self._damage = Damage()
        self._due = False
        self._drawn_at = 0.0
        self._cost = 0.0

    @property
    def drawn(self) -> bool:
        """No frame is due: everything that was taken in is on the screen."""
        return not self._due

    async def follow(self, records: AsyncIterator[Record], taken: Callable[[Record], None]) -> None:
        """Take all records in; `taken` hears of each one."""
        slice_end = monotonic() + _SLICE_SECONDS
        async for record in records:
            self._damage.add(self.view.apply(record))
            taken(record)
            self.ask_for_frame()
            if monotonic() > slice_end:
                await asyncio.sleep(0)
                slice_end = monotonic() + _SLICE_SECONDS

    async def take_past(self, records: AsyncIterator[Record]) -> None:
        """Take in what is on record already: it is drawn when it is whole, and now and then until then."""
        slice_end, frame_at = monotonic() + _SLICE_SECONDS, monotonic() + _PAST_SECONDS
        async for record in records:
            self._damage.add(self.view.apply(record))
            if monotonic() > slice_end:
                await asyncio.sleep(0)
                slice_end = monotonic() + _SLICE_SECONDS
            if slice_end > frame_at:
                self.ask_for_frame()
                frame_at = slice_end + _PAST_SECONDS
        self.ask_for_frame()

    def ask_for_frame(self) -> None:
        """See that the damage gets drawn within a frame."""
        if self._frame == 0:
            self._flush()
        elif not self._due:
            self._due = True
            pause = max(self._frame, min(_SHARE * self._cost, _MOST_SECONDS))
            wait = max(_SOON_SECONDS, self._drawn_at + pause - monotonic())
            self._later(wait, self._flush_in_turn)

    def _flush_in_turn(self) -> None:
        """Draw the damage, after what the user typed a moment ago."""
        left = self._drawn_at + _PUT_OFF * self._frame - monotonic()
        wait = min(self._rest(), left)
        if wait > _SOON_SECONDS:
            self._later(wait, self._flush_in_turn)
        else:
            self._flush()

    def _flush(self) -> None:
        self._due = False
        self._drawn_at = monotonic()
        damage, self._damage = self._damage, Damage()
        self._draw(damage)
        self._cost = monotonic() - self._drawn_at
