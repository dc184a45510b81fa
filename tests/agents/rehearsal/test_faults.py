"""Each fault, seen through boto3 and through Strands, as the real service shows it."""

import time

import pytest
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError
from strands import Agent, tool
from strands.types.exceptions import ContextWindowOverflowException, ModelThrottledException
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from agents.rehearsal.faults import HTTP_FAULTS, STREAM_FAULTS
from tests.support.waiting import SOON

TURN = """
[[turn]]
role = "fast_coder"
text = "This is a text of several pieces, so that it can break in the middle."
"""


def fault(kind: str, **more: object) -> str:
    fields = "".join(f"{name} = {value!r}\n" for name, value in more.items())
    return f"{TURN}[[turn.fault]]\nkind = {kind!r}\n{fields}"


def consume(client, call) -> list:
    return list(client.converse_stream(**call)["stream"])


HTTP = [(kind, known.status, known.error) for kind, known in HTTP_FAULTS.items()]


@pytest.mark.parametrize(("kind", "status", "error"), HTTP)
@pytest.mark.parametrize("streamed", [True, False])
def test_an_http_error_has_its_code_and_happens_once(
    play, bedrock, ask, kind, status, error, streamed
) -> None:
    client = bedrock(play(fault(kind)))
    call = client.converse_stream if streamed else client.converse
    with pytest.raises(ClientError) as raised:
        call(**ask())
    assert raised.value.response["Error"]["Code"] == error
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert call(**ask())["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, (name, _) in STREAM_FAULTS.items()])
def test_an_exception_in_the_stream_comes_after_some_text(play, bedrock, ask, kind, name) -> None:
    stream = bedrock(play(fault(kind, message="not today"))).converse_stream(**ask())["stream"]
    received = []
    with pytest.raises(EventStreamError, match="not today") as raised:
        received.extend(stream)
    assert raised.value.response["Error"]["Code"] == name


@pytest.mark.parametrize("kind", STREAM_FAULTS)
def test_a_call_without_a_stream_gets_the_same_error_over_http(play, bedrock, ask, kind) -> None:
    expected = HTTP_FAULTS[STREAM_FAULTS[kind][1]]
    with pytest.raises(ClientError) as raised:
        bedrock(play(fault(kind))).converse(**ask())
    assert raised.value.response["Error"]["Code"] == expected.error


@pytest.mark.parametrize(
    ("kind", "error"), [("cut", ProtocolError), ("reset", ProtocolError), ("bad_crc", ChecksumMismatch)]
)
def test_a_broken_stream_raises_after_what_arrived(play, bedrock, ask, kind, error) -> None:
    received = []
    stream = bedrock(play(fault(kind, after=3))).converse_stream(**ask())["stream"]
    with pytest.raises(error):
        for event in stream:
            received.append(event)
    assert len(received) == 3 or kind == "reset"


def test_a_stall_ends_when_the_client_gives_up(play, bedrock, ask) -> None:
    client = bedrock(play(fault("stall")), read_timeout=1.0)
    with pytest.raises(ReadTimeoutError):
        consume(client, ask())
    assert consume(client, ask())[-1]["metadata"]


def test_a_stall_ends_after_its_time(play, bedrock, ask) -> None:
    started = time.monotonic()
    with pytest.raises(ProtocolError):
        consume(bedrock(play(fault("stall", seconds=0.2))), ask())
    assert 0.2 <= time.monotonic() - started < SOON


def test_a_stream_can_end_without_a_stop(play, bedrock, ask) -> None:
    received = consume(bedrock(play(fault("no_stop"))), ask())
    assert "contentBlockStop" in received[-1]


def test_a_stream_can_end_without_usage(play, bedrock, ask) -> None:
    received = consume(bedrock(play(fault("no_usage"))), ask())
    assert "messageStop" in received[-1]


def test_a_stream_can_be_empty(play, bedrock, ask) -> None:
    assert consume(bedrock(play(fault("empty"))), ask()) == []


@pytest.mark.parametrize("kind", ["cut", "no_stop", "bad_crc", "empty"])
def test_boto3_gives_a_whole_answer_that_broke_as_one_without_output(play, bedrock, ask, kind) -> None:
    """Nothing is raised: whoever uses Converse must look whether there is an output."""
    client = bedrock(play(fault(kind)))
    assert "output" not in client.converse(**ask())
    assert client.converse(**ask())["stopReason"] == "end_turn"


def test_a_whole_answer_can_be_reset(play, bedrock, ask) -> None:
    with pytest.raises(ConnectionClosedError):
        bedrock(play(fault("reset"))).converse(**ask())


def test_a_whole_answer_can_lack_its_usage(play, bedrock, ask) -> None:
    answer = bedrock(play(fault("no_usage"))).converse(**ask())
    assert ("usage" in answer, answer["stopReason"]) == (False, "end_turn")


def test_faults_come_one_after_the_other_and_count_per_node(play, bedrock, ask) -> None:
    turns = fault("throttle", times=2) + '[[turn.fault]]\nkind = "service_unavailable"\n'
    rehearsal = play(turns)
    client = bedrock(rehearsal)

    def outcome(node: str) -> str:
        try:
            return client.converse(**ask(about={"node": node}))["stopReason"]
        except ClientError as error:
            return error.response["Error"]["Code"]

    assert [outcome("fast_coder") for _ in range(4)] == [
        "ThrottlingException",
        "ThrottlingException",
        "ServiceUnavailableException",
        "end_turn",
    ]
    assert outcome("fast_coder_2") == "ThrottlingException"
    outcomes = [call.outcome for call in rehearsal.calls]
    assert outcomes == ["throttle", "throttle", "service_unavailable", "answered", "throttle"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("throttle", ModelThrottledException),
        ("stream_throttle", ModelThrottledException),
        ("stream_error", EventStreamError),
        ("stream_unavailable", EventStreamError),
        ("service_unavailable", ClientError),
        ("model_error", ClientError),
        ("model_timeout", ClientError),
        ("model_not_ready", ClientError),
        ("access_denied", ClientError),
        ("legacy", ClientError),
        ("validation", ClientError),
        ("too_long", ContextWindowOverflowException),
        ("cut", ProtocolError),
        ("reset", ProtocolError),
        ("bad_crc", ChecksumMismatch),
    ],
)
def test_what_strands_raises(play, strands_model, kind, error) -> None:
    model = strands_model(play(fault(kind, times=9)))
    agent = Agent(model=model, callback_handler=None, retry_strategy=None)
    with pytest.raises(error) as raised:
        agent("Greet the user")
    assert type(raised.value) is error or error is ClientError


@pytest.mark.parametrize("kind", ["no_stop", "empty"])
def test_strands_takes_a_stream_without_a_stop_for_an_empty_answer(play, strands_model, kind) -> None:
    model = strands_model(play(fault(kind, after=3)))
    result = Agent(model=model, callback_handler=None)("Greet the user")
    assert (result.stop_reason, str(result).strip()) == ("end_turn", "")
    assert result.metrics.accumulated_usage["totalTokens"] == 0


def test_strands_gives_a_tool_with_broken_arguments_nothing(play, strands_model) -> None:
    turns = """
[[turn]]
role = "fast_coder"
[[turn.call]]
name = "look"
arguments.path = "x"
[[turn.fault]]
kind = "bad_json"

[[turn]]
role = "fast_coder"
when = "nowhere"
text = "I see."
"""
    seen = []

    @tool
    def look(path: str = "nowhere") -> str:
        """Look at a file."""
        seen.append(path)
        return path

    agent = Agent(model=strands_model(play(turns)), tools=[look], callback_handler=None)
    assert str(agent("Greet the user")).strip() == "I see."
    assert seen == ["nowhere"]
