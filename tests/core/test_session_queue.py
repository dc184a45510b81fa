"""Requests that come while a run works wait for their turn; none is lost, and none begins twice."""

import asyncio

import pytest

from core.commands import InterruptRun, ResumeRun, SendMessage, SubmitRequest, WithdrawRequest
from core.events import (
    CommandRefused,
    MessageDelivered,
    MessageSent,
    NodeStarted,
    NoticeGiven,
    RequestDequeued,
    RequestQueued,
    RequestSubmitted,
    RunFinished,
)
from core.faults import Fault
from core.log import LogReader
from tests.core.test_session_faults import kill_in_a_run
from tests.support.acting import ROLE, ActingTeam


class Door:
    """Lets a deed wait for the test."""

    def __init__(self):
        self.open = asyncio.Event()

    async def wait(self, actor):
        await actor.run.unless_stopped(self.open.wait())


@pytest.fixture
def door():
    return Door()


async def begin(hand, *deeds):
    """A session whose first run works."""
    session, team = await hand.start(*deeds)
    await session.submit(SubmitRequest(text="first"))
    await hand.until(session, NodeStarted)
    return session, team


async def queue(hand, session, text, **more):
    await session.submit(SubmitRequest(text=text, queue=True, **more))
    return (await hand.events(session, RequestQueued))[-1].id


async def texts(hand, session):
    return [each.text for each in await hand.events(session, RequestSubmitted)]


async def refusal(hand, session):
    return (await hand.events(session, CommandRefused))[-1].reason


async def test_they_begin_one_after_the_other_as_they_were_asked(hand, door):
    session, _ = await begin(hand, door.wait)
    ids = [
        await queue(hand, session, " second ", pattern="graph", budget_usd="2", asked_role=ROLE),
        await queue(hand, session, "third"),
    ]
    door.open.set()
    await session.wait_idle()
    requests = await hand.events(session, RequestSubmitted)
    assert [(each.text, each.queued) for each in requests] == [
        ("first", None),
        ("second", ids[0]),
        ("third", ids[1]),
    ]
    second = requests[1]
    assert (second.pattern, second.budget_usd, second.asked_role) == ("graph", "2.00", ROLE)
    assert [(each.id, each.reason) for each in await hand.events(session, RequestDequeued)] == [
        (id, "started") for id in ids
    ]
    assert len(await hand.events(session, RunFinished)) == 3


async def test_without_a_run_it_begins_at_once(hand):
    session, _ = await hand.start()
    await session.submit(SubmitRequest(text="now", queue=True))
    await session.wait_idle()
    assert await texts(hand, session) == ["now"]
    assert await hand.events(session, RequestQueued) == []


async def test_without_asking_for_it_nothing_is_queued(hand, door):
    session, _ = await begin(hand, door.wait)
    await session.submit(SubmitRequest(text="second"))
    assert "at work" in await refusal(hand, session)
    door.open.set()


@pytest.mark.parametrize("text, budget, word", [(" ", None, "empty"), ("x", "much", "no amount")])
async def test_what_could_not_begin_is_not_queued(hand, door, text, budget, word):
    session, _ = await begin(hand, door.wait)
    await session.submit(SubmitRequest(text=text, budget_usd=budget, queue=True))
    assert word in await refusal(hand, session)
    assert await hand.events(session, RequestQueued) == []
    door.open.set()


async def test_a_run_that_failed_does_not_hold_it_up(hand, door):
    async def fail(actor):
        await door.wait(actor)
        raise Fault("throttled", "slow down")

    session, _ = await begin(hand, fail)
    await queue(hand, session, "second")
    door.open.set()
    await session.wait_idle()
    assert [each.status for each in await hand.events(session, RunFinished)] == ["failed", "done"]


async def test_it_can_be_withdrawn_until_it_begins(hand, door):
    session, _ = await begin(hand, door.wait)
    id = await queue(hand, session, "second")
    for _ in range(2):
        await session.submit(WithdrawRequest(id=id))
    assert "does not wait any more" in await refusal(hand, session)
    door.open.set()
    await session.wait_idle()
    assert await texts(hand, session) == ["first"]
    assert [each.reason for each in await hand.events(session, RequestDequeued)] == ["withdrawn"]


async def test_after_an_interruption_it_stays_queued_and_the_user_is_told(hand, door):
    session, _ = await begin(hand, door.wait)
    await queue(hand, session, "second")
    await queue(hand, session, "third")
    await session.submit(InterruptRun())
    await session.wait_idle()
    assert await texts(hand, session) == ["first"]
    (told,) = await hand.events(session, NoticeGiven)
    assert told.text.startswith("2 requests wait, since the run was interrupted.")
    await session.submit(ResumeRun())
    await session.wait_idle()
    assert await texts(hand, session) == ["first", "first", "second", "third"]


async def test_what_waits_can_be_begun_with_or_without_one_more(hand, door):
    session, _ = await begin(hand, door.wait)
    await queue(hand, session, "second")
    await session.submit(InterruptRun())
    await session.wait_idle()
    await queue(hand, session, "third")
    await session.wait_idle()
    assert await texts(hand, session) == ["first", "second", "third"]


