"""A run that broke off is gone on with at the node it was in: nobody is routed, planned or asked twice."""

import threading

import pytest

from core.commands import InterruptRun, ResumeRun
from core.events import (
    CallStarted,
    GraphPlanned,
    HandedOff,
    NodeStarted,
    QuestionAsked,
    RouteDecided,
    RunFinished,
    TestsFinished as RanTests,
)
from tests.support.foreign_bedrock import Refuse, Reply

REQUEST = "Add a line that says hello"
DONE = Reply("Done.")
NO, YES = {"approved": False, "must_fix": ["app.py:1 is wrong"]}, {"approved": True, "must_fix": []}
ORCHESTRATOR, ARCHITECT = "You are the orchestrator", "You are the architect"
SENIOR, TESTER = "You are the senior coder", "You are the test engineer"
REVIEWER, DOCUMENTER = "You are the code reviewer", "You are the documenter"
REFUSED = Refuse(403, "AccessDeniedException", "not authorized")
OPUS = "us.anthropic.claude-opus-5-5"
"""What the last rung stands on."""
MEDIUM = {"complexity": "MEDIUM", "pattern": "graph", "confidence": 1, "reason": "middling"}


def sets(value: int) -> Reply:
    text = f"VALUE = {value}\n\n\ndef hello() -> int:\n    return {value}\n"
    return Reply("I change it.", (("write_file", {"path": "app.py", "content": text}),))


@pytest.fixture
def team(foreign):
    foreign.routes = MEDIUM
    foreign.play(TESTER, Reply("It is tested."))
    foreign.play(DOCUMENTER, Reply("No document needed it."))
    foreign.play(ARCHITECT, Reply("Build it so."))
    foreign.play(ORCHESTRATOR, Reply("The coder looks after it."))
    foreign.play(SENIOR, sets(1), Reply("I wrote it."))
    return foreign


async def broken_off(works, foreign, who: str, *, words: str = "", **more):
    """Work until a model refuses to answer whoever it is."""
    foreign.next(REFUSED, times=9, when=lambda asked: who in asked.system and words in asked.text)
    told = await works(REQUEST, **more)
    foreign._injected.clear()
    assert told.end.status in ("failed", "interrupted"), told.end
    return len(told.events)


async def gone_on(works, since: int):
    """Go on; gives the nodes that started, and what was put on record."""
    await works.submit(ResumeRun())
    told = await works.finish()
    told.events[:] = told.events[since:]
    return [each.node for each in told.of(NodeStarted)], told


async def test_at_the_reviewer(works, team):
    since = await broken_off(works, team, REVIEWER)
    nodes, told = await gone_on(works, since)
    assert nodes == ["code_reviewer", "documenter"]
    assert told.end.status == "done"
    assert told.end.answer.startswith("I wrote it.")
    assert told.of(RouteDecided)[0].complexity == "MEDIUM"
    assert [(each.from_node, each.to_node) for each in told.of(HandedOff)] == [
        ("test_engineer", "code_reviewer"),
        ("code_reviewer", "documenter"),
    ]
    assert told.of(RanTests) == []
    assert "passed" in team.of(REVIEWER)[-1].text
    assert told.end.files == ("app.py",)


async def test_at_the_coder_with_what_is_there(works, team):
    held = Reply("Let me see.", hold=threading.Event())
    team.play(SENIOR, sets(1), held)
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(CallStarted) if each.role == "senior_coder"][1:])
    await works.submit(InterruptRun())
    since = len((await works.finish()).events)
    team.play(SENIOR, Reply("It is all there."))
    nodes, told = await gone_on(works, since)
    assert nodes == ["senior_coder", "test_engineer", "code_reviewer", "documenter"]
    assert told.end.status == "done"


async def test_in_the_second_round_with_the_points_of_the_first(works, team):
    team.verdicts = [NO, YES]
    team.play(SENIOR, sets(1), DONE, sets(1), Reply("Mended."))
    since = await broken_off(works, team, SENIOR, words="Your work comes back")
    team.play(SENIOR, Reply("Mended."))
    nodes, told = await gone_on(works, since)
    assert nodes[:2] == ["senior_coder", "code_reviewer"]
    assert {each.round for each in told.of(NodeStarted)} == {2}
    assert "app.py:1 is wrong" in team.of(SENIOR)[-1].text and REQUEST in team.of(SENIOR)[-1].text
    assert told.end.status == "done"


async def test_a_coder_that_took_over_is_still_the_coder(works, team):
    team.play(SENIOR, sets(2), DONE)
    since = await broken_off(works, team, ARCHITECT)
    team.play(ARCHITECT, sets(1), DONE)
    nodes, told = await gone_on(works, since)
    assert nodes[:2] == ["architect", "code_reviewer"]
    assert told.of(GraphPlanned)[0].nodes[0].node == "architect"
    assert told.of(GraphPlanned)[0].nodes[0].model == told.of(NodeStarted)[0].model == OPUS
    assert "failed" in team.of(ARCHITECT)[-2].text
    assert told.end.status == "done"


