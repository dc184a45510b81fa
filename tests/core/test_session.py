"""A session takes one thing at a time: nothing begins twice, ends twice, or gets between."""

import asyncio
from itertools import pairwise

import pytest

from core.commands import (
    AnswerQuestion,
    ApplyChanges,
    CloseSession,
    DecideChanges,
    InterruptRun,
    RenameSession,
    RetryRun,
    SubmitRequest,
    UndoApply,
)
from core.events import (
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    CommandRefused,
    Failed,
    FileChanged,
    ModelCalled,
    NodeFinished,
    QuestionAnswered,
    QuestionAsked,
    RequestSubmitted,
    RunFinished,
    SessionRenamed,
    SessionResumed,
    SessionStarted,
    StagePrepared,
    TextDelta,
    TextFinished,
)
from core.faults import Fault
from core.ledger import BudgetReached
from core.money import Pico
from core.run import NeedsDecision, Outcome
from tests.support.waiting import SOON


async def ask_for(session, text="do it", **more):
    await session.submit(SubmitRequest(text=text, **more))
    await session.wait_idle()


async def test_a_request_becomes_a_run_with_its_end_and_sums(hand):
    async def deed(actor):
        await actor.think()
        await actor.say("Hello")
        await actor.write("a.txt", b"1\n")

    session, _ = await hand.start(deed)
    await ask_for(session, "  make it so \n", budget_usd="1")
    events = await hand.events(session)
    assert isinstance(events[0], SessionStarted)
    request, prepared, end = events[1], events[2], events[-1]
    assert (request.run, request.text, request.budget_usd) == ("r1", "make it so", "1.00")
    assert isinstance(prepared, StagePrepared) and prepared.files == 3
    assert (end.status, end.answer, end.files, end.exit_code) == ("done", "Done: make it so", ("a.txt",), 0)
    assert end.cost_usd == "0.000049" and end.by_role == {"fast_coder": "0.000049"}
    assert hand.file("a.txt") == b"one\n"


async def test_records_are_numbered_without_gaps_and_text_is_never_behind_its_end(hand):
    async def deed(actor):
        await asyncio.gather(*(actor.say(f"text {n}") for n in range(5)), actor.think())

    session, _ = await hand.start(deed)
    await ask_for(session)
    records = await hand.records(session)
    assert all(after.seq == before.seq + 1 for before, after in pairwise(records))
    said: dict[str, str] = {}
    for record in records:
        event = record.event
        if isinstance(event, TextDelta):
            said[event.block] = said.get(event.block, "") + event.text
        elif isinstance(event, TextFinished):
            assert said.pop(event.block) == event.text
    assert not said


async def test_of_two_requests_at_once_one_is_refused(hand):
    session, team = await hand.start()
    await asyncio.gather(*(session.submit(SubmitRequest(text=f"request {n}")) for n in range(5)))
    await session.wait_idle()
    assert len(await hand.events(session, RequestSubmitted)) == len(team.actors) == 1
    refused = await hand.events(session, CommandRefused)
    assert len(refused) == 4 and "A run is at work" in refused[0].reason


async def test_whoever_sees_the_end_of_a_run_can_send_the_next_request(hand):
    session, team = await hand.start()
    cursor = 0
    for number in range(1, 6):
        await session.submit(SubmitRequest(text="again"))
        async with asyncio.timeout(SOON):
            async for record in session.records(cursor):
                cursor = record.seq
                if isinstance(record.event, RunFinished):
                    assert record.event.run == f"r{number}"
                    break
    await session.wait_idle()
    assert not await hand.events(session, CommandRefused)
    assert len(team.actors) == 5


async def test_the_next_request_comes_after_the_end_of_the_run_before(hand):
    session, _ = await hand.start()
    await session.submit(SubmitRequest(text="first"))
    while len(await hand.events(session, RequestSubmitted)) < 2:
        await asyncio.gather(*(session.submit(SubmitRequest(text="second")) for _ in range(20)))
    await session.wait_idle()
    order = [(type(e), e.run) for e in await hand.events(session, RequestSubmitted, RunFinished)]
    runs = sorted({run for _, run in order}, key=lambda run: int(run[1:]))
    assert order == [(kind, run) for run in runs for kind in (RequestSubmitted, RunFinished)]


