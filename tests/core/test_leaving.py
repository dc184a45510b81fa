"""What becomes of a run when its screen is gone: calls under way finish, and what was left on purpose goes on."""

import asyncio

from core.commands import KeepWorking, SubmitRequest
from core.events import CallStarted, CommandRefused, ModelCalled, NodeStarted, NoticeGiven, RunFinished
from tests.support.waiting import SOON


async def test_a_call_under_way_finishes_and_no_further_one_is_made(hand):
    answered = asyncio.Event()

    async def deed(actor):
        await actor.begin()
        call, reserved = await actor.call_out()
        await answered.wait()
        await actor.charge(call, reserved)
        await actor.control.gate()
        await actor.call_out()

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="go on"))
    await hand.until(session, CallStarted)
    winding = asyncio.ensure_future(session.winding.down())
    await asyncio.sleep(0)
    assert not winding.done()
    answered.set()
    await winding
    again = await hand.again(session)
    assert len(await hand.events(again, CallStarted)) == len(await hand.events(again, ModelCalled)) == 1
    assert not (await hand.events(again, ModelCalled))[0].estimated
    assert (await hand.events(again, RunFinished))[0].status == "interrupted"


async def test_a_session_at_rest_has_nothing_to_wait_for(hand):
    session, _ = await hand.start()
    await asyncio.wait_for(session.winding.down(), SOON)


async def test_a_run_that_is_left_on_purpose_goes_on_until_its_end(hand):
    done = asyncio.Event()

    async def deed(actor):
        await actor.begin()
        await done.wait()
        await actor.end()

    session, _ = await hand.start(deed)
    await session.submit(KeepWorking())
    assert (await hand.until(session, CommandRefused)).command == "keep_working"
    await session.submit(SubmitRequest(text="go on"))
    await hand.until(session, NodeStarted)
    assert not session.goes_on
    await session.submit(KeepWorking())
    assert "left on purpose" in (await hand.until(session, NoticeGiven)).text
    assert session.goes_on
    done.set()
    await session.wait_idle()
    assert not session.goes_on
    assert (await hand.events(session, RunFinished))[0].status == "done"