async def test_a_coder_that_took_over_keeps_its_rung_in_the_next_round(works, team):
    team.play(SENIOR, sets(2), DONE)
    team.play(ARCHITECT, sets(1), DONE, sets(1), DONE)
    team.next(REFUSED, times=9, when=lambda asked: REVIEWER in asked.system and bool(team.of(ARCHITECT)))
    since = len((await works(REQUEST)).events)
    team._injected.clear()
    team.verdicts, team._given = [NO, YES], 0
    nodes, told = await gone_on(works, since)
    assert nodes[:2] == ["code_reviewer", "architect"]
    assert [each.model for each in told.of(NodeStarted) if each.node == "architect"] == [OPUS]
    assert told.end.status == "done"


async def test_a_plan_and_a_design_are_not_made_twice(works, team):
    team.routes = MEDIUM | {"complexity": "COMPLEX"}
    since = await broken_off(works, team, REVIEWER, words="Judge this design")
    nodes, told = await gone_on(works, since)
    assert nodes == [
        "design_review", "senior_coder", "test_engineer", "code_reviewer", "documenter", "synthesis",
    ]  # fmt: skip
    assert "Build it so." in team.of(SENIOR)[0].text
    assert told.end.status == "done"


async def test_at_the_answer(works, team):
    """Everything is done but the orchestrator's words: the run was stopped while they were written."""
    team.routes = MEDIUM | {"complexity": "COMPLEX"}
    team.next(Reply("It is ", hold=threading.Event()), when=lambda asked: "Write the answer" in asked.text)
    await works.start(REQUEST)
    await works.until(lambda told: [each for each in told.of(CallStarted) if each.node == "synthesis"])
    await works.submit(InterruptRun())
    since = len((await works.finish()).events)
    nodes, told = await gone_on(works, since)
    assert nodes == ["synthesis"]
    assert told.end.status == "done"
    assert "**Review** approved." in told.end.answer


async def test_approval_is_asked_for_again_where_it_was_not_given(team, open_session):
    works = await open_session(interactive=True)
    team.routes = MEDIUM | {"complexity": "CRITICAL"}
    await works.start(REQUEST)
    await works.until(lambda told: told.of(QuestionAsked))
    await works.submit(InterruptRun())
    since = len((await works.finish()).events)
    await works.submit(ResumeRun())
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await works.answer("go on")
    told = await works.finish()
    nodes = [each.node for each in told.events[since:] if isinstance(each, NodeStarted)]
    assert nodes[0] == "senior_coder"
    assert told.end.status == "done"


async def test_approval_is_not_asked_for_twice(team, open_session):
    works = await open_session(interactive=True)
    team.routes = MEDIUM | {"complexity": "CRITICAL"}
    team.next(REFUSED, times=9, when=lambda asked: TESTER in asked.system)
    await works.start(REQUEST)
    await works.answer("go on")
    since = len((await works.finish()).events)
    team._injected.clear()
    nodes, told = await gone_on(works, since)
    assert nodes[0] == "test_engineer"
    assert told.of(QuestionAsked) == []
    assert told.end.status == "done"


async def test_one_of_two_side_by_side_is_all_that_is_left(works, team):
    both = f"{REQUEST} and document it in the README"
    held = threading.Event()
    team.play(TESTER, Reply("It is tested.", hold=held))
    await works.start(both)
    await works.until(lambda _: team.of(TESTER))
    finished = "documenter"
    await works.until(
        lambda told: [
            each for each in told.events if type(each).__name__ == "NodeFinished" and each.node == finished
        ]
    )
    await works.submit(InterruptRun())
    since = len((await works.finish()).events)
    held.set()
    nodes, told = await gone_on(works, since)
    assert nodes == ["test_engineer", "code_reviewer"]
    assert told.end.status == "done"


def to(name: str, message: str) -> Reply:
    return Reply("Not my part.", (("handoff_to_agent", {"agent_name": name, "message": message}),))


async def test_a_swarm_goes_on_with_the_member_that_was_at_work(works, team):
    team.play("You are the researcher", to("senior_coder", "look at the pool"))
    since = await broken_off(works, team, SENIOR, pattern="swarm")
    team.play(SENIOR, Reply("It is the pool."))
    nodes, told = await gone_on(works, since)
    assert nodes[0] == "senior_coder"
    assert told.end.status == "done"


async def test_a_swarms_verdict_is_all_that_is_left(works, team):
    since = await broken_off(works, team, REVIEWER, pattern="swarm")
    nodes, told = await gone_on(works, since)
    assert nodes == ["code_reviewer", "synthesis"]
    assert told.end.status == "done"
    assert told.of(RunFinished)[0].files == ("app.py",)
