"""What a session does when its log cannot take records, or its process is killed."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest

from core.commands import RetryRun, SubmitRequest
from core.events import (
    CallStarted,
    ModelCalled,
    NodeFinished,
    NoticeGiven,
    RequestSubmitted,
    RunFinished,
    StagePrepared,
)
from core.log import LogClosed, LogFull, LogReader
from core.record import Record
from tests.support.acting import ActingTeam
from tests.support.waiting import LONG, SOON

ROOT = Path(__file__).resolve().parents[2]


async def fill_up(session, run) -> None:
    """Leave no room for anything in the log."""
    pages = await session._log._database.value("PRAGMA page_count")
    await session._log._database.rows(f"PRAGMA max_page_count = {pages}")
    for size in (3000, 300, 30, 1):
        try:
            while True:
                await run.emit(NoticeGiven(text="x" * size))
        except LogFull:
            continue


async def test_a_full_disk_ends_the_run_and_releases_the_session(hand):
    async def deed(actor):
        await actor.call_out()
        await fill_up(session, actor.run)
        await actor.say("never heard of")

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    async with asyncio.timeout(SOON):
        with pytest.raises(LogFull):
            await session.wait_idle()
        await session.closed.wait()
    with pytest.raises(LogClosed):
        await session.submit(RetryRun())
    again = await hand.open(ActingTeam(), session=session.id)
    (end,) = await hand.events(again, RunFinished)
    (charge,) = await hand.events(again, ModelCalled)
    assert (end.status, end.cost_usd, charge.estimated) == ("interrupted", charge.cost_usd, True)
    await again.submit(RetryRun())
    await again.wait_idle()
    assert [end.status for end in await hand.events(again, RunFinished)] == ["interrupted", "done"]


async def test_one_record_that_does_not_fit_interrupts_the_run_only(hand):
    async def deed(actor):
        await session._log._database.rows("PRAGMA max_page_count = 40")
        with suppress(LogFull):
            await actor.run.emit(NoticeGiven(text="x" * 500_000))
        await actor.run.sleep(60)

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    async with asyncio.timeout(SOON):
        await session.wait_idle()
    assert (await hand.events(session, RunFinished))[0].status == "interrupted"
    await session.submit(RetryRun())
    await session.wait_idle()
    assert (await hand.events(session, RunFinished))[1].status == "done"


async def test_a_full_disk_stops_even_a_stream_of_text(hand):
    async def deed(actor):
        await fill_up(session, actor.run)
        while True:
            await actor.say("text", finish=False)
            await asyncio.sleep(0)

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    async with asyncio.timeout(SOON):
        await session.closed.wait()


async def test_a_log_that_is_closed_under_a_run_hangs_nobody(hand):
    async def deed(actor):
        await session._log.close()
        await actor.think()

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    async with asyncio.timeout(SOON):
        with pytest.raises(LogClosed):
            await session.wait_idle()
        await session.close()
    again = await hand.open(session=session.id)
    assert (await hand.events(again, RunFinished))[0].status == "interrupted"


# -- killed --------------------------------------------------------------------------------------

KILLED = """
import asyncio, os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from core.commands import DecideChanges, SubmitRequest
from core.paths import find_home
from core.prices import load_prices
from core.session import Session, Settings
from tests.support.acting import ActingTeam

async def deed(actor):
    await actor.think()
    await actor.write("a.txt", b"1\\n")
    await actor.write("b.txt", b"2\\n")
    await actor.call_out()
    await actor.call_out()
    await actor.say("y" * 40)
    {body}
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    global session
    settings = Settings(home=find_home(), prices=load_prices(), allow_unconfined=True)
    session = await Session.open(settings, project=Path(sys.argv[1]), team=ActingTeam(deed))
    print(session.id, flush=True)
    await session.submit(SubmitRequest(text="do it", budget_usd="3"))
    await session.wait_idle()

