"""JSON-RPC messages on a pipe, as the Language Server Protocol frames them."""

from typing import IO, Any

import msgspec

MOST_BYTES = 64_000_000
"""A longer message ends the connection."""
_MOST_HEADERS = 20
_MOST_HEADER_BYTES = 4_096


class WireFault(Exception):
    """What arrives is no message."""


def framed(message: dict[str, Any]) -> bytes:
    """A message as bytes."""
    body = msgspec.json.encode(message)
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def read_message(pipe: IO[bytes]) -> dict[str, Any] | None:
    """The next message; None at the end.

    Raises:
        WireFault: something else arrives.
    """
    length = _length(pipe)
    if length is None:
        return None
    body = pipe.read(length)
    if len(body) < length:
        return None
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireFault(f"a message is no JSON ({error})") from None
    if not isinstance(message, dict):
        raise WireFault("a message is no object")
    return message


def _length(pipe: IO[bytes]) -> int | None:
    """What the headers say; None at the end."""
    length = -1
    for _ in range(_MOST_HEADERS):
        line = pipe.readline(_MOST_HEADER_BYTES)
        if not line:
            return None
        if len(line) == _MOST_HEADER_BYTES:
            break
        if not line.endswith(b"\n"):
            return None
        name, colon, value = line.partition(b":")
        if line in (b"\r\n", b"\n"):
            if 0 <= length <= MOST_BYTES:
                return length
            break
        if not colon:
            break
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 20:
            length = int(value)
    raise WireFault("a message has no length that is right")
