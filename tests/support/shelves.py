"""Sessions on the disk, as real logs, and the library over them."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from core.library import Library
from core.log import Log
from core.paths import Home, make_private
from core.prices import load_prices
from core.record import Record
from core.settings import Settings
from tests.support.recordings import START


async def write_session(home: Home, session: str, records: Sequence[Record], days: int = 0) -> None:
    """Put records on the disk as a session's log, so many days before the tapes begin."""
    make_private(home.sessions)
    moment = START - timedelta(days=days)
    async with await Log.open(home.session_log(session), session, create=True, clock=lambda: moment) as log:
        await log.append([record.event for record in records])


def library_of(home: Home) -> Library:
    return Library(home, lambda: Settings(home=home, prices=load_prices(), interactive=False))


class Reel:
    """Records from memory, as a reading gives them."""

    def __init__(self, records: Sequence[Record], damaged: int = 0) -> None:
        self._records, self.damaged = records, damaged

    async def __aiter__(self) -> AsyncIterator[Record]:
        for record in self._records:
            yield record
