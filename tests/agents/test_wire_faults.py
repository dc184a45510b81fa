"""What each fault of the wire ends in: one row, one test."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from agents.retry import Breaker, RetryPolicy
from core.commands import RetryRun
from core.events import (
    CallStarted,
    Failed,
    HandedOff,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    NoticeGiven,
    Retried,
    RouteDecided,
    TextDelta,
    TextDiscarded,
    TextFinished,
)
from core.money import to_pico
from tests.support.foreign_bedrock import Break, Refuse, Reply

HAIKU, NOVA = "us.anthropic.claude-haiku-5-5", "us.amazon.nova-pro-v1:0"
FINAL = "Here is what I found and did."
ATTEMPTS = 3


def balanced(told: Any) -> None:
    """Every node that started has ended, every call that went out has one charge."""
    assert [each.node for each in told.of(NodeStarted)] == [each.node for each in told.of(NodeFinished)]
    started, called = told.of(CallStarted), told.of(ModelCalled)
    assert [each.call for each in started] == [each.call for each in called]
    assert told.end.cost_usd == str_sum(called)


def str_sum(calls: list[ModelCalled]) -> str:
    from core.money import to_usd

    return to_usd(sum(to_pico(call.cost_usd) for call in calls))


def texts_that_count(told: Any) -> list[str]:
    gone = {each.block for each in told.of(TextDiscarded)}
    return [each.text for each in told.of(TextFinished) if each.block not in gone]


# -- faults that pass ------------------------------------------------------------------------------

WORDS = 2
PASSING = {
    "429": Refuse(429, "ThrottlingException", "Too many requests"),
    "429 too many tokens": Refuse(429, "ThrottlingException", "Too many tokens, please wait."),
    "429 not ready": Refuse(429, "ModelNotReadyException"),
    "408": Refuse(408, "ModelTimeoutException"),
    "424": Refuse(424, "ModelErrorException"),
    "500": Refuse(500, "InternalServerException"),
    "503": Refuse(503, "ServiceUnavailableException"),
    "502 of a proxy": Refuse(502, "Bad", "<html>Bad gateway</html>"),
    "throttled in the stream": Break("throttlingException"),
    "model stream error": Break("modelStreamErrorException"),
    "internal error in the stream": Break("internalServerException"),
    "unavailable in the stream": Break("serviceUnavailableException"),
    "odd error frame": Break("error"),
    "end without messageStop": Break("eof"),
    "end without messageStop after a whole block": Break("eof", whole=True),
    "nothing at all": Break("empty", words=0),
    "half a frame": Break("half_frame"),
    "cut in a frame": Break("cut"),
    "reset": Break("reset"),
    "bad checksum": Break("bad_crc"),
    "tool_use without a tool": Reply("I call a tool.", stop="tool_use"),
    "malformed tool use": Reply("", stop="malformed_tool_use"),
    "malformed output": Reply("xx", stop="malformed_model_output"),
    "said nothing": Reply("", stop="end_turn"),
}
UNBILLED = {"429", "429 too many tokens", "429 not ready"}
REPORTED = {"tool_use without a tool", "malformed tool use", "malformed output", "said nothing"}


@pytest.mark.parametrize("name", PASSING)
async def test_a_passing_fault_is_tried_again(name, works, foreign):
    foreign.next(PASSING[name])
    told = await works()
    assert (told.end.status, told.end.exit_code, told.end.answer) == ("done", 0, FINAL)
    balanced(told)
    (retried,) = told.of(Retried)
    assert (retried.attempt, retried.model, retried.node) == (2, HAIKU, "researcher")
    assert retried.reason.startswith(("The service", "The answer of the model"))
    first, second = told.calls
    assert (first.ok, second.ok, second.estimated) == (False, True, False)
    assert first.estimated == (name not in UNBILLED | REPORTED)
    assert (to_pico(first.cost_usd) == 0) == (name in UNBILLED)
    assert texts_that_count(told) == [FINAL]


async def test_what_a_failed_attempt_wrote_is_discarded(works, foreign):
    foreign.next(Break("eof", words=3))
    told = await works()
    lost = {each.block for each in told.of(TextDelta) if "lost" in each.text}
    assert lost
    assert {each.block for each in told.of(TextDiscarded)} == lost
    assert told.of(TextDiscarded)[0].reason.startswith("The answer of the model")
    assert "lost" not in "".join(texts_that_count(told))
    # what was heard of the lost answer is part of the estimate
    assert told.calls[0].output_tokens == len("lost0 lost1 lost2 ") // 4 + 1


async def test_a_stall_is_tried_again(works, foreign, monkeypatch):
    import msgspec

    from core.limits import limits

    short = msgspec.structs.replace(
        limits(), model=msgspec.structs.replace(limits().model, first_byte_seconds=1.0)
    )
    monkeypatch.setattr("agents.aws.limits", lambda: short)
    foreign.next(Break("stall"))
    foreign.next(Break("silent"))
    told = await works()
    assert told.end.status == "done"
    assert [each.reason for each in told.of(Retried)] == [
        f"The model {HAIKU} went silent. (" + each.reason.partition("(")[2] for each in told.of(Retried)
    ]
    assert len(told.of(Retried)) == 2
    balanced(told)


async def test_an_answer_without_usage_is_estimated_and_keeps_its_reservation(works, foreign):
    for odd in (Reply("Yes.", metadata=False), Reply("Yes.", usage={})):
        foreign.next(odd)
        told = await works()
        call = told.calls[-1]
        assert told.end.status == "done"
        assert (call.ok, call.estimated, told.end.estimated) == (True, True, True)
        assert to_pico(call.cost_usd) > 0
        assert len(told.of(Retried)) == 0


# -- faults that stay ------------------------------------------------------------------------------


@dataclass
class Ends:
    answer: Any
    kind: str
    code: int
    sentence: str
    requests: int = 1
    """How many requests go out."""


BOTH = 2 * ATTEMPTS
STAYING = {
    "throttled for ever": Ends(Refuse(429, "ThrottlingException"), "throttled", 75, "throttles", BOTH),
    "daily quota": Ends(
        Refuse(429, "ThrottlingException", "Too many tokens per day, please wait before trying again."),
        "daily_quota",
        75,
        "daily quota",
        2,
    ),
    "unavailable for ever": Ends(
        Refuse(503, "ServiceUnavailableException"), "service_fault", 75, "fault", BOTH
    ),
    "broken for ever": Ends(Break("eof"), "broken_stream", 75, "broke off", BOTH),
    "silent answers for ever": Ends(Reply(""), "broken_stream", 75, "without having said anything", BOTH),
    "not authorized": Ends(
        Refuse(403, "AccessDeniedException", "User: x is not authorized to perform: bedrock:InvokeModel"),
        "not_authorized",
        77,
        "may not call",
    ),
    "no model access": Ends(
        Refuse(
            403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
        ),
        "no_model_access",
        77,
        "no access to the model",
        2,
    ),
    "legacy": Ends(
        Refuse(
            404,
            "ResourceNotFoundException",
            "Access denied. This Model is marked by provider as Legacy and …",
        ),
        "legacy_model",
        77,
        "Legacy",
        2,
    ),
    "end of life": Ends(
        Refuse(404, "ResourceNotFoundException", "This model version has reached the end of its life."),
        "retired_model",
        77,
        "end of its life",
        2,
    ),
    "use case form": Ends(
        Refuse(
            404,
            "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.",
        ),
        "use_case_missing",
        77,
        "use case form",
    ),
    "marketplace": Ends(
        Refuse(
            403, "AccessDeniedException", "… aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe …"
        ),
        "marketplace",
        77,
        "Marketplace",
    ),
    "unknown model": Ends(
        Refuse(400, "ValidationException", "The provided model identifier is invalid."),
        "unknown_model",
        78,
        "There is no model",
        2,
    ),
    "no such model": Ends(
        Refuse(404, "ResourceNotFoundException", "Could not resolve the foundation model"),
        "unknown_model",
        78,
        "no model",
        2,
    ),
    "bare id": Ends(
        Refuse(
            400, "ValidationException", "Invocation of model ID x with on-demand throughput isn’t supported."
        ),
        "profile_needed",
        78,
        "inference profile",
    ),
    "expired": Ends(
        Refuse(403, "ExpiredTokenException", "The security token included in the request is expired"),
        "expired_credentials",
        77,
        "expired",
    ),
    "expired API key": Ends(
        Refuse(403, "Unknown", "Bearer Token has expired"), "expired_credentials", 77, "expired"
    ),
    "bad key": Ends(
        Refuse(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
        "bad_credentials",
        77,
        "does not accept",
    ),
    "clock": Ends(
        Refuse(403, "InvalidSignatureException", "Signature expired: 1 is now earlier than 2"),
        "clock_skew",
        77,
        "clock",
    ),
    "refused": Ends(
        Refuse(400, "ValidationException", "temperature is odd"),
        "refused_request",
        1,
        "temperature is odd",
        2,
    ),
    "refused in the stream": Ends(
        Break("validationException", "too odd", words=0), "refused_request", 1, "too odd", 2
    ),
    "an error of no known kind": Ends(
        Refuse(418, "TeapotException", "short and stout"), "refused_request", 1, "stout", 2
    ),
    "too long": Ends(
        Refuse(400, "ValidationException", "Input is too long for requested model."),
        "context_overflow",
        1,
        "larger than",
    ),
    "filtered": Ends(Reply("I", stop="content_filtered"), "filtered", 1, "content filter"),
    "guardrail": Ends(Reply("I", stop="guardrail_intervened"), "filtered", 1, "content filter"),
    "window exceeded": Ends(
        Reply("I", stop="model_context_window_exceeded"), "context_overflow", 1, "larger than"
    ),
    "never an end": Ends(Reply("and so on", stop="max_tokens"), "output_limit", 1, "output limit", 3),
}
FREE = {
    "throttled for ever",
    "daily quota",
    "not authorized",
    "no model access",
    "legacy",
    "end of life",
    "use case form",
    "marketplace",
    "unknown model",
    "no such model",
    "bare id",
    "expired",
    "expired API key",
    "bad key",
    "clock",
    "refused",
    "refused in the stream",
    "an error of no known kind",
    "too long",
}


@pytest.mark.parametrize("name", STAYING)
async def test_a_lasting_fault_ends_the_run(name, works, foreign):
    row = STAYING[name]
    foreign.next(row.answer, times=1000)
    told = await works()
    (failed,) = told.of(Failed)
    assert (failed.kind, failed.exit_code) == (row.kind, row.code)
    assert row.sentence in failed.message
    assert failed.advice.endswith((".", ")"))
    assert (told.end.status, told.end.exit_code) == ("failed", row.code)
    assert failed.message in told.end.answer
    assert failed.advice in told.end.answer
    assert len(foreign.requests) == len(told.calls) == row.requests
    assert len(told.of(Retried)) == (0 if row.kind == "output_limit" else row.requests - 1)
    assert [each.status for each in told.of(NodeFinished)] == ["failed"]
    assert (to_pico(told.end.cost_usd) == 0) == (name in FREE)
    balanced(told)


@pytest.mark.parametrize("name", ["throttled for ever", "not authorized", "filtered", "broken for ever"])
async def test_the_session_works_on_after_a_fault(name, works, foreign):
    foreign.next(STAYING[name].answer, times=STAYING[name].requests)
    await works()
    await works.submit(RetryRun())
    told = await works.finish()
    assert (told.end.status, told.end.answer) == ("done", FINAL)


async def test_an_unreachable_endpoint(foreign, open_session, monkeypatch):
    foreign.__exit__()
    works = await open_session()
    told = await works()
    assert (told.end.status, told.end.exit_code) == ("failed", 75)
    assert "cannot be reached" in told.end.answer
    assert to_pico(told.end.cost_usd) == 0
    balanced(told)


# -- fallback and breaker --------------------------------------------------------------------------


async def test_the_next_model_takes_over_after_the_retries(works, foreign):
    foreign.next(
        Refuse(503, "ServiceUnavailableException"), times=ATTEMPTS, when=lambda asked: "haiku" in asked.model
    )
    told = await works()
    assert told.end.status == "done"
    assert [asked.model for asked in foreign.requests] == [HAIKU] * ATTEMPTS + [NOVA]
    assert [(each.attempt, each.model) for each in told.of(Retried)] == [(2, HAIKU), (3, HAIKU), (4, NOVA)]
    assert set(told.end.by_model) == {HAIKU, NOVA}


async def test_a_model_that_failed_just_now_is_passed_over(works, foreign):
    foreign.next(
        Refuse(503, "ServiceUnavailableException"), times=ATTEMPTS, when=lambda asked: "haiku" in asked.model
    )
    await works()
    told = await works()
    assert [asked.model for asked in foreign.requests][ATTEMPTS:] == [NOVA, NOVA]
    assert told.of(NodeStarted)[-1].model == NOVA
    assert "stands in" in told.of(NoticeGiven)[-1].text


def test_after_a_while_one_node_tries_a_model_for_all_the_others():
    now = [0.0]
    breaker = Breaker(seconds=10, clock=lambda: now[0])
    assert breaker.admits(HAIKU)
    breaker.trip(HAIKU)
    now[0] = 9
    assert not breaker.admits(HAIKU) and breaker.admits(NOVA)
    now[0] = 11
    assert [breaker.admits(HAIKU) for _ in range(3)] == [True, False, False]
    breaker.trip(HAIKU)
    now[0] = 20
    assert not breaker.admits(HAIKU)
    now[0] = 22
    assert breaker.admits(HAIKU)
    breaker.succeed(HAIKU)
    assert all(breaker.admits(HAIKU) for _ in range(3))


async def test_a_model_that_answers_again_is_everybodys_again(works, foreign, monkeypatch):
    breaker = works.session._team._company.breaker
    breaker.trip(HAIKU)
    monkeypatch.setattr(breaker, "_clock", lambda: time.monotonic() + 1000)
    await works()
    assert breaker._until == {}
    await works()
    assert [asked.model for asked in foreign.requests] == [HAIKU, HAIKU]


async def test_a_refused_request_is_no_reason_to_avoid_a_model(works, foreign):
    foreign.next(Refuse(400, "ValidationException", "odd"), when=lambda asked: "haiku" in asked.model)
    await works()
    await works()
    assert [asked.model for asked in foreign.requests] == [HAIKU, NOVA, HAIKU]


async def test_the_waiting_has_an_end(foreign, open_session):
    works = await open_session(policy=RetryPolicy(1000, 0.01, 0.01, total_seconds=0.05))
    foreign.next(Refuse(429, "ThrottlingException"), times=10_000)
    told = await works()
    assert told.end.exit_code == 75
    assert 4 < len(foreign.requests) < 30
    assert max(each.delay_ms for each in told.of(Retried)) <= 10


async def test_thoughts_do_not_go_to_another_model(foreign, open_session, roster):
    """Neither in the call that falls back nor in any later one."""
    sonnet = "us.anthropic.claude-sonnet-5-5"
    works = await open_session(roster(researcher=(HAIKU, sonnet)))
    read = Reply("Let me look.", (("read_file", {"path": "app.py"}),), thinks=True)
    foreign.play("You are the researcher", read, read, Reply(FINAL))
    failing = Refuse(503, "ServiceUnavailableException")
    foreign.next(failing, times=ATTEMPTS, when=lambda asked: "haiku" in asked.model and asked.turn == 1)
    told = await works()
    assert (told.end.status, told.end.answer) == ("done", FINAL)
    assert foreign.objections == []
    models = [asked.model for asked in foreign.requests]
    assert models == [HAIKU] * (1 + ATTEMPTS) + [sonnet, sonnet]
    signed = [str(asked.messages).count("reasoningContent") for asked in foreign.requests]
    assert signed == [0, *[1] * ATTEMPTS, 0, 1]


# -- the router's call -----------------------------------------------------------------------------

ROUTER = "You are the router"


@pytest.mark.parametrize(
    "name", ["throttled for ever", "not authorized", "unknown model", "broken for ever", "filtered"]
)
async def test_a_fault_of_the_router_falls_back_to_medium(name, works, foreign):
    foreign.next(STAYING[name].answer, times=1000, when=lambda asked: ROUTER in asked.system)
    told = await works("Add a line that says hello")
    (route,) = told.of(RouteDecided)
    assert (route.complexity, route.decided_by, route.confidence) == ("MEDIUM", "rule", 0.0)
    assert "the router" in route.reason
    assert any("Routed as MEDIUM" in notice.text for notice in told.of(NoticeGiven))
    assert told.end.status == "done"
    balanced(told)


@pytest.mark.parametrize("name", ["expired", "bad key", "expired API key", "clock"])
async def test_a_fault_that_every_call_would_meet_ends_the_run_at_the_router(name, works, foreign):
    row = STAYING[name]
    foreign.next(row.answer, times=1000)
    told = await works("Add a line that says hello")
    assert (told.end.status, told.end.exit_code) == ("failed", row.code)
    assert [each.role for each in told.of(NodeStarted)] == ["router"]
    assert told.of(RouteDecided) == []
    balanced(told)


@pytest.mark.parametrize(
    "odd",
    [
        {"complexity": "HUGE", "pattern": "graph", "confidence": 0.9, "reason": "?"},
        {"pattern": "graph"},
        "[1, 2]",
        "{",
    ],
)
async def test_a_route_that_cannot_be_read(odd, works, foreign):
    foreign.routes = odd
    told = await works("Add a line that says hello")
    (route,) = told.of(RouteDecided)
    assert (route.complexity, route.decided_by) == ("MEDIUM", "rule")
    assert "no usable answer" in route.reason or "could not decide" in route.reason
    assert foreign.objections == []
    assert told.of(HandedOff)[0].from_role != "router"
