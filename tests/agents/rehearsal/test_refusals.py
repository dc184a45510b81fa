"""What Bedrock refuses, the rehearsal refuses, in the same words where they are known."""

import pytest
from botocore.exceptions import ClientError

from agents.rehearsal.refusals import claude_version, refuses_counting

SONNET_46 = "us.anthropic.claude-sonnet-4-6"
OPUS = "us.anthropic.claude-opus-5-5"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
POINT = {"cachePoint": {"type": "default"}}


@pytest.fixture
def call(play, bedrock, ask):
    client = bedrock(play('[[turn]]\nrole = "fast_coder"\ntext = "yes"'))

    def send(*messages, streamed: bool = False, **more) -> str:
        """The refusal's words, or nothing."""
        try:
            (client.converse_stream if streamed else client.converse)(**ask(*messages, **more))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"
            return error.response["Error"]["Message"]
        return ""

    return send


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
        ("anthropic.claude-sonnet-4-20250514-v1:0", (4, 0)),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", (3, 5)),
        ("global.anthropic.claude-opus-5", (5, 0)),
        ("anthropic.claude-opus-4-6-v1", (4, 6)),
        (NOVA, None),
    ],
)
def test_the_version_of_a_claude_model(model, version) -> None:
    assert claude_version(model) == version


def test_which_models_cannot_be_counted() -> None:
    assert refuses_counting(OPUS)
    assert not refuses_counting(SONNET_46)
    assert not refuses_counting(NOVA)


def test_tools_in_a_llama_stream(call, tools) -> None:
    assert "tool use in streaming mode" in call(model=LLAMA, toolConfig=tools(), streamed=True)
    assert call(model=LLAMA, streamed=True) == ""
    assert call(model=LLAMA, toolConfig=tools()) == ""


@pytest.mark.parametrize("kind", ["any", "tool"])
def test_forced_tools(call, tools, kind) -> None:
    choice = {"any": {}} if kind == "any" else {"tool": {"name": "look"}}
    forced = tools(choice)
    assert f"toolConfig.toolChoice.{kind} field" in call(model=LLAMA, toolConfig=forced)
    assert '"tool" and "any" are not supported' in call(model=OPUS, toolConfig=forced)
    assert call(model="us.anthropic.claude-haiku-5-5", toolConfig=forced) == ""
    assert call(model=OPUS, toolConfig=tools({"auto": {}})) == ""


@pytest.mark.parametrize(
    ("model", "refused"),
    [
        (OPUS, True),
        ("us.anthropic.claude-sonnet-5", True),
        ("us.anthropic.claude-opus-4-7", True),
        ("us.anthropic.claude-haiku-5-5", True),
        (SONNET_46, False),
        (NOVA, False),
    ],
)
def test_temperature_on_the_new_claude_models(call, model, refused) -> None:
    message = call(model=model, inferenceConfig={"maxTokens": 100, "temperature": 0.2})
    assert message == ("`temperature` is deprecated for this model." if refused else "")
    extra = call(model=model, additionalModelRequestFields={"top_k": 5})
    assert extra == ("`top_k` is deprecated for this model." if refused else "")


def test_prefill_on_the_new_claude_models(call) -> None:
    prefill = {"role": "assistant", "content": [{"text": "{"}]}
    assert "prefill" in call(prefill, model=SONNET_46)
    assert call(prefill, model="us.anthropic.claude-sonnet-4-5-20250929-v1:0") == ""


def test_a_bare_claude_id_needs_a_profile(call) -> None:
    assert "on-demand throughput isn’t supported" in call(model="anthropic.claude-sonnet-4-6")
    assert call(model="anthropic.claude-3-5-haiku-20241022-v1:0") == ""
    assert call(model="amazon.nova-micro-v1:0") == ""


def test_cache_points_of_claude(call, tools) -> None:
    system = [{"text": "a"}, POINT, {"text": "b"}, POINT, {"text": "c"}, POINT, {"text": "d"}, POINT]
    assert call(system=system) == ""
    with_tools = tools()
    with_tools["tools"].append(POINT)
    assert "maximum of 4" in call(system=system, toolConfig=with_tools)


def test_an_hour_must_stand_before_five_minutes(call, tools) -> None:
    hour = {"cachePoint": {"type": "default", "ttl": "1h"}}
    config = tools()
    assert call(system=[{"text": "a"}, hour, {"text": "b"}, POINT]) == ""
    assert "must not come after" in call(system=[{"text": "a"}, POINT, {"text": "b"}, hour])
    config["tools"].append(POINT)
    assert "must not come after" in call(system=[{"text": "a"}, hour], toolConfig=config)
    config["tools"][-1] = hour
    assert call(system=[{"text": "a"}, hour], toolConfig=config) == ""


def test_old_claude_knows_no_hour(call) -> None:
    hour = {"cachePoint": {"type": "default", "ttl": "1h"}}
    old = "us.anthropic.claude-opus-4-1-20250805-v1:0"
    assert "extraneous key [ttl]" in call(model=old, system=[{"text": "a"}, hour])
    assert call(model=old, system=[{"text": "a"}, POINT]) == ""


def test_cache_points_of_nova(call, tools, exchange) -> None:
    with_tools = tools()
    with_tools["tools"].append(POINT)
    refused = "extraneous key [cachePoint] is not permitted"
    assert call(model=NOVA, system=[{"text": "a"}, POINT]) == ""
    assert refused in call(model=NOVA, toolConfig=with_tools)
    use, given = exchange()
    given["content"].append(POINT)
    assert refused in call(use, given, model=NOVA, toolConfig=tools())
    assert call(use, given, toolConfig=tools()) == ""


def test_other_families_take_no_cache_point(call) -> None:
    assert "cachePoint" in call(model=LLAMA, system=[{"text": "a"}, POINT])


def test_tool_results_must_match_the_calls(call, tools, exchange, say) -> None:
    use, given = exchange()
    config = tools()
    assert call(use, given, toolConfig=config) == ""
    assert "Expected toolResult blocks at messages.2.content for the following Ids: t1" in call(
        use, say("never mind"), toolConfig=config
    )
    assert "exceeds the number of toolUse blocks" in call(say("well"), given, toolConfig=config)
    assert "toolConfig field must be defined" in call(use, given)


def test_blank_text(call, say) -> None:
    assert "messages.1.content.0 is blank" in call(say(" \n"))


def test_a_conversation_starts_with_the_user(call) -> None:
    answer = {"role": "assistant", "content": [{"text": "hello"}]}
    assert "must start with a user message" in call(messages=[answer])


def test_names_and_metadata_have_an_alphabet(call, tools) -> None:
    assert "failed to satisfy constraint" in call(toolConfig=tools(**{"read file": {}}))
    assert "requestMetadata" in call(metadata={"role": "fast_coder", "node": "«1»"})
    assert call(metadata={"role": "fast_coder", "node": "a b:_@$#=/+,-.9"}) == ""


def test_more_tokens_than_nova_can_write(call) -> None:
    assert "exceeds the model limit of 10000" in call(model=NOVA, inferenceConfig={"maxTokens": 10_001})
    assert call(model=NOVA, inferenceConfig={"maxTokens": 10_000}) == ""