async def test_no_text_begins_what_waits(hand, door):
    session, _ = await begin(hand, door.wait)
    await queue(hand, session, "second")
    await session.submit(InterruptRun())
    await session.wait_idle()
    await session.submit(SubmitRequest(text="", queue=True))
    await session.wait_idle()
    assert await texts(hand, session) == ["first", "second"]


async def test_it_survives_that_the_session_is_opened_again(hand, door):
    session, _ = await begin(hand, door.wait)
    id = await queue(hand, session, "second")
    session = await hand.again(session, ActingTeam())
    assert "session was opened again" in (await hand.events(session, NoticeGiven))[-1].text
    assert await texts(hand, session) == ["first"]
    await session.submit(SubmitRequest(text="third"))
    await session.wait_idle()
    requests = await hand.events(session, RequestSubmitted)
    assert [(each.text, each.queued) for each in requests[1:]] == [("third", None), ("second", id)]


async def test_nobody_there_begins_nothing(hand, door):
    """A headless run does what it was asked for, and spends nothing on what an earlier screen left."""
    session, _ = await begin(hand, door.wait)
    await queue(hand, session, "second")
    session = await hand.again(session, ActingTeam(), interactive=False)
    await session.submit(SubmitRequest(text="third"))
    await session.wait_idle()
    assert await texts(hand, session) == ["first", "third"]


async def test_settings_that_refuse_it_later_are_said_and_hold_nothing_up(hand, door):
    session, _ = await begin(hand, door.wait)
    await queue(hand, session, "second")
    session = await hand.again(session, ActingTeam(), session_budget_usd="much")
    await session.submit(SubmitRequest(text="", queue=True))
    assert "second: The session budget is no amount" in await refusal(hand, session)
    assert [each.reason for each in await hand.events(session, RequestDequeued)] == ["withdrawn"]


@pytest.mark.parametrize("last", ["queued", "started"])
async def test_a_killed_engine_loses_none_and_begins_none_twice(hand, last):
    body = 'await session.submit(SubmitRequest(text="second", queue=True))'
    id = kill_in_a_run(hand.project, body)
    async with await LogReader.open(hand.home.session_log(id)) as reader:
        assert [type(record.event) for record in await reader.read()].count(RequestQueued) == 1
    if last == "started":
        session = await hand.open(ActingTeam(), session=id)
        await session.submit(SubmitRequest(text="", queue=True))
        await session.wait_idle()
        await session.close()
    session = await hand.open(ActingTeam(), session=id)
    await session.submit(SubmitRequest(text="last"))
    await session.wait_idle()
    expected = ["do it", "second", "last"] if last == "started" else ["do it", "last", "second"]
    assert await texts(hand, session) == expected


# -- messages ------------------------------------------------------------------------------------


async def test_what_nobody_read_becomes_the_next_request(hand, door):
    session, _ = await begin(hand, door.wait)
    await session.submit(SendMessage(text=" and the docs too "))
    (sent,) = await hand.events(session, MessageSent)
    assert (sent.text, sent.node, sent.by) == ("and the docs too", None, "user")
    door.open.set()
    await session.wait_idle()
    (queued,) = await hand.events(session, RequestQueued)
    assert (queued.id, queued.text) == (sent.id, "and the docs too")
    assert await texts(hand, session) == ["first", "and the docs too"]


async def test_what_was_read_does_not(hand, door):
    async def read(actor):
        await door.wait(actor)
        for message in actor.run.controls.take(ROLE, ROLE):
            await actor.run.emit(MessageDelivered(**actor.who, id=message.id))

    session, _ = await begin(hand, read)
    await session.submit(SendMessage(text="more", node=ROLE))
    door.open.set()
    await session.wait_idle()
    assert await hand.events(session, RequestQueued) == []


async def test_a_killed_engine_does_not_lose_what_was_said(hand):
    body = """
from core.commands import SendMessage
await session.submit(SendMessage(text="and the docs too"))
"""
    session = await hand.open(
        ActingTeam(), session=kill_in_a_run(hand.project, body.strip().replace("\n", "\n    "))
    )
    assert [each.text for each in await hand.events(session, RequestQueued)] == ["and the docs too"]
    session = await hand.again(session, ActingTeam())
    assert len(await hand.events(session, RequestQueued)) == 1


@pytest.mark.parametrize(
    "command, word",
    [
        (SendMessage(text=" "), "empty"),
        (SendMessage(text="x", node="nobody"), f"There is no node nobody in this run. At work: {ROLE}."),
    ],
)
async def test_a_message_that_nobody_could_read_is_refused(hand, door, command, word):
    session, _ = await begin(hand, door.wait)
    await session.submit(command)
    assert word in await refusal(hand, session)
    assert await hand.events(session, MessageSent) == []
    door.open.set()


async def test_without_a_run_a_message_is_refused(hand):
    session, _ = await hand.start()
    await session.submit(SendMessage(text="x"))
    assert "Send it as a request" in await refusal(hand, session)
