"""Errands to a session that another process has open: heard out, however long the engine takes over them."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.commands import ApplyChanges, Command, UndoApply
from core.errands import carry_out
from core.events import ChangeApplied, CommandRefused, NoticeGiven
from core.link import LinkError, LinkServer
from core.log import Log
from core.paths import find_home, make_private
from core.port import SessionPort
from core.prices import load_prices
from core.record import Record
from core.session import Settings

SLOW = 0.4
"""Seconds in which an engine that gets no processor says nothing."""
APPLIED = ChangeApplied(path="a.py", apply="a1")
REFUSED = CommandRefused(command="apply_changes", reason="b.py is not accepted.")


class SlowEngine(SessionPort):
    """Has a session open; it applies one file, and after a while refuses another."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @property
    def id(self) -> str:
        return self.log.session

    async def submit(self, command: Command) -> None:
        if isinstance(command, UndoApply):
            raise OSError("nothing can be put on record")
        await self.log.append([APPLIED])
        thought = asyncio.Event()
        asyncio.get_running_loop().call_later(SLOW, thought.set)
        await thought.wait()
        await self.log.append([NoticeGiven(text="meanwhile"), REFUSED])

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        return self.log.follow(after)

    async def close(self) -> None:
        await self.log.close()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A home with a short path, since a socket's may have some hundred bytes only."""
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        monkeypatch.setenv("HEDDLE_HOME", folder)
        yield Settings(home=find_home(), prices=load_prices())


@pytest.fixture
async def engine(settings: Settings):
    """Serves session `s1`."""
    socket = Path(settings.home.runtime) / "s1.sock"
    make_private(settings.home.sessions)
    log = await Log.open(settings.home.session_log("s1"), "s1", create=True, socket=socket)
    server = LinkServer(SlowEngine(log), socket)
    await server.serve()
    yield log
    await server.close()
    await log.close()


async def test_an_engine_that_is_slow_is_heard_to_the_end_of_the_command(engine, settings):
    assert await carry_out(settings, "s1", [ApplyChanges(), ApplyChanges()]) == [APPLIED, REFUSED]
    assert engine.last == 3


async def test_what_an_engine_could_not_carry_out_is_said(engine, settings):
    with pytest.raises(LinkError, match="did not carry this out"):
        await carry_out(settings, "s1", [UndoApply()])
