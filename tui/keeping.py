"""What can be done with a past session: read, resume, replay, rename, export, delete, put back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from textual.binding import BindingType

from core.clock import Clock
from core.library import Entry, Library
from core.text import sanitise_line
from tui.actions import bindings
from tui.browsing import Browsing
from tui.paint import Span
from tui.sessions import entry_title
from tui.wording import plural

Way: TypeAlias = Literal["read", "replay", "open", "go_on"]
"""How a session is opened: read again, played again, gone on with, or its last run too."""
_DAMAGED = "A damaged session cannot be gone on with. {sessions.read} reads what is left of it."
_BROKEN_OFF = ("failed", "interrupted", "budget", "needs_decision", "running")


class SessionsScreen(Browsing):
    """The list of sessions with its keys.

    Args:
        here: id of the session that is open on this screen; empty when none is.
        act: opens a session in one of the ways.
        busy: a run works in the session that is open here.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("sessions")

    def __init__(
        self,
        library: Library,
        here: str,
        clock: Clock,
        act: Callable[[Way, Entry], Awaitable[None]],
        *,
        busy: bool = False,
    ) -> None:
        super().__init__(library, here, clock)
        self._act = act
        self._busy = busy

    # -- what leaves the list --------------------------------------------------------------------

    async def action_read(self) -> None:
        if (entry := self.chosen()) is not None:
            await self._act("read", entry)

    async def action_replay(self) -> None:
        if (entry := self.chosen()) is not None:
            await self._act("replay", entry)

    def action_resume(self) -> None:
        entry = self.chosen()
        if entry is None:
            return
        if entry.id == self.here:
            self.dismiss(None)
        elif entry.damage:
            self.tell(self.keymap.fill(_DAMAGED), "warn")
        else:
            self._ask_how(entry)

    def _ask_how(self, entry: Entry) -> None:
        """Say first what resuming begins or interrupts, if it does."""

        def how(way: Way) -> Callable[[], Coroutine[Any, Any, None]]:
            async def go() -> None:
                await self._act(way, entry)

            return go

        warn = [Span("The run that works here is paused by that.  ", "warn")] if self._busy else []
        broken = entry.row is not None and entry.row.status in _BROKEN_OFF and not entry.held
        if broken:
            words = [
                *warn,
                Span("Its last run broke off.  ", "bold"),
                Span("y", "key"),
                Span(" goes on with it where it was  "),
                Span("o", "key"),
                Span(" only opens the session  "),
                Span("any other key stays here", "dim"),
            ]
            self.confirm(words, y=how("go_on"), o=how("open"))
        elif warn:
            self.confirm([*warn, Span("y", "key"), Span(" does it, any other key stays here")], y=how("open"))
        else:
            self.run_worker(how("open")())

    # -- what stays in the list ------------------------------------------------------------------

    def action_rename(self) -> None:
        if (entry := self.chosen()) is None:
            return
        title = "" if entry.row is None else entry.row.title

        async def rename(name: str) -> None:
            told = await self.library.rename(entry.id, name)
            await self.library.look()
            await self.find()
            self.tell(f"It is called {sanitise_line(told)} now.")

        self.ask("another name", title, rename)

    def action_export(self) -> None:
        if (entry := self.chosen()) is None:
            return

        async def export(name: str) -> None:
            target = Path(name).expanduser().absolute()
            records = await self.library.export(entry.id, target)
            self.tell(f"{plural(records, 'record')} are in {sanitise_line(str(target))}.")

        self.ask("export into a file: .md is for people, .json for programs", f"heddle-{entry.id}.md", export)

    async def action_delete(self) -> None:
        entry = self.chosen()
        if entry is None:
            return
        if entry.id == self.here:
            self.tell("This session is open on this screen: resume another one first.", "warn")
            return

        async def delete() -> None:
            await self.library.discard(entry.id)
            self.deleted.append((entry.id, entry_title(entry)))
            await self.find()
            back = self.keymap.fill("{sessions.put_back} takes that back; its log is kept aside.")
            self.tell(f"{entry_title(entry)} is deleted. {back}")

        await self.attempt(delete())

    async def action_put_back(self) -> None:
        if not self.deleted:
            self.tell(
                "Nothing was deleted here. `heddle sessions restore` puts back what was deleted earlier."
            )
            return

        async def put_back() -> None:
            id, title = self.deleted[-1]
            await self.library.put_back(id)
            self.deleted.pop()
            await self.find()
            self.tell(f"{title} is back.")

        await self.attempt(put_back())
