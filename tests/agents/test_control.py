"""A node at work is paused, stopped, begun anew, told something, and put on another model."""

import asyncio
import threading
import time

import pytest

from core.commands import (
    ChangeModel,
    InterruptRun,
    PauseNode,
    ResumeNode,
    ResumeRun,
    RetryNode,
    SendMessage,
    StopNode,
)
from core.events import (
    CallStarted,
    CommandRefused,
    MessageDelivered,
    MessageSent,
    ModelCalled,
    ModelChanged,
    NodeFinished,
    NodePaused,
    NodeResumed,
    NodeStarted,
    RequestQueued,
    RequestSubmitted,
    RouteDecided,
    RunFinished,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from tests.support.foreign_bedrock import Refuse, Reply
from tests.support.waiting import SOON

REQUEST = "Add a line that says hello"
QUESTION = "What does app.py do?"
RESEARCHER, FAST, REVIEWER = "You are the researcher", "You are the fast coder", "You are the code reviewer"
LOOK = Reply("I look.", (("read_file", {"path": "app.py"}),))
HELLO = "VALUE = 1\n\n\ndef hello() -> str:\n    return 'hello'\n"
WRITE = Reply("I write.", (("write_file", {"path": "app.py", "content": HELLO}),))
DONE = Reply("Done.")
LITE = "amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"


def held(text="a long thought ", *calls):
    """An answer that waits before its last word, and what lets it go on."""
    door = threading.Event()
    return Reply(text, calls, hold=door), door


def of(told, kind, node):
    return [each for each in told.of(kind) if each.node == node]


def accounted(told):
    """Every start has its end, every call its charge."""
    assert [each.call for each in told.of(CallStarted)] == [each.call for each in told.of(ModelCalled)]
    started = [each.node for each in told.of(NodeStarted)]
    assert sorted(started) == sorted(each.node for each in told.of(NodeFinished))


async def refused(works, command):
    """Why a command is refused."""
    before = len(works.told.of(CommandRefused))
    await works.submit(command)
    return (await works.until(lambda told: told.of(CommandRefused)[before:]))[0].reason


async def streams(works):
    await works.until(lambda told: told.of(TextDelta))


async def test_a_paused_node_ends_its_call_and_makes_no_further_one(works, foreign):
    answer, door = held("I look. ", ("read_file", {"path": "app.py"}))
    foreign.play(RESEARCHER, answer, DONE)
    await works.start(QUESTION)
    await streams(works)
    await works.submit(PauseNode(node="researcher"))
    (paused,) = await works.until(lambda told: told.of(NodePaused))
    assert (paused.node, paused.by) == ("researcher", "user")
    door.set()
    await works.until(lambda told: told.calls)
    assert "paused already" in await refused(works, PauseNode(node="researcher"))
    assert (len(foreign.requests), works.told.of(ToolStarted)) == (1, [])
    await works.submit(ResumeNode(node="researcher"))
    told = await works.finish()
    assert (told.end.status, len(foreign.requests)) == ("done", 2)
    assert len(told.of(NodeResumed)) == 1
    accounted(told)


async def test_a_node_that_is_paused_during_a_tool_asks_no_model_after_it(works, foreign):
    wait = "echo so far; while [ ! -e go ]; do sleep 0.02; done; echo the rest"
    foreign.play(FAST, Reply("I wait.", (("run_command", {"command": wait}),)), DONE)
    await works.start(REQUEST)
    told = await works.until(lambda told: told.of(ToolOutput))
    assert [each.text for each in told] == ["so far\n"]
    await works.submit(PauseNode(node="fast_coder"))
    (works.session._staging._stage.tree / "go").touch()
    await works.until(lambda told: told.of(ToolFinished))
    assert "paused already" in await refused(works, PauseNode(node="fast_coder"))
    await works.submit(ResumeNode(node="fast_coder"))
    told = await works.finish()
    assert told.end.status == "done"
    places = [
        told.events.index(each) for each in (told.of(NodeResumed)[0], of(told, CallStarted, "fast_coder")[1])
    ]
    assert places == sorted(places)
    end = told.of(ToolFinished)[0]
    printed = [each for each in told.of(ToolOutput) if each.call == end.call]
    assert "".join(each.text for each in printed) == "so far\nthe rest\n"
    assert told.events.index(printed[-1]) < told.events.index(end)


async def test_a_paused_node_ends_with_its_run(works, foreign):
    answer, door = held()
    foreign.play(RESEARCHER, answer)
    await works.start(QUESTION)
    await streams(works)
    await works.submit(PauseNode(node="researcher"))
    door.set()
    await works.submit(InterruptRun())
    told = await works.finish()
    assert told.end.status == "interrupted"
    accounted(told)


async def test_a_stopped_node_closes_its_stream_at_once_and_the_run_goes_on(works, foreign):
    answer, _ = held()
    foreign.play(RESEARCHER, answer)
    await works.start(QUESTION)
    await streams(works)
    started = time.monotonic()
    await works.submit(StopNode(node="researcher"))
    assert await asyncio.to_thread(foreign.requests[0].left.wait, SOON)
    assert time.monotonic() - started < SOON
    told = await works.finish()
    (end,) = of(told, NodeFinished, "researcher")
    assert (end.status, end.summary) == ("stopped", "You stopped it.")
    assert told.end.status == "done"
    (call,) = told.calls
    assert (call.ok, call.estimated) == (False, True)
    accounted(told)


async def test_a_stopped_tool_ends_with_its_node(works, foreign):
    foreign.play(FAST, Reply("I wait.", (("run_command", {"command": "sleep 60"}),)))
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(ToolStarted) if each.tool == "run_command"])
    started = time.monotonic()
    await works.submit(StopNode(node="fast_coder"))
    told = await works.finish()
    assert time.monotonic() - started < SOON
    assert not told.of(ToolFinished)[0].ok
    assert of(told, NodeFinished, "fast_coder")[0].status == "stopped"
    accounted(told)


