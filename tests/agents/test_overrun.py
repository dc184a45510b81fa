"""A call that a budget cannot pay: its node waits, the user is asked, and each answer does what it says."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from agents.router import _in_time
from core.commands import AnswerQuestion, InterruptRun, ResumeRun, StopNode
from core.control import Controls
from core.events import (
    BudgetRaised,
    CallStarted,
    CommandRefused,
    ModelChanged,
    NodeFinished,
    NodePaused,
    NodeResumed,
    NodeStarted,
    QuestionAnswered,
    QuestionAsked,
    RequestSubmitted,
    RouteDecided,
    RunFinished,
)
from core.halt import Stoppable
from core.ledger import total
from core.money import to_pico
from core.overrun import FINISH, STOP
from tests.support.foreign_bedrock import Reply
from tests.support.waiting import SOON

REQUEST = "Make VALUE right in app.py"
FAST, TESTS, REVIEWER = "You are the fast coder", "You are the test engineer", "You are the code reviewer"
RESEARCHER = "You are the researcher"
LOOK = Reply("I look.", (("read_file", {"path": "app.py"}),))
WRITE = Reply("I write.", (("write_file", {"path": "app.py", "content": "VALUE = 1\nOTHER = 2\n"}),))
DONE = Reply("Done.")
HAIKU, MICRO = "us.anthropic.claude-haiku-5-5", "us.amazon.nova-micro-v1:0"


@pytest.fixture
def asked(foreign, open_session):
    """A session with somebody there."""

    async def make(*args, **more):
        return await open_session(*args, interactive=True, **more)

    return make


def dear(asked):
    """Nearly all that was set aside for a call."""
    return {"inputTokens": 1_000, "outputTokens": asked.most}


def of(told, kind, node):
    return [each for each in told.of(kind) if each.node == node]


async def answer(works, choose):
    """Answer the budget's question with the first choice that `choose` fits, and give the question."""
    question = (await works.until(lambda told: told.of(QuestionAsked)))[-1]
    choice = next(each for each in question.choices if choose in each)
    await works.submit(AnswerQuestion(id=question.id, answer=choice))
    return question


def within(told, limit):
    """No reservation together with what was settled before it is above the limit."""
    spent, held = 0, {}
    for event in told.events:
        if isinstance(event, CallStarted):
            held[event.call] = to_pico(event.reserved_usd)
        elif hasattr(event, "cost_usd") and hasattr(event, "call"):
            held.pop(event.call)
            spent += to_pico(event.cost_usd)
        assert spent + sum(held.values()) <= limit


async def test_a_question_says_what_is_left_and_what_each_answer_does(asked, foreign):
    works = await asked()
    await works.start(budget_usd="0.0005")
    question = await answer(works, STOP)
    assert (question.kind, question.node, question.role) == ("budget", "researcher", "researcher")
    assert question.choices[0].startswith("raise it to $0.0")
    assert question.choices[-2:] == (FINISH, STOP)
    assert "The next call of researcher could cross the budget of $0.0005." in question.text
    assert "left: $0.0005 of $0.0005" in question.detail
    assert "for this run" in question.detail
    told = await works.finish()
    assert (told.end.status, told.end.exit_code) == ("budget", 3)
    assert foreign.requests == []
    assert [each.status for each in told.of(NodeFinished)] == ["paused"]


async def test_a_raised_budget_is_on_record_and_holds_for_its_run_only(asked, foreign):
    works = await asked()
    await works.start(budget_usd="0.0005")
    question = await answer(works, "raise")
    told = await works.finish()
    assert told.end.status == "done"
    (raised,) = told.of(BudgetRaised)
    assert (raised.scope, raised.from_usd, raised.node, raised.by) == ("run", "0.0005", "researcher", "user")
    assert question.choices[0] == f"raise it to ${raised.to_usd}"
    (paused,), (resumed,) = told.of(NodePaused), told.of(NodeResumed)
    assert paused.reason == "Its next call could cross the budget of $0.0005."
    assert told.events.index(paused) < told.events.index(resumed) < told.events.index(told.of(CallStarted)[0])
    within(told, to_pico(raised.to_usd))
    await works.start(budget_usd="0.0005")
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await answer(works, STOP)
    assert (await works.finish()).end.status == "budget"


