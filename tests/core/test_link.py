"""The link: every client gets every record, in order, at its own pace; a broken one harms nobody."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from core.commands import Command, InterruptRun, SubmitRequest, encode as encode_command
from core.events import NoticeGiven
from core.limits import limits
from core.link import LinkClient, LinkError, LinkLost, LinkServer
from core.log import Log
from core.port import SessionPort
from core.record import Record, decode
from tests.support.waiting import SOON

ROOT = Path(__file__).resolve().parents[2]


class Desk(SessionPort):
    """A small session: it puts each command on record and does nothing else."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.got: list[Command] = []

    @property
    def id(self) -> str:
        return self.log.session

    async def submit(self, command: Command) -> None:
        self.got.append(command)
        if isinstance(command, InterruptRun):
            raise RuntimeError("a bug in the session")
        await self.log.append([NoticeGiven(text=command.text)])

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        return self.log.follow(after)

    async def close(self) -> None:
        await self.log.close()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short path, since a socket's may have some hundred bytes only."""
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        yield Path(folder)


@pytest.fixture
async def desk(tmp_path: Path):
    async with await Log.open(tmp_path / "s1.db", "s1", create=True) as log:
        yield Desk(log)


@pytest.fixture
async def server(desk: Desk, tmp_path: Path):
    serving = LinkServer(desk, tmp_path / "run" / "s1.sock")
    await serving.serve()
    yield serving
    await serving.close()


@pytest.fixture
async def client(server: LinkServer):
    async with await LinkClient.connect(server.socket) as connected:
        yield connected


async def take(port: SessionPort, count: int, after: int = 0) -> list[Record]:
    found: list[Record] = []
    async with asyncio.timeout(SOON):
        async for record in port.records(after):
            found.append(record)
            if len(found) == count:
                break
    return found


async def drain(port: SessionPort, after: int = 0) -> list[Record]:
    async with asyncio.timeout(SOON):
        return [record async for record in port.records(after)]


async def until(condition) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0)