async def test_a_node_begins_anew_with_a_fresh_conversation(works, foreign):
    answer, _ = held()
    foreign.play(RESEARCHER, LOOK, answer)
    await works.start(QUESTION)
    await works.until(lambda told: any("long" in each.text for each in told.of(TextDelta)))
    foreign.play(RESEARCHER, DONE)
    await works.submit(RetryNode(node="researcher", model=LITE))
    told = await works.finish()
    ends = of(told, NodeFinished, "researcher")
    assert [each.status for each in ends] == ["interrupted", "done"]
    assert ends[0].summary == "You let it begin anew."
    assert foreign.requests[-1].turn == 0
    assert foreign.requests[-1].model.endswith(LITE)
    assert of(told, NodeStarted, "researcher")[-1].model.endswith(LITE)
    (changed,) = told.of(ModelChanged)
    assert (changed.by, changed.to_model) == ("user", foreign.requests[-1].model)
    assert told.end.status == "done"
    accounted(told)


async def test_another_model_goes_on_from_the_next_call_on(foreign, open_session, roster):
    haiku = "us.anthropic.claude-haiku-5-5"
    works = await open_session(roster(researcher=(haiku,)))
    door = threading.Event()
    first = Reply("I look.", (("read_file", {"path": "app.py"}),), hold=door, thinks=True)
    foreign.play(RESEARCHER, first, DONE)
    await works.start(QUESTION)
    await streams(works)
    wrong = ChangeModel(node="researcher", model="no such model")
    assert "no model no such model" in await refused(works, wrong)
    await works.submit(ChangeModel(node="researcher", model=LITE))
    door.set()
    told = await works.finish()
    assert told.end.status == "done", told.end.answer
    assert [each.model for each in told.calls] == [haiku, foreign.requests[1].model]
    assert foreign.requests[1].model.endswith(LITE)
    (changed,) = told.of(ModelChanged)
    assert (changed.from_model, changed.to_model) == (haiku, foreign.requests[1].model)
    assert "tokens anew, which costs about $0." in changed.reason or "<$0.0001" in changed.reason
    assert "reasoningContent" not in str(foreign.requests[1].messages)
    assert foreign.objections == []


