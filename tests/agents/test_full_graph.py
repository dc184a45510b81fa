"""COMPLEX and CRITICAL work: plan, design and its review, approval, two reviewers, the orchestrator's answer."""

import threading

import pytest

from core.commands import InterruptRun
from core.events import (
    GraphPlanned,
    HandedOff,
    ModelCalled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NoticeGiven,
    QuestionAsked,
    ToolStarted,
    VerdictGiven,
)
from tests.support.foreign_bedrock import Refuse, Reply

REQUEST = "Add a line that says hello"
DONE = Reply("Done.")
NO, YES = {"approved": False, "must_fix": ["app.py:1 is wrong"]}, {"approved": True, "must_fix": []}
ORCHESTRATOR, ARCHITECT = "You are the orchestrator", "You are the architect"
SENIOR, TESTER = "You are the senior coder", "You are the test engineer"
REVIEWER, DOCUMENTER = "You are the code reviewer", "You are the documenter"
CRITICAL = {"complexity": "CRITICAL", "pattern": "graph", "confidence": 1, "reason": "risky"}
COMPLEX = {"complexity": "COMPLEX", "pattern": "graph", "confidence": 1, "reason": "large"}
PLAN, DESIGN, ANSWER = "The coder looks after the lock.", "Build it so.", "It is built."


def sets(value: int) -> Reply:
    text = f"VALUE = {value}\n\n\ndef hello() -> int:\n    return {value}\n"
    return Reply("I change it.", (("write_file", {"path": "app.py", "content": text}),))


@pytest.fixture
def team(foreign):
    """All of them, when nothing goes wrong; the orchestrator plans, and then writes the answer."""
    foreign.routes = COMPLEX
    foreign.play(TESTER, DONE)
    foreign.play(DOCUMENTER, Reply("No document needed it."))
    foreign.play(ARCHITECT, Reply(DESIGN), Reply("Build it in another way."))
    foreign.play(SENIOR, sets(1), DONE)
    foreign.next(Reply(PLAN), when=lambda asked: ORCHESTRATOR in asked.system and "Plan this" in asked.text)
    foreign.play(ORCHESTRATOR, Reply(ANSWER))
    return foreign


def nodes(told) -> list[str]:
    return [each.node for each in told.of(NodeStarted) if each.role != "router"]


def text_for(foreign, phrase: str, words: str = "") -> str:
    return next(asked.text for asked in foreign.of(phrase) if words in asked.text)


async def test_the_whole_way_of_complex_work(works, team):
    told = await works(REQUEST)
    assert told.end.status == "done"
    assert nodes(told) == [
        "orchestrator", "architect", "design_review", "senior_coder", "test_engineer", "code_reviewer",
        "documenter", "synthesis",
    ]  # fmt: skip
    assert [(each.subject, each.approved) for each in told.of(VerdictGiven)] == [
        ("design", True),
        ("change", True),
    ]
    (planned,) = told.of(GraphPlanned)
    assert [node.node for node in planned.nodes] == nodes(told)
    assert {(edge.source, edge.target) for edge in planned.edges if edge.feedback} == {
        ("design_review", "architect"),
        ("code_reviewer", "senior_coder"),
    }
    handed = [(each.from_node, each.to_node) for each in told.of(HandedOff)]
    assert handed == list(zip(nodes(told), nodes(told)[1:], strict=False))
    assert team.objections == []
    assert told.of(QuestionAsked) == []


async def test_what_the_orchestrator_says_goes_on_with_the_work_and_is_one_call_each(works, team):
    told = await works(REQUEST)
    assert PLAN in text_for(team, ARCHITECT)
    assert DESIGN in text_for(team, SENIOR)
    assert DESIGN in text_for(team, REVIEWER, "Judge this design")
    calls = [each.node for each in told.of(ModelCalled)]
    assert (calls.count("orchestrator"), calls.count("design_review"), calls.count("synthesis")) == (1, 1, 1)
    assert all(not asked.tools for asked in team.of(ORCHESTRATOR))
    assert "app.py" in text_for(team, ORCHESTRATOR, "Plan this")
    assert told.end.answer.startswith(ANSWER)
    assert "**Review** approved." in told.end.answer
    assert "**Tests**" in told.end.answer


async def test_simple_work_costs_no_orchestrator(works, team):
    team.routes = COMPLEX | {"complexity": "SIMPLE"}
    team.play("You are the fast coder", sets(1), DONE)
    told = await works(REQUEST)
    assert "orchestrator" not in told.end.by_role
    assert told.end.answer.startswith("Done.")


async def test_a_plan_that_needs_no_architect(works, team):
    team.next(Reply(f"{PLAN}\nArchitect: no"), when=lambda asked: "Plan this" in asked.text)
    team._injected.reverse()
    told = await works(REQUEST)
    assert nodes(told)[:2] == ["orchestrator", "senior_coder"]
    assert PLAN in text_for(team, SENIOR)
    assert [(each.node, each.reason) for each in told.of(NodeSkipped)] == [
        ("architect", "the plan is enough to build from"),
        ("design_review", "the plan is enough to build from"),
    ]
    assert told.end.status == "done"


