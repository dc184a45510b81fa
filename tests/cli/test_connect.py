"""`heddle connect`: each way is really asked, over loopback; what works is remembered, and no key is written."""

import json
import os
from pathlib import Path

import pytest

from cli.connect import save_way, try_way
from cli.world import World
from core.config import load_config
from core.paths import find_home
from core.prices import load_prices
from core.ways import Tried, Way
from tests.support.foreign_bedrock import ForeignBedrock, Refuse
from tests.support.foreign_openai import ForeignOpenAI

KEY = "sk-very-secret-0123456789"
DENIED = Refuse(
    403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
)


@pytest.fixture
def world():
    home = find_home()
    return World(home, load_config(home.config, os.environ), os.environ)


@pytest.fixture
def openai():
    with ForeignOpenAI() as found:
        yield found


@pytest.fixture
def aws(tmp_path, monkeypatch):
    """Two profiles, and an endpoint that takes whatever they sign with."""
    config = (
        "[profile keys]\nregion = us-east-1\naws_access_key_id = AKIAX\naws_secret_access_key = s3cr3t\n"
        "[profile corp]\nregion = us-east-1\nsso_start_url = https://corp.example\nsso_region = us-east-1\n"
        "sso_account_id = 1\nsso_role_name = dev\n"
    )
    (tmp_path / "aws").write_text(config)
    with ForeignBedrock() as server:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        monkeypatch.setenv("AWS_PROFILE", "another")
        monkeypatch.delenv("AWS_REGION", raising=False)
        yield server


def everything_written(world):
    return "".join(path.read_text() for path in sorted(world.home.config.rglob("*.toml")))


async def test_a_profile_is_tried_with_every_model_of_the_roster(world, aws):
    tried = await try_way(world, Way("aws", profile="keys"))
    assert tried.ok and tried.said.startswith("All 6 models of the roster current")
    assert len(aws.requests) == 6
    assert "AKIAX" in aws.requests[0].headers["Authorization"]
    assert float(tried.cost_usd) > 0


async def test_what_cannot_be_called_is_said_by_role(world, aws):
    aws.next(DENIED, times=9, when=lambda asked: "nova" in asked.model)
    tried = await try_way(world, Way("aws", profile="keys"))
    assert not tried.ok
    assert "3 of 6 models" in tried.said and "Without any: router, documenter." in tried.said
    assert "access" in tried.advice


async def test_an_expired_single_sign_on_says_how_to_sign_in(world, aws):
    tried = await try_way(world, Way("aws", profile="corp"))
    assert not tried.ok and aws.requests == []
    assert "single sign-on of the AWS profile corp has expired" in tried.said
    assert "`aws sso login --profile corp`" in tried.advice


async def test_a_profile_that_is_not_there_and_a_region_that_is_missing(world, aws, tmp_path):
    tried = await try_way(world, Way("aws", profile="gone"))
    assert not tried.ok and "profile cannot be used" in tried.said and "aws configure" in tried.advice
    (tmp_path / "aws").write_text("[profile bare]\naws_access_key_id = a\naws_secret_access_key = b\n")
    tried = await try_way(world, Way("aws", profile="bare"))
    assert not tried.ok and tried.said == "No AWS region is set."


async def test_a_profile_is_remembered_with_its_region(world, aws, monkeypatch):
    (world.home.config).mkdir(parents=True)
    (world.home.config / "config.toml").write_text('# mine\nroster = "local"\n')
    world = World(world.home, load_config(world.home.config, {}), os.environ)
    saved = save_way(world, Way("aws", profile="keys", region="us-west-2"), Tried(True, "All."))
    config = load_config(world.home.config, {})
    assert (config.aws.profile, config.aws.region, config.roster) == ("keys", "us-west-2", "current")
    assert "# mine" in everything_written(world) and saved.roster == "current"
    assert "AWS_PROFILE in your environment comes before it." in saved.said
    assert "s3cr3t" not in everything_written(world)


