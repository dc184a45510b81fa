"""An hour in the prompt cache: asked for where a person may pause, and nowhere else; billed and set aside exactly."""

import json
import random

import msgspec
import pytest

from agents.catalog import card, load_catalog
from agents.rehearsal.tokens import PrefixCache
from core.commands import AnswerQuestion, PauseNode, ResumeNode
from core.control import NodeControl
from core.counterfactual import compare
from core.events import CallStarted, NodePaused, QuestionAsked
from core.limits import limits
from core.money import to_pico, to_usd
from core.prices import Usage, load_prices
from tests.agents.conftest import Told
from tests.support.foreign_bedrock import Reply

RESEARCHER, ARCHITECT = "You are the researcher", "You are the architect"
LOOK = Reply("I look.", (("read_file", {"path": "app.py"}),))
DONE = Reply("Seen enough.")
MINUTE = 60.0


def times(asked):
    """For how long each cache point of a request is, in the order in which they count."""
    tools = (asked.body.get("toolConfig") or {}).get("tools") or []
    blocks = [block for message in asked.messages for block in message["content"]]
    points = [part for part in (*tools, *asked.body["system"], *blocks) if "cachePoint" in part]
    return [point["cachePoint"].get("ttl", "5m") for point in points]


class Endpoint:
    """The foreign endpoint with the cache that the rehearsal bills by, on a clock of its own."""

    def __init__(self, foreign):
        self.seconds = 0.0
        self.cache = PrefixCache(lambda: self.seconds)
        foreign.usage = self.usage

    def usage(self, asked):
        charged = self.cache.charge(asked.model, asked.body)
        return {
            "inputTokens": charged.input,
            "outputTokens": min(asked.most, 20),
            "cacheReadInputTokens": charged.cache_read,
            "cacheWriteInputTokens": charged.cache_write,
            "cacheDetails": [{"ttl": ttl, "inputTokens": size} for ttl, size in charged.writes],
        }


async def driven(open_session, foreign, *team):
    """A session that a person drives, who has asked before; nothing of that is to be seen."""
    session = await open_session(*team, interactive=True)
    await session()
    session.told, session._runs = Told([]), 0
    foreign.requests.clear()
    return session


@pytest.fixture
async def screen(foreign, open_session):
    return await driven(open_session, foreign)


async def test_the_first_request_of_a_session_keeps_nothing_for_an_hour(foreign, open_session):
    """Whether another one follows, nobody knows yet; who asks again goes on asking."""
    session = await open_session(interactive=True)
    await session()
    await session()
    assert [times(asked) for asked in foreign.requests] == [["5m", "5m", "5m"], ["1h", "1h", "5m"]]


async def test_tools_and_prompt_of_roles_that_come_back_are_kept_for_an_hour_where_somebody_is_there(
    screen, foreign
):
    foreign.play(RESEARCHER, LOOK, DONE)
    await screen()
    assert [times(asked) for asked in foreign.requests] == [["1h", "1h", "5m"]] * 2
    foreign.requests.clear()
    await screen("@architect Design it")
    assert [times(asked) for asked in foreign.of(ARCHITECT)] == [["5m", "5m", "5m"]]
    assert foreign.objections == []


async def test_nothing_is_kept_for_an_hour_where_nobody_is_there(works, foreign):
    foreign.play(RESEARCHER, LOOK, DONE)
    told = await works()
    assert [times(asked) for asked in foreign.requests] == [["5m", "5m", "5m"]] * 2
    assert sum(call.cache_write_1h_tokens for call in told.calls) == 0


@pytest.mark.parametrize("model", ["us.anthropic.claude-opus-4-1-20250805-v1:0", "us.amazon.nova-pro-v1:0"])
async def test_a_model_that_knows_no_hour_is_not_asked_for_one(model, foreign, open_session, roster):
    screen = await driven(open_session, foreign, roster(researcher=(model,)))
    told = await screen()
    assert told.end.status == "done"
    assert "1h" not in times(foreign.requests[0])
    assert foreign.objections == []


