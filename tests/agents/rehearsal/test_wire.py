"""What boto3 gets: streams, whole answers, tokens; and what a client without our metadata gets."""

import asyncio
import http.client
import json
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from agents.rehearsal import Rehearsal
from tests.support.waiting import SOON

TEXT = "Hello there, **dear** user.\n\n- Ünïcode 🎭 and a-word-that-is-longer-than-any-piece\n"

HELLO = f"""
[[turn]]
role = "fast_coder"
reasoning = "A greeting is asked for."
text = '''{TEXT}'''
"""

LOOK = """
[[turn]]
role = "fast_coder"
text = "I look first."
[[turn.call]]
name = "look"
arguments.path = "a b/ü.py"
arguments.lines = [1, 2]
[[turn.call]]
name = "look"

[[turn]]
role = "fast_coder"
text = "Seen."
"""


def events(client, call):
    return list(client.converse_stream(**call)["stream"])


def test_a_stream_has_the_events_of_bedrock_in_their_order(play, bedrock, ask) -> None:
    received = events(bedrock(play(HELLO)), ask())
    names = [next(iter(event)) for event in received]
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]
    assert set(names[1:-2]) == {"contentBlockDelta", "contentBlockStop"}
    deltas = [event["contentBlockDelta"] for event in received if "contentBlockDelta" in event]
    text = "".join(delta["delta"]["text"] for delta in deltas if delta["contentBlockIndex"] == 1)
    assert text == TEXT
    thought = [delta["delta"]["reasoningContent"] for delta in deltas if delta["contentBlockIndex"] == 0]
    assert "".join(part.get("text", "") for part in thought) == "A greeting is asked for."
    assert "signature" in thought[-1]
    assert len([delta for delta in deltas if delta["contentBlockIndex"] == 1]) > 5
    assert received[-2]["messageStop"] == {"stopReason": "end_turn"}


def test_only_claude_signs_its_reasoning(play, bedrock, ask) -> None:
    answer = bedrock(play(HELLO)).converse(**ask(model="us.amazon.nova-2-lite-v1:0"))
    thought, _ = answer["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"] == {"text": "A greeting is asked for."}
    streamed = events(bedrock(play(HELLO)), ask(model="us.amazon.nova-2-lite-v1:0"))
    assert "signature" not in str(streamed)


def test_a_streamed_tool_call_arrives_in_fragments(play, bedrock, ask, tools) -> None:
    received = events(bedrock(play(LOOK)), ask(toolConfig=tools()))
    starts = [event["contentBlockStart"] for event in received if "contentBlockStart" in event]
    assert [start["start"]["toolUse"]["name"] for start in starts] == ["look", "look"]
    assert len({start["start"]["toolUse"]["toolUseId"] for start in starts}) == 2
    written = ["", ""]
    for event in received:
        delta = event.get("contentBlockDelta", {})
        if "toolUse" in delta.get("delta", {}):
            written[delta["contentBlockIndex"] - 1] += delta["delta"]["toolUse"]["input"]
    assert [json.loads(text) for text in written] == [{"path": "a b/ü.py", "lines": [1, 2]}, {}]
    assert received[-2]["messageStop"]["stopReason"] == "tool_use"


def test_converse_says_the_same_as_the_stream(play, bedrock, ask, tools) -> None:
    client = bedrock(play(LOOK))
    streamed = events(client, ask(toolConfig=tools()))[-1]["metadata"]
    answer = client.converse(**ask(toolConfig=tools()))
    text, first, second = answer["output"]["message"]["content"]
    assert text == {"text": "I look first."}
    assert first["toolUse"]["input"] == {"path": "a b/ü.py", "lines": [1, 2]}
    assert second["toolUse"]["input"] == {}
    assert answer["stopReason"] == "tool_use"
    assert answer["usage"] == streamed["usage"]
    assert answer["metrics"] == streamed["metrics"]


def test_a_retried_call_gets_the_same_answer(play, bedrock, ask, tools) -> None:
    client = bedrock(play(LOOK))
    first, again = (client.converse(**ask(toolConfig=tools()))["output"] for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    "model",
    [
        "us.meta.llama3-3-70b-instruct-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
    ],
)
def test_ids_of_all_shapes_arrive_as_they_are(play, bedrock, ask, tools, model) -> None:
    rehearsal = play(LOOK)
    answer = bedrock(rehearsal).converse(**ask(model=model, toolConfig=tools()))
    assert answer["stopReason"] == "tool_use"
    assert rehearsal.calls[-1].model == model


def test_usage_follows_what_is_sent(play, bedrock, ask) -> None:
    client = bedrock(play(HELLO))
    small = client.converse(**ask())["usage"]
    large = client.converse(**ask(system=[{"text": "x" * 4000}]))["usage"]
    assert 1000 <= large["inputTokens"] - small["inputTokens"] <= 1010
    assert small["outputTokens"] == pytest.approx(len(TEXT.encode()) / 4, rel=0.6)
    assert small["totalTokens"] == small["inputTokens"] + small["outputTokens"]


