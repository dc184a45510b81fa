"""When a screen is still: nothing is ready to run, no thread works for it, and nothing is due in the next moments.

Textual's own pilot takes a process that gets no processor for one that has nothing to do, and so reads too early
on a machine that is shared. This looks at the loop itself instead, and is also sooner done.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual._context import active_app

from tests.support.waiting import SOON

_NEAR_SECONDS = 0.25
"""What is due within this belongs to what was done: a frame comes 0.2 s after the last one at the latest."""
_MOST_SECONDS = 2.0
"""What goes on for longer than that is an end in itself."""
_LEAST_WAITS = 10
"""So often it is waited for what is due all the same: where the machine is slow, time alone says nothing."""

_DRAWING = ("screen_update", "pace")
"""Names of the timers that paint a screen: Textual's, and `tui.pacing`'s."""

_works: Counter[asyncio.AbstractEventLoop] = Counter()
"""How many calls in threads each loop waits for."""


async def be_still(min_sleep: float = 0.0, max_sleep: float = _MOST_SECONDS) -> None:
    """Wait until nothing is going on; stands in for Textual's `wait_for_idle`."""
    loop: Any = asyncio.get_running_loop()
    begun, quiet, waits = time.monotonic(), 0, 0
    while quiet < 2:
        await asyncio.sleep(0)
        wait = _next_due(loop)
        if loop._ready:
            quiet = 0
        elif _works[loop]:
            quiet = 0
            await asyncio.sleep(0.001)
        elif wait < _NEAR_SECONDS and (waits < _LEAST_WAITS or time.monotonic() - begun < max_sleep):
            quiet, waits = 0, waits + 1
            await asyncio.sleep(wait)
        else:
            quiet += 1
        assert time.monotonic() - begun < SOON, "the screen is never still"


def _next_due(loop: Any) -> float:
    """Seconds until the next thing is due that is no ticking."""
    due = [
        each for each in loop._scheduled if each.when() - loop.time() < _NEAR_SECONDS and not each.cancelled()
    ]
    ticking = _ticking() if due else set()
    times = [each.when() for each in due if not each._args or each._args[0] not in ticking]
    return max(0.0, min(times, default=float("inf")) - loop.time())


def _ticking() -> set[Any]:
    """What the timers wait for that tick for ever: a clock, a spinner.

    A screen's own timer is none while something is to be drawn.
    """
    app = active_app.get(None)
    nodes = [] if app is None else [app, *app._registry]
    timers = {timer for node in nodes for timer in node._timers if timer._repeat is None}
    draws = {timer for timer in timers if timer.name in _DRAWING and timer._active.is_set()}
    return {timer._task._fut_waiter for timer in timers - draws if timer._task}


def _counted(real: Callable[..., Any]) -> Callable[..., Any]:
    def run(loop: asyncio.AbstractEventLoop, *arguments: Any) -> Any:
        future = real(loop, *arguments)
        _works[loop] += 1
        future.add_done_callback(lambda _: _works.subtract((loop,)))
        return future

    return run


@contextmanager
def stillness() -> Iterator[None]:
    """In here, Textual's pilot waits by what the loop has to do."""
    threads = asyncio.BaseEventLoop.run_in_executor
    with (
        patch("textual.pilot.wait_for_idle", be_still),
        patch("textual.app.wait_for_idle", be_still),
        patch("asyncio.BaseEventLoop.run_in_executor", _counted(threads)),
    ):
        yield
