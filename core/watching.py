"""The user works too: what he changes in the project while a session is open is noticed, and on record."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.clock import monotonic_ms
from core.collisions import Collisions
from core.events import Event, NoticeGiven
from core.eyes import Eyes
from core.limits import limits
from core.log import LogError
from core.past import Past
from core.stage import Stage, StageError
from core.stage.looking import Look, look
from core.staging import Staging

_log = logging.getLogger(__name__)

LOCK_SECONDS = 0.5
"""How long a look waits for a tool that writes; then it comes after that tool."""


class Watching:
    """Looks at the project whenever something in it moved, and after each run.

    Between runs, files that no node has touched follow the project at once. While nodes work they follow
    when the run is done: what a node has read stays as it is.
    """

    def __init__(
        self,
        staging: Staging,
        past: Past,
        emit: Callable[..., Awaitable[None]],
        turn: asyncio.Lock,
        busy: Callable[[], bool],
    ) -> None:
        self._staging = staging
        self._emit = emit
        self._turn = turn
        self._busy = busy
        self._collisions = Collisions(past.waiting)
        self._wake = asyncio.Event()
        self._over = asyncio.Event()
        self._told_blind = ""
        self._eyes = Eyes(staging.project, self._wake.set)
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Watch from now on, as soon as there is a stage."""
        self._task = asyncio.create_task(self._watch())

    def wake(self) -> None:
        """Look once, soon."""
        self._wake.set()

    async def close(self) -> None:
        """Stop; a look that is under way comes to its end."""
        self._over.set()
        self._wake.set()
        self._eyes.close()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _watch(self) -> None:
        try:
            await self._wake.wait()
            while not self._over.is_set():
                self._wake.clear()
                pause = await self._look_once()
                await self._until(self._over, pause)
                await self._until(self._wake, limits().watch.blind_seconds if self._eyes.blind else None)
        except LogError:
            _log.warning("what the user changed cannot be put on record: it is not watched any more")
        except Exception:
            _log.exception("the project is not watched any more")
        finally:
            self._eyes.close()

    async def _look_once(self) -> float:
        """Look and tell; returns how many seconds nothing more should be looked at, so that it costs little."""
        started = monotonic_ms()
        try:
            if not await self._look():
                self._wake.set()
                return LOCK_SECONDS
        except (StageError, OSError) as error:
            _log.warning("the project cannot be looked at: %s", error)
        took = (monotonic_ms() - started) / 1000
        return max(limits().watch.least_seconds, took * limits().watch.rest)

    async def _look(self) -> bool:
        """False when a tool was writing all the time."""
        async with self._turn:
            if self._over.is_set():
                return True
            if not self._busy():
                stage = await self._staging.stage()
                return await self._tell(await asyncio.to_thread(self._glance, stage, follow=True))
        stage = await self._staging.stage()
        return await self._tell(await asyncio.to_thread(self._glance, stage, follow=False))

    def _glance(self, stage: Stage, *, follow: bool) -> tuple[Look, list[Event]] | None:
        if not stage.lock.acquire(timeout=LOCK_SECONDS):
            return None
        try:
            found = look(stage, follow=follow)
            return found, self._collisions.events(stage, found, at_rest=follow)
        finally:
            stage.lock.release()

    async def _tell(self, found: tuple[Look, list[Event]] | None) -> bool:
        if found is None:
            return False
        seen, events = found
        if self._over.is_set():
            return True
        self._eyes.open(seen.folders)
        if self._eyes.blind and self._eyes.blind != self._told_blind:
            self._told_blind = self._eyes.blind
            events = [*events, NoticeGiven(text=_blind(self._staging.project, self._eyes.blind))]
        if events:
            await self._emit(*events)
        return True

    async def _until(self, event: asyncio.Event, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass


def _blind(project: Path, why: str) -> str:
    every = f"{limits().watch.blind_seconds:g} seconds"
    return f"The project {project} {why}: it is looked at every {every} instead, and before each apply."
