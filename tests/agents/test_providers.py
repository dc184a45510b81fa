"""What every provider of models must do: the same rows over Bedrock's wire and over an OpenAI-compatible one."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from agents.endpoint import Endpoint
from agents.retry import RetryPolicy
from core.commands import InterruptRun
from core.config import OpenAI
from core.events import (
    CallStarted,
    Failed,
    ModelCalled,
    NodeFinished,
    Retried,
    RouteDecided,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolStarted,
)
from core.money import to_pico, to_usd
from core.prices import Price, PriceBook, Usage, load_prices
from tests.support.foreign_bedrock import Break, ForeignBedrock, Refuse, Reply
from tests.support.foreign_openai import ForeignOpenAI
from tests.support.waiting import SOON

PHRASE = "You are the researcher"
READS = Reply("I look.", (("read_file", {"path": "app.py"}),))
THROTTLED = Refuse(429, "ThrottlingException", "slow down")


@dataclass
class Provider:
    """One way to models, at its loopback end."""

    server: ForeignBedrock
    models: tuple[str, str]
    """As records have them: the first one, and the one that stands in."""
    sent: tuple[str, str]
    """As the provider is asked for them."""
    prices: PriceBook
    endpoint: Endpoint | None = None
    open: Callable[..., Awaitable[Any]] = field(init=False)
    """Opens a session whose researcher works with the two models."""


@pytest.fixture(params=["bedrock", "openai"])
def provider(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, open_session: Any, roster: Any
) -> Iterator[Provider]:
    with ForeignBedrock() if request.param == "bedrock" else ForeignOpenAI() as server:
        made = _bedrock(server, monkeypatch) if request.param == "bedrock" else _openai(server)
        everyone = dict.fromkeys(roster().roles, made.models)

        async def open(**more: Any) -> Any:
            team = roster(**everyone)
            return await open_session(team, prices=made.prices, endpoint=made.endpoint, **more)

        made.open = open
        yield made


def _bedrock(server: ForeignBedrock, monkeypatch: pytest.MonkeyPatch) -> Provider:
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "foreign")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "foreign")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    models = ("us.anthropic.claude-haiku-5-5", "us.amazon.nova-pro-v1:0")
    return Provider(server, models, models, load_prices())


def _openai(server: ForeignBedrock) -> Provider:
    assert isinstance(server, ForeignOpenAI)
    server.key = "a-secret-key"
    book = load_prices()
    rows = {
        "openai:large:30b": Price(input="1", output="4", cache_read="0.1"),
        "openai:small:4b": Price(input="0.1", output="0.4"),
    }
    prices = msgspec.structs.replace(book, models={**book.models, **rows})
    endpoint = Endpoint(OpenAI(base_url=server.base_url, key_variable="X"), server.key)
    return Provider(
        server, ("openai:large:30b", "openai:small:4b"), ("large:30b", "small:4b"), prices, endpoint
    )


def charged(told: Any) -> None:
    """Every call that went out has one charge, and the run costs their sum."""
    assert [each.call for each in told.of(CallStarted)] == [each.call for each in told.of(ModelCalled)]
    assert told.end.cost_usd == to_usd(sum(to_pico(call.cost_usd) for call in told.calls))


def counted(told: Any) -> str:
    """The text that counts."""
    gone = {each.block for each in told.of(TextDiscarded)}
    return "".join(each.text for each in told.of(TextFinished) if each.block not in gone)


async def test_text_comes_piece_by_piece(provider):
    provider.server.play(PHRASE, Reply("Half and half.", thinks=True))
    told = await (await provider.open())()
    assert (told.end.status, told.end.answer) == ("done", "Half and half.")
    shown = [each for each in told.of(TextDelta) if each.kind == "text"]
    assert "".join(each.text for each in shown) == "Half and half."
    assert [each.text for each in told.of(TextFinished) if each.kind == "reasoning"] == ["Hm."]
    (asked,) = provider.server.requests
    assert (asked.model, told.calls[0].model) == (provider.sent[0], provider.models[0])
    assert provider.server.objections == []
    charged(told)


async def test_max_tokens_is_always_set(provider):
    told = await (await provider.open())()
    (asked,) = provider.server.requests
    assert asked.most == 4_096
    assert told.end.status == "done"


async def test_tools_are_called_and_their_results_go_back(provider):
    two = Reply("I look twice.", (("read_file", {"path": "app.py"}), ("git_status", {})), thinks=True)
    provider.server.play(PHRASE, two, READS, Reply("Seen."))
    told = await (await provider.open())()
    assert (told.end.status, told.end.answer) == ("done", "Seen.")
    assert [each.tool for each in told.of(ToolStarted)] == ["read_file", "git_status", "read_file"]
    assert all(each.ok for each in told.of(ToolFinished))
    assert "VALUE = 1" in provider.server.requests[-1].text
    assert provider.server.objections == []
    charged(told)


async def test_a_structured_answer(provider):
    provider.server.play("You are the fast coder", Reply("Nothing to do."))
    told = await (await provider.open())("Add a line that says hello")
    assert told.end.status == "done"
    route = told.of(CallStarted)[0]
    assert route.role == "router"
    assert [each.complexity for each in told.of(RouteDecided)] == ["SIMPLE"]
    assert provider.server.objections == []


async def test_a_structured_answer_at_the_second_asking(provider):
    provider.server.next(Reply("It is small, I would say."))
    told = await (await provider.open())("Add a line that says hello")
    assert told.end.status == "done"
    assert len([call for call in told.calls if call.role == "router"]) == 2
    assert provider.server.objections == []


@pytest.mark.parametrize("how", ["streaming", "silent"])
async def test_a_stop_closes_the_connection(provider, how):
    silent = how == "silent"
    provider.server.next(Break("silent") if silent else Reply("half a sentence ", hold=threading.Event()))
    works = await provider.open()
    await works.start("What does app.py do?")
    await asyncio.to_thread(provider.server.wait_for, lambda requests: len(requests) == 1)
    if not silent:
        await works.until(lambda told: told.of(TextDelta))
    began = time.monotonic()
    await works.submit(InterruptRun())
    told = await works.finish()
    assert time.monotonic() - began < SOON
    assert await asyncio.to_thread(provider.server.requests[0].left.wait, SOON)
    assert (told.end.status, told.end.exit_code) == ("interrupted", 130)
    (call,) = told.calls
    assert (call.ok, call.estimated) == (False, True)
    assert ("half a sent" in counted(told)) != silent
    charged(told)
    told = await works()
    assert told.end.status == "done"


async def test_throttling_is_tried_again(provider):
    provider.server.next(THROTTLED, times=2)
    told = await (await provider.open())()
    assert told.end.status == "done"
    assert [(each.attempt, each.model) for each in told.of(Retried)] == [
        (2, provider.models[0]),
        (3, provider.models[0]),
    ]
    assert [to_pico(call.cost_usd) > 0 for call in told.calls] == [False, False, True]
    charged(told)


async def test_the_next_model_takes_over(provider):
    provider.server.next(THROTTLED, times=3)
    told = await (await provider.open())()
    assert told.end.status == "done"
    assert [asked.model for asked in provider.server.requests] == [provider.sent[0]] * 3 + [provider.sent[1]]
    assert set(told.end.by_model) == set(provider.models)


@pytest.mark.parametrize(
    "fault",
    [
        Break("eof"),
        Break("empty", words=0),
        Break("half_frame"),
        Break("cut"),
        Break("reset"),
        Break("bad_crc"),
        Break("serviceUnavailableException"),
        Refuse(500, "InternalServerException"),
        Refuse(503, "ServiceUnavailableException"),
        Reply("", stop="end_turn"),
        Reply("I call a tool.", stop="tool_use"),
    ],
    ids=lambda fault: (
        getattr(fault, "how", None) or str(getattr(fault, "status", getattr(fault, "stop", "")))
    ),
)
async def test_a_broken_answer_is_discarded_and_tried_again(provider, fault):
    provider.server.next(fault)
    told = await (await provider.open())()
    assert (told.end.status, told.end.answer) == ("done", "Here is what I found and did.")
    assert counted(told) == "Here is what I found and did."
    assert [call.ok for call in told.calls] == [False, True]
    assert len(told.of(Retried)) == 1
    charged(told)


async def test_usage_becomes_the_charge(provider):
    provider.server.usage = lambda _asked: {
        "inputTokens": 70,
        "outputTokens": 11,
        "cacheReadInputTokens": 1_300,
    }
    told = await (await provider.open())()
    (call,) = told.calls
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (70, 11, 1_300)
    exact = provider.prices.cost(provider.models[0], Usage(input=70, output=11, cache_read=1_300))
    assert call.cost_usd == told.end.cost_usd == to_usd(exact)
    assert not call.estimated


async def test_an_answer_without_usage_is_estimated(provider):
    provider.server.next(Reply("Yes.", metadata=False))
    told = await (await provider.open())()
    (call,) = told.calls
    assert (told.end.status, call.ok, call.estimated) == ("done", True, True)
    assert to_pico(call.cost_usd) > 0


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"path": "app.p', "path: app.py"])
async def test_malformed_arguments_never_run_the_tool(provider, text):
    provider.server.play(PHRASE, Reply("I look.", (("read_file", text),)), Reply("Done."))
    told = await (await provider.open())()
    assert (told.end.status, told.end.answer) == ("done", "Done.")
    (started,), (finished,) = told.of(ToolStarted), told.of(ToolFinished)
    assert (started.arguments, finished.ok) == ("{}", False)
    assert "argument" in finished.output.lower()
    assert provider.server.objections == []


async def test_arguments_that_are_cut_off_at_the_limit_are_said_again(provider):
    cut = Reply("I write.", (("read_file", '{"path": "a'),), stop="max_tokens")
    provider.server.play(PHRASE, cut, Reply("Done in smaller steps."))
    told = await (await provider.open())()
    assert (told.end.status, told.end.answer) == ("done", "Done in smaller steps.")
    assert [each.ok for each in told.of(ToolFinished)] in ([], [False])
    assert "cut off" in provider.server.requests[1].text
    assert provider.server.objections == []
    charged(told)


async def test_an_answer_that_never_ends_is_an_output_limit(provider):
    provider.server.next(Reply("and so on", stop="max_tokens"), times=100)
    told = await (await provider.open())()
    assert [each.kind for each in told.of(Failed)] == ["output_limit"]
    assert len(provider.server.requests) == 3


async def test_a_filtered_answer_is_no_answer(provider):
    provider.server.next(Reply("I", stop="content_filtered"))
    told = await (await provider.open())()
    assert [each.kind for each in told.of(Failed)] == ["filtered"]
    assert [each.status for each in told.of(NodeFinished)] == ["failed"]


async def test_a_conversation_that_is_too_long_is_told_as_that(provider):
    text = "Input is too long for requested model: maximum context length is 128000 tokens"
    provider.server.next(Refuse(400, "ValidationException", text), times=100)
    told = await (await provider.open())()
    assert [each.kind for each in told.of(Failed)] == ["context_overflow"]
    assert to_pico(told.end.cost_usd) == 0


async def test_waiting_for_an_overloaded_provider_has_an_end(provider):
    works = await provider.open(policy=RetryPolicy(1000, 0.01, 0.01, total_seconds=0.05))
    provider.server.next(THROTTLED, times=10_000)
    told = await works()
    assert told.end.exit_code == 75
    assert 4 < len(provider.server.requests) < 30


async def test_twenty_streams_are_open_at_once(provider):
    """In one node each, of twenty sessions' worth of runs: none ends before the last one has begun."""
    from agents.aws import connect, connect_nowhere
    from agents.catalog import load_catalog
    from agents.providers import Access, Wanted, make_model

    await provider.open()
    all_there = threading.Event()
    provider.server.next(Reply("Done.", hold=all_there), times=20)
    connection = connect() if provider.endpoint is None else connect_nowhere()
    access = Access(connection, provider.endpoint or Endpoint())
    card = load_catalog().card(provider.models[0])

    async def ask() -> str:
        model = make_model(access, Wanted(provider.models[0], card, {}, 100))
        messages = [{"role": "user", "content": [{"text": "Hello"}]}]
        parts = [
            chunk["contentBlockDelta"]["delta"]["text"]
            async for chunk in model.stream(messages, None, "Be short.")
            if "contentBlockDelta" in chunk
        ]
        return "".join(parts)

    working = asyncio.gather(*(ask() for _ in range(20)))
    await asyncio.to_thread(provider.server.wait_for, lambda requests: len(requests) == 20)
    all_there.set()
    assert await working == ["Done."] * 20
