"""Work goes to a stronger role on evidence only, which is on record with what it costs before anything is spent."""

import msgspec
import pytest

from agents.meter import Prompt
from agents.rules import asks_again
from core.commands import DecideChanges, RetryRun
from core.events import (
    FileChanged,
    GraphPlanned,
    HandedOff,
    NodeSkipped,
    NodeStarted,
    RouteDecided,
    WorkEscalated,
)
from core.limits import limits
from core.money import to_pico
from core.prices import Usage, load_prices
from tests.support.foreign_bedrock import Reply

REQUEST = "Add a line that says hello"
FAST, SENIOR, TESTER, REVIEWER = (
    "You are the fast coder",
    "You are the senior coder",
    "You are the test engineer",
    "You are the code reviewer",
)
DONE = Reply("Done.")
NO = {"approved": False, "must_fix": ["app.py:1 is wrong"]}
CODE = "VALUE = 1\n\n\ndef hello() -> int:\n    return 1\n"
BUILDS = Reply("I change it.", (("write_file", {"path": "app.py", "content": CODE}),))


def calls(tool: str, **arguments) -> Reply:
    return Reply("So.", ((tool, arguments),))


def coders(told) -> list[str]:
    return [each.role for each in told.of(NodeStarted) if each.role.endswith("coder")]


@pytest.fixture
def team(foreign):
    foreign.play(SENIOR, BUILDS, Reply("It says hello."))
    foreign.play(TESTER, DONE)
    foreign.play("You are the documenter", DONE)
    return foreign


async def test_the_same_call_three_times(works, team):
    team.play(FAST, *[calls("read_file", path="app.py")] * 9)
    told = await works(REQUEST)
    (up,) = told.of(WorkEscalated)
    assert (up.role, up.to_role, up.evidence, up.round) == ("fast_coder", "senior_coder", "same_call", 1)
    assert up.detail == "it made the same call of read_file 3 times"
    assert len(team.of(FAST)) == 3
    assert coders(told) == ["fast_coder", "senior_coder"]
    assert "Take this work over, since it made the same call of read_file 3 times" in team.of(SENIOR)[0].text
    assert told.end.status == "done"


async def test_reading_again_after_a_change_is_no_evidence(works, team):
    edits = [calls("write_file", path="app.py", content=f"{CODE}\n# {number}\n") for number in range(4)]
    reads = [calls("read_file", path="app.py")] * 4
    team.play(FAST, *(turn for pair in zip(reads, edits, strict=True) for turn in pair), DONE)
    told = await works(REQUEST)
    assert coders(told) == ["fast_coder"]
    assert not told.of(WorkEscalated)


async def test_edits_that_do_not_apply(works, team):
    wrong = [calls("edit_file", path="app.py", old_text=f"no such line {n}", new_text="x") for n in range(9)]
    team.play(FAST, *wrong)
    told = await works(REQUEST)
    (up,) = told.of(WorkEscalated)
    assert (up.evidence, up.detail) == ("edits", "3 edits in a row did not apply")
    assert len(team.of(FAST)) == 3


async def test_an_edit_that_applies_takes_the_others_back(works, team):
    wrong = [calls("edit_file", path="app.py", old_text=f"no such line {n}", new_text="x") for n in range(4)]
    right = calls("edit_file", path="app.py", old_text="VALUE = 1", new_text="VALUE = 1  # one")
    team.play(FAST, *wrong[:2], right, *wrong[2:], DONE)
    told = await works(REQUEST)
    assert coders(told) == ["fast_coder"]


async def test_too_many_steps(works, team, monkeypatch):
    few = limits().escalation.__class__(same_calls=3, failed_edits=3, steps=5)
    monkeypatch.setattr("agents.evidence.limits", lambda: _with(few))
    team.play(FAST, *[calls("search_files", pattern=f"word{n}") for n in range(20)])
    told = await works(REQUEST)
    (up,) = told.of(WorkEscalated)
    assert (up.evidence, up.detail) == ("steps", "it has taken 5 steps and is not done")
    assert len(team.of(FAST)) == 5


def _with(escalation):

    return msgspec.structs.replace(limits(), escalation=escalation)


async def test_a_reviewer_that_is_not_content_after_two_rounds(works, team):
    team.play(FAST, BUILDS, DONE, DONE)
    team.verdicts = [NO, NO, {"approved": True}]
    told = await works(REQUEST)
    (up,) = told.of(WorkEscalated)
    assert (up.evidence, up.detail, up.round) == (
        "review", "the reviewer still asks for changes after 2 rounds", 2,
    )  # fmt: skip
    assert coders(told) == ["fast_coder", "fast_coder", "senior_coder"]


