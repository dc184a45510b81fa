"""Keys in turn: a key meets what the one before it opened.

Textual hands a key to whatever has the focus when the key arrives. What comes in one piece, as over
a slow line, would go past the line that its first key opens: of `c` and a sentence, each letter
would be a command of the pane. So a key waits until the one before it has done its work.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import events
from textual.app import App, ScreenStackError
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea

_Base = App[None] if TYPE_CHECKING else object
"""Not the application's own class: Textual gathers what each of them inherits, which the first frame waits for."""
_LOOKS, _LOOK_SECONDS = 20, 0.05
"""How often it is looked whether a key has done its work, before the next one is let go whatever it still does.

A second in all, in pieces: where the machine gives no processor for a while, that is one look, and no second.
"""
_CHANGES = 4
"""How often the focus may move on because of one key: a screen opens, its field is mounted, and takes it."""


class KeysInTurn(_Base):
    """Half of an application, which takes keys and pastes one after the other."""

    _under_way = False
    """A key is at work; those that come meanwhile wait."""
    _let_go: events.Event | None = None
    """The one that waited and is now to be dispatched."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Event] = deque()

    async def on_event(self, event: events.Event) -> None:
        typed = isinstance(event, events.Key | events.Paste) and not event.is_forwarded
        if not typed:
            await super().on_event(event)
        elif self._under_way and event is not self._let_go:
            self._keys.append(event)
        else:
            plain = self._is_text(event)
            await super().on_event(event)
            self._after(plain)

    def _is_text(self, event: events.Event) -> bool:
        """Whether it only adds to what is being typed: the next one need not wait for it."""
        field = self.focused if self._screen_stack else None
        if not isinstance(field, Input | TextArea):
            return False
        return isinstance(event, events.Paste) or (isinstance(event, events.Key) and event.is_printable)

    def _after(self, plain: bool) -> None:
        self._let_go = None
        if plain:
            self._next()
        else:
            self._under_way = True
            self._settling = asyncio.create_task(self._settle())

    def _next(self) -> None:
        self._under_way = bool(self._keys)
        if self._keys:
            self._let_go = self._keys.popleft()
            self.post_message(self._let_go)

    async def _settle(self) -> None:
        quiet = asyncio.ensure_future(self._quiet())
        for _ in range(_LOOKS):
            if (await asyncio.wait({quiet}, timeout=_LOOK_SECONDS))[0]:
                break
        quiet.cancel()
        with suppress(asyncio.CancelledError, ScreenStackError):  # without a last screen the program ends
            await quiet
        self._next()

    async def _quiet(self) -> None:
        """Wait until what the key set off is done: messages went up, fields are there, the focus stays."""
        for _ in range(_CHANGES):
            before = (self.screen, self.focused)
            for pump in (self.focused or self.screen).ancestors_with_self:
                await _pass(pump)
            for widget in [widget for widget in self.screen.query("*") if not widget.is_mounted]:
                await _pass(widget)
            await _pass(self)
            if (self.screen, self.focused) == before:
                return


async def _pass(pump: MessagePump) -> None:
    """Wait until it has dealt with what it has been told so far."""
    passed = asyncio.Event()
    if pump.call_later(passed.set):
        await passed.wait()
