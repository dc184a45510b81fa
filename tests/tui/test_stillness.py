"""What the other tests of the screen rest on: a key or a pause ends when the screen is still, and no sooner."""

import asyncio
import threading

from textual.app import App

from tests.support.waiting import SOON


class Bare(App[None]):
    """A screen that does something by itself; `done` says what."""

    def __init__(self, begin) -> None:
        super().__init__()
        self.begin, self.done = begin, []

    def on_key(self) -> None:
        self.begin(self)


async def _pressed(begin):
    app = Bare(begin)
    async with app.run_test() as pilot:
        await pilot.press("x")
        return list(app.done)


async def test_what_is_due_in_a_moment_is_waited_for():
    def begin(app):
        app.set_timer(0.1, lambda: app.call_later(app.set_timer, 0.1, lambda: app.done.append("both")))

    assert await _pressed(begin) == ["both"]


async def test_what_a_thread_does_is_waited_for():
    def begin(app):
        opened = threading.Event()
        threading.Timer(0.3, opened.set).start()

        async def work():
            app.done.append(await asyncio.to_thread(opened.wait, SOON))

        app.run_worker(work())

    assert await _pressed(begin) == [True]


async def test_a_clock_is_not_waited_for():
    def begin(app):
        app.set_interval(0.05, lambda: app.done.append("tick"))

    assert len(await _pressed(begin)) < 20, "some seconds of it"
