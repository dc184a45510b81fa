"""Serving a session to other processes: commands in, records out, each client at its own pace."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.commands import decode as decode_command
from core.limits import limits
from core.link.address import bind
from core.link.lines import ENDED_LINE, STREAM_LIMIT, Welcome, hellos, read_lines
from core.port import SessionPort
from core.record import encode as encode_record

_log = logging.getLogger("heddle.link")


class LinkServer:
    """Serves one session on one Unix socket. Close it before the session, so that clients get the rest."""

    def __init__(self, session: SessionPort, socket: Path) -> None:
        self._session = session
        self._socket = socket
        self._inode = 0
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], _Client] = {}
        self._present = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._arrived = asyncio.Event()

    @property
    def socket(self) -> Path:
        return self._socket

    @property
    def clients(self) -> int:
        """How many clients are connected and have said hello."""
        return sum(client.greeted for client in self._clients.values())

    async def serve(self) -> None:
        """Listen; returns at once.

        Raises:
            LinkError: the socket cannot be made.
        """
        listener = await asyncio.to_thread(bind, self._socket)
        self._inode = self._socket.stat().st_ino
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=STREAM_LIMIT)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(self._session, reader, writer, self._greet)
        task = asyncio.ensure_future(client.run())
        self._clients[task] = client
        task.add_done_callback(self._drop)

    def _drop(self, task: asyncio.Task[None]) -> None:
        del self._clients[task]
        self._count()

    def _greet(self) -> None:
        self._arrived.set()
        self._count()

    def _count(self) -> None:
        here, gone = (self._present, self._empty) if self.clients else (self._empty, self._present)
        here.set()
        gone.clear()

    async def deserted(self, after_seconds: float) -> None:
        """Return when no client has been connected for so long, counted from now or the last one's end."""
        while True:
            await self._empty.wait()
            try:
                async with asyncio.timeout(after_seconds):
                    await self._present.wait()
            except TimeoutError:
                return

    async def presence(self) -> None:
        """Return when a client is connected."""
        await self._present.wait()

    async def arrival(self) -> None:
        """Return when another client than those that are connected has said hello."""
        self._arrived.clear()
        await self._arrived.wait()

    async def close(self, last: int = 0) -> None:
        """Stop listening, give clients a moment to get every record up to `last`, and disconnect them."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._remove_socket()
        tasks = list(self._clients)
        for client in self._clients.values():
            client.finish(last)
        if tasks:
            await asyncio.wait(tasks, timeout=limits().link.grace_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _remove_socket(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self._socket.lstat().st_ino == self._inode:
                self._socket.unlink()


class _Client:
    """One connection. It sends from the session's records by its own cursor, and never from a queue."""

    def __init__(
        self,
        session: SessionPort,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_hello: Callable[[], None],
    ) -> None:
        self._session = session
        self._lines = read_lines(reader)
        self._writer = writer
        self._on_hello = on_hello
        self._cursor = 0
        self._until: int | None = None
        self._moved = asyncio.Event()
        self.greeted = False

    def finish(self, last: int) -> None:
        """Disconnect as soon as the client has every record up to `last`."""
        self._until = last
        self._moved.set()

    async def run(self) -> None:
        """Serve until either side ends. A client that breaks the protocol is dropped, and only that one."""
        try:
            await self._talk()
        except ConnectionError:
            pass
        except Exception as error:
            _log.warning("a client of %s was dropped: %r", self._session.id, error)
        finally:
            self._writer.transport.abort()

    async def _talk(self) -> None:
        self._writer.write(msgspec.json.encode(Welcome(self._session.id)) + b"\n")
        line = await anext(self._lines, None)
        if line is None:
            return
        self._cursor = hellos.decode(line).cursor
        self.greeted = True
        self._on_hello()
        if await self._serve():
            self._writer.write(ENDED_LINE)
            self._writer.close()
            await self._writer.wait_closed()

    async def _serve(self) -> bool:
        """True when everything was sent, False when the client went away."""
        hearing = asyncio.ensure_future(self._hear())
        sending = asyncio.ensure_future(self._send())
        finishing = asyncio.ensure_future(self._finished())
        tasks = {hearing, sending, finishing}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sending in done and isinstance(sending.exception(), ConnectionError):
                done, _ = await asyncio.wait({hearing})  # it has left; what it sent before counts
            for task in done:
                task.result()
            return hearing not in done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        async for line in self._lines:
            await self._session.submit(decode_command(line))

    async def _send(self) -> None:
        async for record in self._session.records(self._cursor):
            self._writer.write(encode_record(record) + b"\n")
            await self._writer.drain()
            self._cursor = record.seq
            self._moved.set()

    async def _finished(self) -> None:
        while self._until is None or self._cursor < self._until:
            self._moved.clear()
            await self._moved.wait()
