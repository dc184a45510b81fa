"""A stopped run ends at once, closes what it had open, and loses nothing."""

import asyncio
import threading
import time

import pytest

from agents.retry import RetryPolicy
from core.commands import InterruptRun
from core.events import (
    CallStarted,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    Retried,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolStarted,
)
from tests.support.foreign_bedrock import Break, Refuse, Reply
from tests.support.waiting import SOON

LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"


def _last(kinds, kind):
    return len(kinds) - 1 - kinds[::-1].index(kind)


async def stop(works):
    started = time.monotonic()
    await works.submit(InterruptRun())
    told = await works.finish()
    assert time.monotonic() - started < SOON
    assert (told.end.status, told.end.exit_code) == ("interrupted", 130)
    assert [each.node for each in told.of(NodeFinished)] == [each.node for each in told.of(NodeStarted)]
    assert told.of(NodeFinished)[-1].status == "interrupted"
    kinds = [type(event) for event in told.events]
    for kind in (ModelCalled, ToolFinished, TextFinished):
        # the node itself closes what it had open; the session does so only for one that died
        assert kind not in kinds[_last(kinds, NodeFinished) :]
    assert [each.call for each in told.of(CallStarted)] == [each.call for each in told.of(ModelCalled)]
    return told


async def gone(asked):
    """The endpoint has seen that the connection was closed."""
    assert await asyncio.to_thread(asked.left.wait, SOON)


async def goes_on(works, foreign):
    """The next request in the same session works."""
    told = await works()
    assert (told.end.status, told.end.answer) == ("done", "Here is what I found and did.")
    return told


async def test_in_the_middle_of_a_stream(works, foreign):
    foreign.next(Reply("half a sentence ", hold=threading.Event()))
    await works.start("What does app.py do?")
    await works.until(lambda told: told.of(TextDelta))
    told = await stop(works)
    await gone(foreign.requests[0])
    (call,) = told.calls
    assert (call.ok, call.estimated) == (False, True)
    assert call.input_tokens > 0
    assert call.output_tokens > 0
    assert "half a sent" in told.of(TextFinished)[0].text
    assert told.of(TextDiscarded) == []
    assert told.end.estimated
    await goes_on(works, foreign)


@pytest.mark.parametrize("model", ["us.anthropic.claude-haiku-5-5", LLAMA])
async def test_before_the_first_byte(foreign, open_session, roster, model):
    works = await open_session(roster(researcher=(model,)))
    foreign.next(Break("silent"))
    await works.start("What does app.py do?")
    await asyncio.to_thread(foreign.wait_for, lambda requests: len(requests) == 1)
    told = await stop(works)
    await gone(foreign.requests[0])
    (call,) = told.calls
    assert (call.ok, call.estimated, call.output_tokens) == (False, True, 0)
    await goes_on(works, foreign)


async def test_during_a_tool(works, foreign):
    foreign.play("You are the fast coder", Reply("I wait.", (("run_command", {"command": "sleep 60"}),)))
    await works.start("Add a line that says hello")
    await works.until(lambda told: [each for each in told.of(ToolStarted) if each.tool == "run_command"])
    told = await stop(works)
    assert len(told.of(ToolFinished)) == len(told.of(ToolStarted)) == 1
    assert not told.of(ToolFinished)[0].ok
    foreign.plays.clear()
    await goes_on(works, foreign)


async def test_while_it_waits_for_the_next_attempt(foreign, open_session):
    works = await open_session(policy=RetryPolicy(9, base_seconds=60, cap_seconds=60, total_seconds=600))
    foreign.next(Refuse(429, "ThrottlingException"))
    await works.start("What does app.py do?")
    await works.until(lambda told: told.of(Retried))
    told = await stop(works)
    assert len(told.calls) == len(foreign.requests) == 1
    await goes_on(works, foreign)


async def test_while_the_router_thinks(works, foreign):
    foreign.next(Break("silent"))
    await works.start("Add a line that says hello")
    await asyncio.to_thread(foreign.wait_for, lambda requests: len(requests) == 1)
    told = await stop(works)
    await gone(foreign.requests[0])
    assert [each.role for each in told.of(NodeStarted)] == ["router"]


async def test_an_answer_that_ended_leaves_its_connection_to_the_next(works, foreign):
    """Nothing is shut down after a stream that ended well."""
    foreign.play(
        "You are the researcher", Reply("I look.", (("read_file", {"path": "app.py"}),)), Reply("Done.")
    )
    await works()
    assert len(foreign.requests) == 2
    assert not any(asked.left.is_set() for asked in foreign.requests)
    assert len({asked.peer for asked in foreign.requests}) == 1
