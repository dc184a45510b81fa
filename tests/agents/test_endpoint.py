"""OpenAI-compatible endpoints: their key, their faults, their oddities, and what they bill."""

import logging
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from agents.catalog import load_catalog
from agents.endpoint import Endpoint, find_endpoint
from agents.roster import load_roster
from core.config import OpenAI, load_config
from core.events import Failed, ToolFinished, ToolStarted
from core.faults import Fault
from core.money import to_pico
from core.prices import UnpricedModel, Usage, load_prices
from tests.support.foreign_bedrock import Refuse, Reply
from tests.support.foreign_openai import ForeignOpenAI

KEY = "sk-very-secret-0123456789"
MODEL = "openai:qwen3-coder:30b"
PHRASE = "You are the researcher"


@pytest.fixture
def server():
    with ForeignOpenAI() as found:
        yield found


@pytest.fixture
def ask(server, open_session, roster):
    """Carry out a request with models of the endpoint."""

    async def carry_out(endpoint=None, prices=None, **more):
        endpoint = endpoint or Endpoint(OpenAI(base_url=server.base_url))
        prices = prices or msgspec.structs.replace(load_prices(), free=("openai:",))
        return await (await open_session(roster("local"), endpoint=endpoint, prices=prices))(**more)

    return carry_out


# -- the key -----------------------------------------------------------------------------------------


async def test_the_key_goes_to_the_endpoint_and_nowhere_else(server, ask, caplog, isolated):
    caplog.set_level(logging.DEBUG)
    server.key = KEY
    told = await ask(Endpoint(OpenAI(base_url=server.base_url, key_variable="MY_KEY"), KEY))
    assert told.end.status == "done"
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    kept = [path.read_bytes() for path in isolated.rglob("*") if path.is_file()]
    assert kept
    assert not any(KEY.encode() in data for data in kept)
    assert KEY not in caplog.text


async def test_an_endpoint_that_repeats_the_key_is_not_quoted(server, ask):
    server.key = "another"
    told = await ask(Endpoint(OpenAI(base_url=server.base_url, key_variable="MY_KEY"), KEY))
    (failed,) = told.of(Failed)
    assert (failed.kind, failed.exit_code) == ("bad_key", 77)
    assert "Incorrect API key: Bearer …" in failed.message
    assert KEY not in str(told.events)


def test_a_key_that_is_not_there_is_asked_for_by_the_name_of_its_variable():
    with pytest.raises(Fault) as fault:
        find_endpoint(OpenAI(base_url="https://models.example/v1", key_variable="MY_KEY"), {})
    assert (fault.value.kind, fault.value.exit_code) == ("no_key", 77)
    assert "MY_KEY is not set" in fault.value.message
    assert "models.example" in fault.value.message


async def test_no_setting_of_the_openai_package_leaks_in(server, ask, monkeypatch):
    for name in ("API_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", "http://127.0.0.1:9/leak")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: leak")
    assert (await ask()).end.status == "done"
    headers = server.requests[0].headers
    assert "leak" not in str(headers)
    assert "Authorization" not in headers
    assert not [name for name in headers if "stainless" in name.lower()]


# -- faults that only such endpoints have ------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "code", "requests"),
    [
        (Refuse(401, "invalid_api_key", "Incorrect API key provided"), "bad_key", 77, 1),
        (Refuse(403, "forbidden", "not for you"), "bad_key", 77, 1),
        (Refuse(404, "model_not_found", "model 'x' not found"), "endpoint_model", 78, 2),
        (Refuse(404, "404", "page not found"), "endpoint_model", 78, 2),
        (Refuse(400, "400", "x does not support tools"), "endpoint_model", 78, 2),
        (Refuse(429, "insufficient_quota", "You exceeded your current quota"), "no_quota", 75, 2),
        (Refuse(402, "402", "Insufficient credits"), "no_quota", 75, 2),
        (Refuse(400, "invalid_request_error", "odd parameter"), "refused_request", 1, 2),
        (Refuse(422, "invalid", "temperature is odd"), "refused_request", 1, 2),
        (Refuse(400, "400", "the request exceeds the available context size"), "context_overflow", 1, 1),
        (Refuse(400, "content_filter", "The prompt was filtered"), "filtered", 1, 1),
        (Refuse(504, "x", "upstream timed out"), "service_fault", 75, 6),
    ],
)
async def test_a_fault_ends_the_run_with_its_own_sentence(answer, kind, code, requests, server, ask):
    server.next(answer, times=100)
    told = await ask()
    (failed,) = told.of(Failed)
    assert (failed.kind, failed.exit_code) == (kind, code)
    assert answer.message in failed.message
    assert len(server.requests) == len(told.calls) == requests
    assert to_pico(told.end.cost_usd) == 0


