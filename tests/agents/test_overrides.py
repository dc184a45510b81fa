"""The user has the last word on the route: in the request, at the route card, and while the work is under way."""

import threading
from decimal import Decimal

import pytest

from core.commands import InterruptRun, OverrideRoute, ResumeRun, SubmitRequest
from core.events import (
    CallStarted,
    CommandRefused,
    GraphPlanned,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    QuestionAsked,
    RequestSubmitted,
    RouteDecided,
    RouteOverridden,
    RunFinished,
    TestsFinished as RanTests,
    ToolStarted,
)
from core.index import Index
from core.paths import find_home
from tests.support.foreign_bedrock import Reply

REQUEST = "Add a line that says hello"
ROUTER = "Classify this request"
ORCHESTRATOR, ARCHITECT = "You are the orchestrator", "You are the architect"
SENIOR, FAST = "You are the senior coder", "You are the fast coder"
DEBUGGER, RESEARCHER = "You are the debugger", "You are the researcher"
MEDIUM = {"complexity": "MEDIUM", "pattern": "graph", "confidence": 1, "reason": "middling"}
DONE = Reply("Done.")


def sets(value: int) -> Reply:
    text = f"VALUE = {value}\n# {value}\n"
    return Reply("I change it.", (("write_file", {"path": "app.py", "content": text}),))


def nodes(told):
    return [each.node for each in told.of(NodeStarted)]


def asked_the_router(foreign):
    return [asked for asked in foreign.requests if ROUTER in asked.text]


@pytest.fixture
def team(foreign):
    foreign.routes = MEDIUM
    for role in (SENIOR, FAST, DEBUGGER):
        foreign.play(role, sets(1), Reply("I wrote it."))
    foreign.play("You are the test engineer", Reply("It is tested."))
    foreign.play("You are the documenter", Reply("No document needed it."))
    return foreign


# -- in the request -------------------------------------------------------------------------------------


async def test_a_role_that_is_asked_for_works_alone(works, team):
    told = await works(f"@debugger {REQUEST}")
    assert (nodes(told), told.end.status) == (["debugger"], "done")
    assert asked_the_router(team) == []
    (request,) = told.of(RequestSubmitted)
    assert (request.text, request.asked_role) == (REQUEST, "debugger")
    (route,) = told.of(RouteDecided)
    assert (route.decided_by, route.rule) == ("user", "asked_role")
    assert [node.role for node in route.forecast] == ["debugger"]
    assert [node.node for node in told.of(GraphPlanned)[0].nodes] == ["debugger"]


async def test_what_a_lone_coder_wrote_is_tested_under_its_name(works, team):
    told = await works(f"@fast_coder {REQUEST}")
    assert [each.outcome for each in told.of(RanTests)] == ["passed"]
    assert {each.node for each in told.of(ToolStarted)} == {"fast_coder"}
    assert "You work alone" in team.of(FAST)[0].text


async def test_a_lone_coder_whose_tests_fail_mends_it_and_nobody_takes_over(works, team):
    team.play(SENIOR, sets(2), DONE, sets(1), Reply("Mended."))
    told = await works(f"@senior_coder {REQUEST}")
    assert (nodes(told), told.end.status) == (["senior_coder"] * 2, "done")
    assert "failed" in team.of(SENIOR)[2].text
    team.play(SENIOR, sets(3), DONE, sets(4), DONE)
    told = await works("@senior_coder do it again")
    assert (nodes(told)[2:], told.end.status) == (["senior_coder"] * 2, "failed")


async def test_an_architect_that_is_asked_for_designs_and_writes_nothing(works, team):
    told = await works("@architect design the cache")
    (asked,) = team.of(ARCHITECT)
    assert not {"write_file", "edit_file", "run_command"} & set(asked.tools)
    assert (nodes(told), told.end.status) == (["architect"], "done")


async def test_a_role_that_is_named_in_the_request_works_alone(works, team):
    told = await works("Let @researcher find out what app.py does")
    assert nodes(told) == ["researcher"]
    assert told.of(RequestSubmitted)[0].text == "Let @researcher find out what app.py does"


async def test_a_class_that_is_asked_for_needs_no_router(works, team):
    told = await works(f"/simple {REQUEST}")
    assert asked_the_router(team) == []
    assert nodes(told)[0] == "fast_coder"
    (route,) = told.of(RouteDecided)
    assert (route.complexity, route.decided_by, route.rule) == ("SIMPLE", "user", "asked_class")


async def test_a_risk_is_said_and_the_users_class_stands(works, team):
    told = await works("/simple Add authentication to the admin pages")
    (route,) = told.of(RouteDecided)
    assert route.complexity == "SIMPLE"
    assert "risk rule would make it CRITICAL" in route.reason


async def test_a_pattern_that_is_asked_for_is_pinned_and_the_router_gives_the_class(works, team):
    team.routes = MEDIUM | {"pattern": "swarm"}
    told = await works(f"/graph {REQUEST}")
    (route,) = told.of(RouteDecided)
    assert (route.complexity, route.pattern, route.rule) == ("MEDIUM", "graph", "asked_pattern")
    assert len(asked_the_router(team)) == 1


async def test_what_does_not_exist_is_refused_with_what_does(works, team):
    await works.submit(SubmitRequest(text="@nobody x"))
    (refused,) = await works.until(lambda told: told.of(CommandRefused))
    assert "There is no role @nobody" in refused.reason
    assert "@debugger" in refused.reason
    assert "@router" not in refused.reason
    assert works.told.of(RequestSubmitted) == []


# -- while it works -------------------------------------------------------------------------------------