async def test_a_charge_that_is_on_its_way_when_the_run_ends_is_not_made_twice(hand):
    async def deed(actor):
        call = await actor.call_out()
        charging.append(asyncio.create_task(actor.charge(*call)))
        await asyncio.sleep(0)
        raise NeedsDecision("something")

    charging = []
    session, _ = await hand.start(deed)
    append = session._log.append

    async def slow(events):
        if any(isinstance(event, ModelCalled) for event in events):
            while session._runs.busy:
                await asyncio.sleep(0)
        return await append(events)

    session._log.append = slow
    await ask_for(session)
    (charge,) = await hand.events(session, ModelCalled)
    assert not charge.estimated
    assert (await hand.events(session, RunFinished))[0].cost_usd == charge.cost_usd


async def test_a_request_in_the_last_moment_of_a_run_comes_after_its_end(hand):
    async def deed(actor):
        call = await actor.call_out()
        tasks.append(asyncio.create_task(actor.charge(*call)))
        await asyncio.sleep(0)
        raise NeedsDecision("something")

    tasks = []
    session, _ = await hand.start(deed)
    append = session._log.append

    async def slow(events):
        if any(isinstance(event, ModelCalled) for event in events):
            while session._runs.busy:
                await asyncio.sleep(0)
            tasks.append(asyncio.create_task(session.submit(SubmitRequest(text="next"))))
            for _ in range(5):
                await asyncio.sleep(0)
        return await append(events)

    session._log.append = slow
    await ask_for(session)
    await asyncio.gather(*tasks)
    await session.wait_idle()
    order = [(type(e), e.run) for e in await hand.events(session, RequestSubmitted, RunFinished)]
    assert order == [(kind, run) for run in ("r1", "r2") for kind in (RequestSubmitted, RunFinished)]


async def test_a_sender_that_goes_away_leaves_a_whole_run(hand):
    session, _ = await hand.start()
    sending = asyncio.create_task(session.submit(SubmitRequest(text="do it")))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert (await hand.until(session, RunFinished)).status == "done"


async def test_an_interruption_works_as_soon_as_the_request_is_on_record(hand):
    async def deed(actor):
        await actor.run.sleep(60)

    session, _ = await hand.start(deed)
    sending = asyncio.create_task(session.submit(SubmitRequest(text="do it")))
    await hand.until(session, RequestSubmitted)
    await session.submit(InterruptRun())
    await sending
    async with asyncio.timeout(SOON):
        await session.wait_idle()
    (end,) = await hand.events(session, RunFinished)
    assert (end.status, end.exit_code) == ("interrupted", 130)


async def test_an_interruption_when_the_run_ends_changes_nothing(hand):
    session, _ = await hand.start()
    await session.submit(SubmitRequest(text="do it"))
    while session._runs.busy:
        await session.submit(InterruptRun())
    await session.submit(InterruptRun())
    assert len(await hand.events(session, RunFinished)) == 1
    assert (await hand.events(session, CommandRefused))[-1].reason == "No run is at work."


@pytest.mark.parametrize(
    ("request_text", "budget", "words"),
    [
        (" \n\t ", None, "The request is empty"),
        ("do it", "-1", "below zero"),
        ("do it", "NaN", "no amount in dollars"),
        ("do it", "1e999999", "no amount in dollars"),
        ("do it", "much", "no amount in dollars"),
        ("do it", "", "no amount in dollars"),
        ("do it", "0.0000000000001", "no amount in dollars"),
    ],
)
async def test_what_cannot_be_a_request_is_refused_with_a_sentence(hand, request_text, budget, words):
    session, team = await hand.start()
    await session.submit(SubmitRequest(text=request_text, budget_usd=budget))
    (refused,) = await hand.events(session, CommandRefused)
    assert refused.command == "submit_request" and words in refused.reason
    assert not team.actors


