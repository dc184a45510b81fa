"""A run that broke off is gone on with: what was done is not done again, and its changes are still there."""

import pytest

from core.commands import InterruptRun, ResumeRun, SubmitRequest
from core.events import CommandRefused, NodeStarted, RequestSubmitted, RunFinished
from core.faults import Fault
from core.ledger import BudgetReached
from core.money import Pico
from tests.core.test_session_faults import kill_in_a_run
from tests.support.acting import ROLE, ActingTeam


async def resume(session):
    await session.submit(ResumeRun())
    await session.wait_idle()


async def refusal(hand, session):
    return (await hand.events(session, CommandRefused))[-1].reason


async def write(actor):
    await actor.write("a.txt", b"half\n")


async def fail(actor):
    await write(actor)
    raise Fault("throttled", "slow down")


async def reach_budget(actor):
    await write(actor)
    raise BudgetReached(Pico(1), 1)


async def be_interrupted(actor):
    await write(actor)
    actor.run.interrupt()


@pytest.mark.parametrize("end", [fail, reach_budget, be_interrupted])
async def test_however_it_broke_off(hand, end):
    found = []

    async def look(actor):
        found.append((actor.run.stage.read("a.txt"), list(actor.run.files), actor.run.past))

    session, team = await hand.start(end, look)
    await session.submit(SubmitRequest(text="do it", pattern="graph", budget_usd="2", asked_role=ROLE))
    await session.wait_idle()
    await resume(session)
    first, second = await hand.events(session, RequestSubmitted)
    assert (second.run, second.text, second.resumes) == ("r2", "do it", "r1")
    assert (second.pattern, second.budget_usd, second.asked_role) == ("graph", "2.00", ROLE)
    assert first.resumes is None
    assert found == [(b"half\n", ["a.txt"], ())]
    (before, now) = (actor.run.resumed for actor in team.actors)
    assert before is None
    assert (now.run, now.node, now.role, now.unfinished) == ("r1", ROLE, ROLE, (ROLE,))
    assert (await hand.events(session, RunFinished))[-1].files == ("a.txt",)


async def test_after_the_engine_was_killed(hand):
    found = []

    async def look(actor):
        found.append((actor.run.stage.read("a.txt"), sorted(actor.run.files), actor.run.resumed.node))

    session = await hand.open(ActingTeam(look), session=kill_in_a_run(hand.project))
    await resume(session)
    assert found == [(b"1\n", ["a.txt", "b.txt"], ROLE)]
    assert (await hand.events(session, RunFinished))[-1].files == ("a.txt", "b.txt")


async def test_again_and_again_until_it_is_done(hand):
    async def nothing_and_fail(actor):
        raise Fault("throttled", "slow down")

    async def done(actor):
        pass

    session, team = await hand.start(fail, nothing_and_fail, done)
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()
    session = await hand.again(session, team)
    await resume(session)
    await resume(session)
    requests = await hand.events(session, RequestSubmitted)
    assert [each.resumes for each in requests] == [None, "r1", "r2"]
    assert [each.files for each in await hand.events(session, RunFinished)] == [("a.txt",)] * 3
    await session.submit(ResumeRun())
    assert "is done" in await refusal(hand, session)


async def test_there_must_be_something_to_go_on_with(hand):
    session, _ = await hand.start()
    await session.submit(ResumeRun())
    assert "no run to go on with" in await refusal(hand, session)


async def test_not_while_it_works(hand):
    async def wait(actor):
        await actor.run.stopped()

    session, _ = await hand.start(wait)
    await session.submit(SubmitRequest(text="do it"))
    await hand.until(session, NodeStarted)
    await session.submit(ResumeRun())
    assert "at work" in await refusal(hand, session)
    await session.submit(InterruptRun())


async def test_not_without_a_team(hand):
    session = await hand.open()
    await session.submit(ResumeRun())
    assert "decisions only" in await refusal(hand, session)
