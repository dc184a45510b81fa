"""Frames of `application/vnd.amazon.eventstream`, as Bedrock streams them.

A frame is, big-endian: total length, headers' length, CRC-32 of these two, headers, payload,
CRC-32 of all before. A header is its name's length, its name, type 7 (string), its value's
length, its value.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame with string headers."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = struct.pack("!II", len(head) + len(payload) + 16, len(head))
    body = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return body + struct.pack("!I", crc32(body))


def _header(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + b"\x07" + struct.pack("!H", len(value)) + value


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """An event such as `contentBlockDelta`."""
    return _message("event", "event-type", name, payload)


def exception(name: str, payload: Mapping[str, Any]) -> bytes:
    """An error that the service models, such as `throttlingException`, in the middle of a stream."""
    return _message("exception", "exception-type", name, payload)


def _message(kind: str, key: str, name: str, payload: Mapping[str, Any]) -> bytes:
    headers = {":message-type": kind, f":{key}": name, ":content-type": "application/json"}
    return frame(headers, json.dumps(payload, separators=(",", ":")).encode())