async def hello(server: LinkServer, first: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that is not ours."""
    reader, writer = await asyncio.open_unix_connection(server.socket)
    writer.write(first)
    assert json.loads(await reader.readline()) == {"session": "s1"}
    return reader, writer


async def test_a_command_goes_in_and_its_record_comes_out(desk, client):
    assert client.id == "s1"
    await client.submit(SubmitRequest(text="hi\nthere \ud800"))
    (record,) = await take(client, 1)
    assert desk.got == [SubmitRequest(text="hi\nthere \ufffd")]
    assert [record] == await desk.log.read()


async def test_records_start_after_the_cursor_and_may_be_read_again(desk, server):
    written = await desk.log.append([NoticeGiven(text=str(n)) for n in range(50)])
    async with await LinkClient.connect(server.socket, after=20) as client:
        assert await take(client, 30, after=20) == written[20:]
        assert await take(client, 50) == written
        assert await take(client, 10, after=40) == written[40:]


async def test_two_iterators_of_one_client_do_not_share_records(desk, client):
    both = asyncio.gather(take(client, 20), take(client, 20))
    written = await desk.log.append([NoticeGiven(text=str(n)) for n in range(20)])
    assert await both == [written, written]


async def test_three_clients_get_everything_in_order_and_a_slow_one_blocks_nobody(desk, server):
    slow_reader, slow_writer = await hello(server, b'{"cursor":0}\n')
    total = 3_000
    async with (
        await LinkClient.connect(server.socket) as one,
        await LinkClient.connect(server.socket) as two,
    ):
        readers = asyncio.gather(take(one, total), take(two, total))
        for start in range(0, total, 100):
            await desk.log.append([NoticeGiven(text="x" * 2_000)] * 100)
            assert desk.log.last == start + 100
        for found in await readers:
            assert [record.seq for record in found] == list(range(1, total + 1))
        assert [client._cursor < total for client in server._clients.values()].count(True) == 1
    seen = [decode(await slow_reader.readline()).seq for _ in range(total)]
    assert seen == list(range(1, total + 1))
    slow_writer.close()


async def test_the_wire_is_plain_json_lines(desk, server):
    reader, writer = await hello(server, b'{"cursor":0}\n')
    writer.write(
        encode_command(SubmitRequest(text="one")) + b"\n" + encode_command(SubmitRequest(text="two"))
    )
    await until(lambda: desk.log.last == 1)
    writer.write(b"\n")
    lines = [json.loads(await reader.readline()) for _ in range(2)]
    assert [(line["seq"], line["session"], line["type"], line["text"]) for line in lines] == [
        (1, "s1", "notice_given", "one"),
        (2, "s1", "notice_given", "two"),
    ]
    writer.close()


@pytest.mark.parametrize(
    "lines",
    [
        [b"nonsense\n"],
        [b'{"cursor":"x"}\n'],
        [b'{"cursor":0}\n', b"{not json}\n"],
        [b'{"cursor":0}\n', b'{"type":"no_such_command"}\n'],
        [b'{"cursor":0}\n', b"\xff\xfe\n"],
        [b'{"cursor":0}\n', b"[" * 100_000 + b"\n"],
        [b'{"cursor":0}\n', b'{"type":"interrupt_run"}\n'],
    ],
)
async def test_a_client_that_breaks_the_protocol_is_dropped_alone(desk, server, client, lines):
    reader, writer = await hello(server, lines[0])
    writer.writelines(lines[1:])
    assert await asyncio.wait_for(reader.read(), SOON) == b""
    writer.close()
    await client.submit(SubmitRequest(text="still here"))
    assert [record.event.text for record in await take(client, 1)] == ["still here"]


async def test_a_line_without_end_is_cut_off(desk, server, client, monkeypatch):
    import msgspec

    short = msgspec.structs.replace(limits().link, line_bytes=100_000)
    few = msgspec.structs.replace(limits(), link=short)
    monkeypatch.setattr("core.link.lines.limits", lambda: few)
    _, writer = await hello(server, b'{"cursor":0}\n')
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(SOON):
            while True:
                writer.write(b"x" * 50_000)
                await writer.drain()
    await client.submit(SubmitRequest(text="still here"))
    assert len(await take(client, 1)) == 1


async def test_a_record_of_several_megabytes_passes(desk, client):
    await desk.log.append([NoticeGiven(text="é" * 3_000_000)])
    (record,) = await take(client, 1)
    assert record.event.text == "é" * 3_000_000


async def test_closing_the_server_sends_the_rest_and_ends_the_clients(desk, server):
    async with await LinkClient.connect(server.socket) as client:
        reading = asyncio.ensure_future(drain(client))
        await desk.log.append([NoticeGiven(text="x" * 1_000)] * 2_000)
        await server.close(last=desk.log.last)
        assert len(await reading) == 2_000
        with pytest.raises(LinkLost):
            await client.submit(SubmitRequest(text="too late"))
    assert not server.socket.exists()


async def test_a_client_that_reads_nothing_does_not_hold_up_the_end(desk, server):
    _, writer = await hello(server, b'{"cursor":0}\n')
    await desk.log.append([NoticeGiven(text="x" * 10_000)] * 1_000)
    async with asyncio.timeout(limits().link.grace_seconds + SOON):
        await server.close(last=desk.log.last)
    assert server.clients == 0
    writer.close()


async def test_the_end_of_the_session_ends_its_clients(desk, server, client):
    await desk.log.append([NoticeGiven(text="a")])
    reading = asyncio.ensure_future(drain(client))
    await until(lambda: any(one._cursor == 1 for one in server._clients.values()))
    await desk.close()
    assert [record.seq for record in await reading] == [1]


async def test_closing_a_client_ends_its_records_and_leaves_the_session(desk, server, client):
    reading = asyncio.ensure_future(drain(client))
    await until(lambda: server.clients == 1)
    await client.close()
    assert await reading == []
    with pytest.raises(LinkLost):
        await client.submit(SubmitRequest(text="x"))
    await until(lambda: server.clients == 0)
    async with await LinkClient.connect(server.socket) as again:
        await again.submit(SubmitRequest(text="on"))
        assert len(await take(again, 1)) == 1


class Talking(Desk):
    """A session at work: it takes its time over a command, and talks once it is let."""

    def __init__(self, log: Log, said: Record) -> None:
        super().__init__(log)
        self.said, self.spoken = said, 0
        self.speaks, self.goes_on = asyncio.Event(), asyncio.Event()

    async def submit(self, command: Command) -> None:
        self.got.append(command)
        await self.goes_on.wait()

    async def records(self, after: int = 0) -> AsyncIterator[Record]:
        await self.speaks.wait()
        while True:
            self.spoken += 1
            yield self.said


async def spoken_into_the_void(desk: Talking) -> None:
    """Wait until it has spoken, and has had turns enough to notice where nobody is there."""
    await until(lambda: desk.spoken)
    for _ in range(20):
        await asyncio.sleep(0)


WORDS = [SubmitRequest(text="long work"), SubmitRequest(text="the last word")]


@pytest.fixture
async def talking(desk: Desk, tmp_path: Path):
    """Such a session and its server."""
    found = Talking(desk.log, *await desk.log.append([NoticeGiven(text="x" * 100_000)]))
    server = LinkServer(found, tmp_path / "talking.sock")
    await server.serve()
    yield found, server
    await server.close()


@pytest.mark.parametrize("read", [False, True])
async def test_what_was_sent_right_before_leaving_is_heard_though_the_session_talks(talking, read):
    """Its talk finds nobody any more, and must not take along what it has not heard yet."""
    desk, server = talking
    client = await LinkClient.connect(server.socket)
    reading = asyncio.ensure_future(drain(client)) if read else None
    await client.submit(WORDS[0])
    await until(lambda: desk.got)
    await client.submit(WORDS[1])
    leaving = asyncio.ensure_future(client.close())
    await until(lambda: client._closed)
    desk.speaks.set()
    await spoken_into_the_void(desk)
    desk.goes_on.set()
    await leaving
    await until(lambda: server.clients == 0)
    assert desk.got == WORDS
    if reading is not None:
        await reading


async def test_what_a_client_sent_that_was_killed_is_heard_to_its_end(talking):
    desk, server = talking
    _, writer = await hello(server, b'{"cursor":0}\n')
    writer.write(b"".join(encode_command(word) + b"\n" for word in WORDS))
    await until(lambda: desk.got)
    writer.transport.abort()
    desk.speaks.set()
    await spoken_into_the_void(desk)
    desk.goes_on.set()
    await until(lambda: server.clients == 0)
    assert desk.got == WORDS


ENGINE = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from core.events import NoticeGiven
from core.link import LinkServer
from core.log import Log
folder = Path(sys.argv[1])
class Desk:
    def __init__(self, log): self.log, self.id = log, log.session
    async def submit(self, command): await self.log.append([NoticeGiven(text=command.text)])
    def records(self, after=0): return self.log.follow(after)
    async def close(self): pass
async def main():
    log = await Log.open(folder / "s1.db", "s1", create=True, socket=folder / "s1.sock")
    await LinkServer(Desk(log), folder / "s1.sock").serve()
    await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture
def engine(tmp_path: Path):
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(ENGINE), str(tmp_path)])
    yield process
    process.kill()
    process.wait()


async def test_a_killed_engine_is_noticed_and_the_next_one_continues(engine, tmp_path):
    address = tmp_path / "s1.sock"
    client = await LinkClient.connect(address)
    await client.submit(SubmitRequest(text="before"))
    seen: list[str] = []

    async def read() -> None:
        async for record in client.records():
            seen.append(record.event.text)

    reading = asyncio.ensure_future(read())
    await until(lambda: seen == ["before"])
    engine.send_signal(signal.SIGKILL)
    with pytest.raises(LinkLost, match="is gone"):
        await asyncio.wait_for(reading, SOON)
    with pytest.raises(LinkLost):
        await client.submit(SubmitRequest(text="x"))
    with pytest.raises(LinkLost):
        await LinkClient.connect(address, timeout=0.05)
    await client.close()
    async with await Log.open(tmp_path / "s1.db", "s1") as log:
        server = LinkServer(Desk(log), address)
        await server.serve()
        async with await LinkClient.connect(address, after=1) as again:
            await again.submit(SubmitRequest(text="after"))
            assert [record.event.text for record in await take(again, 1, after=1)] == ["after"]
        await server.close()


async def test_connect_waits_for_the_engine_to_come_up(desk, tmp_path):
    server = LinkServer(desk, tmp_path / "later.sock")
    connecting = asyncio.ensure_future(LinkClient.connect(server.socket, timeout=SOON))
    await asyncio.sleep(0)
    await server.serve()
    client = await connecting
    assert client.id == "s1"
    await client.close()
    await server.close()


async def test_nobody_there_is_said_in_time(tmp_path):
    with pytest.raises(LinkLost, match="nobody answered"):
        await LinkClient.connect(tmp_path / "none.sock", timeout=0.05)


async def test_deserted_returns_only_when_all_clients_are_gone(desk, server):
    one = await LinkClient.connect(server.socket)
    two = await LinkClient.connect(server.socket)
    await until(lambda: server.clients == 2)
    deserted = asyncio.ensure_future(server.deserted(0.02))
    await one.close()
    await until(lambda: server.clients == 1)
    done, _ = await asyncio.wait({deserted}, timeout=0.2)
    assert not done
    await two.close()
    await asyncio.wait_for(deserted, SOON)


async def test_deserted_returns_when_nobody_ever_comes(server):
    await asyncio.wait_for(server.deserted(0.01), SOON)


async def test_a_connection_that_never_says_hello_is_no_client(server):
    _, writer = await asyncio.open_unix_connection(server.socket)
    await until(lambda: len(server._clients) == 1)
    assert server.clients == 0
    await asyncio.wait_for(server.deserted(0.01), SOON)
    writer.close()


async def test_socket_and_folder_are_private(server):
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700


async def test_a_folder_that_others_can_enter_is_closed_to_them(desk, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    server = LinkServer(desk, folder / "s.sock")
    await server.serve()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await server.close()


async def test_a_linked_folder_is_refused(desk, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(LinkError, match="is a link"):
        await LinkServer(desk, tmp_path / "link" / "s.sock").serve()


async def test_a_stale_socket_is_replaced_and_a_live_one_is_not(desk, server, tmp_path):
    with pytest.raises(LinkError, match="serves at"):
        await LinkServer(desk, server.socket).serve()
    stale = tmp_path / "run" / "stale.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(stale))
    other = LinkServer(desk, stale)
    await other.serve()
    async with await LinkClient.connect(stale) as client:
        assert client.id == "s1"
    await other.close()


async def test_a_file_in_the_way_is_kept(desk, tmp_path):
    path = tmp_path / "run" / "x.sock"
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(LinkError, match="in the way"):
        await LinkServer(desk, path).serve()
    assert path.read_text() == "mine"


async def test_a_path_too_long_for_a_socket_is_said(desk, tmp_path):
    path = tmp_path / ("x" * 100) / "s.sock"
    with pytest.raises(LinkError, match="XDG_RUNTIME_DIR"):
        await LinkServer(desk, path).serve()
    with pytest.raises(LinkError, match="XDG_RUNTIME_DIR"):
        await LinkClient.connect(path)


async def test_a_server_that_speaks_another_language_is_no_engine(tmp_path):
    left = asyncio.Event()

    async def chat(reader, writer) -> None:
        writer.write(b"220 smtp ready\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        left.set()

    server = await asyncio.start_unix_server(chat, tmp_path / "s.sock")
    with pytest.raises(LinkLost):
        await LinkClient.connect(tmp_path / "s.sock", timeout=SOON)
    await asyncio.wait_for(left.wait(), SOON)
    server.close()