async def test_a_node_that_has_not_begun_begins_with_another_model(works, foreign):
    writing, door = held("I write.", ("write_file", {"path": "app.py", "content": HELLO}))
    foreign.play(FAST, writing, DONE)
    await works.start(REQUEST)
    await streams(works)
    await works.submit(ChangeModel(node="code_reviewer", model=LITE))
    door.set()
    told = await works.finish()
    reviews = [call.model for call in told.calls if call.node == "code_reviewer"]
    assert reviews and all(model.endswith(LITE) for model in reviews)


async def test_what_a_model_was_thinking_is_not_told_to_the_next(foreign, open_session, roster):
    works = await open_session(roster(researcher=("us.anthropic.claude-haiku-5-5",)))
    door = threading.Event()
    first = Reply("I look.", (("read_file", {"path": "app.py"}),), hold=door, thinks=True)
    foreign.play(RESEARCHER, first, DONE)
    await works.start(QUESTION)
    await streams(works)
    await works.submit(ChangeModel(node="researcher", model="anthropic.claude-sonnet-5-5"))
    door.set()
    told = await works.finish()
    assert told.end.status == "done", foreign.objections
    assert [asked.model for asked in foreign.requests] == [each.model for each in told.calls]
    assert "sonnet" in foreign.requests[1].model
    assert foreign.objections == []


@pytest.mark.parametrize("model", ["us.anthropic.claude-haiku-5-5", "us.amazon.nova-lite-v1:0", LLAMA])
async def test_a_message_is_read_with_the_next_turn_and_changes_nothing_before_it(
    foreign, open_session, roster, model
):
    works = await open_session(roster(researcher=(model,)))
    first, door = held("I look. ", ("read_file", {"path": "app.py"}))
    foreign.play(RESEARCHER, first, LOOK, DONE)
    await works.start(QUESTION)
    await asyncio.to_thread(foreign.wait_for, lambda requests: len(requests) == 1)
    await works.submit(SendMessage(text="Look at the tests as well", node="researcher"))
    door.set()
    told = await works.finish()
    assert told.end.status == "done", (told.end.answer, foreign.objections)
    before, second, third = foreign.requests
    assert "Look at the tests" not in before.text
    assert "Look at the tests as well" in str(second.messages[-1])
    assert second.messages[:-1] == third.messages[: len(second.messages) - 1]
    assert "Look at the tests as well" in str(third.messages[len(second.messages) - 1])
    (sent,), (read,) = told.of(MessageSent), told.of(MessageDelivered)
    assert (read.id, read.node) == (sent.id, "researcher")
    assert told.of(RequestQueued) == []
    assert foreign.objections == []


async def test_a_node_that_is_about_to_end_has_one_more_turn(works, foreign):
    answer, door = held("It sets VALUE. ")
    foreign.play(RESEARCHER, answer, Reply("And it is 1."))
    await works.start(QUESTION)
    await streams(works)
    await works.submit(SendMessage(text="To what?"))
    door.set()
    told = await works.finish()
    assert [asked.turn for asked in foreign.requests] == [0, 1]
    assert "To what?" in foreign.requests[1].messages[-1]["content"][0]["text"]
    assert "It sets VALUE." in told.end.answer
    assert "And it is 1." in told.end.answer
    assert len(of(told, NodeStarted, "researcher")) == 1
    accounted(told)


async def test_a_message_for_a_later_node_waits_for_it(works, foreign):
    answer, door = held("Done. ")
    foreign.play(FAST, WRITE, answer)
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(TextDelta) if "Done" in each.text])
    await works.submit(SendMessage(text="Mind the style", node="code_reviewer"))
    door.set()
    told = await works.finish()
    assert [each.node for each in told.of(MessageDelivered)] == ["code_reviewer"]
    assert "Mind the style" in foreign.of(REVIEWER)[0].text
    assert "Mind the style" not in "".join(asked.text for asked in foreign.of(FAST))


