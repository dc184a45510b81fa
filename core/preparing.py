"""How far the private copy of a large project has come, on record while it is made."""

import asyncio
import time
from contextlib import suppress

from core.events import StageProgressed
from core.limits import limits
from core.log import LogError
from core.run import Interrupted, Run
from core.stage.follow import Tell


def progress(run: Run) -> Tell:
    """Puts on record, from another thread and not too often, how far the private copy has come."""
    loop, last = asyncio.get_running_loop(), time.monotonic()
    under_way: set[asyncio.Task[None]] = set()

    def record(done: int, total: int) -> None:
        task = asyncio.ensure_future(_say(run, done, total))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= limits().stage.progress_seconds:
            last = time.monotonic()
            with suppress(RuntimeError):  # the loop has ended, and with it the run
                loop.call_soon_threadsafe(record, done, total)

    return tell


async def _say(run: Run, done: int, total: int) -> None:
    with suppress(Interrupted, LogError):
        if not hasattr(run, "stage"):
            await run.emit(StageProgressed(run=run.id, files=done, total=total))
