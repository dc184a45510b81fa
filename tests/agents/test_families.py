"""What each family of models wants, under whatever name it is called; and what Strands must never do for us."""

import re

import msgspec
import pytest

from agents.answers import DesignVerdict, Route, Verdict
from agents.catalog import load_catalog
from agents.roster import load_roster
from core.config import BadConfig
from core.events import CallStarted, NodeStarted, Retried
from core.limits import limits
from core.money import to_usd
from core.prices import Usage, load_prices
from tests.support.foreign_bedrock import Refuse, Reply
from tools.registry import TOOLS

RESEARCHER = "You are the researcher"
LOOK = Reply("I look.", (("read_file", {"path": "app.py"}),))
DONE = Reply("Done.")
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
BASES = {
    "claude": "us.anthropic.claude-haiku-5-5",
    "nova": "us.amazon.nova-lite-v1:0",
    "llama": "us.meta.llama3-3-70b-instruct-v1:0",
}
POINTS = {"claude": 3, "nova": 1, "llama": 0}


@pytest.fixture
def profiled(foreign, open_session, roster, isolated):
    """A session whose researcher calls a model by an application inference profile."""

    async def make(family):
        base = BASES[family]
        foreign.profiles = {PROFILE: base}
        team = msgspec.structs.replace(
            roster(researcher=(PROFILE,)), catalog=load_catalog(isolated, {PROFILE: base})
        )
        prices = msgspec.structs.replace(load_prices(), bases={PROFILE: base})
        return await open_session(team, prices=prices)

    return make


@pytest.mark.parametrize("family", BASES)
async def test_an_application_inference_profile_is_the_model_behind_it(family, profiled, foreign):
    """Its price, its window, its cache points, its kind of schemas, and whether tools are streamed."""
    foreign.play(RESEARCHER, LOOK, DONE)
    foreign.usage = lambda _asked: {"inputTokens": 900, "outputTokens": 70, "cacheReadInputTokens": 400}
    told = await (await profiled(family))()
    assert told.end.status == "done", foreign.objections
    assert foreign.objections == []
    assert {asked.model for asked in foreign.requests} == {PROFILE} == {call.model for call in told.calls}
    card = load_catalog().card(BASES[family])
    assert {each.window_tokens for each in told.of(CallStarted)} == {card.window}
    exact = load_prices().cost(BASES[family], Usage(input=900, output=70, cache_read=400))
    assert {call.cost_usd for call in told.calls} == {to_usd(exact)}
    assert all(str(asked.body).count("cachePoint") == POINTS[family] for asked in foreign.requests)
    kind = "converse" if family == "llama" else "converse-stream"
    assert {asked.operation for asked in foreign.requests} == {kind}
    assert all(0 < asked.most <= card.output for asked in foreign.requests)


async def test_a_profile_that_nobody_explained_has_no_price(foreign, open_session, roster):
    told = await (await open_session(roster(researcher=(PROFILE,))))(budget_usd="1")
    assert (told.end.status, told.end.exit_code) == ("failed", 78)
    assert foreign.requests == []


async def test_too_many_tokens_please_wait_is_throttling_and_no_overflow(works, foreign):
    foreign.next(Refuse(400, "ValidationException", "Too many tokens, please wait before trying again."))
    told = await works()
    assert told.end.status == "done"
    (retried,) = told.of(Retried)
    assert "throttles" in retried.reason


@pytest.mark.parametrize("family", BASES)
@pytest.mark.parametrize("stop", ["max_tokens", "tool_use"])
async def test_a_call_cut_off_and_an_empty_tool_turn_in_every_family(
    family, stop, foreign, open_session, roster
):
    """The conversation stays one that the family takes: roles alternate, no text is blank, calls have results."""
    odd = Reply("I read.", (("read_file", {"path": "app.py"}),), stop="max_tokens")
    foreign.next(odd if stop == "max_tokens" else Reply("I call.", stop="tool_use"))
    foreign.play(RESEARCHER, LOOK, DONE)
    told = await (await open_session(roster(researcher=(BASES[family],))))()
    assert told.end.status == "done", (told.end.answer, foreign.objections)
    assert foreign.objections == []


@pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-5-5", "us.anthropic.claude-haiku-5-5"])
async def test_what_a_model_thinks_is_asked_for(model, foreign, open_session, roster):
    """Left to itself, a new Claude says nothing between two tool calls: its words come as thoughts that are left out."""
    foreign.play(RESEARCHER, LOOK, DONE)
    await (await open_session(roster(researcher=(model,))))()
    assert {str(asked.extra["thinking"]) for asked in foreign.requests} == {
        "{'type': 'adaptive', 'display': 'summarized'}"
    }


@pytest.mark.parametrize(
    "model", ["us.anthropic.claude-haiku-4-5-20251001-v1:0", BASES["nova"], BASES["llama"]]
)
async def test_models_that_think_when_told_to_are_told_nothing(model, foreign, open_session, roster):
    foreign.play(RESEARCHER, LOOK, DONE)
    told = await (await open_session(roster(researcher=(model,))))()
    assert told.end.status == "done" and foreign.objections == []
    assert [asked.extra for asked in foreign.requests] == [{}, {}]


async def test_thoughts_that_are_taken_for_another_conversations_are_dropped_by_the_service(works, foreign):
    foreign.play(RESEARCHER, Reply("I look.", (("read_file", {"path": "app.py"}),), thinks=True), DONE)
    bound = Refuse(400, "ValidationException", "thinking blocks are bound to a different conversation")
    foreign.next(bound, when=lambda asked: asked.turn == 1)
    told = await works()
    assert told.end.status == "done" and foreign.objections == []
    assert [str(asked.extra.get("thinking", {}).get("block_binding")) for asked in foreign.requests] == [
        "None", "None", "{'prefix_mismatch_behavior': 'drop_block'}",
    ]  # fmt: skip
    assert told.of(Retried) == []


async def test_a_run_prints_nothing(works, foreign, capfd):
    """Strands' own handler would write what a model says over the screen."""
    foreign.play(RESEARCHER, LOOK, DONE)
    await works()
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


async def test_each_run_has_agents_of_its_own(works, foreign):
    """What one run said is in no conversation of the next."""
    foreign.play(RESEARCHER, LOOK, DONE)
    await works()
    told = await works()
    assert [asked.turn for asked in foreign.requests] == [0, 1, 0, 1]
    assert [each.node for each in told.of(NodeStarted)] == ["researcher", "researcher"]


def test_every_tool_and_answer_has_a_name_that_nova_takes():
    """A dash in a tool's name breaks Nova's tool use."""
    for name in (*TOOLS, "handoff_to_agent"):
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name)
    for answer in (Route, Verdict, DesignVerdict):
        assert re.fullmatch(r"[A-Za-z]{1,64}", answer.__name__)


def test_a_profile_may_stand_in_a_roster(isolated):
    """It is called as it is written."""
    with pytest.raises(BadConfig):
        load_roster("mine", config=isolated, region="us-east-1", scope="global")
    shipped = load_roster("current", config=isolated, region="us-east-1", scope="global")
    text = "\n".join(f'{role} = ["{PROFILE}"]' for role in shipped.roles)
    folder = isolated / "rosters"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(f'title = "Mine"\n[roles]\n{text}\n')
    catalog = load_catalog(isolated, {PROFILE: BASES["claude"]})
    mine = load_roster("mine", config=isolated, region="eu-west-1", scope="global", catalog=catalog)
    assert mine.models() == [PROFILE]
    assert (mine.card(PROFILE).title, mine.card(PROFILE).cache) == ("Claude Haiku 5.5", "claude")


async def test_more_turns_than_one_invocation_of_strands_has(works, foreign, monkeypatch):
    """Its loop recurses, and dies at 321 turns of one invocation: so work is done in segments."""
    few = msgspec.structs.replace(limits().run, node_turns=2)
    monkeypatch.setattr("agents.node.limits", lambda: msgspec.structs.replace(limits(), run=few))
    foreign.play(RESEARCHER, *[Reply("", (("git_status", {}),))] * 14, DONE)
    told = await works()
    assert (told.end.status, len(told.calls)) == ("done", 15)
    assert [asked.turn for asked in foreign.requests] == list(range(15))