async def test_the_next_request_minutes_later_reads_what_it_begins_with(screen, foreign):
    endpoint = Endpoint(foreign)
    told = await screen()
    (first,) = told.calls
    endpoint.seconds = 40 * MINUTE
    await screen()
    second = told.calls[-1]
    assert second.cache_read_tokens == first.cache_write_1h_tokens > 1_000
    assert (first.cache_read_tokens, second.cache_write_1h_tokens) == (0, 0)
    endpoint.seconds += 61 * MINUTE
    await screen()
    assert told.calls[-1].cache_read_tokens == 0


async def test_the_conversation_is_kept_for_an_hour_once_the_user_let_the_node_wait(
    screen, foreign, monkeypatch
):
    """Who pauses once pauses again. The first wait is foreseen by nobody."""
    endpoint = Endpoint(foreign)
    for module in ("core.control", "agents.lifetimes"):
        monkeypatch.setattr(f"{module}.monotonic_ms", lambda: int(1_000 * endpoint.seconds))
    foreign.play(RESEARCHER, *[LOOK] * 20, DONE)
    await screen.start()
    await paused_for(10 * MINUTE, endpoint, screen, after=1)
    await paused_for(20 * MINUTE, endpoint, screen, after=5)
    told = await screen.finish()
    lasting = [times(asked)[2] for asked in foreign.requests]
    reads = [call.cache_read_tokens for call in told.calls]
    cold = [number for number, read in enumerate(reads) if read == told.calls[0].cache_write_1h_tokens]
    assert len(cold) == 1, "all but the front had to be read anew once"
    (first,) = cold
    assert lasting == ["5m"] * (first + 1) + ["1h"] * (len(lasting) - first - 1)
    later = told.calls[first + 1 :]
    assert all(0 < each.cache_write_tokens == each.cache_write_1h_tokens < 200 for each in later)
    assert foreign.objections == []


async def paused_for(seconds, endpoint, screen, *, after):
    """Pause the researcher after so many of its calls, and let it go on after so long."""
    before = len(screen.told.of(NodePaused))
    await screen.until(lambda told: len(told.calls) >= after)
    await screen.submit(PauseNode(node="researcher"))
    await screen.until(lambda told: len(told.of(NodePaused)) > before)
    await screen.until(lambda told: len(told.of(CallStarted)) == len(told.calls))
    endpoint.seconds += seconds
    await screen.submit(ResumeNode(node="researcher"))


async def test_a_short_wait_changes_nothing(screen, foreign, monkeypatch):
    monkeypatch.setattr(
        NodeControl, "held_ms", property(lambda _self: 1_000 * limits().cache.pause_seconds - 1)
    )
    foreign.play(RESEARCHER, LOOK, DONE)
    await screen()
    assert [times(asked) for asked in foreign.requests] == [["1h", "1h", "5m"]] * 2


async def test_the_conversation_is_kept_for_an_hour_before_a_budget_is_asked_about(screen, foreign):
    """The answer comes forty minutes later, and finds all that was read before in the cache."""
    endpoint = Endpoint(foreign)
    foreign.play(RESEARCHER, *[LOOK] * 30, DONE)
    await screen.start(budget_usd="0.0022")
    (question,) = await screen.until(lambda told: told.of(QuestionAsked))
    asked = len(foreign.requests)
    lasting = [times(each) for each in foreign.requests]
    assert lasting[0] == ["1h", "1h", "5m"] and lasting[-1] == ["1h", "1h", "1h"]
    assert lasting.count(["1h"] * 3) <= 3, "long before it there is nothing to wait for"
    before = screen.told.calls[-1]
    endpoint.seconds += 40 * MINUTE
    await screen.submit(AnswerQuestion(id=question.id, answer=question.choices[0]))
    told = await screen.finish()
    assert told.end.status == "done"
    whole = before.input_tokens + before.cache_read_tokens + before.cache_write_tokens
    assert told.calls[asked].cache_read_tokens == whole
    assert foreign.objections == []


async def test_a_headless_run_with_a_budget_asks_nobody_and_keeps_nothing(works, foreign):
    foreign.play(RESEARCHER, *[LOOK] * 30, DONE)
    told = await works(budget_usd="0.006")
    assert told.end.status == "budget"
    assert {time for asked in foreign.requests for time in times(asked)} == {"5m"}