async def test_a_cheaper_model_goes_on_with_the_conversation(asked, foreign):
    foreign.play(RESEARCHER, LOOK, DONE)
    foreign.usage = lambda asked: dear(asked) if "haiku" in asked.model else None
    works = await asked()
    await works.start(budget_usd="0.003")
    question = await answer(works, "go on with Nova Lite")
    told = await works.finish()
    assert told.end.status == "done", told.end.answer
    assert [asked.model for asked in foreign.requests] == [HAIKU, "us.amazon.nova-lite-v1:0"]
    assert foreign.requests[1].turn == 1
    assert "amazon.nova-lite" in question.detail
    (changed,) = told.of(ModelChanged)
    assert (changed.from_model, changed.to_model) == (HAIKU, foreign.requests[1].model)
    assert to_pico(told.end.cost_usd) <= to_pico("0.003")
    assert told.of(BudgetRaised) == []
    assert foreign.objections == []


async def test_where_nothing_is_cheaper_it_is_not_offered(asked, foreign, roster):
    works = await asked(roster(researcher=(MICRO,)))
    await works.start(budget_usd="0.00001")
    question = await answer(works, STOP)
    assert len(question.choices) == 3
    await works.finish()


async def test_finish_now_ends_the_run_in_good_order_and_it_can_be_gone_on_with(asked, foreign):
    foreign.play(FAST, WRITE, LOOK, DONE)
    foreign.usage = lambda asked: dear(asked) if FAST in asked.system else None
    works = await asked()
    await works.start(REQUEST, budget_usd="0.0055")
    await answer(works, FINISH)
    told = await works.finish()
    assert (told.end.status, told.end.exit_code) == ("budget", 3)
    assert "**Budget** used up: fast_coder ended early." in told.end.answer
    assert told.end.files == ("app.py",)
    assert [each.status for each in of(told, NodeFinished, "fast_coder")] == ["paused"]
    assert len(told.of(QuestionAsked)) == 1
    assert {each.node for each in told.of(NodeStarted)} == {"router", "fast_coder"}
    await works.submit(ResumeRun(budget_usd="1"))
    await works.until(lambda told: len(told.of(RunFinished)) == 2)
    assert works.told.of(RequestSubmitted)[-1].budget_usd == "1.00"
    assert works.told.of(RequestSubmitted)[-1].resumes == "r1"
    assert [each.run for each in of(works.told, NodeStarted, "router")] == ["r1"]
    assert works.told.end.status == "done", works.told.end.answer


async def test_a_nodes_budget_ends_that_node_alone_and_others_go_on_meanwhile(asked, foreign):
    """The documenter beside the test engineer comes to its end while the question waits."""
    foreign.play(FAST, WRITE, DONE)
    foreign.play(TESTS, LOOK, DONE)
    foreign.play("You are the documenter", DONE)
    foreign.usage = lambda asked: dear(asked) if TESTS in asked.system else None
    works = await asked(node_budget_usd="0.0052")
    await works.start(f"{REQUEST} and write the README for it")
    question = (await works.until(lambda told: told.of(QuestionAsked)))[0]
    assert (question.node, "for this node" in question.detail) == ("test_engineer", True)
    await works.until(lambda told: of(told, NodeFinished, "documenter"))
    assert of(works.told, NodeFinished, "test_engineer") == []
    await answer(works, FINISH)
    told = await works.finish()
    assert of(told, NodeFinished, "code_reviewer")[0].status == "done"
    assert (told.end.status, "test_engineer ended early" in told.end.answer) == ("budget", True)


async def test_a_nodes_raised_budget_is_nobody_elses(asked, foreign):
    foreign.play(FAST, WRITE, DONE)
    foreign.play(TESTS, LOOK, DONE)
    foreign.usage = lambda asked: dear(asked) if TESTS in asked.system or FAST in asked.system else None
    works = await asked(node_budget_usd="0.0052")
    await works.start(REQUEST)
    await works.until(lambda told: len(told.of(QuestionAsked)) == 1)
    await answer(works, "raise")
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await answer(works, "raise")
    told = await works.finish()
    assert [each.node for each in told.of(QuestionAsked)] == ["fast_coder", "test_engineer"]
    assert [each.scope for each in told.of(BudgetRaised)] == ["node", "node"]
    assert told.end.status == "done", told.end.answer


@pytest.mark.parametrize("scope", ["session", "day"])
async def test_a_raised_session_or_day_budget_holds_for_later_runs_too(asked, foreign, scope):
    works = await asked(**{f"{scope}_budget_usd": "0.0005"})
    await works.start()
    await answer(works, "raise")
    told = await works.finish()
    assert [each.scope for each in told.of(BudgetRaised)] == [scope]
    assert (await works()).end.status == "done"
    assert len(works.told.of(QuestionAsked)) == 1
    other = await asked(**{f"{scope}_budget_usd": "0.0005"})
    await other.start()
    if scope == "day":
        assert (await other.finish()).end.status == "done"
    else:
        await answer(other, STOP)
        assert (await other.finish()).end.status == "budget"


