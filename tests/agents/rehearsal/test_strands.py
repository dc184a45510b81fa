"""Strands' own agent loop over the rehearsal: tools, structured answers, caching, many at once."""

import asyncio
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from botocore.exceptions import ClientError
from pydantic import BaseModel
from strands import Agent, tool
from strands.models import CacheConfig

LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
OPUS = "us.anthropic.claude-opus-5-5"
NOVA = "us.amazon.nova-micro-v1:0"


class Verdict(BaseModel):
    """What the reviewer decided."""

    approved: bool
    must_fix: list[str]


class Route(BaseModel):
    complexity: Literal["SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL"]
    pattern: Literal["graph", "swarm"]
    confidence: float
    reason: str


TURNS = """
[[turn]]
role = "fast_coder"
text = "I look."
[[turn.call]]
name = "look"
arguments.path = "a.py"

[[turn]]
role = "fast_coder"
text = "Done."

[[turn]]
role = "code_reviewer"
[[turn.call]]
name = "look"
arguments.path = "b.py"

[[turn]]
role = "code_reviewer"
answer = { approved = false, must_fix = ["the greeting"] }

[[turn]]
role = "router"
answer = { complexity = "MEDIUM", pattern = "graph", confidence = 0.7, reason = "two files" }
"""


@pytest.fixture
def looked() -> list[str]:
    return []


@pytest.fixture
def look(looked):
    @tool
    def look(path: str) -> str:
        """Look at a file."""
        looked.append(path)
        return f"the text of {path}"

    return look


def test_the_tool_loop(play, strands_model, look, looked) -> None:
    agent = Agent(model=strands_model(play(TURNS)), tools=[look], callback_handler=None)
    result = agent("Please greet the user.")
    assert (str(result).strip(), result.stop_reason, looked) == ("Done.", "end_turn", ["a.py"])
    assert [message["role"] for message in agent.messages] == ["user", "assistant", "user", "assistant"]


def test_a_second_request_in_one_conversation_starts_again(play, strands_model, look, looked) -> None:
    agent = Agent(model=strands_model(play(TURNS)), tools=[look], callback_handler=None)
    agent("Greet the user")
    agent("And again: greet the user")
    assert looked == ["a.py", "a.py"]


def test_llama_works_without_streaming_and_not_with_it(play, strands_model, look) -> None:
    rehearsal = play(TURNS)
    still = strands_model(rehearsal, model=LLAMA, streaming=False)
    assert str(Agent(model=still, tools=[look], callback_handler=None)("Greet the user")).strip() == "Done."
    streaming = strands_model(rehearsal, model=LLAMA)
    with pytest.raises(ClientError, match="doesn't support tool use in streaming mode"):
        Agent(model=streaming, tools=[look], callback_handler=None)("Greet the user")


@pytest.mark.parametrize("model", [NOVA, OPUS, "us.anthropic.claude-haiku-5-5"])
def test_a_structured_answer_comes_after_the_tools(play, strands_model, look, looked, model) -> None:
    agent = Agent(
        model=strands_model(play(TURNS), "code_reviewer", model), tools=[look], callback_handler=None
    )
    result = agent("Greet the user", structured_output_model=Verdict)
    assert result.structured_output == Verdict(approved=False, must_fix=["the greeting"])
    assert looked == ["b.py"]


ONLY_WORDS = """
[[turn]]
role = "code_reviewer"
text = "I have read it all."

[[turn]]
role = "code_reviewer"
round = 2
answer = { approved = true, must_fix = [] }
"""


@pytest.mark.parametrize("model", [NOVA, OPUS])
def test_an_answer_that_was_forgotten_is_forced_and_is_honest(play, strands_model, model) -> None:
    """Nova is forced to call the tool; Opus refuses that, and gets Strands' native JSON format."""
    rehearsal = play(ONLY_WORDS)
    agent = Agent(model=strands_model(rehearsal, "code_reviewer", model), callback_handler=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = agent("Greet the user", structured_output_model=Verdict)
    verdict = result.structured_output
    assert isinstance(verdict, Verdict)
    assert not verdict.approved
    assert "no model has read this work" in verdict.must_fix[0]


def test_the_router_answers_in_one_call(play, strands_model) -> None:
    rehearsal = play(TURNS)
    agent = Agent(model=strands_model(rehearsal, "router", NOVA), callback_handler=None)
    route = agent("Greet the user", structured_output_model=Route).structured_output
    assert route == Route(complexity="MEDIUM", pattern="graph", confidence=0.7, reason="two files")
    assert len(rehearsal.calls) == 1


def test_a_request_that_no_script_covers_is_answered_honestly(play, strands_model, look) -> None:
    rehearsal = play(TURNS)
    router = Agent(model=strands_model(rehearsal, "router", NOVA), callback_handler=None)
    route = router("Rewrite everything in Rust", structured_output_model=Route).structured_output
    assert isinstance(route, Route)
    assert (route.complexity, "rehearsal" in route.reason) == ("SIMPLE", True)
    coder = Agent(model=strands_model(rehearsal), tools=[look], callback_handler=None)
    answer = str(coder("Rewrite everything in Rust"))
    assert "This is the rehearsal" in answer
    assert "- Greet the user" in answer
    assert "heddle doctor" in answer
    assert [call.script for call in rehearsal.calls] == ["", ""]


def test_strands_cache_points_write_first_and_read_later(play, strands_model, look) -> None:
    model = strands_model(play(TURNS), cache_config=CacheConfig(strategy="auto", tools_ttl=True))
    agent = Agent(model=model, tools=[look], system_prompt="Rules. " * 1000, callback_handler=None)
    agent("Greet the user")
    first, second = (
        message["metadata"]["usage"] for message in agent.messages if message["role"] == "assistant"
    )
    assert first["cacheWriteInputTokens"] > 1700
    assert first.get("cacheReadInputTokens", 0) == 0
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert 0 < second["cacheWriteInputTokens"] < 200


async def test_twenty_streams_at_once(play, strands_model, look, looked) -> None:
    """All are under way together: each needs half a second at least, and they take far less than ten."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(24))
    turns = TURNS.replace('text = "I look."', 'text = "I look."\nlatency_ms = 250').replace(
        'text = "Done."', 'text = "Done."\nlatency_ms = 250'
    )
    rehearsal = play(turns, speed=1)
    model = strands_model(rehearsal)
    agents = [Agent(model=model, tools=[look], callback_handler=None) for _ in range(20)]
    started = asyncio.get_running_loop().time()
    results = await asyncio.gather(*(agent.invoke_async("Greet the user") for agent in agents))
    assert [str(result).strip() for result in results] == ["Done."] * 20
    assert len(looked) == 20
    assert len(rehearsal.calls) == 40
    assert asyncio.get_running_loop().time() - started < 8
