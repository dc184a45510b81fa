"""Models behind an OpenAI-compatible endpoint, by the command line: no AWS account, no key on any record."""

import pytest

from tests.support.foreign_openai import ForeignOpenAI

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server():
    with ForeignOpenAI() as found:
        yield found


def test_a_run_with_the_local_roster_needs_no_aws(heddle, server, config, sample):
    config(f'roster = "local"\n[openai]\nbase_url = "{server.base_url}"\nfree = true\n')
    heddle.folder = sample
    result = heddle("run", "What does the API do?", "--output", "stream-json")
    assert result.code == 0, result.err
    assert result.of("session_started")[0]["backend"] == "endpoint"
    (call,) = result.of("model_called")
    assert (call["model"], call["cost_usd"]) == ("openai:qwen3-coder:30b", "0.00")
    assert call["input_tokens"] > 0
    assert heddle("run", "What does the API do?").code == 0


def test_a_key_comes_from_the_variable_that_is_named(heddle, server, config, sample):
    server.key = KEY
    config(
        f'roster = "local"\n[openai]\nbase_url = "{server.base_url}"\nfree = true\nkey_variable = "MY_KEY"\n'
    )
    heddle.folder = sample
    missing = heddle("run", "What does the API do?")
    assert missing.code == 77
    assert "MY_KEY is not set" in missing.err
    heddle.settings["MY_KEY"] = KEY
    result = heddle("run", "What does the API do?", "--output", "stream-json")
    assert result.code == 0, result.err
    assert KEY not in result.out + result.err


def test_an_endpoint_that_bills_needs_prices(heddle, server, config, sample):
    config(f'roster = "local"\n[openai]\nbase_url = "{server.base_url}"\n')
    heddle.folder = sample
    result = heddle("run", "What does the API do?", "--budget", "1")
    assert result.code == 78
    assert "openai:gpt-oss:20b" in result.err or "openai:qwen3-coder:30b" in result.err
    assert "prices.toml" in result.err
    assert server.requests == []


def test_ollama_that_does_not_run_says_how_to_start_it(heddle, config, sample):
    config(
        'roster = "local"\nretry_attempts = 1\n[openai]\nbase_url = "http://127.0.0.1:9/v1"\nfree = true\n'
    )
    heddle.folder = sample
    result = heddle("run", "What does the API do?")
    assert result.code == 75
    assert "ollama serve" in result.err


def test_a_declared_price_of_zero_costs_nothing_under_any_budget(heddle, server, config, sample):
    """With a row of its own in the user's price book, and the endpoint not said to be free."""
    config(f'roster = "local"\n[openai]\nbase_url = "{server.base_url}"\n')
    rows = "".join(
        f'[models."openai:{name}"]\ninput = 0\noutput = 0\n' for name in ("qwen3-coder:30b", "gpt-oss:20b")
    )
    config(rows, "prices.toml")
    heddle.folder = sample
    result = heddle("run", "What does the API do?", "--budget", "0.000000000001", "--output", "stream-json")
    assert result.code == 0, result.err
    assert {call["cost_usd"] for call in result.of("model_called")} == {"0.00"}
    assert {call["reserved_usd"] for call in result.of("call_started")} == {"0.00"}


@pytest.mark.parametrize(
    ("roster", "environ", "guessed"),
    [
        ("local", {}, False),
        ("current", {}, True),
        ("current", {"AWS_PROFILE": "work"}, False),
        ("mine", {}, False),
        ("mixed", {}, True),
        ("broken", {}, True),
    ],
)
def test_the_rehearsals_requests_are_suggested_only_where_it_would_open(
    roster, environ, guessed, config, tmp_path
):
    from argparse import Namespace

    from cli.front import suggestions
    from cli.world import World
    from core.config import Config
    from core.paths import find_home

    config('title = "M"\n[roles]\nrouter = ["openai:a"]\n', "rosters/mine.toml")
    config('title = "M"\n[roles]\nrouter = ["openai:a", "amazon.nova-lite-v1:0"]\n', "rosters/mixed.toml")
    config("title = [", "rosters/broken.toml")
    nowhere = {"AWS_CONFIG_FILE": str(tmp_path / "no"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    world = World(find_home(), Config(roster=roster), nowhere | environ)
    found = suggestions(world, Namespace(command=None, roster=None, scenario=None))
    assert bool(found) == guessed
    assert suggestions(world, Namespace(command="rehearse", roster=None, scenario=None))


def test_the_scenario_that_was_named_is_the_first_to_play(tmp_path):
    from cli.scripts import script_requests

    (tmp_path / "mine.toml").write_text('name = "mine"\nrequest = "Mine"\n')
    usual = script_requests(tmp_path)
    assert usual[:2] == ["Mine", "Add a GET /health endpoint to the API"]
    named = script_requests(tmp_path, "lru-cache")
    assert "LRU cache" in named[0]
    assert sorted(named) == sorted(usual)
    other = tmp_path / "elsewhere" / "own.toml"
    other.parent.mkdir()
    other.write_text('request = "Elsewhere"\n')
    assert script_requests(tmp_path, str(other)) == ["Elsewhere", *usual]