async def test_the_session_gives_a_budget_where_the_request_has_none(hand):
    session, team = await hand.start(budget_usd="0.25")
    await ask_for(session)
    await ask_for(session, budget_usd="0")
    assert [budget.limit for budget in team.budgets] == [Pico(25 * 10**10), Pico(0)]


async def test_a_session_without_a_team_refuses_requests(hand):
    first, _ = await hand.start()
    session = await hand.again(first)
    await session.submit(SubmitRequest(text="do it"))
    await session.submit(RetryRun())
    reasons = [event.reason for event in await hand.events(session, CommandRefused)]
    assert reasons == ["This session was opened for decisions only.", "There is no request to try again yet."]


async def test_retry_submits_the_last_request_again(hand):
    async def fail(actor):
        raise Fault("throttled", "slow down")

    session, team = await hand.start(fail)
    await ask_for(session, "build", pattern="swarm", budget_usd="2")
    await session.submit(RetryRun())
    await session.wait_idle()
    first, second = await hand.events(session, RequestSubmitted)
    assert (second.run, second.text, second.pattern, second.budget_usd) == ("r2", "build", "swarm", "2.00")
    assert [end.status for end in await hand.events(session, RunFinished)] == ["failed", "done"]
    assert first.budget_usd == second.budget_usd
    assert team.actors[1].run.past[0].request == "build"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Fault("no_credentials"), "failed", 77),
        (BudgetReached(Pico(10), 5), "budget", 3),
        (NeedsDecision("Which one?"), "needs_decision", 4),
        (ZeroDivisionError("bug"), "failed", 1),
        (asyncio.CancelledError(), "interrupted", 130),
    ],
)
async def test_whatever_a_team_raises_ends_the_run_with_its_code(hand, error, status, code):
    async def deed(actor):
        raise error

    session, _ = await hand.start(deed)
    await ask_for(session)
    (end,) = await hand.events(session, RunFinished)
    assert (end.status, end.exit_code) == (status, code)
    assert bool(await hand.events(session, Failed)) == (status == "failed")
    (node,) = await hand.events(session, NodeFinished)
    assert node.status == {"budget": "paused", "needs_decision": "paused"}.get(status, status)


async def test_a_status_without_a_code_gets_the_code_of_the_status(hand):
    class Shrugging:
        roster, backend, roles = "acting", "rehearsal", ()

        async def work(self, run):
            return Outcome("failed", "no")

    session = await hand.open(Shrugging())
    await ask_for(session)
    assert (await hand.events(session, RunFinished))[0].exit_code == 1


async def test_a_call_that_its_team_forgot_is_charged_once_as_an_estimate(hand):
    async def deed(actor):
        await actor.call_out()
        await actor.say("x" * 100, finish=False)

    session, _ = await hand.start(deed)
    await ask_for(session)
    (call,) = await hand.events(session, CallStarted)
    (charge,) = await hand.events(session, ModelCalled)
    (end,) = await hand.events(session, RunFinished)
    assert (charge.call, charge.estimated, charge.output_tokens) == (call.call, True, 25)
    assert end.cost_usd == charge.cost_usd and end.estimated


async def test_nothing_gets_onto_the_record_behind_the_end_of_its_run(hand):
    late = asyncio.Event()
    tried = asyncio.Event()

    async def linger(actor):
        call = await actor.call_out()
        await late.wait()
        try:
            await actor.charge(*call)
        finally:
            tried.set()

    lingering = []

    async def deed(actor):
        lingering.append(asyncio.create_task(linger(actor)))
        await hand.until(session, CallStarted)

    session, _ = await hand.start(deed)
    await ask_for(session)
    late.set()
    await tried.wait()
    await asyncio.gather(*lingering, return_exceptions=True)
    (charge,) = await hand.events(session, ModelCalled)
    assert charge.estimated
    assert isinstance((await hand.events(session))[-1], RunFinished)


async def test_a_run_that_does_not_stop_is_cut_off(hand, monkeypatch):
    async def deaf(actor):
        began.set()
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if cancelled.is_set():
                    raise
                cancelled.set()

    began, cancelled = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("core.working.limits", lambda: _Quick)
    session, _ = await hand.start(deaf)
    await session.submit(SubmitRequest(text="do it"))
    await began.wait()
    await session.submit(InterruptRun())
    async with asyncio.timeout(SOON):
        await session.wait_idle()
    assert cancelled.is_set()
    assert (await hand.events(session, RunFinished))[0].status == "interrupted"


