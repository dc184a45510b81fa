"""A board that takes records in, and says what must be said in the bar."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from textual.css.query import NoMatches

from core.clock import Clock
from core.record import Record
from core.text import sanitise
from tui.composing import Composing
from tui.feed import Feed
from tui.paint import Line, Span
from tui.wording import plural

_TOLD_SECONDS = 6.0


class Reading(Protocol):
    """The records of a session, from the first one on."""

    @property
    def damaged(self) -> int:
        """How many damaged records were passed over so far."""
        ...

    def __aiter__(self) -> AsyncIterator[Record]: ...


class Telling(Composing, part=True):
    """Base of the screens of one session, live, past or replayed."""

    def __init__(
        self, clock: Clock, suggestions: Sequence[str], connect_hint: str, project: str, frame: float
    ) -> None:
        super().__init__(clock, suggestions, connect_hint, project)
        self.budget.frame = frame
        self.feed = Feed(self.view, self.draw, self.later, frame, lambda: self.budget.rest)
        self._told = ""
        self._sayings = 0
        """How often something was said."""
        self._damage = ""
        """What is wrong with the session's log."""

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back once in the screen's own turn. (Textual's timers leave out a tick that comes late.)"""
        asyncio.get_running_loop().call_later(seconds, self.call_later, call)

    def tell(self, text: str) -> None:
        """Say something in the bar for a few seconds."""
        self._told = text
        self._sayings = saying = self._sayings + 1
        self.settle()
        self.later(_TOLD_SECONDS, lambda: self._fade(saying))

    def _fade(self, saying: int) -> None:
        """Take away what was said, unless it is something newer by now."""
        if saying == self._sayings:
            self.untell()

    def untell(self) -> None:
        self._told = ""
        self.settle()

    def bar_content(self) -> Line | None:
        if self._told:
            return [Span(self._told)]
        return [Span(self._damage, "bad")] if self._damage else None

    async def read_past(self, past: Reading) -> None:
        """Take in what is on record of a session; damage of its log is said, and harms nothing.

        The prompt is on the screen before: what is read first is loaded after the first frame.
        """
        painted = asyncio.Event()
        self.call_after_refresh(painted.set)
        await painted.wait()
        try:
            await self.feed.take_past(aiter(past))
            self.say_damage(past.damaged)
        except Exception as error:
            self.say_damage(error)

    def say_damage(self, found: int | Exception) -> None:
        """Say what is wrong with the log: how many records cannot be read, or why none can."""
        if isinstance(found, int):
            lost = f"{plural(found, 'record')} of this session cannot be read: its log is damaged."
            self._damage = lost if found else ""
        else:
            self._damage = sanitise(str(found)) or type(found).__name__
        with suppress(NoMatches):  # who leaves while it is read takes the screen away meanwhile
            self.settle()
