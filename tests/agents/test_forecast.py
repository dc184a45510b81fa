"""What a run will probably cost: from this user's own nodes where there are enough, and it says which."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.forecast import forecast, likely, node_cost
from agents.roster import role_names
from core.events import ModelCalled, NodeFinished, RouteDecided, SessionStarted
from core.history import NodeHistory, PastNodes
from core.index import Index, NodeCost
from core.log import Log
from core.money import Pico, to_pico
from core.paths import find_home
from core.prices import PriceBook, load_prices
from tests.support.waiting import SOON

BOOK = load_prices()
ROLES = ("fast_coder", "code_reviewer")


def nodes(role: str, model: str, *costs: int) -> list[NodeCost]:
    return [NodeCost(role, model, Pico(cost)) for cost in costs]


@pytest.mark.parametrize("name", ["current", "design-2025"])
def test_every_role_has_a_shipped_figure_with_a_range(roster, name):
    found = forecast(role_names(), roster(name), BOOK)
    assert [node.role for node in found] == list(role_names())
    for node in found:
        assert 0 < to_pico(node.low_usd) < to_pico(node.likely_usd) < to_pico(node.high_usd)
        assert node.samples == 0 and to_pico(node.likely_usd) == node_cost(node.role, roster(name), BOOK)
    assert likely(forecast(role_names(), roster(name), BOOK)) == likely(found)


def test_own_history_counts_from_five_nodes_on(roster):
    chosen = roster()
    coder = chosen["fast_coder"].model
    four = NodeHistory(nodes("fast_coder", coder, 1, 2, 3, 4))
    assert forecast(ROLES, chosen, BOOK, four) == forecast(ROLES, chosen, BOOK)
    six = NodeHistory(nodes("fast_coder", coder, 50, 10, 20, 30, 40, 60))
    own, shipped = forecast(ROLES, chosen, BOOK, six)
    assert [to_pico(d) for d in (own.low_usd, own.likely_usd, own.high_usd)] == [20, 35, 50]
    assert (own.samples, shipped.samples) == (6, 0)
    assert likely(forecast(ROLES, chosen, BOOK, six)) == 35 + node_cost("code_reviewer", chosen, BOOK)


def test_a_model_without_a_price_counts_nothing(roster):
    (found,) = forecast(["fast_coder"], roster(), PriceBook({}, None))
    assert (found.likely_usd, found.high_usd) == ("0.00", "0.00")


async def remember(cost: str, model: str, count: int) -> None:
    """Past sessions whose researchers cost this much."""
    for number in range(count):
        path = find_home().session_log(f"s{number}")
        async with await Log.open(path, f"s{number}", create=True, clock=lambda: NOON) as log:
            who = {"run": "r1", "node": "researcher", "role": "researcher"}
            await log.append(
                [
                    SessionStarted(
                        project="/p", version="0", roster="r", backend="bedrock", confinement="confined"
                    ),
                    ModelCalled(
                        **who, call="c", model=model, input_tokens=1, output_tokens=1, cache_read_tokens=0,
                        cache_write_tokens=0, cost_usd=cost, latency_ms=1, estimated=False,
                    ),
                    NodeFinished(**who, status="done", summary="", duration_ms=1),
                ]
            )  # fmt: skip


NOON = datetime(2026, 6, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
def patient(monkeypatch):
    """The history is waited for, however long reading it takes here."""
    monkeypatch.setattr("core.history.PATIENCE_SECONDS", SOON)


@pytest.mark.usefixtures("patient")
async def test_a_run_is_expected_to_cost_what_such_nodes_did(works, roster):
    home = find_home()
    await remember("0.4", roster()["researcher"].model, 5)
    await Index(home.index).catch_up(home.sessions)
    team = works.session._team
    team._company = replace(team._company, past=PastNodes(home))
    told = await works()
    (route,) = told.of(RouteDecided)
    assert (route.expected_cost_usd, route.forecast[0].samples) == ("0.40", 5)


@pytest.mark.usefixtures("patient")
async def test_what_the_index_lacks_is_there_for_the_next_run(isolated, roster):
    home = find_home()
    await remember("0.4", roster()["researcher"].model, 6)
    past = PastNodes(home)
    past.begin()
    assert (await past.get()).range("researcher", roster()["researcher"].model) is None
    await past._catching_up
    past.begin()
    found = (await past.get()).range("researcher", roster()["researcher"].model)
    assert found is not None and found.samples == 6


async def test_nobody_waits_for_a_history_that_does_not_come(monkeypatch):
    there = threading.Event()

    async def slow(self, most):
        await asyncio.to_thread(there.wait, SOON)
        return nodes("fast_coder", "m", 1, 2, 3, 4, 5)

    monkeypatch.setattr(Index, "node_costs", slow)
    past = PastNodes(find_home())
    past.begin()
    assert (await past.get()).range("fast_coder", "m") is None
    there.set()
    assert past._reading is not None
    await past._reading
    assert (await past.get()).range("fast_coder", "m") is not None


async def test_no_index_and_no_home_are_no_history(isolated):
    assert (await PastNodes().get()).range("fast_coder", "m") is None
    home = find_home()
    home.index.parent.mkdir(parents=True)
    home.index.mkdir()
    past = PastNodes(home)
    past.begin()
    assert (await past.get()).range("fast_coder", "m") is None