async def test_a_resumed_node_is_told_that_it_was_broken_off(works, foreign):
    answer, _ = held()
    foreign.play(FAST, WRITE, answer)
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(TextDelta) if "long" in each.text])
    await works.submit(InterruptRun())
    await works.finish()
    foreign.play(FAST, DONE)
    await works.submit(ResumeRun())
    await works.until(lambda told: len(told.of(RunFinished)) == 2)
    assert [each.resumes for each in works.told.of(RequestSubmitted)] == [None, "r1"]
    again = foreign.of(FAST)[2]
    assert again.turn == 0
    assert "broken off in the middle" in again.text
    assert "+def hello() -> str:" in again.text
    assert "app.py" in works.told.end.files


async def test_a_node_that_ended_does_its_task_again_on_another_model(works, foreign):
    foreign.play(FAST, WRITE, DONE)
    told = await works(REQUEST)
    assert told.end.status == "done"
    await works.submit(RetryNode(node="fast_coder", model=LITE))
    await works.until(lambda told: len(told.of(RunFinished)) == 2)
    request = works.told.of(RequestSubmitted)[-1]
    assert (request.resumes, request.resumes_at) == ("r1", "fast_coder")
    (changed,) = works.told.of(ModelChanged)
    assert (changed.run, changed.node) == ("r2", "fast_coder")
    again = next(asked for asked in foreign.of(FAST)[2:])
    assert again.model.endswith(LITE)
    assert "wants it done again" in again.text


@pytest.mark.parametrize("command", [PauseNode, ResumeNode, StopNode, RetryNode])
async def test_only_a_node_that_works_can_be_steered(works, foreign, command):
    assert (await refused(works, command(node="researcher"))).startswith("No ")
    answer, door = held()
    foreign.play(RESEARCHER, answer)
    await works.start(QUESTION)
    await streams(works)
    reason = await refused(works, command(node="architect"))
    assert reason == "There is no node architect in this run. At work: researcher."
    door.set()
    await works.finish()


async def stopped_while_it_speaks(works, node):
    await works.until(lambda told: of(told, TextDelta, node))
    await works.submit(StopNode(node=node))
    return await works.finish()


async def test_a_stopped_check_is_passed_over_and_said(works, foreign):
    foreign.play(FAST, WRITE, DONE)
    answer, _ = held()
    foreign.play("You are the test engineer", answer)
    await works.start(REQUEST)
    told = await stopped_while_it_speaks(works, "test_engineer")
    assert told.end.status == "done"
    assert len(foreign.of(REVIEWER)) == 1
    assert "**Stopped** by you: test_engineer." in told.end.answer
    accounted(told)


async def test_a_stopped_reviewer_holds_nobody_up(works, foreign):
    foreign.play(FAST, WRITE, DONE)
    answer, _ = held()
    foreign.play(REVIEWER, answer)
    await works.start(REQUEST)
    told = await stopped_while_it_speaks(works, "code_reviewer")
    assert told.end.status == "done"
    assert "**Stopped** by you: code_reviewer." in told.end.answer
    assert "**Review**" not in told.end.answer
    assert of(told, NodeFinished, "documenter")[0].status == "done"
    accounted(told)


async def test_a_stopped_coder_ends_the_rounds_with_what_is_there(works, foreign):
    answer, _ = held()
    foreign.play(FAST, WRITE, answer)
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(TextDelta) if "long" in each.text])
    await works.submit(StopNode(node="fast_coder"))
    told = await works.finish()
    assert told.end.files == ("app.py",)
    assert {each.node for each in told.of(NodeStarted)} == {"router", "fast_coder"}
    assert told.end.answer.startswith("Changed before the work ended: app.py.\n\n")
    assert "**Stopped** by you: fast_coder." in told.end.answer
    accounted(told)