async def test_two_nodes_at_one_budget_are_one_question(asked, foreign, roster):
    """Test engineer and documenter side by side: the second one waits for what comes of the first one's."""
    both = threading.Barrier(2, timeout=SOON)
    foreign.play(FAST, WRITE, DONE)
    for phrase in (TESTS, "You are the documenter"):
        foreign.play(phrase, LOOK, DONE)

    def usage(asked):
        if asked.turn == 0 and (TESTS in asked.system or "the documenter" in asked.system):
            both.wait()
            return dear(asked)
        return None

    foreign.usage = usage
    works = await asked(roster(documenter=(HAIKU,)))
    await works.start(f"{REQUEST} and write the README for it", budget_usd="0.0070")
    await works.until(lambda told: told.of(QuestionAsked))
    await works.until(lambda told: len({each.node for each in told.of(NodePaused)}) == 2)
    assert len(works.told.of(QuestionAsked)) == 1
    await answer(works, "raise")
    told = await works.finish()
    assert len(told.of(QuestionAsked)) == 1
    assert told.end.status == "done", told.end.answer


async def test_a_node_waits_for_what_others_have_set_aside_before_anybody_is_asked(foreign, open_session):
    """Headless: what is short for a moment ends no run."""
    door = threading.Event()
    foreign.play(FAST, WRITE, DONE)
    foreign.play(TESTS, Reply("Tested. ", hold=door))
    foreign.play("You are the documenter", Reply("Written. ", hold=door))
    works = await open_session(node_budget_usd="1")
    await works.start(f"{REQUEST} and write the README for it", budget_usd="0.0020")
    await works.until(lambda told: told.of(NodePaused))
    assert "until calls of other nodes have ended" in works.told.of(NodePaused)[0].reason
    door.set()
    told = await works.finish()
    assert told.end.status == "done", told.end.answer
    within(told, to_pico("0.0020"))


async def test_with_nobody_there_the_run_ends_in_good_order(works, foreign):
    foreign.play(RESEARCHER, LOOK, DONE)
    foreign.usage = dear
    told = await works(budget_usd="0.003")
    assert (told.end.status, told.end.exit_code) == ("budget", 3)
    assert told.of(QuestionAsked) == []
    await works.submit(ResumeRun(budget_usd="0.05"))
    told = await works.finish()
    assert told.end.status == "done"
    assert total(told.calls).cost == sum(to_pico(end.cost_usd) for end in told.of(RunFinished))


async def test_a_budget_for_resuming_that_is_no_amount_is_refused(works):
    await works(budget_usd="0.00005")
    await works.session.submit(ResumeRun(budget_usd="much"))
    (refused,) = await works.until(lambda told: told.of(CommandRefused))
    assert "no amount in dollars" in refused.reason


@pytest.mark.parametrize("command", [InterruptRun(), StopNode(node="researcher")])
async def test_what_is_stopped_waits_for_no_answer_any_more(asked, foreign, command):
    works = await asked()
    await works.start(budget_usd="0.0005")
    await works.until(lambda told: told.of(QuestionAsked))
    await works.submit(command)
    told = await works.finish()
    assert foreign.requests == []
    if isinstance(command, StopNode):
        assert of(told, NodeFinished, "researcher")[0].status == "stopped"
        assert [(each.answer, each.by) for each in told.of(QuestionAnswered)] == [("", "heddle")]
    else:
        assert told.end.status == "interrupted"


async def test_the_router_asks_too(asked, foreign):
    foreign.play(FAST, DONE)
    works = await asked()
    await works.start(REQUEST, budget_usd="0.00005")
    question = await answer(works, "raise")
    assert question.node == "router"
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await answer(works, STOP)
    assert (await works.finish()).end.status == "budget"
    assert [each.complexity for each in works.told.of(RouteDecided)] == ["SIMPLE"]


async def test_the_routers_time_stands_still_while_it_waits_for_the_user(monkeypatch):
    monkeypatch.setattr("agents.router.TIMEOUT_SECONDS", 0.01)
    run = SimpleNamespace(controls=Controls(Stoppable()))

    async def late(seconds):
        await asyncio.sleep(seconds)

    async def asking():
        with run.controls.begin("router", "router").waiting_for_the_user():
            await late(0.1)

    assert await _in_time(run, asking()) is None
    with pytest.raises(TimeoutError):
        await _in_time(run, late(20))
