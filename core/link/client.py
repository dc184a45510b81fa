"""A session in another process, as a port like any other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self, cast

import msgspec

from core.commands import Command
from core.limits import limits
from core.link.address import check_path
from core.link.errors import LinkLost
from core.link.lines import ENDED_LINE, STREAM_LIMIT, Hello, LineTooLong, read_lines, welcomes
from core.log.encoding import encode_clean
from core.port import SessionPort
from core.record import Record, decode as decode_record

_RETRY_SECONDS = 0.02
_ENDED = ENDED_LINE.rstrip()


class LinkClient(SessionPort):
    """A `SessionPort` over a Unix socket. It holds no records: a slow reader slows the sender only."""

    def __init__(self, socket: Path, wire: "_Wire", after: int, timeout: float) -> None:
        self._socket = socket
        self._wire = wire
        self._after = after
        self._timeout = timeout
        self._first_is_free = True
        self._wires: set[_Wire] = {wire}
        self._closed = False

    @classmethod
    async def connect(cls, socket: Path, after: int = 0, timeout: float | None = None) -> "LinkClient":
        """Connect, waiting for the engine to come up.

        Args:
            after: the cursor that the first `records` will most likely start from.
            timeout: seconds; the default is in core/limits.toml.

        Raises:
            LinkLost: nobody answers there in time.
            LinkError: the path is too long for a socket.
        """
        seconds = limits().link.connect_seconds if timeout is None else timeout
        check_path(socket)
        return cls(socket, await _dial(socket, after, seconds), after, seconds)

    @property
    def id(self) -> str:
        return self._wire.session

    async def submit(self, command: Command) -> None:
        """Send a command.

        Raises:
            LinkLost: the engine is gone; the command may or may not have arrived: the records tell.
        """
        if self._closed:
            raise LinkLost(self._socket, "this side closed the link")
        try:
            await self._wire.send(encode_clean(command)[0])
        except OSError as error:
            raise LinkLost(self._socket, str(error)) from error

    async def records(self, after: int = 0) -> AsyncIterator[Record]:
        """Every record after a cursor, then each new one; ends when the session or this client is closed.

        Raises:
            LinkLost: the engine is gone.
        """
        wire = await self._wire_from(after)
        try:
            async for line in wire.lines:
                if line == _ENDED:
                    return
                record = decode_record(line)
                if record.seq > after:
                    yield record
        except (msgspec.DecodeError, LineTooLong) as error:
            raise LinkLost(self._socket, f"it sent what this version does not understand: {error}") from error
        except OSError as error:
            if not self._closed:
                raise LinkLost(self._socket, str(error)) from error
        finally:
            if wire is not self._wire:
                self._wires.discard(wire)
                wire.close()
        if not self._closed:
            raise LinkLost(self._socket)

    async def _wire_from(self, after: int) -> "_Wire":
        """The first connection for the first reader that it serves; another one for each other."""
        if self._first_is_free and after >= self._after:
            self._first_is_free = False
            return self._wire
        wire = await _dial(self._socket, after, self._timeout)
        self._wires.add(wire)
        return wire

    async def finish(self) -> None:
        """Send nothing more, and wait until the engine has carried out every command that was sent, or is gone."""
        await self._wire.leave()

    async def close(self) -> None:
        """Disconnect, once the engine has every command that was sent; a stuck one is not waited for long.

        The session goes on.
        """
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits().link.grace_seconds):
                await self.finish()
        for wire in self._wires:
            wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Wire:
    """One connection after both sides' first lines."""

    def __init__(self, lines: AsyncIterator[bytes], writer: asyncio.StreamWriter, session: str) -> None:
        self.lines = lines
        self.session = session
        self._writer = writer

    async def send(self, line: bytes) -> None:
        self._writer.write(line + b"\n")
        await self._writer.drain()
        if self._writer.transport.is_closing():
            raise ConnectionResetError("the connection ended")

    async def leave(self) -> None:
        """Say that nothing more comes, and wait for the other end to hang up: then it has read everything.

        Whoever hangs up first takes along what the other end has not read, as soon as that writes something.
        """
        transport = cast(asyncio.Transport, self._writer.transport)
        if transport.is_closing():
            return
        before = transport.get_protocol()
        assert isinstance(before, asyncio.StreamReaderProtocol)
        leaving = _Leaving(before)
        transport.set_protocol(leaving)
        before.eof_received()  # whoever reads here is done
        with contextlib.suppress(OSError):
            transport.write_eof()
            transport.resume_reading()
            await leaving.left.wait()

    def close(self) -> None:
        self._writer.close()


class _Leaving(asyncio.Protocol):
    """What comes in while one leaves is read by nobody, and must not hold up the other end."""

    def __init__(self, before: asyncio.StreamReaderProtocol) -> None:
        self._before = before
        self.left = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.left.set()
        self._before.connection_lost(exc)

    def pause_writing(self) -> None:
        self._before.pause_writing()

    def resume_writing(self) -> None:
        self._before.resume_writing()


async def _dial(socket: Path, cursor: int, seconds: float) -> _Wire:
    try:
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(FileNotFoundError, ConnectionError):
                    return await _greet(socket, cursor)
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError as error:
        raise LinkLost(socket, f"nobody answered in {seconds:g} s") from error
    except (OSError, msgspec.DecodeError, LineTooLong) as error:
        raise LinkLost(socket, str(error)) from error


async def _greet(socket: Path, cursor: int) -> _Wire:
    reader, writer = await asyncio.open_unix_connection(socket, limit=STREAM_LIMIT)
    try:
        writer.write(msgspec.json.encode(Hello(cursor)) + b"\n")
        lines = read_lines(reader)
        line = await anext(lines, None)
        if line is None:
            raise ConnectionResetError("the connection ended before it began")
        return _Wire(lines, writer, welcomes.decode(line).session)
    except BaseException:
        writer.close()
        raise
