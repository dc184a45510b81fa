"""The cache alarm: rings once when writes outrun reads, says why, and leaves a warm conversation alone."""

from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from agents.cache_alarm import CacheAlarm
from core.events import NoticeGiven
from core.limits import limits
from core.prices import Usage
from tests.support.foreign_bedrock import Reply

READS = Reply("I look.", (("read_file", {"path": "app.py"}),))
PHRASE = "You are the researcher"


def prompt(messages, system="be good", tools=()):
    return SimpleNamespace(system_prompt=system, tool_specs=list(tools), messages=messages)


def alarms(told):
    return [each for each in told.of(NoticeGiven) if "prompt cache" in each.text]


async def test_writes_that_are_never_read_are_told_once(works, foreign):
    foreign.play(PHRASE, *[READS] * 9, Reply("Done."))
    foreign.usage = lambda _asked: {"inputTokens": 10, "outputTokens": 5, "cacheWriteInputTokens": 2_000}
    told = await works()
    (alarm,) = alarms(told)
    assert alarm.level == "warning"
    assert alarm.text.startswith(
        "researcher: the prompt cache costs more than it saves: 8,000 tokens written and 0 read"
    )
    assert "the prompt begins as before" in alarm.text
    place = told.events.index(alarm)
    calls = [event for event in told.events[:place] if type(event).__name__ == "ModelCalled"]
    assert len(calls) == limits().cache.alarm_calls


async def test_a_warm_conversation_is_left_alone(works, foreign):
    foreign.play(PHRASE, *[READS] * 9, Reply("Done."))
    foreign.usage = lambda asked: {
        "inputTokens": 10,
        "outputTokens": 5,
        "cacheReadInputTokens": 2_000 * asked.turn,
        "cacheWriteInputTokens": 2_000,
    }
    assert alarms(await works()) == []


async def test_a_short_node_is_left_alone(works, foreign):
    foreign.play(PHRASE, READS, Reply("Done."))
    foreign.usage = lambda _asked: {"inputTokens": 10, "outputTokens": 5, "cacheWriteInputTokens": 2_000}
    assert alarms(await works()) == []


@given(st.integers(0, 50_000), st.integers(1, 50_000), st.integers(2, 30))
def test_no_conversation_that_grows_steadily_rings(first, growth, calls):
    alarm, said = CacheAlarm(), []
    for number in range(calls):
        said.append("more")
        usage = Usage(cache_read=first + growth * number if number else 0, cache_write=growth)
        assert alarm.weigh("m", prompt(list(said)), usage) is None


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"model": True}, "the model was changed"),
        ({"system": True}, "the system prompt differs"),
        ({"tools": True}, "the tools differ"),
        ({"messages": True}, "earlier messages are changed"),
        ({}, "the provider dropped it"),
    ],
)
def test_the_cause_is_named(change, cause):
    alarm, rung = CacheAlarm(), []
    for number in range(8):
        messages = [f"first {number}" if "messages" in change else "first", *["more"] * number]
        asked = prompt(
            messages,
            system=f"system {number if 'system' in change else ''}",
            tools=[number] if "tools" in change else [],
        )
        model = f"m{number}" if "model" in change else "m"
        rung.append(alarm.weigh(model, asked, Usage(cache_write=5_000)))
    (sentence,) = [each for each in rung if each]
    assert cause in sentence


def test_long_waits_are_named(monkeypatch):
    clock = iter(range(0, 10**9, 400_000))
    monkeypatch.setattr("agents.cache_alarm.monotonic_ms", lambda: next(clock))
    alarm = CacheAlarm()
    rung = [alarm.weigh("m", prompt(["a"] * (number + 1)), Usage(cache_write=5_000)) for number in range(6)]
    assert "five minutes" in next(each for each in rung if each)