class _Quick:
    class run:
        stop_seconds = 0.05


# -- questions -----------------------------------------------------------------------------------


async def test_a_question_waits_for_one_of_its_answers(hand):
    answers = []

    async def deed(actor):
        answers.append(await actor.run.ask("Go on?", ("yes", "no")))
        await actor.say("thanks")

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    asked = await hand.until(session, QuestionAsked)
    await session.submit(AnswerQuestion(id="q-none", answer="yes"))
    await session.submit(AnswerQuestion(id=asked.id, answer="perhaps"))
    await asyncio.gather(*(session.submit(AnswerQuestion(id=asked.id, answer="yes")) for _ in range(3)))
    await session.wait_idle()
    assert answers == ["yes"]
    events = await hand.events(session)
    (answered,) = [event for event in events if isinstance(event, QuestionAnswered)]
    assert answered.answer == "yes"
    assert events.index(answered) < next(n for n, event in enumerate(events) if isinstance(event, TextDelta))
    reasons = [event.reason for event in events if isinstance(event, CommandRefused)]
    assert len(reasons) == 4 and "Answer with one of these: yes, no." in reasons


async def test_a_question_ends_with_an_interruption_or_where_nobody_is(hand):
    async def deed(actor):
        await actor.run.ask("Go on?", ())

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await hand.until(session, QuestionAsked)
    await session.submit(InterruptRun())
    await session.wait_idle()
    assert (await hand.events(session, RunFinished))[0].status == "interrupted"
    alone, _ = await hand.start(deed, interactive=False)
    await ask_for(alone)
    end = (await hand.events(alone, RunFinished))[0]
    assert (end.status, end.exit_code) == ("needs_decision", 4) and "Go on?" in end.answer


# -- closing and opening -------------------------------------------------------------------------


async def test_closing_interrupts_the_run_and_puts_its_end_on_record(hand):
    async def deed(actor):
        await actor.call_out()
        await actor.run.sleep(60)

    session, _ = await hand.start(deed)
    await session.submit(SubmitRequest(text="do it"))
    await hand.until(session, CallStarted)
    async with asyncio.timeout(SOON):
        await asyncio.gather(session.close(), session.close())
    await session.close()
    again = await hand.open(session=session.id)
    (end,) = await hand.events(again, RunFinished)
    assert end.status == "interrupted"
    assert len(await hand.events(again, ModelCalled)) == 1


async def test_closing_while_a_request_comes_in_leaves_no_open_run(hand):
    async def deed(actor):
        await actor.run.sleep(60)

    for patience in range(4):
        session, _ = await hand.start(deed)
        sending = asyncio.create_task(session.submit(SubmitRequest(text="do it")))
        for _ in range(patience):
            await asyncio.sleep(0)
        async with asyncio.timeout(SOON):
            await session.close()
        await asyncio.gather(sending, return_exceptions=True)
        again = await hand.open(session=session.id)
        begun, ended = [await hand.events(again, kind) for kind in (RequestSubmitted, RunFinished)]
        assert len(begun) == len(ended)


async def test_the_command_to_close_releases_the_log(hand):
    session, _ = await hand.start()
    await session.submit(CloseSession())
    async with asyncio.timeout(SOON):
        await session.closed.wait()
    again = await hand.open(session=session.id)
    assert again.id == session.id


async def test_a_session_opened_again_says_so_and_counts_on(hand):
    session, team = await hand.start()
    await ask_for(session)
    again = await hand.again(session, team)
    await ask_for(again)
    assert isinstance((await hand.events(again, after=again.first_new))[0], SessionResumed)
    assert [event.run for event in await hand.events(again, RequestSubmitted)] == ["r1", "r2"]
    assert again.project == hand.project