def test_a_script_can_give_usage(play, bedrock, ask) -> None:
    turns = HELLO + "usage = { input = 7, output = 9, cache_read = 100, cache_write = 50 }"
    usage = bedrock(play(turns)).converse(**ask())["usage"]
    assert usage == {
        "inputTokens": 7,
        "outputTokens": 9,
        "totalTokens": 166,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 50,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 50}],
    }


def test_max_tokens_cuts_the_answer_off(play, bedrock, ask) -> None:
    answer = bedrock(play(HELLO)).converse(**ask(inferenceConfig={"maxTokens": 12}))
    assert answer["stopReason"] == "max_tokens"
    assert answer["usage"]["outputTokens"] <= 12
    thought, text = answer["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"]["text"] == "A greeting is asked for."
    assert TEXT.startswith(text["text"]) and len(text["text"]) < len(TEXT)


def test_latency_is_what_the_script_says(play, bedrock, ask) -> None:
    turns = """
[[turn]]
role = "fast_coder"
text = "12345678"
latency_ms = 300
tokens_per_second = 4
"""
    assert bedrock(play(turns)).converse(**ask())["metrics"] == {"latencyMs": 800}


def test_speed_divides_the_delays(play, bedrock, ask) -> None:
    loop = asyncio.new_event_loop()
    turns = (
        f'[[turn]]\nrole = "fast_coder"\ntext = "{"1234567 " * 5}"\nlatency_ms = 10000\ntokens_per_second = 1'
    )
    client = bedrock(play(turns, speed=20))
    started = loop.time()
    events(client, ask())
    assert 0.95 < loop.time() - started < 8
    loop.close()


def test_count_tokens_counts_what_a_call_is_charged_for(play, bedrock, ask, tools) -> None:
    client = bedrock(play(HELLO))
    call = ask(system=[{"text": "Be kind."}], toolConfig=tools())
    charged = client.converse(**call)["usage"]["inputTokens"]
    conversation = {name: call[name] for name in ("messages", "system", "toolConfig")}
    counted = client.count_tokens(modelId=call["modelId"], input={"converse": conversation})
    assert counted["inputTokens"] == charged


def test_claude_5_cannot_be_counted(play, bedrock) -> None:
    with pytest.raises(ClientError, match="doesn't support counting tokens"):
        bedrock(play(HELLO)).count_tokens(
            modelId="us.anthropic.claude-opus-5-5", input={"converse": {"messages": []}}
        )


def test_every_request_is_kept_for_tests(play, bedrock, ask, say) -> None:
    rehearsal = play(HELLO)
    client = bedrock(rehearsal)
    client.converse(**ask())
    events(client, ask(inferenceConfig={}, metadata=None))
    first, second = rehearsal.calls
    assert (first.operation, first.script, first.outcome, first.notes) == (
        "converse",
        "greet",
        "answered",
        (),
    )
    assert first.metadata["node"] == "fast_coder"
    assert first.body["messages"] == [say("Greet the user")]
    assert second.operation == "converse-stream"
    assert "maxTokens is absent" in second.notes[0]


def test_a_client_without_metadata_gets_an_answer(play, bedrock, ask) -> None:
    answer = bedrock(play(HELLO)).converse(**ask(metadata=None))
    assert "nothing more for a client without a role" in answer["output"]["message"]["content"][0]["text"]


@pytest.fixture
def post(play):
    """Send bytes without a client library."""
    address = urlsplit(play(HELLO).url)

    def send(path: str, body: bytes | list[bytes], method: str = "POST"):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=SOON)
        connection.request(method, path, body, encode_chunked=False, headers={"Expect": "100-continue"})
        answer = connection.getresponse()
        received = answer.status, answer.headers["x-amzn-ErrorType"], json.loads(answer.read())
        connection.close()
        return received

    return send


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"messages": 3}', b'{"messages": [{"role": "user"}]}'])
def test_what_is_no_call_is_refused_as_malformed(post, body) -> None:
    status, error, answer = post("/model/m/converse", body)
    assert (status, error) == (400, "ValidationException")
    assert "Malformed" in answer["message"]


def test_a_body_that_breaks_us_is_a_500_and_the_next_call_works(post) -> None:
    broken = {
        "messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "system": [],
        "outputConfig": {"textFormat": 3},
    }
    assert post("/model/m/converse", json.dumps(broken).encode())[:2] == (500, "InternalServerException")
    whole = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    assert post("/model/m/converse", json.dumps(whole).encode())[0] == 200


def test_other_paths_and_methods_are_unknown(post) -> None:
    assert post("/model/m/invoke", b"{}")[:2] == (404, "UnknownOperationException")
    assert post("/model/m/converse", b"", "GET")[:2] == (404, "UnknownOperationException")


async def test_it_can_be_used_in_async_code_and_closed_twice(script) -> None:
    async with Rehearsal([script(HELLO)], speed=0) as rehearsal:
        assert rehearsal.url.startswith("http://127.0.0.1:")
    rehearsal.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(rehearsal.url.rpartition(":")[2]))
