"""The one encoding of a record."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, strategies as st

from core.events import NoticeGiven, TextDelta, ToolFinished
from core.record import Record, decode, decode_event, encode, encode_event, encode_line, timestamp

AT = "2026-01-31T12:00:00.000000Z"


def test_a_record_is_one_flat_object_with_its_head_first():
    event = TextDelta(run="r1", node="coder_2", role="coder", text="hi", block="b")
    data = json.loads(encode(Record(7, "s", AT, event)))
    assert list(data) == ["seq", "session", "at", "type", "run", "node", "role", "text", "block", "kind"]
    assert (data["seq"], data["type"], data["node"]) == (7, "text_delta", "coder_2")


@given(st.text(st.characters(blacklist_categories=("Cs",))), st.integers(1, 2**53), st.booleans())
def test_a_record_comes_back_from_its_line(text, seq, ok):
    event = ToolFinished(
        run=text, node=text, role="r", call="c", tool=text, ok=ok, duration_ms=1, output=text
    )
    record = Record(seq, "s", AT, event)
    line = encode_line(record)
    assert decode(encode(record)) == decode(line) == record
    assert len(line.splitlines()) == 1 and "\x7f" not in line and "\x9b" not in line
    assert decode_event(encode_event(event)) == event


def test_fields_of_later_versions_are_passed_over_and_unknown_events_are_not_guessed():
    assert decode(
        f'{{"seq":1,"session":"s","at":"{AT}","type":"notice_given","text":"x","new":1}}'
    ).event == (NoticeGiven(text="x"))
    for line in ("{}", "", "[]", f'{{"seq":1,"session":"s","at":"{AT}","type":"miracle_happened"}}'):
        with pytest.raises(msgspec.DecodeError):
            decode(line)


def test_time_is_written_in_utc_to_the_microsecond():
    moment = datetime(2026, 1, 31, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    assert timestamp(moment) == AT
    assert timestamp(datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)).endswith(".000005Z")
