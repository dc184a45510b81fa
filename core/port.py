"""The one way to talk to a session: commands in, records out.

The session itself implements this in-process; `core.link.LinkClient` implements it over a socket.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from core.commands import Command
from core.record import Record


class SessionPort(Protocol):
    @property
    def id(self) -> str:
        """The session's id."""
        ...

    async def submit(self, command: Command) -> None:
        """Hand in a command. Returns when it is accepted for work; what comes of it is on record."""
        ...

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        """Every committed record with `seq > after`, in order; then each new one as it is committed.

        May be called several times; each iterator has its own cursor and none waits for another.
        It ends when the session, or this port, is closed.
        """
        ...

    async def close(self) -> None:
        """Let go of the session. The session ends with the port that owns it; a link only disconnects."""
        ...