async def test_a_design_that_is_not_approved_is_mended_once_and_goes_on_with_what_is_open(works, team):
    team.design_verdicts = [{"approved": False, "must_fix": ["name the lock"], "risks": ["slow clients"]}]
    told = await works(REQUEST)
    assert nodes(told)[:5] == ["orchestrator", "architect", "design_review", "architect", "senior_coder"]
    again = team.of(ARCHITECT)[1]
    assert again.turn == 1 and "1. name the lock" in again.text
    built = text_for(team, SENIOR)
    assert "Build it in another way." in built
    assert "name the lock" in built and "slow clients" in built
    assert "slow clients" in text_for(team, REVIEWER, "Judge this change")
    assert any("name the lock" in each.text for each in told.of(NoticeGiven))
    assert told.end.status == "done"
    first = told.of(VerdictGiven)[0]
    assert (first.subject, first.approved, first.node) == ("design", False, "design_review")


async def test_a_design_review_that_cannot_be_read_holds_nobody_up(works, team):
    team.next(Reply("Looks fine."), times=3, when=lambda asked: "Judge this design" in asked.text)
    told = await works(REQUEST)
    assert nodes(told)[:4] == ["orchestrator", "architect", "design_review", "senior_coder"]
    assert told.end.status == "done"
    assert "gave no verdict" in text_for(team, REVIEWER, "Judge this change")


async def test_a_design_is_made_once(works, team):
    team.play(SENIOR, sets(1), DONE, sets(1), DONE)
    team.verdicts = [NO, YES]
    told = await works(REQUEST)
    assert nodes(told).count("architect") == 1
    assert told.end.status == "done"


async def test_without_an_orchestrator_for_the_answer_the_template_writes_it(works, team):
    refused = Refuse(403, "AccessDeniedException", "not authorized")
    team.next(refused, times=9, when=lambda asked: "Write the answer" in asked.text)
    told = await works(REQUEST)
    assert told.end.status == "done"
    assert "**Review** approved." in told.end.answer
    assert any("put together from the reports" in each.text for each in told.of(NoticeGiven))


# -- CRITICAL ----------------------------------------------------------------------------------------


@pytest.fixture
async def critical(team, open_session):
    """A session with somebody there, and a request that is CRITICAL."""
    team.routes = CRITICAL
    return await open_session(interactive=True)


async def test_critical_work_waits_for_the_users_approval_of_plan_and_design(critical, team):
    await critical.start(REQUEST)
    question = await critical.answer("go on")
    assert (question.kind, question.choices) == ("plan", ("go on", "stop"))
    assert PLAN in question.detail and DESIGN in question.detail
    assert nodes(critical.told) == ["orchestrator", "architect", "design_review"]
    told = await critical.finish()
    assert told.end.status == "done"


async def test_two_reviewers_of_different_families_side_by_side(critical, team):
    await critical.start(REQUEST)
    await critical.answer("go on")
    told = await critical.finish()
    judged = [each for each in told.of(VerdictGiven) if each.subject == "change"]
    assert {each.node for each in judged} == {"code_reviewer", "code_reviewer_2"}
    models = {each.node: each.model for each in told.of(NodeStarted) if each.role == "code_reviewer"}
    assert "claude" in models["code_reviewer"] and "nova" in models["code_reviewer_2"]
    places = [each for each in told.events if isinstance(each, NodeStarted | NodeFinished)]
    order = [(type(each).__name__, each.node) for each in places if each.node.startswith("code_reviewer")]
    assert [kind for kind, _ in order] == ["NodeStarted", "NodeStarted", "NodeFinished", "NodeFinished"]
    assert "approved by both reviewers" in told.end.answer
    assert [
        (each.from_node, each.to_node) for each in told.of(HandedOff) if each.to_node == "documenter"
    ] == [
        ("code_reviewer", "documenter"),
        ("code_reviewer_2", "documenter"),
    ]


async def test_one_of_two_reviewers_is_enough_to_send_the_work_back(critical, team):
    team.play(SENIOR, sets(1), DONE, sets(1), DONE)
    team.next(
        Reply(calls=(("Verdict", NO),)),
        when=lambda asked: "nova" in asked.model and "Judge this change" in asked.text,
    )
    await critical.start(REQUEST)
    await critical.answer("go on")
    told = await critical.finish()
    assert told.end.status == "done"
    assert nodes(told).count("senior_coder") == 2
    assert "app.py:1 is wrong" in team.of(SENIOR)[2].text


async def test_tests_run_once_for_two_reviewers(critical, team):
    from core.events import TestsFinished as RanTests

    await critical.start(REQUEST)
    await critical.answer("go on")
    told = await critical.finish()
    assert len(told.of(RanTests)) == 1


