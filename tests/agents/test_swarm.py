"""The swarm: who begins, how work is handed on, what each gets to know, and how it ends."""

import threading

from agents.swarm import EXPLORERS, only_reads
from core.commands import InterruptRun, ResumeRun
from core.events import (
    CallStarted,
    CommandRefused,
    GraphPlanned,
    HandedOff,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    QuestionAnswered,
    QuestionAsked,
    RouteDecided,
    TestsFinished as RanTests,
    TextDelta,
    VerdictGiven,
)
from tests.support.foreign_bedrock import Refuse, Reply
from tools.registry import TOOLS

LOOK_INTO = "Why are requests slow, and what could be done?"
BUILD = "Add a line that says hello"
RESEARCHER, SENIOR, OPERATIONS = (
    "You are the researcher",
    "You are the senior coder",
    "You are the infrastructure",
)
ORCHESTRATOR, EXPLORED = "You are the orchestrator", ["researcher", "infrastructure", "senior_coder"]
REVIEWER, FAST = "You are the code reviewer", "You are the fast coder"
PROGRAMS = {"write_file", "edit_file", "run_command", "run_tests"}


def to(name: str, message: str, **more) -> Reply:
    return Reply("Not my part.", (("handoff_to_agent", {"agent_name": name, "message": message, **more}),))


async def explore(works, foreign, **more):
    foreign.play(RESEARCHER, to("infrastructure", "look at the deployment", context={"slow": "GET /books"}))
    foreign.play(OPERATIONS, to("senior_coder", "one worker only"))
    foreign.play(SENIOR, Reply("One worker serves all requests. Start four."))
    foreign.play(ORCHESTRATOR, Reply("Start four workers."))
    return await works(LOOK_INTO, pattern="swarm", **more)


async def test_explorers_hand_on_and_the_last_ones_words_are_the_answer(works, foreign):
    told = await explore(works, foreign)
    assert (told.end.status, told.end.answer) == ("done", "Start four workers.")
    assert [each.node for each in told.of(NodeStarted)] == [*EXPLORED, "synthesis"]
    assert [each.node for each in told.of(NodeStarted)] == [each.node for each in told.of(NodeFinished)]
    handed = [(each.from_role, each.to_role) for each in told.of(HandedOff)]
    assert handed[:2] == [("researcher", "infrastructure"), ("infrastructure", "senior_coder")]
    assert [each.said for each in told.of(HandedOff)][:2] == ["look at the deployment", "one worker only"]
    assert [each.shared for each in told.of(HandedOff)[:2]] == ['{"researcher": {"slow": "GET /books"}}'] * 2
    assert foreign.objections == []


async def test_a_handoff_costs_no_second_call(works, foreign):
    told = await explore(works, foreign)
    assert len(foreign.requests) == len(told.calls) == 4


async def test_explorers_only_read(works, foreign):
    await explore(works, foreign)
    members = [asked for asked in foreign.requests if ORCHESTRATOR not in asked.system]
    assert len(members) == 3
    for asked in members:
        assert {"read_file", "search_files", "handoff_to_agent"} <= set(asked.tools)
        assert not PROGRAMS & set(asked.tools)
    assert "audit_security" in foreign.of(OPERATIONS)[0].tools


def test_explorers_have_no_tool_that_writes_or_runs_anything_whatever_their_role_has(roster):
    for role in EXPLORERS:
        found = only_reads(roster()[role], roster()["researcher"].tools)
        assert not found.mcp
        assert [name for name in found.tools if TOOLS[name].writes or TOOLS[name].executes] == []


async def test_the_orchestrator_writes_the_answer_from_what_all_have_said(works, foreign):
    await explore(works, foreign)
    (asked,) = foreign.of(ORCHESTRATOR)
    assert "look at the deployment" in asked.text
    assert "One worker serves all requests." in asked.text
    assert asked.tools == {}


async def test_who_finds_it_alone_needs_no_orchestrator(works, foreign):
    foreign.play(RESEARCHER, Reply("It was the cache."))
    told = await works(LOOK_INTO, pattern="swarm")
    assert (told.end.answer, len(foreign.requests)) == ("It was the cache.", 1)


