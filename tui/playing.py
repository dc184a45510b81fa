"""The player of a replay: the tape, its clock, and the way to any place of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic

from core.view.replay import Replay
from tui.chat import Chat
from tui.feed import Damage
from tui.pacing import FRAME_SECONDS
from tui.telling import Reading
from tui.work import WorkScreen

AT_ONCE = 0.0
"""The speed that shows the end at once."""
SPEEDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, AT_ONCE)
_SLICE_SECONDS = 0.012
"""How long records are folded before keys and frames get their turn."""
_PICTURE_SECONDS = 0.25
"""So often, what is folded by then of a long tape is shown, though it is wanted at its end."""
_LONGEST_SLEEP = 0.5


class Playing(WorkScreen):
    """The screen of a session, fed from its log.

    Args:
        past: the session's records.
        speed: how many times as fast as it was; `AT_ONCE`: its end.
    """

    def __init__(self, past: Reading, *, speed: float = 1.0, frame: float = FRAME_SECONDS) -> None:
        super().__init__(clock=self._moment, frame=frame)
        self._tape = past
        self._frame_seconds = max(frame, 0.001)
        self.replay = Replay(self.view)
        self.speed = speed
        self.playing = True
        self.loaded = False
        self._time = 0.0
        """Milliseconds of the tape that have been played."""
        self._shown_at = 0.0
        self._wake: asyncio.TimerHandle | None = None
        self._seeking = 0
        """Counts jumps, so that a new one ends the one that is still under way."""
        self._undrawn = Damage()
        """What was folded while the tape was read."""

    def _moment(self) -> datetime:
        """The time of the record that is shown: what says how long something takes goes by it."""
        return datetime.fromisoformat(self.replay.at) if self.replay.at else datetime.fromtimestamp(0, UTC)

    def tick(self, busy: bool) -> None:
        """Nothing ticks by itself: the tape is the clock."""

    async def on_unmount(self) -> None:
        self._sleep()

    # -- the tape --------------------------------------------------------------------------------

    def follow(self) -> None:
        """Begin once the screen stands: what is drawn before would be lost."""
        self.call_after_refresh(lambda: self.run_worker(self._load(), group="load", exclusive=True))

    async def _load(self) -> None:
        """Read the records; it is played as soon as the first are there."""
        slice_end, picture_at = monotonic() + _SLICE_SECONDS, monotonic() + _PICTURE_SECONDS
        try:
            async for record in self._tape:
                self.replay.add(record)
                if monotonic() > slice_end:
                    self._begin()
                    if self.speed == AT_ONCE and self.playing and not self._seeking:
                        picture_at = self._fold_on(picture_at)
                    await asyncio.sleep(0)
                    slice_end = monotonic() + _SLICE_SECONDS
            self.say_damage(self._tape.damaged)
        except Exception as error:
            self.say_damage(error)
        self.loaded = True
        self._begin()
        self.settle()

    def _fold_on(self, picture_at: float) -> float:
        """Fold what was read, and show now and then how far that is; gives when that is due."""
        while self.replay.position < len(self.replay.records):
            self._undrawn.add(self.replay.step())
        if monotonic() < picture_at:
            return picture_at
        damage, self._undrawn = self._undrawn, Damage()
        self._show(damage)
        return monotonic() + _PICTURE_SECONDS

    def _begin(self) -> None:
        if self.playing and self._wake is None:
            if self.speed == AT_ONCE and self.loaded:
                self.seek(len(self.replay.records))
            elif self.speed != AT_ONCE:
                self._shown_at = monotonic()
                self._sleep(self._frame_seconds)

    def _sleep(self, seconds: float | None = None) -> None:
        """Wake once after so long; None: no more."""
        if self._wake is not None:
            self._wake.cancel()
        self._wake = None
        if seconds is not None and self.is_attached:
            loop = asyncio.get_running_loop()
            self._wake = loop.call_later(seconds, self.call_later, self._play)

    async def _play(self) -> None:
        """Show what has come by now, and sleep until something else does."""
        self._wake = None
        if not self.playing or not self.is_attached:
            return
        now = monotonic()
        self._time += (now - self._shown_at) * 1000 * self.speed
        self._shown_at = now
        self._take(self.replay.position_at(self._time))
        if self.replay.position < len(self.replay.records):
            ahead = self.replay.time_at(self.replay.position + 1) - self._time
            self._sleep(min(_LONGEST_SLEEP, max(self._frame_seconds, ahead / 1000 / self.speed)))
        elif self.loaded:
            self.pause()
        else:
            self._time = min(self._time, float(self.replay.length))
            self._sleep(_LONGEST_SLEEP)

    def _take(self, target: int) -> None:
        """Fold up to a position in one go, and draw it."""
        damage = Damage()
        while self.replay.position < target:
            damage.add(self.replay.step())
        self._show(damage)

    def _show(self, damage: Damage) -> None:
        damage.head = True
        damage.graph |= self.view.head.busy
        self.draw(damage)

    def seek(self, target: int) -> None:
        """Go to a position, forwards or back; a longer way is folded in slices."""
        self._seeking += 1
        self.run_worker(self._seek(target, self._seeking), group="seek")

    async def _seek(self, target: int, number: int) -> None:
        target = max(0, min(target, len(self.replay.records)))
        damage, self._undrawn = self._undrawn, Damage()
        if back := self.replay.approach(target):
            damage = Damage.everything()
        slice_end = monotonic() + _SLICE_SECONDS
        while self.replay.position < target:
            damage.add(self.replay.step())
            if monotonic() > slice_end:
                await asyncio.sleep(0)
                slice_end = monotonic() + _SLICE_SECONDS
                if number != self._seeking:
                    break
        self._time = float(self.replay.time_at(self.replay.position))
        if back:
            damage.chat.clear()
            self.query_one(Chat).rebuild()
        self._show(damage)
        if self.speed == AT_ONCE and self.replay.position == len(self.replay.records):
            self.pause()

    def pause(self) -> None:
        """Stand still. No timer is left behind."""
        self.playing = False
        self._sleep()
        self.settle()