async def test_the_user_rejects_all_that_the_coder_made(works, team):
    """While the reviewer looks at it, so the coder never hears of it."""
    looks = calls("read_file", path="README.md")
    team.play(FAST, BUILDS, DONE)
    team.play(SENIOR, calls("write_file", path="app.py", content=f"{CODE}# well\n"), DONE)
    team.play(REVIEWER, looks, Reply(calls=(("Verdict", {"approved": True}),)))
    await works.start(REQUEST)
    await works.until(lambda told: told.of(FileChanged))
    await works.submit(DecideChanges(verdict="rejected"))
    told = await works.finish()
    (up,) = told.of(WorkEscalated)
    assert (up.evidence, up.detail) == ("rejected", "the user rejected what it made")
    assert coders(told)[-1] == "senior_coder"


async def test_the_escalation_says_what_rereading_costs_before_it_is_done(works, team):
    team.play(FAST, *[calls("read_file", path="app.py")] * 3)
    told = await works(REQUEST)
    (up,) = told.of(WorkEscalated)
    starts = [each for each in told.events if isinstance(each, NodeStarted) and each.role == "senior_coder"]
    assert told.events.index(up) < told.events.index(starts[0])
    assert up.to_model == starts[0].model
    seen = Prompt(team.of(FAST)[-1].messages).tokens
    assert seen <= up.reread_tokens <= 1.5 * seen
    prices = load_prices()
    usage = Usage(input=up.reread_tokens), Usage(cache_write=up.reread_tokens)
    assert to_pico(up.reread_usd) == max(prices.cost(up.to_model, each) for each in usage)


async def test_who_gets_the_work_next_is_told_and_others_are_not_asked_in_between(works, team):
    team.play(FAST, *[calls("read_file", path="app.py")] * 3)
    told = await works(REQUEST)
    roles = [each.role for each in told.of(NodeStarted) if each.role != "router"]
    assert roles == ["fast_coder", "senior_coder", "test_engineer", "code_reviewer", "documenter"]
    assert not told.of(NodeSkipped)
    assert "taken over from fast_coder, since it made the same call" in told.of(HandedOff)[0].reason


OPUS, SONNET = "us.anthropic.claude-opus-5-5", "us.anthropic.claude-sonnet-5-5"


async def test_the_last_rung_stands_on_a_model_of_its_own(works, team):
    """It designs on the senior coder's model, where a rung of the same model would be none."""
    team.routes = {"complexity": "COMPLEX", "pattern": "graph", "confidence": 1, "reason": "large"}
    team.play("You are the orchestrator", Reply("The coder looks after it."))
    team.play("You are the architect", Reply("Build it so."))
    team.play(SENIOR, *[calls("read_file", path="app.py")] * 3)
    team.next(BUILDS, when=lambda asked: "Take this work over" in asked.text)
    told = await works(REQUEST)
    architects = [each.model for each in told.of(NodeStarted) if each.node == "architect"]
    assert architects == [SONNET, OPUS]
    (up,) = told.of(WorkEscalated)
    assert (up.to_role, up.to_model) == ("architect", OPUS)
    first, last = ({node.node: node.model for node in plan.nodes} for plan in told.of(GraphPlanned))
    assert (first["architect"], first["senior_coder"]) == (SONNET, SONNET)
    assert last["architect"] == OPUS
    usage = Usage(input=up.reread_tokens), Usage(cache_write=up.reread_tokens)
    assert to_pico(up.reread_usd) == max(load_prices().cost(OPUS, each) for each in usage)
    assert told.end.status == "done"


async def test_a_rung_without_models_of_its_own_has_those_of_its_role(works, team):
    team.play(FAST, *[calls("read_file", path="app.py")] * 3)
    told = await works(REQUEST)
    assert [each.model for each in told.of(NodeStarted) if each.node == "senior_coder"] == [SONNET]
    assert told.of(WorkEscalated)[0].to_model == SONNET


# -- the next request --------------------------------------------------------------------------------


async def test_what_was_rejected_and_is_asked_for_again_goes_one_class_up(works, team):
    team.play(FAST, BUILDS, DONE)
    await works(REQUEST)
    await works.submit(DecideChanges(verdict="rejected"))
    await works.submit(RetryRun())
    told = await works.finish()
    first, second = told.of(RouteDecided)
    assert (first.complexity, second.complexity, second.decided_by) == ("SIMPLE", "MEDIUM", "rule")
    assert "You rejected all that came of it as SIMPLE: one class up." in second.reason
    assert second.rule == "rejected_before"
    assert coders(told) == ["fast_coder", "senior_coder"]


async def test_what_was_accepted_stays_where_it_was(works, team):
    team.play(FAST, BUILDS, DONE)
    await works(REQUEST)
    await works.submit(DecideChanges(verdict="accepted"))
    await works.submit(RetryRun())
    told = await works.finish()
    assert [each.complexity for each in told.of(RouteDecided)] == ["SIMPLE", "SIMPLE"]


@pytest.mark.parametrize(
    ("request_", "again"),
    [
        (REQUEST, True),
        ("Add a line to app.py that says hello", True),
        ("No, that is not it", True),
        ("Do it again, with a test", True),
        ("Remove the cache from the server", False),
        ("", False),
    ],
)
def test_a_request_that_asks_for_the_same_again(request_, again):
    assert asks_again(request_, REQUEST) is again
