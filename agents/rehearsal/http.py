"""As much of HTTP/1.1 as AWS's clients speak: requests in, answers and chunks out."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import msgspec

LAST_CHUNK = b"0\r\n\r\n"
_MAX_BODY = 64 * 1024 * 1024
_PATH = re.compile(r"/model/(?P<model>.+)/(?P<operation>converse|converse-stream|count-tokens)")


class BadRequest(ValueError):
    """What arrived is not HTTP as we know it; the connection ends."""


class HttpRequest(msgspec.Struct, frozen=True):
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes

    def target(self) -> tuple[str, str] | None:
        """Model id and operation, or None when Bedrock has nothing here."""
        match = _PATH.fullmatch(self.path.partition("?")[0])
        if self.method != "POST" or match is None:
            return None
        return unquote(match["model"]), match["operation"]

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> HttpRequest | None:
    """The connection's next request; None when the client has closed it. Raises `BadRequest`."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(first)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return HttpRequest(parts[0], parts[1], headers, await _read_body(reader, headers))


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", ""):
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _MAX_BODY:
        raise BadRequest(f"content-length {length}")
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        line = (await reader.readline()).partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", line) or len(body) + int(line, 16) > _MAX_BODY:
            raise BadRequest("chunk size")
        body += (await reader.readexactly(int(line, 16) + 2))[:-2]
        if int(line, 16) == 0:
            return bytes(body)


def answer(status: int, body: Mapping[str, Any], error: str = "") -> bytes:
    """A whole answer in JSON; `error` is the exception's name for AWS's clients."""
    headers = {"x-amzn-ErrorType": error} if error else {}
    return answer_bytes(status, json.dumps(body).encode(), headers)


def answer_bytes(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer with a body that is already written."""
    given = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    return _head(status, given) + body


def stream_head(content_type: str) -> bytes:
    """The head of an answer that comes in chunks."""
    return _head(200, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked answer."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with a TCP reset."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
