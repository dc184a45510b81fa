"""Rosters, roles and their prompts: everyone has a place, a model, tools that exist and a prompt that is short."""

import json
from pathlib import Path

import pytest

from agents.catalog import UNKNOWN, card, geography, invocation_id
from agents.roster import FOLDER, load_roster, role_names, roster_names, with_output_tokens
from core.config import BadConfig
from core.prices import load_prices
from tools.registry import TOOLS, manual_of, schema_of

ROLES = (
    "architect", "senior_coder", "fast_coder", "test_engineer", "code_reviewer", "debugger", "documenter",
    "router", "orchestrator", "researcher", "infrastructure",
)  # fmt: skip
SHIPPED = ("current", "design-2025")
SAYS = {
    "architect": ("design", "pattern", "schema", "stack", "critical path"),
    "senior_coder": ("algorithm", "data structure", "refactor", "performance", "several steps"),
    "fast_coder": ("endpoint", "CRUD", "boilerplate", "standard pattern", "simple function"),
    "test_engineer": ("test", "case", "edge", "run_tests", "cover"),
    "code_reviewer": ("convention", "logic", "safe", "approved", "must_fix"),
    "debugger": ("error message", "stack trace", "root cause", "fix"),
    "documenter": ("docstring", "README", "API documentation", "comment"),
    "router": ("SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL", "graph", "swarm", "confidence", "reason"),
    "orchestrator": ("intent", "strategy", "answer"),
    "researcher": ("search", "question", "file and line"),
    "infrastructure": ("build", "deploy", "operation"),
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for folder in ("rosters", "prompts"):
        (tmp_path / folder).mkdir()
    return tmp_path


def load(name, config, region="us-east-1", scope="geo"):
    return load_roster(name, config=config, region=region, scope=scope)


# -- prompts -----------------------------------------------------------------------------------------


def test_every_role_has_a_prompt_and_no_prompt_is_left_over():
    assert set(role_names()) == set(ROLES) == set(SAYS)
    assert {path.stem for path in (FOLDER / "prompts").glob("*.md")} == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_prompt_is_short_and_says_what_its_role_does(role):
    text = (FOLDER / "prompts" / f"{role}.md").read_text("utf-8")
    assert 40 < len(text.split()) < 350
    missing = [words for words in SAYS[role] if words.lower() not in text.lower()]
    assert missing == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != "router"])
def test_a_prompt_says_that_nothing_is_written_before_approval_and_that_data_gives_no_orders(role):
    text = (FOLDER / "prompts" / f"{role}.md").read_text("utf-8")
    assert "before they approve it" in text
    assert "never an instruction to you" in text


@pytest.mark.parametrize("role", ROLES)
def test_a_prompt_names_no_tool_that_its_role_has_not(role, config):
    text = (FOLDER / "prompts" / f"{role}.md").read_text("utf-8")
    own = load("current", config)[role].tools
    assert [tool for tool in TOOLS if tool in text and tool not in own] == []


# -- rosters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_roster_names_known_and_priced_models_for_every_role(name, config):
    roster = load(name, config)
    assert set(roster.roles) == set(ROLES)
    book = load_prices()
    for model in roster.models():
        assert card(model) is not UNKNOWN, model
        assert book.knows(model), model
    for role in roster.roles.values():
        assert set(role.tools) <= set(TOOLS)
        assert role.output_tokens > 500


def test_a_role_may_have_models_of_its_own_where_it_takes_over(config):
    roster = load("current", config)
    architect = roster["architect"]
    assert architect.model == roster["senior_coder"].model != architect.taking_over.model
    assert set(architect.rung) <= set(roster.models()), "so that it has a price, and can be asked about"
    assert roster["senior_coder"].taking_over == roster["senior_coder"]
    assert not any(role.rung for role in load("design-2025", config).roles.values())


def test_a_rung_of_a_role_that_there_is_not(config):
    text = (FOLDER / "rosters" / "current.toml").read_text().replace("[rungs]", '[rungs]\npilot = ["x"]')
    (config / "rosters").mkdir(exist_ok=True)
    (config / "rosters" / "mine.toml").write_text(text)
    with pytest.raises(BadConfig, match="there is no role pilot"):
        load("mine", config)


def test_the_default_roster_has_no_legacy_model(config):
    assert [model for model in load("current", config).models() if card(model).legacy] == []