UNPRICED = "us.amazon.nova-premier-v1:0"


def catalog_with_unpriced(team, isolated):
    """The user's own card of a model that has no row in any price book."""
    import msgspec

    card = msgspec.structs.replace(team.card(LITE), title="Nova Premier")
    cards = {**team.catalog.cards, "amazon.nova-premier-v1:0": card}
    catalog = msgspec.structs.replace(team.catalog, cards=cards)
    return msgspec.structs.replace(team, catalog=catalog)


@pytest.mark.parametrize("command", [ChangeModel, RetryNode])
@pytest.mark.parametrize("name", [UNPRICED, "Nova Premier", "amazon.nova-premier-v1:0"])
async def test_a_model_without_a_price_cannot_be_chosen(
    command, name, foreign, open_session, roster, isolated
):
    works = await open_session(catalog_with_unpriced(roster(), isolated))
    answer, door = held()
    foreign.play(RESEARCHER, answer)
    await works.start(QUESTION, budget_usd="1")
    await streams(works)
    reason = await refused(works, command(node="researcher", model=name))
    assert "No price is known for" in reason and "prices.toml" in reason
    door.set()
    told = await works.finish()
    assert (told.end.status, told.of(ModelChanged)) == ("done", [])
    again = await refused(works, RetryNode(node="researcher", model=name))
    assert "No price is known for" in again
    assert len(foreign.requests) == 1


async def test_a_chosen_model_whose_price_was_taken_away_is_not_called_when_the_run_is_gone_on_with(
    foreign, open_session, roster, isolated
):
    """The price book of the next start has no row for it any more."""
    import msgspec

    from core.events import Failed
    from core.prices import load_prices

    book = load_prices()
    row = {**book.models, "amazon.nova-premier-v1:0": book.models[LITE]}
    team = catalog_with_unpriced(roster(), isolated)
    works = await open_session(team, prices=msgspec.structs.replace(book, models=row))
    first, door = held("I look. ", ("read_file", {"path": "app.py"}))
    second, _ = held("And on. ")
    foreign.play(RESEARCHER, first, second)
    await works.start(QUESTION)
    await streams(works)
    await works.submit(ChangeModel(node="researcher", model=UNPRICED))
    door.set()
    await works.until(lambda told: any("And" in each.text for each in told.of(TextDelta)))
    assert foreign.requests[-1].model == UNPRICED
    await works.submit(InterruptRun())
    await works.finish()
    works.session._runs.settings = msgspec.structs.replace(works.session._runs.settings, prices=book)
    asked = len(foreign.requests)
    await works.submit(ResumeRun(budget_usd="1"))
    await works.until(lambda told: len(told.of(RunFinished)) == 2)
    assert (works.told.end.status, works.told.end.exit_code) == ("failed", 78)
    assert works.told.of(Failed)[-1].kind == "unpriced_model"
    assert len(foreign.requests) == asked


async def test_a_paused_router_has_as_long_as_the_user_holds_it_up(works, foreign, monkeypatch):
    monkeypatch.setattr("agents.router.TIMEOUT_SECONDS", 1.5)
    throttled = Refuse(429, "ThrottlingException", "slow down")
    foreign.next(throttled, times=1, when=lambda asked: "Classify this request" in asked.text)
    answer, door = held("Hm. ")
    foreign.next(answer, times=1, when=lambda asked: "Classify this request" in asked.text)
    foreign.play(FAST, DONE)
    await works.start(REQUEST)
    await works.until(lambda told: told.of(CallStarted))
    await works.submit(PauseNode(node="router"))
    await works.until(lambda told: told.of(NodePaused))
    control = works.session._runs.running.controls.working("router")
    while control.held_ms < 1600:
        await asyncio.sleep(0.01)
    await works.submit(ResumeNode(node="router"))
    door.set()
    told = await works.finish()
    assert [each.rule for each in told.of(RouteDecided)] == [""]
