"""JSON lines over a stream, and the first line of each side."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from core.limits import limits

_CHUNK = 65_536
STREAM_LIMIT = 2 * _CHUNK
"""How much a stream reads ahead: a slow reader holds back the writer instead of filling memory."""


class Hello(msgspec.Struct, frozen=True):
    """A client's first line: send me the records after this one."""

    cursor: int


class Welcome(msgspec.Struct, frozen=True):
    """The server's first line."""

    session: str


class Ended(msgspec.Struct, frozen=True):
    """The server's last line: the session is closed and everything was sent."""

    ended: bool


hellos = msgspec.json.Decoder(Hello)
welcomes = msgspec.json.Decoder(Welcome)
ENDED_LINE = msgspec.json.encode(Ended(True)) + b"\n"


class LineTooLong(Exception):
    """A line is longer than `limits().link.line_bytes`."""


async def read_lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines without their newline; a torn last line is dropped.

    Raises:
        LineTooLong: the other end sends no newline.
    """
    most = limits().link.line_bytes
    parts: list[bytes] = []
    size = 0
    while chunk := await reader.read(_CHUNK):
        *whole, rest = chunk.split(b"\n")
        for line in whole:
            yield b"".join([*parts, line])
            parts, size = [], 0
        size += len(rest)
        if size > most:
            raise LineTooLong(f"a line of more than {most:,} bytes")
        parts.append(rest)