async def test_an_endpoint_that_is_not_there(server, ask):
    server.__exit__()
    told = await ask()
    (failed,) = told.of(Failed)
    assert (failed.kind, failed.exit_code) == ("endpoint_unreachable", 75)
    assert "ollama serve" in failed.advice
    assert "127.0.0.1" in failed.message


# -- oddities ----------------------------------------------------------------------------------------


async def test_calls_that_are_all_number_0_and_end_as_if_there_were_none(server, ask):
    server.only_stop = True
    two = Reply("I look.", (("read_file", {"path": "app.py"}), ("read_file", {"path": "README.md"})))
    server.play(PHRASE, two, Reply("Done."))
    told = await ask()
    assert (told.end.status, told.end.answer) == ("done", "Done.")
    assert len(told.of(ToolStarted)) == 2
    assert all(each.ok for each in told.of(ToolFinished))
    assert "VALUE = 1" in server.requests[1].text
    assert "# App" in server.requests[1].text
    assert server.objections == []


async def test_a_refusal_is_no_answer(server, ask):
    server.next(Reply("refused", stop="refusal"))
    told = await ask()
    assert [each.kind for each in told.of(Failed)] == ["filtered"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://mine.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://notapi.openai.com.example/v1", "max_tokens"),
        ("http://127.0.0.1:11434/v1", "max_tokens"),
    ],
)
def test_the_limit_of_an_answer_has_the_name_that_the_endpoint_knows(url, name):
    assert Endpoint(OpenAI(base_url=url)).length_name == name
    assert Endpoint(OpenAI(base_url=url, length_name="max_tokens")).length_name == "max_tokens"


# -- money -------------------------------------------------------------------------------------------


async def test_a_cap_on_a_model_without_a_price_is_refused_before_any_call(server, ask):
    told = await ask(prices=load_prices(), budget_usd="1")
    (failed,) = told.of(Failed)
    assert (failed.kind, failed.exit_code) == ("unpriced_model", 78)
    assert server.requests == []


def test_only_an_endpoint_that_is_said_to_be_free_bills_nothing(tmp_path):
    book = msgspec.structs.replace(load_prices(), free=("openai:",))
    usage = Usage(input=1_000, output=1_000)
    assert book.cost(MODEL, usage) == 0
    with pytest.raises(UnpricedModel):
        load_prices().cost(MODEL, usage)
    with pytest.raises(UnpricedModel):
        book.cost("amazon.nova-9-v1:0", usage)
    own = tmp_path / "prices.toml"
    own.write_text(f'[models."{MODEL}"]\ninput = "1"\noutput = "1"\n')
    paid = msgspec.structs.replace(load_prices(own), free=("openai:",))
    assert paid.cost(MODEL, usage) > 0


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("", True),
        ('[openai]\nbase_url = "http://127.0.0.1:4000/v1"\n', False),
        ('[openai]\nbase_url = "http://127.0.0.1:4000/v1"\nfree = true\n', True),
        ('[openai]\nkey_variable = "K"\n', False),
    ],
)
def test_ollama_on_this_machine_is_free_and_others_when_the_user_says_so(text, free, tmp_path):
    (tmp_path / "config.toml").write_text(text)
    assert load_config(tmp_path, {}).openai.bills_nothing is free


# -- rosters and cards -------------------------------------------------------------------------------


def test_the_local_roster_needs_no_aws(isolated):
    roster = load_roster("local", config=isolated, region="us-east-1", scope="geo")
    assert roster.providers() == {"openai"}
    assert {roster.card(model).family for model in roster.models()} == {"openai"}


def test_a_users_card_says_what_a_model_can_do(tmp_path):
    (tmp_path / "models.toml").write_text(
        '["openai:mine"]\ntitle = "Mine"\nfamily = "openai"\nwindow = 9000\noutput = 700\n'
    )
    catalog = load_catalog(tmp_path)
    assert (catalog.card("openai:mine").window, catalog.title("openai:mine")) == (9_000, "Mine")
    assert catalog.card("openai:other:7b").window == 32_768
    assert catalog.title("openai:other:7b") == "other:7b"


async def test_a_rehearsal_calls_no_endpoint(server, isolated):
    from agents.aws import connect_rehearsal
    from agents.bedrock import StoppableBedrockModel
    from agents.providers import Access, Wanted, make_model

    access = Access(connect_rehearsal("http://127.0.0.1:1"), Endpoint(OpenAI(base_url=server.base_url)))
    model = make_model(access, Wanted(MODEL, load_catalog().card(MODEL), {}, 100))
    assert isinstance(model, StoppableBedrockModel)
    assert model.model_id == MODEL


def test_nobody_waits_for_a_provider_that_is_not_used():
    code = "import sys; import agents.conductor; print('openai' in sys.modules, 'httpx' in sys.modules)"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"
