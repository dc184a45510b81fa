"""What a request's text alone decides, what the router's model decides, and what the user decides."""

import json
from collections import Counter
from pathlib import Path

import pytest

from agents.router import LOW_CONFIDENCE, Decision, roles_for
from agents.rules import traits
from core.events import HandedOff, NodeStarted, RouteDecided
from core.limits import limits
from tests.support.waiting import SOON

REQUESTS = Path(__file__).parents[3] / "shared/data/requests"
FILES = ("developer_prompts", "exercism_python", "swebench_lite_extra")
GRAPH = ("test_engineer", "code_reviewer", "documenter")
TRACE = (
    'It fails:\nTraceback (most recent call last):\n  File "app.py", line 1, in <module>\nValueError: no\n'
)


def team(text: str, complexity="SIMPLE", pattern="graph") -> tuple[str, ...]:
    return roles_for(Decision(complexity, pattern, 1.0, "", "rule"), traits(text))


@pytest.mark.parametrize(
    "text",
    [
        "What does app.py do?",
        "How does the cache expire its entries?",
        "where is the retry policy",
        "Explain the scheduler",
        "Why is the queue bounded?",
        "Which models are in use?",
        "Is the parser recursive?",
    ],
)
def test_questions_go_to_the_researcher(text):
    assert traits(text).question
    assert team(text) == ("researcher",)


@pytest.mark.parametrize(
    "text",
    [
        "Add a GET /health endpoint to the API",
        "Can you add a test for the parser?",
        "could you fix the typo in the README?",
        "Rename the class Foo to Bar",
        "Implement an LRU cache",
        "Please update the docs",
    ],
)
def test_work_is_no_question(text):
    assert not traits(text).question
    assert team(text)[1:] == GRAPH


@pytest.mark.parametrize(
    "text",
    [
        TRACE,
        "npm test says\n    at Object.<anonymous> (/app/index.js:12:3)\n",
        "panic: runtime error: index out of range\n",
        "thread 'main' panicked at src/main.rs:2:5",
        "error[E0382]: borrow of moved value",
        "FAILED tests/test_app.py::test_home - assert 1 == 2",
    ],
)
def test_error_messages_go_to_the_debugger(text):
    assert traits(text).trace
    assert team(text, "MEDIUM") == ("debugger", *GRAPH)


RISKY = [
    "Implement OAuth login for the API",
    "Add authentication to the admin pages",
    "Store the users' passwords with bcrypt",
    "Write a database migration that splits the users table",
    "Migrate the users table to the new schema",
    "Deploy this to production",
    "Change the production database settings",
    "Rotate the encryption keys",
    "Drop table orders",
    "Delete all users that are older than a year",
    "Handle credit card payments",
    "Put the secret key in the vault",
]
ORDINARY = [
    "Add a DELETE endpoint for books",
    "add a delete endpoint",
    "Add a user model",
    "Delete the unused import",
    "Delete the data file in tests/fixtures",
    "Add a migration guide to the README",
    "Migrate from unittest to pytest",
    "Add a password field's placeholder text",
    "Show the author of each book",
    "Add a keyboard shortcut",
    "Make production builds smaller",
    "Fix the token count in the footer",
    "Mention authentication in the README",
    "Fix the typo in the word authorization",
    "Remove the row from the table when it is deleted",
    "Truncate the table's long cells",
]


@pytest.mark.parametrize("text", RISKY)
def test_risk_is_seen(text):
    assert traits(text).risk


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_requests_are_no_risk(text):
    assert traits(text).risk == ""


def test_a_stack_trace_is_read_for_what_is_asked_only():
    """A trace that passes through an authentication module is no request to change it."""
    text = (
        TRACE
        + '  File "django/contrib/auth/backends.py", line 3, in authenticate\nOAuthError: bad password\n'
    )
    assert traits(text).risk == ""


def test_designs_come_first():
    assert team("x", "COMPLEX")[:3] == ("orchestrator", "architect", "senior_coder")
    assert team("x", "CRITICAL")[:3] == ("orchestrator", "architect", "senior_coder")
    assert team("Implement an LRU cache with TTL support and thread safety", "MEDIUM")[0] == "architect"
    assert team("Sort the books by title", "MEDIUM")[0] == "senior_coder"


def test_a_swarm_explores_unless_work_is_asked_for():
    assert team("Why is it slow?", pattern="swarm")[0] == "researcher"
    assert team("Implement a cache", pattern="swarm")[0] == "senior_coder"
    assert team("How should we implement websockets at scale?", pattern="swarm")[0] == "researcher"
    assert team("Research how to build a cache", pattern="swarm")[0] == "researcher"
    assert team("Find out why it is slow and fix it", pattern="swarm")[0] == "senior_coder"