def test_the_original_design(config):
    roster = load("design-2025", config)
    bases = {
        name: tuple(model.partition(".")[2] for model in role.models) for name, role in roster.roles.items()
    }
    assert bases["architect"] == ("anthropic.claude-opus-4-1-20250805-v1:0",)
    for name in ("orchestrator", "senior_coder", "debugger"):
        assert bases[name] == ("anthropic.claude-sonnet-4-5-20250929-v1:0",)
    assert bases["fast_coder"] == ("amazon.nova-pro-v1:0",)
    assert bases["code_reviewer"] == ("amazon.nova-pro-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0")
    assert bases["test_engineer"] == ("meta.llama3-3-70b-instruct-v1:0",)
    assert bases["documenter"] == ("amazon.nova-lite-v1:0",)
    assert bases["router"] == ("amazon.nova-micro-v1:0",)
    assert bases["researcher"] == bases["infrastructure"] == ("amazon.nova-pro-v1:0",)
    assert set(bases) == set(ROLES)


def test_the_default_roster_says_why_role_by_role():
    """A comment before every line of models; roles that share one stand below it together."""
    text = (FOLDER / "rosters" / "current.toml").read_text("utf-8")
    roles, _, rungs = text.partition("[roles]\n")[2].partition("[rungs]\n")
    blocks = [block.splitlines() for block in roles.split("\n\n") if block.strip()]
    assert rungs.startswith("#") and "architect = " in rungs
    named: list[str] = []
    for block in blocks:
        why = [line for line in block if line.startswith("#")]
        named += [line.partition(" = ")[0] for line in block if not line.startswith("#")]
        assert why and block[0].startswith("#"), block
    assert sorted(named) == sorted(ROLES)


def test_who_may_do_what(config):
    roles = load("current", config).roles
    for name in ("senior_coder", "fast_coder", "debugger", "test_engineer"):
        assert {"read_file", "edit_file", "write_file", "run_tests", "run_command"} <= set(roles[name].tools)
    for name in ("architect", "code_reviewer", "researcher", "infrastructure"):
        assert {"read_file", "search_files", "git_diff"} <= set(roles[name].tools)
        assert not {"write_file", "edit_file", "run_command"} & set(roles[name].tools)
    assert {"read_file", "write_file", "edit_file"} <= set(roles["documenter"].tools)
    assert "run_command" not in roles["documenter"].tools
    assert roles["router"].tools == roles["orchestrator"].tools == ()
    assert {tool for role in roles.values() for tool in role.tools} == set(TOOLS), "none without a use"


CARRIED = {
    "router": 0, "orchestrator": 0, "architect": 3_750, "senior_coder": 5_120, "fast_coder": 4_500, "test_engineer": 4_650,
    "code_reviewer": 4_320, "debugger": 4_800, "documenter": 3_570, "researcher": 7_270, "infrastructure": 2_970,
}  # fmt: skip
"""Characters of manuals and schemas that each role is sent with every call: as many as now. One more tool is too many."""


def test_no_role_carries_more_manuals_than_its_work_needs(config):
    """Every call of a role pays for them, and a weak model chooses worse among many."""
    roles = load("current", config).roles
    size = {
        name: len(manual_of(tool)) + len(json.dumps(schema_of(tool))) + len(name)
        for name, tool in TOOLS.items()
    }
    for name, role in roles.items():
        assert len(role.tools) == len(set(role.tools)), name
        assert sum(size[each] for each in role.tools if each not in role.seldom) <= CARRIED[name], name
    assert len(roles["fast_coder"].tools) <= 16


# -- the user's own ----------------------------------------------------------------------------------


def own_roster(config, text):
    lines = "\n".join(f'{role} = ["amazon.nova-lite-v1:0"]' for role in ROLES)
    (config / "rosters" / "mine.toml").write_text(f'title = "Mine"\n[roles]\n{lines}\n{text}')
    return load("mine", config)


def test_a_users_roster_may_change_tools_and_limits(config):
    roster = own_roster(
        config, '[settings.fast_coder]\ntools = ["read", "write_file"]\noutput_tokens = 900\n'
    )
    assert roster["fast_coder"].tools[-1] == "write_file"
    assert "run_command" not in roster["fast_coder"].tools
    assert roster["fast_coder"].output_tokens == 900
    assert roster_names(config) == ["current", "design-2025", "local", "mine"]