async def test_what_was_found_goes_with_the_work(works, foreign):
    await explore(works, foreign)
    last = foreign.of(SENIOR)[0].text
    assert LOOK_INTO in last
    assert "look at the deployment" in last
    assert "one worker only" in last
    assert "GET /books" in last
    assert "- researcher: " in last
    assert "- senior_coder: " not in last


async def test_the_route_says_that_it_was_the_users_choice(works, foreign):
    told = await explore(works, foreign)
    (route,) = told.of(RouteDecided)
    assert (route.pattern, route.decided_by) == ("swarm", "user")
    (planned,) = told.of(GraphPlanned)
    assert [node.role for node in planned.nodes] == [
        "researcher",
        "senior_coder",
        "infrastructure",
        "code_reviewer",
    ]


async def test_builders_work_when_work_is_asked_for_and_the_tests_decide(works, foreign):
    writes = Reply("", (("write_file", {"path": "app.py", "content": "VALUE = 2\n"}),))
    foreign.play(SENIOR, to("fast_coder", "write it"))
    foreign.play(FAST, writes, Reply("Written."))
    told = await works(BUILD, pattern="swarm")
    pair = ["senior_coder", "fast_coder"]
    assert [each.node for each in told.of(NodeStarted)] == [
        "router", *pair, "code_reviewer", *pair, "code_reviewer", "synthesis",
    ]  # fmt: skip
    assert set(foreign.of(FAST)[0].tools) > PROGRAMS
    assert "failed" in {each.outcome for each in told.of(RanTests)}
    assert (told.end.status, told.end.exit_code, told.end.files) == ("failed", 1, ("app.py",))


async def test_what_builders_made_gets_a_verdict_and_its_points_come_back_to_them(works, foreign):
    writes = Reply("", (("write_file", {"path": "app.py", "content": "VALUE = 1\n# hello\n"}),))
    foreign.play(SENIOR, writes, Reply("Written."))
    foreign.verdicts = [{"approved": False, "must_fix": ["say it louder"]}, {"approved": True}]
    told = await works(BUILD, pattern="swarm")
    assert [each.node for each in told.of(NodeStarted)] == [
        "router", "senior_coder", "code_reviewer", "senior_coder", "code_reviewer", "synthesis",
    ]  # fmt: skip
    assert [(each.approved, each.round) for each in told.of(VerdictGiven)] == [(False, 1), (True, 2)]
    (first, second) = foreign.of(REVIEWER)
    assert set(first.tools) == set(second.tools) == {"Verdict"}
    assert "# hello" in first.text and "passed" in first.text
    assert any("say it louder" in asked.text for asked in foreign.of(SENIOR))
    assert told.end.status == "done"


async def test_builders_that_are_never_approved_leave_it_to_the_user(works, foreign):
    foreign.verdicts = [{"approved": False, "must_fix": ["say it louder"]}]
    told = await works(BUILD, pattern="swarm")
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    assert "say it louder" in told.end.answer


async def test_the_router_may_choose_a_swarm(works, foreign):
    foreign.routes = {"complexity": "MEDIUM", "pattern": "swarm", "confidence": 0.8, "reason": "unclear"}
    foreign.play(SENIOR, Reply("It is there."))
    told = await works(BUILD)
    assert told.of(RouteDecided)[0].pattern == "swarm"
    assert [each.role for each in told.of(NodeStarted)] == ["router", "senior_coder"]
    assert told.end.status == "done"


async def test_critical_work_is_no_swarms_unless_the_user_says_so(works, foreign):
    foreign.routes = {"complexity": "CRITICAL", "pattern": "swarm", "confidence": 0.8, "reason": "risky"}
    told = await works(BUILD)
    assert told.of(RouteDecided)[0].pattern == "graph"
    assert told.end.status == "needs_decision"


async def test_a_colleague_that_does_not_exist_is_the_models_mistake(works, foreign):
    foreign.play(RESEARCHER, to("wizard", "do magic"), Reply("Nobody else is needed."))
    told = await works(LOOK_INTO, pattern="swarm")
    assert (told.end.status, told.end.answer) == ("done", "Nobody else is needed.")
    assert told.of(HandedOff) == []