@pytest.mark.skipif(not REQUESTS.is_dir(), reason="the labelled requests are not here")
@pytest.mark.parametrize("name", FILES)
def test_the_rules_over_labelled_requests(name, capsys):
    """A measurement, printed with `-s`; asserted is that no request breaks a rule and that few are CRITICAL."""
    seen, risks = Counter(), []
    lines = (REQUESTS / f"{name}.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        row = json.loads(line)
        found = traits(row["prompt"])
        seen.update(field for field in ("question", "trace", "design", "work") if getattr(found, field))
        if found.risk and not found.question:
            risks.append((row["label"], found.risk, row["prompt"][:70]))
    print(f"\n{name}: {len(lines)} requests, {dict(seen)}, {len(risks)} CRITICAL by rule")
    for risk in risks:
        print("  ", *risk)
    assert len(risks) <= 0.03 * len(lines)


# -- in a run ----------------------------------------------------------------------------------------


async def route_of(works, text, **more):
    told = await works(text, **more)
    assert [each.role for each in told.of(NodeStarted)].count("router") <= 1
    return told.of(RouteDecided)[0], told


async def test_a_question_is_routed_without_a_model(works, foreign):
    route, told = await route_of(works, "What does app.py do?")
    assert (route.complexity, route.decided_by, route.confidence) == ("SIMPLE", "rule", 1.0)
    assert [each.role for each in told.of(NodeStarted)] == ["researcher"]
    assert told.of(HandedOff) == []


async def test_a_trace_is_routed_without_a_model(works, foreign):
    route, told = await route_of(works, f"Fix this.\n{TRACE}")
    assert (route.complexity, route.decided_by) == ("MEDIUM", "rule")
    assert told.of(NodeStarted)[0].role == "debugger"


async def test_the_router_decides(works, foreign):
    foreign.routes = {"complexity": "MEDIUM", "pattern": "graph", "confidence": 0.7, "reason": "two files"}
    route, told = await route_of(works, "Sort the books by title")
    assert (route.complexity, route.confidence, route.reason) == ("MEDIUM", 0.7, "two files")
    assert route.decided_by == "model"
    assert [each.role for each in told.of(NodeStarted)][:2] == ["router", "senior_coder"]
    asked = foreign.requests[0]
    assert set(asked.tools[asked.tool_with("complexity")]["properties"]) == {
        "complexity", "pattern", "confidence", "reason",
    }  # fmt: skip
    assert route.expected_cost_usd > "0"


async def test_the_router_reads_the_ends_of_a_very_long_request(works, foreign):
    foreign.routes = {"complexity": "MEDIUM", "pattern": "graph", "confidence": 0.9, "reason": "a long log"}
    await route_of(works, "Sort the books.\n" + "pasted line\n" * 20_000 + "That is all there is.")
    read, worked_on = (str(request.messages) for request in foreign.requests[:2])
    assert len(read) < 2 * limits().run.routed_characters < len(worked_on)
    assert "Sort the books." in read and "characters left out" in read and "That is all there is." in read
    assert "characters left out" not in worked_on


@pytest.mark.parametrize(("low", "higher"), [("SIMPLE", "MEDIUM"), ("MEDIUM", "COMPLEX")])
async def test_who_is_not_sure_goes_one_class_up(works, foreign, low, higher):
    foreign.routes = {
        "complexity": low, "pattern": "graph", "confidence": LOW_CONFIDENCE - 0.01, "reason": "hm",
    }  # fmt: skip
    route, _ = await route_of(works, "Sort the books by title")
    assert (route.complexity, route.decided_by, route.rule) == (higher, "rule", "low_confidence")
    assert f"Not sure of {low}" in route.reason


async def test_risk_makes_it_critical_by_rule(works, foreign):
    route, told = await route_of(works, "Implement OAuth login for the API")
    assert (route.complexity, route.decided_by) == ("CRITICAL", "rule")
    assert "OAuth" in route.reason
    assert told.end.status == "needs_decision"


async def test_a_question_about_risky_things_stays_a_question(works, foreign):
    route, told = await route_of(works, "How does authentication work here?")
    assert route.complexity == "SIMPLE"
    assert told.end.status == "done"


@pytest.mark.parametrize("pattern", ["graph", "swarm"])
async def test_the_users_pattern_wins(works, foreign, pattern):
    foreign.routes |= {"pattern": "swarm" if pattern == "graph" else "graph"}
    route, _ = await route_of(works, "Sort the books by title", pattern=pattern)
    assert (route.pattern, route.decided_by) == (pattern, "user")
    assert "your choice" in route.reason


async def test_a_router_without_a_reason_is_given_one(works, foreign):
    foreign.routes = {"complexity": "SIMPLE"}
    route, _ = await route_of(works, "Sort the books by title")
    assert (route.complexity, route.pattern, route.confidence) == ("SIMPLE", "graph", 0.5)
    assert route.reason


async def test_a_router_that_takes_too_long_is_passed_over(works, foreign, monkeypatch):
    from tests.support.foreign_bedrock import Break

    monkeypatch.setattr("agents.router.TIMEOUT_SECONDS", 1.5)
    foreign.next(Break("silent"), when=lambda asked: "You are the router" in asked.system)
    route, told = await route_of(works, "Sort the books by title")
    assert (route.complexity, route.decided_by) == ("MEDIUM", "rule")
    assert "did not answer" in route.reason
    assert foreign.requests[0].left.wait(SOON)
    assert told.calls[0].estimated
    assert told.end.status == "done"
