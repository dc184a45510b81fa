"""What goes over the wire: who asks, how much may be answered, and what each family of models accepts."""

import pytest

from core.budgets import Allowance
from core.events import Failed, ModelCalled, NodeStarted, Retried
from core.wish import Wish
from tests.support.foreign_bedrock import MADE, Refuse, Reply

REQUEST = "Add a line that says hello"
WRITES = Reply("I change it.", (("write_file", {"path": "hello.py", "content": MADE}),))
DONE = Reply("Done.")


async def whole_run(works, foreign):
    foreign.play("You are the fast coder", WRITES, DONE)
    foreign.play("You are the test engineer", Reply("I look.", (("git_diff", {}),)), DONE)
    foreign.play("You are the documenter", DONE)
    return await works(REQUEST)


async def test_every_request_says_who_asks_and_how_much_may_be_answered(works, foreign):
    told = await whole_run(works, foreign)
    assert told.end.status == "done"
    assert foreign.objections == []
    assert len(foreign.requests) == len(told.calls) == 7
    for asked, call in zip(foreign.requests, told.calls, strict=True):
        metadata = asked.metadata
        assert metadata["app"] == "heddle"
        assert metadata["session"] == works.session.id
        assert metadata["run"] == "r1"
        assert (metadata["node"], metadata["role"], asked.model) == (call.node, call.role, call.model)
        assert asked.most > 0
        assert set(asked.body["inferenceConfig"]) == {"maxTokens"}
    roles = [each.role for each in told.of(NodeStarted)]
    assert roles == ["router", "fast_coder", "test_engineer", "code_reviewer", "documenter"]


async def test_botocore_tries_once(works, foreign):
    foreign.next(Refuse(500, "InternalServerException"), times=2)
    told = await works()
    assert len(foreign.requests) == len(told.calls) == 3
    assert len(told.of(Retried)) == 2
    attempts = [asked.headers.get("amz-sdk-request", "attempt=1") for asked in foreign.requests]
    assert all("attempt=1" in each for each in attempts)


async def test_claude_gets_cache_points_on_tools_system_and_the_last_message(works, foreign):
    foreign.play("You are the researcher", Reply("I look.", (("read_file", {"path": "app.py"}),)), DONE)
    await works()
    for asked in foreign.requests:
        assert "claude" in asked.model
        assert "cachePoint" in asked.body["toolConfig"]["tools"][-1]
        assert "cachePoint" in asked.body["system"][-1]
        last = [index for index, message in enumerate(asked.messages) if "cachePoint" in str(message)]
        assert last == [len(asked.messages) - 1]


async def test_a_node_of_one_call_writes_no_cache_that_nobody_reads(works, foreign):
    hands_on = ("handoff_to_agent", {"agent_name": "infrastructure", "message": "one worker"})
    foreign.play("You are the researcher", Reply("Not my part.", (hands_on,)))
    foreign.play("You are the infrastructure", Reply("One worker serves all."))
    foreign.play("You are the orchestrator", Reply("Start four."))
    told = await works("How should we implement this?", pattern="swarm")
    assert told.end.status == "done"
    (asked,) = foreign.of("You are the orchestrator")
    assert "claude" in asked.model and "toolConfig" not in asked.body
    assert "cachePoint" not in str(asked.body)


async def test_the_prefix_of_a_conversation_stays_byte_for_byte(works, foreign):
    foreign.play("You are the researcher", Reply("I look.", (("read_file", {"path": "app.py"}),)), DONE)
    await works()
    first, second = foreign.requests
    assert first.body["system"] == second.body["system"]
    assert first.body["toolConfig"] == second.body["toolConfig"]
    assert first.messages[0]["content"][0] == second.messages[0]["content"][0]


async def test_nova_gets_flat_schemas_and_a_cache_point_in_the_system_prompt_only(
    foreign, open_session, roster
):
    nova = "us.amazon.nova-pro-v1:0"
    everyone = dict.fromkeys(roster().roles, (nova,))
    works = await open_session(roster(**everyone))
    told = await whole_run(works, foreign)
    assert told.end.status == "done"
    assert foreign.objections == []
    for asked in foreign.requests:
        assert all(set(schema) <= {"type", "properties", "required"} for schema in asked.tools.values())
        assert str(asked.body).count("cachePoint") == 1
        assert "cachePoint" in asked.body["system"][-1]


