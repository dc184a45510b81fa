"""What the user wants of the nodes of a run that works: paused, ended, begun anew, on another model, told something."""

import asyncio
from collections.abc import Coroutine, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, TypeVar

from core.clock import monotonic_ms
from core.events import MessageSent
from core.halt import Interrupted, Stoppable

_T = TypeVar("_T")
ROUTER = "router"
"""It only reads what is addressed to it by name: it does no part of the work."""
_within: ContextVar["NodeControl | None"] = ContextVar("control", default=None)


class NodeStopped(Interrupted):
    """The user ended this node alone."""


class NodeClosed(NodeStopped):
    """A budget is used up, and the user wants no more spent than that: the node ends with what it has done."""


class NodeRestarted(Interrupted):
    """The user wants this node to begin its task anew."""


class NodeControl(Stoppable):
    """One start of one node: it ends with the run, or by itself."""

    def __init__(self, run: Stoppable, node: str, role: str, *, working: bool) -> None:
        super().__init__()
        self.node = node
        self.role = role
        self.working = working
        self._asking = 0
        self._free = asyncio.Event()
        self._free.set()
        self._held_since = 0
        self._held_ms = 0
        self._run = run
        self._wish: type[Interrupted] = Interrupted
        self._open = asyncio.Event()
        self._open.set()

    @property
    def paused(self) -> bool:
        return not self._open.is_set()

    @property
    def waits(self) -> bool:
        """Whether it goes on only when the user says so."""
        return self.paused or self.asking > 0

    @property
    def asking(self) -> int:
        """How many questions of the node's wait for the user."""
        return self._asking

    @asking.setter
    def asking(self, count: int) -> None:
        self._asking = count
        self._note_waiting()

    @property
    def held_ms(self) -> int:
        """Milliseconds that it has waited for the user so far."""
        return self._held_ms + (monotonic_ms() - self._held_since if self.waits else 0)

    def _note_waiting(self) -> None:
        """Start or stop the watch over the time in which it waits for the user."""
        if self.waits and self._free.is_set():
            self._held_since = monotonic_ms()
            self._free.clear()
        elif not self.waits and not self._free.is_set():
            self._held_ms += monotonic_ms() - self._held_since
            self._free.set()

    async def free(self) -> None:
        """Return when it waits for the user no longer."""
        await self._free.wait()

    def pause(self) -> None:
        """Let it make no further call."""
        self._open.clear()
        self._note_waiting()

    def resume(self) -> None:
        """Let it go on."""
        self._open.set()
        self._note_waiting()

    @contextmanager
    def waiting_for_the_user(self) -> Generator[None]:
        """The node waits for an answer meanwhile."""
        self.asking += 1
        try:
            yield
        finally:
            self.asking -= 1

    async def gate(self) -> None:
        """Wait while the node is paused.

        Raises:
            Interrupted: the node or its run is to end.
        """
        if self.paused:
            await self.unless_stopped(self._open.wait())
        self.check()

    def end(self, wish: type[NodeStopped] | type[NodeRestarted]) -> None:
        """End the node at once, and it alone."""
        self._wish = wish
        self.interrupt()

    def check(self) -> None:
        """Raises: NodeStopped, NodeRestarted, Interrupted: the node is to end, for that reason."""
        self._run.check()
        if self.stop.is_set():
            raise self._wish

    async def within(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something for the node, so that tools which run meanwhile end with it, whoever's they are."""
        context = copy_context()
        context.run(_within.set, self)
        return await asyncio.create_task(work, context=context)


class Controls:
    """The nodes of one run."""

    def __init__(self, run: Stoppable) -> None:
        self._run = run
        self._nodes: dict[str, NodeControl] = {}
        self._messages: dict[str, MessageSent] = {}
        self._notes: dict[str, list[str]] = {}
        self.models: dict[str, str] = {}
        """The model that the user wants for a node, by node."""
        self.announced: dict[str, str] = {}
        """Those of them that are on record."""
        self.passed_over: dict[str, str] = {}
        """Nodes that the user ended, with their role: what they were to do is not done."""
        self.unpaid: set[str] = set()
        """Those of them that ended since a budget was used up."""

    # -- nodes -----------------------------------------------------------------------------------

    def begin(self, node: str, role: str) -> NodeControl:
        """A node starts to work."""
        control = self._nodes[node] = self._made(node, role, working=True)
        self.passed_over.pop(node, None)
        self.unpaid.discard(node)
        return control

    def finish(self, node: str) -> None:
        """A node has ended, however it did."""
        self._nodes.pop(node, None)

    def of(self, node: str) -> NodeControl:
        """What ends what is done for a node: the node's own control, or that of the one which waits for it."""
        found = _within.get() or self._nodes.get(node)
        if found is None:
            found = self._nodes[node] = self._made(node, node, working=False)
        return found

    def working(self, node: str) -> NodeControl | None:
        """The control of a node that works at this moment."""
        found = self._nodes.get(node)
        return found if found is not None and found.working else None

    @property
    def at_work(self) -> tuple[str, ...]:
        """The nodes that work at this moment."""
        return tuple(node for node, control in self._nodes.items() if control.working)

    def begin_anew(self) -> None:
        """The run begins its work anew: what the user wants of models and says to nodes stays."""
        self._nodes.clear()
        self.passed_over.clear()
        self.unpaid.clear()

    def interrupt(self) -> None:
        """End all of them: the run ends."""
        for control in list(self._nodes.values()):
            control.interrupt()

    def _made(self, node: str, role: str, *, working: bool) -> NodeControl:
        control = NodeControl(self._run, node, role, working=working)
        if self._run.stop.is_set():
            control.interrupt()
        return control

    # -- decisions -------------------------------------------------------------------------------

    def tell(self, notes: Sequence[str], *, by: str) -> None:
        """Let the nodes that work know what the user decided, but for the one that hears of it anyway."""
        for node in self.at_work:
            if node != by:
                self._notes.setdefault(node, []).extend(notes)

    def notes(self, node: str) -> list[str]:
        """What a node that works is to hear with its next call."""
        return self._notes.pop(node, [])

    # -- messages --------------------------------------------------------------------------------

    def send(self, message: MessageSent) -> None:
        """The user says something."""
        self._messages[message.id] = message

    def wait_for(self, node: str, role: str) -> bool:
        """Whether there is something that this node is to read."""
        return any(_is_for(message, node, role) for message in self._messages.values())

    def take(self, node: str, role: str) -> list[MessageSent]:
        """What this node is to read, in order: nobody else gets it unless it is put back."""
        mine = [message for message in self._messages.values() if _is_for(message, node, role)]
        for message in mine:
            del self._messages[message.id]
        return mine

    def put_back(self, messages: list[MessageSent]) -> None:
        """A node took messages and could not read them."""
        self._messages = {message.id: message for message in messages} | self._messages


def _is_for(message: MessageSent, node: str, role: str) -> bool:
    return message.node == node if message.node is not None else role != ROUTER
