"""Work in a thread that ends with its node and its caller; and alone on the stage, where it may change anything."""

import asyncio
import contextvars
import math
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from tools.workbench import ToolError, ToolResult, Workbench, WorkEnded

_LOOK_SECONDS = 0.05
_MOST_NAMES = 30
_MOST_THREADS = 64
"""Of all nodes together; further calls wait for one."""
_Found = TypeVar("_Found")


async def in_a_thread(bench: Workbench, work: Callable[[Workbench], _Found]) -> _Found:
    """Do work in a thread, with a workbench that says when it is to end.

    A cancelled caller stops the work and waits for its end. The loop is woken once, when all is done: each
    step more between two threads would cost a short answer a tenth of its time.
    """
    gone, loop, context = threading.Event(), asyncio.get_running_loop(), contextvars.copy_context()
    own = replace(bench, stop=_Either(bench.stop, gone)).timed()
    done, over = loop.create_future(), loop.create_future()

    def carry_out() -> None:
        result, fault = None, None
        try:
            result = context.run(work, own)
        except BaseException as error:
            fault = error
        with suppress(RuntimeError):  # the loop is closed, and nobody waits
            loop.call_soon_threadsafe(_settle, done, over, result, fault)

    _threads().submit(carry_out)
    try:
        return await done
    except asyncio.CancelledError:
        gone.set()
        await over
        raise


def _settle(
    done: asyncio.Future[Any], over: asyncio.Future[None], result: object, fault: BaseException | None
) -> None:
    """Tell who waits; what became of cancelled work matters to nobody."""
    if not over.done():
        over.set_result(None)
    if not done.done():
        done.set_result(result) if fault is None else done.set_exception(fault)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_THREADS, "heddle-tool")


async def exclusively(
    bench: Workbench, function: Callable[..., Any], arguments: Mapping[str, Any]
) -> ToolResult:
    """Run an async tool under the stage's lock and add what it changed to its result.

    The lock belongs to a thread, so the tool gets one, with an event loop of its own.
    """
    return await in_a_thread(bench, lambda own: _locked(own, function, arguments))


async def while_wanted(bench: Workbench, name: str, work: Awaitable[ToolResult]) -> ToolResult:
    """Wait for work on this loop, but no longer than until the node is stopped: then it is cancelled.

    Raises:
        ToolError: the node was stopped.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if bench.stop.is_set():
                raise ToolError(f"{name} was ended: the work was stopped.")
            await asyncio.wait([task], timeout=_LOOK_SECONDS)
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])


def _locked(
    bench: Workbench, function: Callable[..., Awaitable[ToolResult]], arguments: Mapping[str, Any]
) -> ToolResult:
    with held(bench):
        mark = bench.stage.mark(bench.timed().check)
        bench = replace(bench, until=math.inf)  # programs have limits of their own
        result = asyncio.run(_awaited(function, bench, arguments))
        changed = tuple(bench.stage.changed_since(mark))
        return replace(result, changed=changed, text=result.text + _said(changed))


@contextmanager
def held(bench: Workbench) -> Generator[None]:
    """The stage's lock: another node's command may have it for minutes, and the wait ends when this node does."""
    while not bench.stage.lock.acquire(timeout=_LOOK_SECONDS):
        if bench.stop.is_set():
            raise WorkEnded("Nothing was done: the work was stopped.")
    try:
        yield
    finally:
        bench.stage.lock.release()


def _said(changed: tuple[str, ...]) -> str:
    if not changed:
        return ""
    more = f" and {len(changed) - _MOST_NAMES} more" if len(changed) > _MOST_NAMES else ""
    return f"\nChanged: {', '.join(changed[:_MOST_NAMES])}{more}"


async def _awaited(
    function: Callable[..., Awaitable[ToolResult]], bench: Workbench, arguments: Mapping[str, Any]
) -> ToolResult:
    return await function(bench, **arguments)


class _Either(threading.Event):
    """Set when one of two events is."""

    def __init__(self, one: threading.Event, other: threading.Event) -> None:
        super().__init__()
        self._one, self._other = one, other

    def is_set(self) -> bool:
        return self._one.is_set() or self._other.is_set()