async def test_what_is_written_for_an_hour_is_charged_as_that(screen, foreign):
    foreign.usage = lambda _asked: {
        "inputTokens": 7,
        "outputTokens": 11,
        "cacheReadInputTokens": 1_300,
        "cacheWriteInputTokens": 1_170,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 1_000}, {"ttl": "5m", "inputTokens": 170}],
    }
    told = await screen()
    (call,) = told.calls
    assert (call.cache_write_tokens, call.cache_write_1h_tokens) == (1_170, 1_000)
    used = Usage(input=7, output=11, cache_read=1_300, cache_write=1_170, cache_write_1h=1_000)
    book = load_prices()
    assert to_pico(call.cost_usd) == book.cost(call.model, used)
    assert to_pico(call.cost_usd) - 1_000 * _more(call.model) == book.cost(
        call.model, Usage(input=7, output=11, cache_read=1_300, cache_write=1_170)
    )


def _more(model):
    """What a token that is written for an hour costs more than one for five minutes."""
    book = load_prices()
    long, short = (Usage(cache_write=1_000, cache_write_1h=hour) for hour in (1_000, 0))
    return (book.cost(model, long) - book.cost(model, short)) // 1_000


async def test_one_warm_model_reads_what_was_written_for_however_long(screen, foreign):
    """The counterfactual counts tokens: what we paid for an hour makes its prompts no longer and no dearer."""
    Endpoint(foreign)
    foreign.play(RESEARCHER, LOOK, DONE)
    told = await screen()
    brief = [_briefly(call) for call in told.calls]
    book, model = load_prices(), told.calls[0].model
    assert any(call.cache_write_1h_tokens for call in told.calls)
    assert compare(told.calls, model, book).theirs == compare(brief, model, book).theirs


def _briefly(call):
    return msgspec.structs.replace(call, cache_write_1h_tokens=0)


@pytest.mark.parametrize("seed", range(6))
async def test_a_budget_holds_whatever_part_is_written_for_an_hour(seed, open_session, foreign):
    """As much of the front as a request may have written for an hour, and all of it where it asks for that."""
    chance = random.Random(seed)

    def usage(asked):
        tools = (asked.body["toolConfig"]["tools"], asked.body["system"])
        front = int(len(json.dumps(tools, ensure_ascii=False).encode()) / 2.5 * 0.8)
        whole = front + int(len(json.dumps(asked.messages, ensure_ascii=False).encode()) / 2.5 * 0.8)
        hour = whole if times(asked)[2] == "1h" else front
        return {
            "inputTokens": 0,
            "cacheWriteInputTokens": whole,
            "cacheDetails": [{"ttl": "1h", "inputTokens": chance.randint(hour // 2, hour)}],
            "outputTokens": chance.choice((1, asked.most)),
        }

    screen = await driven(open_session, foreign)
    foreign.usage = usage
    foreign.play(RESEARCHER, *[LOOK] * 20, DONE)
    budget = to_usd(chance.randint(3, 40) * 10**9)
    await screen.start(budget_usd=budget)
    question = (await screen.until(lambda told: told.of(QuestionAsked)))[-1]
    await screen.submit(AnswerQuestion(id=question.id, answer="stop"))
    told = await screen.finish()
    assert to_pico(told.end.cost_usd) <= to_pico(budget)
    for started, call in zip(told.of(CallStarted), told.calls, strict=True):
        assert to_pico(call.cost_usd) <= to_pico(started.reserved_usd)


async def test_many_calls_of_one_turn_do_not_lose_what_was_read_before(works, foreign):
    """A service looks back over twenty blocks for what it knows; a turn can have more of them."""
    Endpoint(foreign)
    calls = tuple(("read_file", {"path": "app.py", "start": 1, "end": n}) for n in range(1, 16))
    foreign.play(RESEARCHER, LOOK, Reply("Everything.", calls), DONE)
    told = await works()
    _, second, third = told.calls
    prompt = second.cache_read_tokens + second.cache_write_tokens
    assert (second.input_tokens, third.cache_read_tokens) == (0, prompt)
    assert len(times(foreign.requests[2])) == 4
    assert foreign.objections == []


def test_every_model_that_knows_an_hour_has_a_price_for_it():
    book, cards = load_prices(), load_catalog().cards
    lasting = [name for name, each in cards.items() if each.cache_hour]
    assert len(lasting) >= 6
    for name in lasting:
        assert book.row(name).cache_write_1h is not None, name
        assert card(name).cache == "claude", name
