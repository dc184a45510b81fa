"""A record is an event with its place in the log, and the one flattened encoding of it.

The same JSON object serves the log, the link between processes and `--output stream-json`:
`seq, session, at, type`, then `run`, `node` and `role` where there are any, then the event's own fields.
"""

from datetime import UTC, datetime
from functools import cache

import msgspec

from core.events import Event
from core.text import escape_json


class Record(msgspec.Struct, frozen=True):
    seq: int
    """Place in the session's log, from 1, without gaps."""
    session: str
    at: str
    """RFC 3339, UTC, microseconds: `2026-01-31T12:00:00.000000Z`."""
    event: Event


class _Head(msgspec.Struct, frozen=True):
    seq: int
    session: str
    at: str


_heads = msgspec.json.Decoder(_Head)
_encoder = msgspec.json.Encoder()


@cache
def _events() -> msgspec.json.Decoder[Event]:
    """Made when the first event comes: a millisecond that the first frame can do without."""
    return msgspec.json.Decoder(Event)


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode_event(event: Event) -> bytes:
    return _encoder.encode(event)


def decode_event(data: bytes | str) -> Event:
    """Read an event's own JSON; fields that are not known are passed over.

    Raises:
        msgspec.DecodeError: this is no event that this version knows.
    """
    return _events().decode(data)


def encode(record: Record) -> bytes:
    """One line of JSON, without the newline."""
    head = _encoder.encode(_Head(record.seq, record.session, record.at))
    return head[:-1] + b"," + encode_event(record.event)[1:]


def decode(line: bytes | str) -> Record:
    """Read one line.

    Raises:
        msgspec.DecodeError: the line is no record that this version knows.
    """
    head = _heads.decode(line)
    return Record(head.seq, head.session, head.at, _events().decode(line))


def encode_line(record: Record) -> str:
    r"""The same as text for a terminal or a pipe: what a terminal would obey stands as `\u` escapes."""
    return escape_json(encode(record).decode("utf-8", "surrogatepass"))