async def test_round_and_round_is_asked_about(foreign, open_session):
    works = await open_session(interactive=True)
    foreign.play(RESEARCHER, to("senior_coder", "yours"))
    foreign.play(SENIOR, to("researcher", "no, yours"))
    await works.start(LOOK_INTO, pattern="swarm")
    question = await works.answer("stop")
    assert "without coming to an end" in question.text
    assert question.kind == "ping_pong"
    assert "no, yours" in question.detail
    told = await works.finish()
    assert told.end.status == "interrupted"
    assert len(told.of(NodeStarted)) == len(told.of(NodeFinished)) == 6


async def test_round_and_round_with_nobody_to_ask_needs_a_decision(works, foreign):
    foreign.play(RESEARCHER, to("senior_coder", "yours"))
    foreign.play(SENIOR, to("researcher", "no, yours"))
    told = await works(LOOK_INTO, pattern="swarm")
    assert (told.end.status, told.end.exit_code) == ("needs_decision", 4)
    (asked,) = told.of(QuestionAsked)
    assert (asked.kind, asked.choices) == ("ping_pong", ("go on", "stop"))
    assert asked.detail.count("no, yours") > 1
    await works.submit(ResumeRun(answer="perhaps"))
    (refused,) = await works.until(lambda told: told.of(CommandRefused))
    assert "Answer with one of these: go on, stop." in refused.reason
    foreign.play(RESEARCHER, Reply("It was the cache."))
    works._runs -= 1
    await works.submit(ResumeRun(answer="go on"))
    told = await works.finish()
    assert told.end.status == "done"
    assert "no, yours" in foreign.of(RESEARCHER)[-1].text
    assert [each.answer for each in told.of(QuestionAnswered)] == ["go on"]


async def test_going_on_keeps_what_was_found(foreign, open_session):
    works = await open_session(interactive=True)
    foreign.play(RESEARCHER, to("senior_coder", "yours"))
    foreign.play(SENIOR, to("researcher", "no, yours"))
    await works.start(LOOK_INTO, pattern="swarm")
    await works.until(lambda told: told.of(QuestionAsked))
    foreign.play(RESEARCHER, Reply("It was the cache."))
    await works.answer("go on")
    told = await works.finish()
    assert told.end.status == "done"
    last = foreign.of(RESEARCHER)[-1]
    assert "no, yours" in last.text


async def test_a_fault_in_a_swarm_ends_the_run_with_its_sentence(works, foreign):
    refused = Refuse(403, "AccessDeniedException", "not authorized")
    foreign.next(refused, times=9, when=lambda asked: OPERATIONS in asked.system)
    told = await explore(works, foreign)
    assert (told.end.status, told.end.exit_code) == ("failed", 77)
    assert [each.status for each in told.of(NodeFinished)] == ["done", "failed"]


async def test_a_budget_pauses_a_swarm(works, foreign):
    told = await explore(works, foreign, budget_usd="0.000001")
    assert (told.end.status, told.end.exit_code) == ("budget", 3)
    assert foreign.requests == []


async def test_a_swarm_can_be_stopped(works, foreign):
    foreign.play(RESEARCHER, to("senior_coder", "yours"))
    foreign.play(SENIOR, Reply("Let me ", hold=threading.Event()))
    await works.start(LOOK_INTO, pattern="swarm")
    await works.until(lambda told: [each for each in told.of(TextDelta) if each.role == "senior_coder"])
    await works.submit(InterruptRun())
    told = await works.finish()
    assert (told.end.status, told.end.exit_code) == ("interrupted", 130)
    assert [each.status for each in told.of(NodeFinished)] == ["done", "interrupted"]
    assert [each.call for each in told.of(CallStarted)] == [each.call for each in told.of(ModelCalled)]


async def test_nova_can_hand_over_too(foreign, open_session, roster):
    everyone = dict.fromkeys(roster().roles, ("us.amazon.nova-pro-v1:0",))
    works = await open_session(roster(**everyone))
    told = await explore(works, foreign)
    assert told.end.status == "done"
    assert foreign.objections == []