async def test_with_one_family_only_the_user_judges(team, open_session, roster):
    team.routes = CRITICAL
    alone = roster(code_reviewer=("us.anthropic.claude-haiku-4-5-20251001-v1:0",))
    works = await open_session(alone, interactive=True)
    await works.start(REQUEST)
    await works.answer("go on")
    told = await works.finish()
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    assert any(each.level == "warning" and "one family" in each.text for each in told.of(NoticeGiven))
    assert "code_reviewer_2" not in nodes(told)


async def test_a_reviewer_whose_model_fails_is_not_replaced_by_the_others_family(critical, team):
    team.next(
        Refuse(403, "AccessDeniedException", "not authorized"),
        times=9,
        when=lambda asked: "claude" in asked.model and "Judge this change" in asked.text,
    )
    await critical.start(REQUEST)
    await critical.answer("go on")
    told = await critical.finish()
    assert told.end.status == "failed"
    ended = {each.node: each.status for each in told.of(NodeFinished)}
    assert ended["code_reviewer"] == "failed"
    assert all("nova" in each.model for each in told.of(ModelCalled) if each.node == "code_reviewer_2")
    assert set(nodes(told)) == {each.node for each in told.of(NodeFinished) if each.role != "router"}


async def test_a_node_is_stopped_when_the_one_beside_it_fails(critical, team):
    held = threading.Event()
    team.next(
        Reply("Hm.", hold=held),
        when=lambda asked: "nova" in asked.model and "Judge this change" in asked.text,
    )
    team.next(
        Refuse(403, "AccessDeniedException", "not authorized"),
        times=9,
        when=lambda asked: "claude" in asked.model and "Judge this change" in asked.text,
    )
    await critical.start(REQUEST)
    await critical.answer("go on")
    told = await critical.finish()
    ended = {each.node: each.status for each in told.of(NodeFinished)}
    assert (ended["code_reviewer"], ended["code_reviewer_2"]) == ("failed", "interrupted")


async def test_critical_work_that_is_not_approved_is_not_built(critical, team):
    await critical.start(REQUEST)
    await critical.answer("stop")
    told = await critical.finish()
    assert (told.end.status, told.end.exit_code, told.end.files) == ("interrupted", 130, ())
    assert team.of(SENIOR) == []


async def test_critical_work_without_anyone_to_approve_it_needs_a_decision(works, team):
    team.routes = CRITICAL
    told = await works(REQUEST)
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    assert "Go on with this plan?" in told.end.answer
    assert team.of(SENIOR) == []
    assert nodes(told)[-1] == "design_review"


async def test_a_question_can_be_answered_by_interrupting(critical, team):
    await critical.start(REQUEST)
    await critical.until(lambda told: told.of(QuestionAsked))
    await critical.submit(InterruptRun())
    told = await critical.finish()
    assert told.end.status == "interrupted"


# -- side by side ------------------------------------------------------------------------------------


async def test_documents_that_were_asked_for_are_written_beside_the_tests_and_reviewed(works, team):
    team.routes = COMPLEX | {"complexity": "MEDIUM"}
    writes = Reply("", (("write_file", {"path": "README.md", "content": "# App\nIt says hello.\n"}),))
    team.play(DOCUMENTER, writes, Reply("README.md says it."))
    told = await works(f"{REQUEST} and document it in the README")
    assert told.end.status == "done"
    assert set(nodes(told)[1:3]) == {"test_engineer", "documenter"}
    assert nodes(told)[3:] == ["code_reviewer"]
    assert "It says hello." in text_for(team, REVIEWER)
    handed = {(each.from_node, each.to_node) for each in told.of(HandedOff)}
    assert handed == {
        ("senior_coder", "test_engineer"),
        ("senior_coder", "documenter"),
        ("test_engineer", "code_reviewer"),
        ("documenter", "code_reviewer"),
    }
    (planned,) = told.of(GraphPlanned)
    assert handed <= {(edge.source, edge.target) for edge in planned.edges}


async def test_nodes_side_by_side_really_work_at_the_same_time(works, team):
    """Each of the two is held until the other has asked its model, too; and what it does is on record as its own."""
    team.routes = COMPLEX | {"complexity": "MEDIUM"}
    held = threading.Event()
    team.play(TESTER, Reply("Testing.", (("git_status", {}),), hold=held), Reply("Tested."))
    read = ("read_file", {"path": "README.md"})
    team.play(DOCUMENTER, Reply("Writing.", (read,), hold=held), Reply("Written."))
    await works.start(f"{REQUEST} and document it in the README")
    await works.until(lambda _: team.of(TESTER) and team.of(DOCUMENTER))
    held.set()
    told = await works.finish()
    assert told.end.status == "done"
    used = {(each.node, each.tool) for each in told.of(ToolStarted)}
    assert {("test_engineer", "git_status"), ("documenter", "read_file")} <= used
    assert not {("documenter", "git_status"), ("test_engineer", "read_file")} & used