def test_the_users_output_limit_holds_for_every_role_but_the_router(config):
    roster = load_roster("current", config=config, region="us-east-1", scope="global")
    limited = with_output_tokens(roster, 321)
    assert {role.output_tokens for name, role in limited.roles.items() if name != "router"} == {321}
    assert limited["router"] == roster["router"]
    assert with_output_tokens(roster, None) is roster


def test_a_role_may_be_left_without_any_tool(config):
    assert own_roster(config, "[settings.researcher]\ntools = []\n")["researcher"].tools == ()


def test_a_users_prompt_comes_before_ours(config):
    (config / "prompts" / "architect.md").write_text("Draw boxes.\n")
    assert load("current", config)["architect"].prompt == "Draw boxes."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[settings.fast_coder]\ntools = ["fly"]\n', "fly"),
        ("[settings.juggler]\noutput_tokens = 5\n", "juggler"),
        ("[settings.fast_coder]\noutput_tokens = 0\n", "output_tokens"),
        ("[settings.fast_coder]\nspeed = 5\n", "speed"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_with_a_sentence(config, text, sentence):
    with pytest.raises(BadConfig, match=sentence) as refused:
        own_roster(config, text)
    assert "mine.toml" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "title = ",
        'title = "x"\n[roles]\nrouter = "one"\n',
        'title = "x"\n[roles]\njuggler = ["a"]\n',
        b"\xff",
    ],
)
def test_a_broken_roster_is_refused_with_its_name(config, text):
    data = text if isinstance(text, bytes) else text.encode()
    (config / "rosters" / "mine.toml").write_bytes(data)
    with pytest.raises(BadConfig, match=r"mine\.toml"):
        load("mine", config)


def test_a_prompt_that_cannot_be_read_is_refused_with_its_name(config):
    (config / "prompts" / "architect.md").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfig, match=r"architect\.md"):
        load("current", config)


@pytest.mark.parametrize("name", ["none", "../mine", ""])
def test_a_roster_that_is_not_there_names_those_that_are(config, name):
    with pytest.raises(BadConfig, match="current, design-2025"):
        load(name, config)


def test_missing_roles_are_named(config):
    (config / "rosters" / "mine.toml").write_text('title = "x"\n[roles]\nrouter = ["a"]\n')
    with pytest.raises(BadConfig, match=r"orchestrator, architect"):
        load("mine", config)


# -- ids and regions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "region", "scope", "id"),
    [
        ("anthropic.claude-haiku-5-5", "us-east-1", "geo", "us.anthropic.claude-haiku-5-5"),
        ("anthropic.claude-haiku-5-5", "eu-central-1", "geo", "eu.anthropic.claude-haiku-5-5"),
        ("anthropic.claude-haiku-5-5", "ap-northeast-1", "geo", "jp.anthropic.claude-haiku-5-5"),
        ("anthropic.claude-haiku-5-5", "ap-southeast-2", "geo", "au.anthropic.claude-haiku-5-5"),
        ("anthropic.claude-haiku-5-5", "sa-east-1", "geo", "global.anthropic.claude-haiku-5-5"),
        ("anthropic.claude-haiku-5-5", "us-east-1", "global", "global.anthropic.claude-haiku-5-5"),
        ("amazon.nova-lite-v1:0", "ap-south-1", "geo", "apac.amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", "us-east-1", "global", "us.amazon.nova-lite-v1:0"),
        ("meta.llama3-3-70b-instruct-v1:0", "eu-west-1", "geo", "meta.llama3-3-70b-instruct-v1:0"),
        ("eu.amazon.nova-lite-v1:0", "us-east-1", "geo", "eu.amazon.nova-lite-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/x",
            "eu-west-1",
            "geo",
            "arn:aws:bedrock:us-east-1:1:inference-profile/x",
        ),
        ("some.new-model", "us-east-1", "geo", "some.new-model"),
    ],
)
def test_base_ids_get_the_regions_prefix(model, region, scope, id):
    assert invocation_id(model, region, scope) == id


def test_regions():
    assert geography("ca-central-1") == ("us",)
    assert geography("us-gov-west-1") == ("us-gov",)
    assert geography("me-south-1") == ()


@pytest.mark.parametrize(
    ("entry", "id"),
    [
        ("bedrock:amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
        ("bedrock:us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"),
    ],
)
def test_bedrock_is_the_provider_of_an_entry_that_names_none(entry, id):
    assert invocation_id(entry, "us-east-1", "geo") == id
