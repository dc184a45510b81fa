"""Frames, read back by botocore's own decoder."""

import json

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given, settings, strategies as st

from agents.rehearsal import frames

JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=3)


def decode(data: bytes):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_botocore_reads_what_we_frame(payload: dict) -> None:
    (message,) = decode(frames.event("contentBlockDelta", payload))
    assert message.headers == {
        ":message-type": "event",
        ":event-type": "contentBlockDelta",
        ":content-type": "application/json",
    }
    assert json.loads(message.payload) == payload


def test_frames_follow_each_other() -> None:
    first, second = (
        frames.event("messageStart", {"role": "assistant"}),
        frames.exception("x", {"message": "m"}),
    )
    assert [len(message.headers) for message in decode(first + second)] == [3, 3]


@pytest.mark.parametrize("position", [9, 40, -1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    data = bytearray(frames.event("messageStart", {"role": "assistant"}))
    data[position] ^= 0xFF
    with pytest.raises(ChecksumMismatch):
        decode(bytes(data))