async def test_an_endpoint_says_what_it_offers_and_its_model_answers(world, openai):
    tried = await try_way(world, Way("endpoint", url=openai.base_url, free=True))
    assert tried.ok and tried.models == ("gpt-oss:20b", "qwen3:8b") and openai.requests == []
    way = Way("endpoint", url=openai.base_url, free=True, model="qwen3:8b")
    tried = await try_way(world, way)
    assert tried.ok and "qwen3:8b at 127.0.0.1" in tried.said and len(openai.requests) == 1
    saved = save_way(world, way, tried)
    config = load_config(world.home.config, {})
    assert (config.roster, config.openai.base_url, config.openai.free) == ("endpoint", openai.base_url, True)
    assert saved.roster == "endpoint"
    roster = (world.home.config / "rosters" / "endpoint.toml").read_text()
    assert roster.count("openai:qwen3:8b") == 11


async def test_without_a_list_a_model_can_still_be_named(world, openai):
    openai.offers = None
    tried = await try_way(world, Way("endpoint", url=openai.base_url))
    assert tried.ok and tried.models == () and "does not say which models" in tried.said


async def test_a_model_without_a_price_is_refused_and_one_with_it_is_kept(world, openai):
    way = Way("endpoint", url=openai.base_url, model="qwen3:8b")
    tried = await try_way(world, way)
    assert not tried.ok and "price" in tried.said + tried.advice and openai.requests == []
    way = Way("endpoint", url=openai.base_url, model="qwen3:8b", price=("0.30", "1.20"))
    tried = await try_way(world, way)
    assert tried.ok and float(tried.cost_usd) > 0
    save_way(world, way, tried)
    row = load_prices(world.home.config / "prices.toml").row("openai:qwen3:8b")
    assert (row.input, row.output) == ("0.30", "1.20")


async def test_a_key_comes_from_its_variable_and_is_written_nowhere(world, openai, monkeypatch):
    openai.key = KEY
    way = Way("endpoint", url=openai.base_url, key_variable="MY_KEY", free=True, model="qwen3:8b")
    assert "MY_KEY is not set" in (await try_way(world, way)).said
    monkeypatch.setenv("MY_KEY", "wrong")
    tried = await try_way(world, Way("endpoint", url=openai.base_url, key_variable="MY_KEY"))
    assert not tried.ok and "does not accept the key" in tried.said
    monkeypatch.setenv("MY_KEY", KEY)
    tried = await try_way(world, way)
    assert tried.ok
    save_way(world, way, tried)
    assert load_config(world.home.config, {}).openai.key_variable == "MY_KEY"
    state = [path for folder in (world.home.config, world.home.state) for path in folder.rglob("*")]
    assert not [path for path in state if path.is_file() and KEY.encode() in path.read_bytes()]


async def test_ollama_that_does_not_run_says_how_to_start_it(world):
    tried = await try_way(world, Way("ollama", url="http://127.0.0.1:9/v1", free=True))
    assert not tried.ok and "ollama serve" in tried.advice


async def test_a_model_of_the_shipped_local_roster_needs_no_file(world):
    save_way(
        world, Way("ollama", url="http://127.0.0.1:11434/v1", model="gpt-oss:20b", free=True), Tried(True, "")
    )
    assert Path(world.home.config / "config.toml").read_text().strip() == 'roster = "local"'


def test_the_command(heddle, openai):
    listed = heddle("connect")
    assert listed.code == 0 and "There is no AWS profile" in listed.out
    assert heddle("connect", "endpoint").code == 2
    done = heddle(
        "connect",
        "endpoint",
        "--url",
        openai.base_url,
        "--free",
        "--model",
        "qwen3:8b",
        "--save",
        "--output",
        "json",
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["roster"] == "endpoint"
    assert heddle("roster", "list").out.count("▸ endpoint") == 1
    failed = heddle("connect", "ollama", "--url", "http://127.0.0.1:9/v1")
    assert failed.code == 78 and "ollama serve" in failed.out
