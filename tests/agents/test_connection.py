"""How Bedrock is reached: the standard AWS settings, and what a user reads when they are not right."""

import pytest

from agents.aws import connect, connect_rehearsal, find_credentials
from agents.faults import understand
from core.faults import Fault


def test_no_region(monkeypatch):
    with pytest.raises(Fault) as fault:
        connect({})
    assert (fault.value.kind, fault.value.exit_code) == ("no_region", 78)
    assert "AWS_REGION" in fault.value.advice


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_of_the_environment(name):
    assert connect({name: "eu-west-1"}).region == "eu-west-1"


def test_a_region_of_the_profile(isolated, monkeypatch):
    (isolated / "aws-config").write_text("[default]\nregion = eu-north-1\n")
    assert connect({}).region == "eu-north-1"


def test_a_profile_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Fault) as fault:
        connect({"AWS_REGION": "us-east-1"})
    assert (fault.value.kind, fault.value.exit_code) == ("bad_profile", 78)
    assert "nobody" in fault.value.message


def test_no_credentials():
    assert not find_credentials({})


def test_credentials_of_the_environment(monkeypatch):
    assert find_credentials({"AWS_BEARER_TOKEN_BEDROCK": "x"})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert find_credentials({})


def test_half_of_the_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    with pytest.raises(Fault) as fault:
        find_credentials({})
    assert fault.value.exit_code == 77


async def test_a_run_without_credentials(foreign, open_session, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    told = await (await open_session())("Add a line that says hello")
    assert (told.end.status, told.end.exit_code, told.end.cost_usd) == ("failed", 77, "0.00")
    assert "aws sso login" in told.end.answer
    assert foreign.requests == []


async def test_a_bearer_token_goes_to_an_endpoint_without_tls(foreign, open_session, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token-1")
    told = await (await open_session())()
    assert told.end.status == "done"
    assert foreign.requests[0].headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(("region", "kind"), [("not a region", "no_region"), ("us-east-1", "unreachable")])
async def test_settings_that_make_no_client(foreign, open_session, monkeypatch, region, kind):
    monkeypatch.setenv("AWS_REGION", region)
    if kind == "unreachable":
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "localhost:1")
    told = await (await open_session())()
    assert told.end.status == "failed"
    assert told.events[-2].kind == kind


def test_the_rehearsal_looks_at_no_setting_of_the_user(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")
    connection = connect_rehearsal("http://127.0.0.1:1")
    settings = {"endpoint_url": connection.endpoint, "config": connection.client_config()}
    client = connection.session.client("bedrock-runtime", **settings)
    assert client is connection.session.client("bedrock-runtime", **settings)
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.config.signature_version == "v4"
    assert client._request_signer._credentials.access_key == "rehearsal"


def test_every_client_tries_once():
    config = connect({"AWS_REGION": "us-east-1"}).client_config()
    assert config.retries == {"total_max_attempts": 1, "mode": "standard"}
    assert config.max_pool_connections >= 20


def test_what_nobody_foresaw_is_named():
    fault = understand(ZeroDivisionError("division by zero"))
    assert (fault.kind, fault.exit_code) == ("internal", 1)
    assert "ZeroDivisionError: division by zero" in fault.message


def test_a_fault_inside_others_is_found():
    inner = Fault("throttled", model="m")
    try:
        try:
            raise inner
        except Fault as error:
            raise RuntimeError("wrapped") from error
    except RuntimeError as error:
        assert understand(error) is inner