asyncio.run(main())
"""


def kill_in_a_run(project: Path, body: str = "pass") -> str:
    """A session whose process is killed in the middle of a run; returns its id."""
    code = KILLED.format(root=str(ROOT), body=textwrap.dedent(body))
    done = subprocess.run(
        [sys.executable, "-c", code, project], check=False, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout.strip()


async def all_of(hand, session: str) -> list[Record]:
    async with await LogReader.open(hand.home.session_log(session)) as reader:
        return await reader.read()


async def test_an_engine_that_died_leaves_an_interrupted_run_and_one_charge_for_each_call(hand):
    id = kill_in_a_run(hand.project)
    before = await all_of(hand, id)
    assert not any(isinstance(record.event, RunFinished) for record in before)
    session = await hand.open(session=id)
    assert (await hand.records(session))[: len(before)] == before
    calls, charges = [await hand.events(session, kind) for kind in (CallStarted, ModelCalled)]
    assert sorted(call.call for call in calls) == sorted(charge.call for charge in charges)
    assert [charge.estimated for charge in charges] == [False, True, True]
    assert {charge.output_tokens for charge in charges[1:]} == {10}
    (node,) = await hand.events(session, NodeFinished)
    (end,) = await hand.events(session, RunFinished)
    assert (node.status, end.status, end.exit_code) == ("interrupted", "interrupted", 130)
    assert end.files == ("a.txt", "b.txt") and end.estimated
    last = session.last
    for _ in range(2):
        session = await hand.again(session)
        assert session.last == last


async def test_after_a_death_one_command_tries_again_with_the_stage_as_it_was(hand):
    found = []

    async def deed(actor):
        found.append(actor.run.stage.read("a.txt"))

    session = await hand.open(ActingTeam(deed), session=kill_in_a_run(hand.project))
    await session.submit(RetryRun())
    await session.wait_idle()
    requests = await hand.events(session, RequestSubmitted)
    assert [(event.run, event.text, event.budget_usd) for event in requests] == [
        ("r1", "do it", "3.00"),
        ("r2", "do it", "3.00"),
    ]
    assert found == [b"1\n"] and hand.file("a.txt") == b"one\n"
    assert [end.status for end in await hand.events(session, RunFinished)] == ["interrupted", "done"]


async def test_a_rejection_that_was_not_carried_out_before_the_death_is_carried_out_then(hand):
    body = 'await session.submit(DecideChanges(verdict="rejected", paths=("a.txt",)))'
    id = kill_in_a_run(hand.project, body)
    found = []

    async def deed(actor):
        found.extend(actor.run.stage.read(name) for name in ("a.txt", "b.txt"))

    session = await hand.open(ActingTeam(deed), session=id)
    await session.submit(RetryRun())
    await session.wait_idle()
    assert found == [b"one\n", b"2\n"]


async def test_an_interrupted_apply_is_told_when_the_session_opens(hand):
    async def deed(actor):
        await actor.write("a.txt", b"1\n")

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await session.wait_idle()
    killed = f"""
    import os, signal, sys
    sys.path.insert(0, {str(ROOT)!r})
    from pathlib import Path
    from core.stage import Stage, apply, progress
    def step(name):
        if name == "close the journal":
            os.kill(os.getpid(), signal.SIGKILL)
    progress.step = step
    stage = Stage.open(Path({str(hand.home.stage(session.id))!r}))
    apply.apply(stage.project, stage.changes(), Path({str(hand.home.journals(hand.project))!r}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(killed)], check=False, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert hand.file("a.txt") == b"1\n"
    again = await hand.again(session)
    notices = await hand.events(again, NoticeGiven, after=again.first_new)
    assert [event.level for event in notices] == ["warning"] and "interrupted" in notices[0].text
    assert hand.file("a.txt") == b"one\n"


async def test_records_of_a_run_are_followed_to_its_end(hand):
    session, _ = await hand.start()
    await session.submit(SubmitRequest(text="do it"))
    seen = []
    async with asyncio.timeout(SOON):
        async for record in session.records():
            seen.append(type(record.event))
            if seen[-1] is RunFinished:
                break
    assert seen.index(StagePrepared) < seen.index(RunFinished)
