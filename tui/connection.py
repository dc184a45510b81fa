"""The screen's end of a session: it connects, follows, sends in order, and notices when the engine is gone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal, TypeAlias

from core.commands import Command, ResumeRun, SubmitRequest
from core.events import CommandRefused, RequestQueued, RequestSubmitted
from core.port import SessionPort
from core.record import Record
from core.text import sanitise
from tui.chat import Waiting
from tui.feed import Feed

State: TypeAlias = Literal["starting", "ready", "lost"]
Connect: TypeAlias = Callable[[], Awaitable[SessionPort]]

_log = logging.getLogger("heddle.screen")
_SUBMIT = "submit_request"


class Connection:
    """One session, over as many ports as it takes.

    Args:
        connect: opens a port to the session, starting an engine where none runs.
        changed: called whenever `state`, `waiting` or `reason` changed.
        returned: called with requests that were not sent and go back into the prompt.
        first: is sent once, as soon as there is somebody to take it.
    """

    def __init__(
        self,
        connect: Connect,
        feed: Feed,
        changed: Callable[[], None],
        returned: Callable[[str], None],
        first: Command | None = None,
    ) -> None:
        self.state: State = "starting"
        self.reason = ""
        """Why the engine is gone: a sentence, safe to draw."""
        self.waiting: list[Waiting] = []
        """Requests that are not on record yet, oldest first."""
        self._connect = connect
        self._feed = feed
        self._changed = changed
        self._returned = returned
        self._held = [] if first is None else [first]
        """What is sent as soon as there is somebody to take it."""
        self.expected = ""
        """Id of the session that the engine will open, where that is known."""
        self._port: SessionPort | None = None
        self._retry = False
        self._tasks: set[asyncio.Future[bool | None]] = set()

    async def run(self, reading: Awaitable[None] | None = None) -> None:
        """Connect and follow until the engine is gone or the task is cancelled.

        Args:
            reading: takes in what is on record already, while the engine starts.
        """
        self._set("starting")
        try:
            self._port = await self._reach(reading)
            self._set("ready")
            held, self._held = self._held, []
            for command in held:
                await self.send(command)
            await self._flush()
            await self._feed.follow(self._port.records(self._feed.view.last), self._taken)
            self._lose("The engine has ended this session.")
        except Exception as error:
            _log.exception("the session's port failed")
            self._lose(str(error) or type(error).__name__)

    async def _reach(self, reading: Awaitable[None] | None) -> SessionPort:
        """Connect; whether that succeeds or not, what is read is read to its end first."""
        if reading is None:
            return await self._connect()
        port, _ = await asyncio.gather(self._connect(), reading, return_exceptions=True)
        if isinstance(port, BaseException):
            raise port
        return port

    @property
    def session(self) -> str:
        """Its id; empty while nobody serves it and none is expected."""
        return self._port.id if self._port is not None else self.expected

    def _set(self, state: State) -> None:
        self.state = state
        self._changed()

    def _lose(self, reason: str) -> None:
        self.reason = sanitise(reason)
        self._port = None
        self._held.clear()
        self._return_requests()
        self._set("lost")

    def try_again_after(self) -> None:
        """Have the interrupted run gone on with as soon as a new engine has taken it over."""
        self._retry = self._feed.view.head.busy

    # -- sending ---------------------------------------------------------------------------------

    async def request(self, text: str) -> None:
        """Send a request as soon as the engine is there and no run works."""
        self.waiting.append(Waiting(text))
        self._changed()
        await self._flush()

    async def send(self, command: Command) -> bool:
        """Send a command at once, or as soon as the engine is there; false when nobody will take it."""
        if self._port is None:
            if self.state == "starting":
                self._held.append(command)
            return self.state == "starting"
        try:
            await self._port.submit(command)
        except Exception as error:
            _log.exception("a command could not be sent")
            self._lose(str(error) or type(error).__name__)
            return False
        return True

    async def _flush(self) -> None:
        """Send the oldest waiting request, if it is its turn."""
        head = self._feed.view.head
        entry = self.waiting[0] if self.waiting else None
        if self._port is None or entry is None or entry.sent or (head.busy and entry.held):
            return
        entry.sent = True
        self._changed()
        await self.send(SubmitRequest(text=entry.text, queue=head.busy))

    def return_queued(self) -> None:
        """Give what is queued back to the prompt; what is sent already stays."""
        kept = [entry for entry in self.waiting if entry.sent]
        back = [entry.text for entry in self.waiting if not entry.sent]
        self.waiting = kept
        if back:
            self._returned("\n".join(back))
            self._changed()

    def _return_requests(self) -> None:
        if self.waiting:
            self._returned("\n".join(entry.text for entry in self.waiting))
            self.waiting = []

    # -- hearing ---------------------------------------------------------------------------------

    def _taken(self, record: Record) -> None:
        event = record.event
        head = self._feed.view.head
        if isinstance(event, RequestSubmitted | RequestQueued) and self.waiting and self.waiting[0].sent:
            if isinstance(event, RequestQueued) or event.queued is None:
                self.waiting.pop(0)
        elif isinstance(event, CommandRefused) and event.command == _SUBMIT and self.waiting:
            self._refused(head.busy)
        if self._retry and head.can_retry:
            self._retry = False
            self._later(ResumeRun())
        elif self.waiting and not head.busy and not self.waiting[0].sent:
            self._later(None)

    def _refused(self, busy: bool) -> None:
        """A request that is refused while a run works is sent again after it; any other comes back."""
        if busy and not self.waiting[0].held:
            self.waiting[0].sent, self.waiting[0].held = False, True
        else:
            self._returned(self.waiting.pop(0).text)

    def _later(self, command: Command | None) -> None:
        """Send from outside of the loop that hears."""
        work = self._flush() if command is None else self.send(command)
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go of the session."""
        port, self._port = self._port, None
        if port is not None:
            with suppress(Exception):
                await port.close()
