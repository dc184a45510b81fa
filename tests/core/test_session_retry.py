"""A run that is tried again goes on with what the broken one left in the stage."""

from core.commands import DecideChanges, RetryRun, SubmitRequest
from core.events import RunFinished
from core.faults import Fault


async def write_and_fail(actor):
    await actor.write("a.txt", b"changed\n")
    await actor.write("b.txt", b"changed\n")
    raise Fault("throttled", "slow down")


async def nothing(actor):
    return None


async def run(session, text):
    await session.submit(SubmitRequest(text=text))
    await session.wait_idle()


async def test_a_retry_goes_on_with_the_changes_that_wait(hand):
    session, _ = await hand.start(write_and_fail, nothing)
    await run(session, "build")
    await session.submit(DecideChanges(verdict="rejected", paths=("b.txt",)))
    await session.submit(RetryRun())
    await session.wait_idle()
    ends = await hand.events(session, RunFinished)
    assert [end.status for end in ends] == ["failed", "done"]
    assert ends[1].files == ("a.txt",)


async def test_another_request_begins_with_nothing(hand):
    session, _ = await hand.start(write_and_fail, nothing)
    await run(session, "build")
    await run(session, "something else")
    assert (await hand.events(session, RunFinished))[1].files == ()
