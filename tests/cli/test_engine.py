"""How long an engine stays: as long as somebody looks at its session."""

import asyncio
import os
import signal
import tempfile
from pathlib import Path

import msgspec
import pytest

from cli.engine import _until_over
from core.commands import RenameSession
from core.limits import limits
from core.link import LinkClient, LinkServer
from core.paths import find_home
from core.prices import load_prices
from core.session import Session, Settings
from tests.support.waiting import SOON

pytestmark = pytest.mark.usefixtures("heard")


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """An engine without a screen would stay until tomorrow."""
    long = msgspec.structs.replace(
        limits(), link=msgspec.structs.replace(limits().link, deserted_seconds=86_400)
    )
    monkeypatch.setattr("cli.engine.limits", lambda: long)


@pytest.fixture
async def serving(tmp_path):
    """A session that is served, and the wait for its end."""
    session = await Session.open(Settings(home=find_home(), prices=load_prices()), project=tmp_path)
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        server = LinkServer(session, Path(folder) / "s.sock")
        await server.serve()
        over = asyncio.ensure_future(_until_over(session, server))
        yield server, over
        over.cancel()
        await asyncio.wait({over})
        await server.close(session.last)
        await session.close()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().remove_signal_handler(number)


async def answered(client):
    """Have somebody carry out what is sent."""
    title = os.urandom(4).hex()
    await client.submit(RenameSession(title=title))
    async with asyncio.timeout(SOON):
        async for record in client.records():
            if getattr(record.event, "title", "") == title:
                break


async def test_the_screen_that_began_it_leaves_and_another_one_keeps_it(serving):
    server, over = serving
    first, second = await LinkClient.connect(server.socket), await LinkClient.connect(server.socket)
    await first.close()
    os.kill(os.getpid(), signal.SIGHUP)
    await answered(second)
    assert not over.done()
    await second.close()
    await asyncio.wait_for(over, SOON)


async def test_a_screen_that_says_so_before_it_has_left_ends_it_when_it_has(serving):
    server, over = serving
    client = await LinkClient.connect(server.socket)
    await answered(client)
    os.kill(os.getpid(), signal.SIGHUP)
    await answered(client)
    assert not over.done()
    await client.close()
    await asyncio.wait_for(over, SOON)


async def test_a_screen_that_comes_in_the_last_moment_keeps_it(serving, monkeypatch):
    """After it was found that nobody is there, and before anything came of that."""
    _, over = serving
    deserted, late = LinkServer.deserted, []

    async def just_then(self, seconds):
        await deserted(self, seconds)
        if not late:
            late.append(await LinkClient.connect(self.socket))
            await self.presence()

    monkeypatch.setattr(LinkServer, "deserted", just_then)
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(SOON):
        while not late:
            await asyncio.sleep(0.01)
    await answered(late[0])
    assert not over.done()
    await late[0].close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_who_ends_it_on_purpose_does_so_whoever_looks(serving, number):
    server, over = serving
    async with await LinkClient.connect(server.socket) as client:
        await answered(client)
        os.kill(os.getpid(), number)
        await asyncio.wait_for(over, SOON)
