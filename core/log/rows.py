"""Rows of the log: how an event becomes one, how rows are chained, and how they are read back.

A row's `chain` is a checksum over the row and over the chain of the row before, so that a changed,
missing or foreign row shows. Text deltas have a checksum of their own and stand outside the chain,
since they may be pruned once the finished block is there.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from core.events import Event, NoticeGiven
from core.log.encoding import encode_clean
from core.record import Record, decode_event

DELTA = b"text_delta"
_CHAIN_BYTES = 16

_heads = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Row:
    seq: int
    at: bytes
    type: bytes
    body: bytes
    chain: bytes

    def values(self) -> tuple[int, str, str, str, bytes]:
        """What is bound to `INSERT`."""
        return self.seq, self.at.decode(), self.type.decode(), self.body.decode(), self.chain


class BadRow(Exception):
    """A row is not what was written; `seq` says which."""

    def __init__(self, seq: int, what: str) -> None:
        super().__init__(what)
        self.seq = seq


def first_chain(session: str) -> bytes:
    """What the first row is chained to."""
    return hashlib.sha256(b"heddle log\n" + session.encode()).digest()[:_CHAIN_BYTES]


def _checksum(before: bytes, seq: int, at: bytes, kind: bytes, body: bytes) -> bytes:
    before = b"" if kind == DELTA else before
    digest = hashlib.sha256(b"%b%d\n%b\n%b\n" % (before, seq, at, kind))
    digest.update(body)
    return digest.digest()[:_CHAIN_BYTES]


def event_type(event: Event) -> str:
    """The event's `type` on the wire."""
    tag = type(event).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def make_rows(
    events: Iterable[Event], *, session: str, last: int, tip: bytes, at: str
) -> tuple[list[Row], list[Record], bytes]:
    """The rows and records that follow `last`, and the chain's new tip."""
    rows: list[Row] = []
    records: list[Record] = []
    for seq, event in enumerate(events, last + 1):
        body, changed = encode_clean(event)
        kind = event_type(event).encode()
        chain = _checksum(tip, seq, at.encode(), kind, body)
        rows.append(Row(seq, at.encode(), kind, body, chain))
        records.append(Record(seq, session, at, decode_event(body) if changed else event))
        tip = tip if kind == DELTA else chain
    return rows, records, tip


def check_rows(raw: Iterable[Sequence[Any]], tip: bytes) -> Iterable[Row | BadRow]:
    """Type and checksum of each raw row, given the chain before the first one."""
    for values in raw:
        row = _typed(values)
        if isinstance(row, BadRow):
            yield row
            continue
        intact = row.chain == _checksum(tip, row.seq, row.at, row.type, row.body)
        yield row if intact else BadRow(row.seq, f"record {row.seq} does not match its checksum")
        tip = tip if row.type == DELTA else row.chain


def _typed(values: Sequence[Any]) -> Row | BadRow:
    seq, at, kind, body, chain = values
    if type(at) is type(kind) is type(body) is type(chain) is bytes:
        return Row(seq, at, kind, body, chain)
    return BadRow(seq, f"record {seq} has lost its form")


def to_record(row: Row, session: str) -> Record:
    """The record; an event that this version does not know becomes a notice, so that no seq is missing."""
    at = row.at.decode()
    try:
        return Record(row.seq, session, at, decode_event(row.body))
    except msgspec.DecodeError:
        kind = row.type.decode(errors="replace")
        text = f"Another version of Heddle recorded “{kind}” here, which this version cannot show."
        return Record(row.seq, session, at, NoticeGiven(text=text))