async def test_llama_goes_through_converse_without_tool_choice(foreign, open_session):
    works = await open_session("design-2025")
    told = await whole_run(works, foreign)
    assert told.end.status == "done"
    llama = [asked for asked in foreign.requests if "llama" in asked.model]
    assert [asked.operation for asked in llama] == ["converse", "converse"]
    assert all(asked.choice is None and asked.tools for asked in llama)
    assert {asked.operation for asked in foreign.requests} == {"converse", "converse-stream"}
    assert foreign.objections == []


async def test_the_original_designs_reviewer_falls_back_to_haiku(foreign, open_session):
    works = await open_session("design-2025")
    legacy = Refuse(404, "ResourceNotFoundException", "This Model is marked by provider as Legacy …")
    foreign.next(legacy, when=lambda asked: "You are the code reviewer" in asked.system)
    told = await whole_run(works, foreign)
    assert told.end.status == "done"
    reviewers = [call.model for call in told.calls if call.role == "code_reviewer"]
    assert reviewers == ["us.amazon.nova-pro-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"]
    assert foreign.objections == []


@pytest.mark.parametrize("role", ["router", "code_reviewer"])
@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-sonnet-5-5",
        "us.anthropic.claude-haiku-5-5",
        "us.amazon.nova-lite-v1:0",
        "us.meta.llama3-3-70b-instruct-v1:0",
    ],
)
async def test_a_structured_answer_comes_from_every_family_even_at_the_second_asking(
    foreign, open_session, roster, role, model
):
    works = await open_session(roster(**{role: (model,)}))
    phrase = "You are the router" if role == "router" else "You are the code reviewer"
    foreign.next(Reply("I think that it is fine."), when=lambda asked: phrase in asked.system)
    told = await whole_run(works, foreign)
    assert told.end.status == "done"
    assert len([call for call in told.calls if call.role == role]) == 2
    assert foreign.objections == []


async def test_a_model_without_a_price_is_not_called(foreign, open_session, roster):
    works = await open_session(roster(researcher=("us.amazon.nova-9-v1:0",)))
    told = await works()
    assert foreign.requests == []
    assert (told.end.status, told.end.exit_code) == ("failed", 78)
    assert told.of(Failed)[0].kind == "unpriced_model"
    assert "prices.toml" in told.of(Failed)[0].advice
    assert told.of(ModelCalled) == []


async def test_twenty_nodes_work_side_by_side(foreign, open_session, roster, project):
    """All twenty streams are open at once: none ends before the last one has begun."""
    import asyncio
    import threading

    from agents.aws import connect
    from agents.board import Board
    from agents.company import Company
    from agents.node import Assignment, NodeAgent
    from agents.retry import Breaker, default_policy
    from core.ledger import Budget
    from core.prices import load_prices
    from core.run import Run

    async def nothing(*_: object) -> list[str]:
        return []

    all_there = threading.Event()
    foreign.play("You are the researcher", Reply("Done.", hold=all_there))
    company = Company(roster(), connect(), default_policy(), Breaker())

    async def node(number: int) -> str:
        run = Run(
            id=f"r{number}", session="s", request="?", wish=Wish(), past=(), allowance=Allowance(Budget(None)),
            prices=load_prices(), record=nothing, settle=nothing, interactive=False,
        )  # fmt: skip

        async def prompt() -> str:
            return "Look."

        role = company.roster["researcher"]
        agent = NodeAgent(company, Board(run), Assignment(role, prompt, lambda: ""))
        async for event in agent.stream_async():
            if "result" in event:
                return str(event["result"]).strip()
        return ""

    await open_session()
    working = asyncio.gather(*(node(number) for number in range(20)))
    await asyncio.to_thread(foreign.wait_for, lambda requests: len(requests) == 20)
    all_there.set()
    assert await working == ["Done."] * 20
