"""Work that can be told to end: threads look at an event, coroutines wait for it."""

import asyncio
import threading
from collections.abc import Awaitable
from typing import TypeVar

_T = TypeVar("_T")


class Interrupted(Exception):
    """The user stopped this."""


class Stoppable:
    """Something that works until it is told to end."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        """Set when it is to end: tools and model streams look at it. Set it by `interrupt` only."""
        self._stopped = asyncio.Event()

    def interrupt(self) -> None:
        """Ask everything that works for this to stop."""
        self.stop.set()
        self._stopped.set()

    def rearm(self) -> None:
        """Let it work again. Whoever still holds to the stop of before stays stopped."""
        self.stop, self._stopped = threading.Event(), asyncio.Event()

    def check(self) -> None:
        """Raises: Interrupted: it is to end."""
        if self.stop.is_set():
            raise Interrupted

    async def stopped(self) -> None:
        """Return when it is to end."""
        await self._stopped.wait()

    async def unless_stopped(self, awaitable: Awaitable[_T]) -> _T:
        """Wait for something, but no longer than until this is to end; it goes on without us then.

        Raises:
            Interrupted: this is to end.
        """
        work = asyncio.ensure_future(awaitable)
        work.add_done_callback(_heard)
        stopped = asyncio.ensure_future(self.stopped())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        self.check()
        return work.result()

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until this is to end.

        Raises:
            Interrupted: this is to end.
        """
        await self.unless_stopped(asyncio.sleep(seconds))


def _heard(work: "asyncio.Future[_T]") -> None:
    """An abandoned piece of work may fail without anybody being told."""
    if not work.cancelled():
        work.exception()