async def test_the_work_begins_anew_with_the_files_and_the_money_of_before(works, team):
    held = Reply("It is there.", hold=threading.Event())
    team.play(SENIOR, sets(1), held)
    await works.start(REQUEST)
    await works.until(
        lambda told: len([each for each in told.of(CallStarted) if each.node == "senior_coder"]) > 1
    )
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    team.play(FAST, Reply("It is all there."))
    told = await works.finish()
    assert told.end.status == "done"
    assert told.end.files == ("app.py",)
    assert [each.run for each in told.of(RunFinished)] == ["r1"]
    first, second = told.of(RouteDecided)
    assert (first.rule, second.rule, second.decided_by) == ("", "override", "user")
    assert (second.complexity, second.pattern) == ("SIMPLE", "graph")
    (overridden,) = told.of(RouteOverridden)
    assert (overridden.complexity, overridden.pattern, overridden.asked_role) == ("SIMPLE", "graph", None)
    assert "Others worked on this before" in team.of(FAST)[0].text
    assert "VALUE = 1\n# 1" in team.of(FAST)[0].text.replace("+", "").replace(" \n", "\n")
    # every start has its end before the new route, every call its charge, and the sum is of all of them
    at = told.events.index(overridden)
    before = told.events[:at]
    assert [e.node for e in before if isinstance(e, NodeFinished)][-1] == "senior_coder"
    assert len(told.of(CallStarted)) == len(told.calls)
    assert Decimal(told.end.cost_usd) == sum(Decimal(call.cost_usd) for call in told.calls)
    assert {"router", "senior_coder", "fast_coder"} <= set(told.end.by_role)


async def test_a_role_can_be_chosen_and_a_team_again(works, team):
    team.play(SENIOR, Reply("I think.", hold=threading.Event()))
    team.play(DEBUGGER, Reply("I think.", hold=threading.Event()))
    await works.start(REQUEST)
    await works.until(lambda _: team.of(SENIOR))
    await works.submit(OverrideRoute(asked_role="debugger"))
    await works.until(lambda _: team.of(DEBUGGER))
    await works.submit(OverrideRoute(asked_role="", complexity="SIMPLE"))
    told = await works.finish()
    assert nodes(told)[:4] == ["router", "senior_coder", "debugger", "fast_coder"]
    assert told.end.status == "done"
    index = Index(find_home().index)
    assert (await index.catch_up(find_home().sessions)).ok
    assert [(row.decided_by, row.rule, row.routes, row.overridden) for row in await index.routes()] == [
        ("user", "override", 2, 1),
        ("model", "", 1, 1),
    ]
    assert [(row.rule, row.from_complexity, row.complexity, row.role) for row in await index.overrides()] == [
        ("", "MEDIUM", "MEDIUM", "debugger"),
        ("override", "MEDIUM", "SIMPLE", None),
    ]


async def test_at_the_route_card_before_anyone_works(team, open_session):
    works = await open_session(interactive=True, ask_above_usd="0.000001")
    await works.start(REQUEST)
    (asked,) = await works.until(lambda told: told.of(QuestionAsked))
    assert asked.kind == "route"
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await works.answer("go on")
    told = await works.finish()
    assert nodes(told)[:2] == ["router", "fast_coder"]
    assert told.end.status == "done"


async def test_while_the_router_thinks(works, team):
    team.next(Reply("Hm.", hold=threading.Event()), when=lambda asked: ROUTER in asked.text)
    await works.start(REQUEST)
    await works.until(lambda _: asked_the_router(team))
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    told = await works.finish()
    assert nodes(told)[:2] == ["router", "fast_coder"]
    assert len(asked_the_router(team)) == 1


async def test_an_interruption_comes_before_an_override(works, team):
    team.play(SENIOR, Reply("I think.", hold=threading.Event()))
    await works.start(REQUEST)
    await works.until(lambda _: team.of(SENIOR))
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    await works.submit(InterruptRun())
    told = await works.finish()
    assert told.end.status == "interrupted"
    assert team.of(FAST) == []


async def test_a_run_that_broke_off_goes_on_on_the_route_that_was_chosen(works, team):
    team.play(SENIOR, Reply("I think.", hold=threading.Event()))
    team.play(FAST, Reply("I think.", hold=threading.Event()))
    await works.start(REQUEST)
    await works.until(lambda _: team.of(SENIOR))
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    await works.until(lambda _: team.of(FAST))
    await works.submit(InterruptRun())
    await works.finish()
    team.play(FAST, sets(1), DONE)
    await works.submit(ResumeRun())
    told = await works.finish()
    assert told.end.status == "done"
    assert told.of(RequestSubmitted)[1].complexity == "SIMPLE"
    assert len(asked_the_router(team)) == 1
    assert [each.node for each in told.of(NodeStarted)].count("senior_coder") == 1


async def test_an_override_without_a_run_is_refused(works, team):
    await works.submit(OverrideRoute(complexity="SIMPLE"))
    (refused,) = await works.until(lambda told: told.of(CommandRefused))
    assert "No run is at work" in refused.reason


async def test_every_call_of_both_routes_is_charged_once(works, team):
    team.play(SENIOR, Reply("I think.", hold=threading.Event()))
    await works.start(REQUEST)
    await works.until(lambda _: team.of(SENIOR))
    await works.submit(OverrideRoute(pattern="swarm"))
    await works.until(lambda told: told.of(RouteOverridden))
    team.play(SENIOR, sets(1), DONE)
    told = await works.finish()
    assert sorted(each.call for each in told.of(CallStarted)) == sorted(
        each.call for each in told.of(ModelCalled)
    )
    assert told.of(RouteDecided)[-1].pattern == "swarm"
