"""What a run may cost: reserved before each call, and what happens when a model reports more than was thought."""

import random

import pytest

from core.events import CallStarted, Failed, NodeFinished, NodeStarted
from core.limits import limits
from core.money import to_pico, to_usd
from core.prices import Usage, load_prices
from tests.support.foreign_bedrock import Asked, Break, Reply

READS = Reply("I look.", (("read_file", {"path": "app.py"}),))
OPUS = "us.anthropic.claude-opus-5-5"
FINAL = "Here is what I found and did."


def looking(foreign, turns=30):
    foreign.play("You are the researcher", *[READS] * turns, Reply("Seen enough."))


async def test_a_budget_that_is_large_enough_changes_nothing(works, foreign):
    told = await works(budget_usd="1")
    assert told.end.status == "done"
    assert foreign.requests[0].most == 4_096


async def test_the_answer_shrinks_to_what_is_left(works, foreign):
    book = load_prices()
    told = await works(budget_usd="1")
    (started,) = told.of(CallStarted)
    whole = to_pico(started.reserved_usd)
    each = book.cost(started.model, Usage(output=1))
    foreign.requests.clear()
    told = await works(budget_usd=to_usd(whole - 3_000 * each))
    assert told.end.status == "done"
    assert 1_000 < foreign.requests[0].most <= 4_096 - 3_000
    told = await works(budget_usd=to_usd(whole - (4_096 - limits().run.least_output_tokens + 1) * each))
    assert (told.end.status, told.end.exit_code) == ("budget", 3)
    assert len(foreign.requests) == 1


async def test_below_the_least_the_node_pauses(works, foreign):
    told = await works(budget_usd="0.000001")
    assert foreign.requests == []
    assert (told.end.status, told.end.exit_code, told.end.cost_usd) == ("budget", 3, "0.00")
    assert [each.status for each in told.of(NodeFinished)] == ["paused"]
    assert "budget of $0.000001" in told.end.answer
    assert told.of(Failed) == []


async def test_a_run_that_costs_more_and_more_pauses_in_time(works, foreign):
    looking(foreign)
    told = await works(budget_usd="0.005")
    assert told.end.status == "budget"
    assert 1 < len(foreign.requests) < 30
    assert to_pico(told.end.cost_usd) <= to_pico("0.005")
    assert len(told.of(NodeStarted)) == len(told.of(NodeFinished))


async def test_the_routers_call_counts_too(works, foreign):
    told = await works("Add a line that says hello", budget_usd="0.00000001")
    assert (told.end.status, foreign.requests) == ("budget", [])
    assert [each.role for each in told.of(NodeStarted)] == ["router"]


async def test_a_call_without_usage_keeps_its_whole_reservation(works, foreign):
    looking(foreign)
    foreign.next(Reply("I look.", (("read_file", {"path": "app.py"}),), metadata=False), times=100)
    told = await works(budget_usd="0.01")
    assert told.end.status == "budget"
    reserved = [to_pico(each.reserved_usd) for each in told.of(CallStarted)]
    assert sum(reserved) <= to_pico("0.01")
    assert len(foreign.requests) == len(reserved) <= 5
    assert to_pico(told.end.cost_usd) < sum(reserved)


async def test_a_broken_call_keeps_its_whole_reservation(works, foreign):
    foreign.next(Break("eof"), times=100)
    told = await works(budget_usd="0.005")
    assert told.end.status == "budget"
    assert sum(to_pico(each.reserved_usd) for each in told.of(CallStarted)) <= to_pico("0.005")


@pytest.mark.parametrize("seed", range(12))
async def test_the_budget_holds_whatever_usage_is_reported_within_the_reservation(seed, works, foreign):
    """Any split of a prompt into plain, read and written tokens, any length of answer up to maxTokens."""
    chance = random.Random(seed)

    def usage(asked: Asked) -> dict[str, int]:
        most = _reserved_prompt(asked)
        whole = chance.randint(0, most)
        read = chance.randint(0, whole)
        write = chance.randint(0, whole - read)
        return {
            "inputTokens": whole - read - write,
            "cacheReadInputTokens": read,
            "cacheWriteInputTokens": write,
            "outputTokens": chance.choice((1, asked.most // 2, asked.most)),
        }

    foreign.usage = usage
    looking(foreign, turns=20)
    budget = to_usd(chance.randint(1, 40) * 10**9)
    told = await works(budget_usd=budget)
    assert told.end.status in ("budget", "done")
    assert to_pico(told.end.cost_usd) <= to_pico(budget)
    assert told.end.cost_usd == to_usd(sum(to_pico(call.cost_usd) for call in told.calls))
    for parts in (told.end.by_role, told.end.by_model):
        assert to_usd(sum(map(to_pico, parts.values()))) == told.end.cost_usd


def _reserved_prompt(asked: Asked) -> int:
    """A little less than is set aside for the prompt, which is a token for every 2.5 bytes of it."""
    import json

    parts = (asked.messages, asked.system, list(asked.tools.values()))
    return int(len(json.dumps(parts, ensure_ascii=False).encode()) / 2.5 * 0.9)


@pytest.mark.parametrize("tokens", [20_000, 90_000])
async def test_a_prompt_denser_than_any_reservation_passes_the_budget_by_one_call_at_most(
    tokens, works, foreign
):
    foreign.usage = lambda asked: {"inputTokens": tokens, "outputTokens": asked.most}
    looking(foreign)
    told = await works(budget_usd="0.01")
    assert told.end.status == "budget"
    costs = [to_pico(call.cost_usd) for call in told.calls]
    reserved = [to_pico(each.reserved_usd) for each in told.of(CallStarted)]
    excess = max(cost - least for cost, least in zip(costs, reserved, strict=True))
    assert sum(costs[:-1]) <= to_pico("0.01")
    assert to_pico(told.end.cost_usd) <= to_pico("0.01") + excess
    # no call goes out once the budget is used up
    assert len(costs) < 20


async def test_usage_is_charged_exactly(works, foreign):
    foreign.usage = lambda _asked: {
        "inputTokens": 7,
        "outputTokens": 11,
        "cacheReadInputTokens": 1_300,
        "cacheWriteInputTokens": 170,
    }
    told = await works()
    (call,) = told.calls
    assert (call.input_tokens, call.output_tokens) == (7, 11)
    assert (call.cache_read_tokens, call.cache_write_tokens) == (1_300, 170)
    exact = load_prices().cost(call.model, Usage(input=7, output=11, cache_read=1_300, cache_write=170))
    assert call.cost_usd == told.end.cost_usd == to_usd(exact)
    assert not call.estimated