async def test_a_link_in_the_place_of_the_project_is_no_project(hand):
    async def deed(actor):
        await actor.write("a.txt", b"1\n")

    session, team = await hand.start(deed)
    await ask_for(session)
    elsewhere = hand.project.rename(hand.project.with_name("elsewhere"))
    hand.project.symlink_to(elsewhere)
    again = await hand.again(session, team)
    start = again.last
    await again.submit(DecideChanges(verdict="accepted"))
    await again.submit(ApplyChanges())
    refused = await hand.events(again, CommandRefused, after=start)
    assert refused and all(f"{hand.project} is a link now" in event.reason for event in refused)
    hand.project.unlink()
    elsewhere.rename(hand.project)
    await again.submit(DecideChanges(verdict="accepted"))
    await again.submit(ApplyChanges())
    assert hand.file("a.txt") == b"1\n"


async def test_a_project_that_is_gone_gets_sentences_and_loses_nothing(hand):
    async def deed(actor):
        await actor.write("a.txt", b"1\n")

    session, team = await hand.start(deed)
    await ask_for(session)
    elsewhere = hand.project.rename(hand.project.with_name("elsewhere"))
    again = await hand.again(session, team)
    start = again.last
    await ask_for(again)
    await again.submit(DecideChanges(verdict="accepted", paths=("./a.txt",)))
    await again.submit(DecideChanges(verdict="accepted"))
    await again.submit(ApplyChanges())
    await again.submit(UndoApply())
    (end,) = await hand.events(again, RunFinished, after=start)
    assert end.status == "failed" and "is not there" in end.answer
    refused = await hand.events(again, CommandRefused, after=start)
    assert [event.reason.startswith("The project's folder") for event in refused] == [True] * 3
    elsewhere.rename(hand.project)
    start = again.last
    await again.submit(DecideChanges(verdict="accepted", paths=("a.txt",)))
    await again.submit(ApplyChanges())
    assert len(await hand.events(again, ChangeDecided, ChangeApplied, after=start)) == 2
    assert hand.file("a.txt") == b"1\n"


async def test_a_stage_whose_making_was_broken_off_is_made_again(hand):
    session, _ = await hand.start()
    folder = hand.home.stage(session.id)
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "half").write_bytes(b"half")
    await ask_for(session)
    assert (await hand.events(session, StagePrepared))[0].files == 3


async def test_an_interruption_does_not_wait_for_the_stage(hand, monkeypatch):
    copying, go_on = asyncio.Event(), asyncio.Event()
    session, team = await hand.start()
    prepare = session._staging.prepare

    async def slow(*tell):
        copying.set()
        await go_on.wait()
        return await prepare(*tell)

    monkeypatch.setattr(session._staging, "prepare", slow)
    await session.submit(SubmitRequest(text="do it"))
    await copying.wait()
    await session.submit(InterruptRun())
    async with asyncio.timeout(SOON):
        await session.wait_idle()
    go_on.set()
    assert (await hand.events(session, RunFinished))[0].status == "interrupted"
    await ask_for(session)
    assert len(team.actors) == 1


async def test_a_changed_file_is_on_record_before_the_run_goes_on(hand):
    seen = []

    async def deed(actor):
        await actor.write("new.txt", b"new\n")
        seen.extend(await hand.events(session, FileChanged))

    session, _ = await hand.start(deed)
    await ask_for(session)
    assert [event.path for event in seen] == ["new.txt"]


async def test_a_session_gets_a_title_of_one_line(hand):
    session, _ = await hand.start()
    await session.submit(RenameSession(title="  The\nlogin  page "))
    await session.submit(RenameSession(title=" \n"))
    assert [each.title for each in await hand.events(session, SessionRenamed)] == ["The login page"]
    (refused,) = await hand.events(session, CommandRefused)
    assert "title is empty" in refused.reason


async def test_a_piece_of_a_file_is_never_taken_for_the_whole_file(hand):
    async def deed(actor):
        await actor.write("a.txt", b"1\n")

    session, _ = await hand.start(deed)
    await ask_for(session)
    await session.submit(DecideChanges(verdict="accepted", paths=("a.txt",), hunks=("1",)))
    events = await hand.events(session)
    assert isinstance(events[-1], CommandRefused)
    assert not any(isinstance(event, ChangeDecided) for event in events)
