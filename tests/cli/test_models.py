"""`heddle models`: what each role has, and whether this account can call it; over loopback endpoints."""

import json

import pytest

from core.money import to_pico
from core.prices import Usage, load_prices
from tests.support.foreign_bedrock import ForeignBedrock, Refuse
from tests.support.foreign_openai import ForeignOpenAI
from tests.support.scripted import bedrock_at

FORM = Refuse(
    404, "ResourceNotFoundException", "Model use case details have not been submitted for this account."
)
DENIED = Refuse(
    403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
)
MISSING = Refuse(400, "ValidationException", "The provided model identifier is invalid.")


@pytest.fixture
def bedrock(heddle):
    with ForeignBedrock() as server:
        heddle.settings |= bedrock_at(server.url)
        yield server


def rows(result):
    return json.loads(result.out)


def test_every_role_with_model_price_abilities_and_end(heddle):
    result = heddle("models", "--roster", "design-2025", "--output", "json")
    assert result.code == 0, result.err
    lines = rows(result)
    assert len({line["role"] for line in lines}) == 11
    tests = next(line for line in lines if line["role"] == "test_engineer")
    assert (tests["title"], tests["input_usd"], tests["output_usd"]) == ("Llama 3.3 70B", "0.72", "0.72")
    assert (tests["stream_tools"], tests["cache"], tests["window"]) == (False, False, 128_000)
    architect = next(line for line in lines if line["role"] == "architect")
    assert (architect["legacy"], architect["end_of_life"]) == (True, "2027-01-08")
    assert all(line["check"] is None for line in lines)
    text = heddle("models", "--roster", "design-2025").out
    for words in ("ends 2027-01-08", "no streaming with tools", "Legacy", "heddle models --check"):
        assert words in text


def test_models_of_a_role_that_takes_over_are_told_apart(heddle):
    lines = rows(heddle("models", "--offline", "--output", "json"))
    architect = [
        (line["title"], line["position"], line["rung"]) for line in lines if line["role"] == "architect"
    ]
    assert architect == [
        ("Claude Sonnet 5.5", 1, False),
        ("Claude Haiku 5.5", 2, False),
        ("Claude Opus 5.5", 1, True),
        ("Claude Sonnet 5.5", 2, True),
    ]
    assert "  taking over   Claude Opus 5.5" in heddle("models", "--offline").out


def test_a_price_is_what_the_region_makes_of_it(heddle, config):
    config('scope = "geo"\n')
    lines = rows(heddle("models", "--output", "json"))
    sonnet = next(line for line in lines if line["model"] == "us.anthropic.claude-sonnet-5-5")
    assert (sonnet["input_usd"], sonnet["output_usd"]) == ("2.20", "11.00")


def test_a_check_asks_each_model_once_for_one_token_and_says_what_it_cost(heddle, bedrock):
    result = heddle("models", "--check", "--output", "json")
    assert result.code == 0, result.err
    checks = {line["model"]: line["check"] for line in rows(result)}
    assert sorted(asked.model for asked in bedrock.requests) == sorted(checks)
    assert {asked.most for asked in bedrock.requests} == {1}
    assert all(asked.tools == {} and "cachePoint" not in str(asked.body) for asked in bedrock.requests)
    assert all(check["callable"] and check["verdict"] == "callable" for check in checks.values())
    asked = bedrock.requests[0]
    exact = load_prices().cost(asked.model, Usage(input=asked.size // 4, output=1))
    assert to_pico(checks[asked.model]["cost_usd"]) == exact
    text = heddle("models", "--check")
    assert "6 models for one token each" in text.err
    assert "6 of 6 models can be called. Asking them cost $0.0" in text.out or "<$0.0001" in text.out
    assert bedrock.objections == []


def test_a_check_tells_no_access_no_model_and_the_form_apart(heddle, bedrock):
    for answer, model in ((FORM, "opus"), (DENIED, "nova-pro"), (MISSING, "nova-micro")):
        bedrock.next(answer, times=9, when=lambda asked, model=model: model in asked.model)
    result = heddle("models", "--check")
    assert result.code in (77, 78)
    for words in ("ACCESS DENIED", "USE CASE FORM MISSING", "NOT FOUND", "3 of 6 models can be called"):
        assert words in result.out
    assert "wait 15 minutes" in result.out
    lines = rows(heddle("models", "--check", "--output", "json"))
    found = {line["model"].split(".")[-1]: line["check"]["verdict"] for line in lines}
    assert found["claude-opus-5-5"] == "use case form missing"
    assert found["nova-pro-v1:0"] == "access denied"
    assert found["nova-micro-v1:0"] == "not found"
    assert next(line for line in lines if "pro" in line["model"])["check"]["cost_usd"] == "0.00"


def test_a_check_over_an_openai_compatible_endpoint(heddle, config):
    with ForeignOpenAI() as server:
        config(f'roster = "local"\n[openai]\nbase_url = "{server.base_url}"\nfree = true\n')
        server.next(
            Refuse(404, "NotFound", "model not found"), times=9, when=lambda asked: "gpt" in asked.model
        )
        result = heddle("models", "--check", "--output", "json")
        found = {line["model"]: line["check"]["verdict"] for line in rows(result)}
    assert found == {"openai:gpt-oss:20b": "not found", "openai:qwen3-coder:30b": "callable"}
    assert result.code == 78


def test_a_check_needs_credentials_and_prices(heddle, bedrock, config):
    heddle.settings["AWS_ACCESS_KEY_ID"] = heddle.settings["AWS_SECRET_ACCESS_KEY"] = ""
    missing = heddle("models", "--check")
    assert (missing.code, "aws sso login" in missing.err) == (77, True)
    heddle.settings |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    roles = "\n".join(
        f'{line["role"]} = ["vendor.new-v1:0"]' for line in rows(heddle("models", "--output", "json"))
    )
    config(
        'title = "Mine"\n[roles]\n' + "\n".join(dict.fromkeys(roles.splitlines())) + "\n", "rosters/mine.toml"
    )
    unpriced = heddle("models", "--check", "--roster", "mine")
    assert (unpriced.code, "prices.toml" in unpriced.err) == (78, True)
    assert bedrock.requests == []
    assert "no price: add one" in heddle("models", "--roster", "mine").out


def test_an_application_inference_profile_has_its_models_price(heddle, config):
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12"
    names = dict.fromkeys(line["role"] for line in rows(heddle("models", "--output", "json")))
    config(f'[profiles]\n"{arn}" = "us.amazon.nova-pro-v1:0"\n')
    config('title = "M"\n[roles]\n' + "".join(f'{role} = ["{arn}"]\n' for role in names), "rosters/mine.toml")
    lines = rows(heddle("models", "--roster", "mine", "--output", "json"))
    assert {(line["model"], line["title"], line["input_usd"]) for line in lines} == {
        (arn, "Nova Pro", "0.80")
    }


def test_a_run_that_its_budget_stopped_is_gone_on_with_under_a_larger_one(heddle, bedrock, sample):
    heddle.folder = sample
    stopped = heddle("run", "What does the API do?", "--budget", "0.0001")
    assert stopped.code == 3
    assert "heddle resume" in stopped.err
    assert bedrock.requests == []
    assert heddle("resume", "last", "--budget", "1").code == 0
    assert len(bedrock.requests) == 1
