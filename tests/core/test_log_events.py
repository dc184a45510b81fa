"""Every event survives encoding, the log and decoding."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec import inspect

from core.events import Event
from core.log import Log
from core.record import Record, decode, encode

_EVENTS = {kind.cls: kind for kind in inspect.type_info(Event).types}  # pyright: ignore
_INTEGERS = st.integers(-(2**63), 2**63 - 1)


def strategy(kind: Any, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of a msgspec type."""
    match kind:
        case inspect.StrType():
            return text
        case inspect.IntType():
            return _INTEGERS
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.VarTupleType(item_type=item):
            return st.lists(strategy(item, text), max_size=3).map(tuple)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(strategy(key, text), strategy(value, text), max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of([strategy(one, text) for one in types])
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: strategy(field.type, text) for field in fields})
    raise AssertionError(f"no strategy for {kind}")


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
CLEAN_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize("kind", _EVENTS.values(), ids=lambda kind: kind.tag)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_record_is_the_same_after_one_line_of_json(kind, data):
    event = data.draw(strategy(kind, CLEAN_TEXT))
    record = Record(data.draw(st.integers(1, 2**53)), "s1", "2026-01-31T12:00:00.000000Z", event)
    line = encode(record)
    assert b"\n" not in line
    assert decode(line) == record
    assert list(msgspec.json.decode(line))[:4] == ["seq", "session", "at", "type"]


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_the_log_gives_back_what_it_said_it_wrote(tmp_path_factory, data):
    """With any text at all, lone surrogates, NUL and newlines included."""
    events = [data.draw(strategy(kind, ANY_TEXT)) for kind in _EVENTS.values()]

    async def there_and_back() -> None:
        path = tmp_path_factory.mktemp("log") / "s1.db"
        async with await Log.open(path, "s1", create=True) as log:
            written = await log.append(events)
            assert [type(record.event) for record in written] == [type(event) for event in events]
            assert await log.read() == written
            assert await log.verify() == len(events)
            assert [decode(encode(record)) for record in written] == written

    asyncio.run(there_and_back())
