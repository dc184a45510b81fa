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
