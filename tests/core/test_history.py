"""What past charges say about those to come."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.events import ModelCalled, NodeFinished, SessionResumed, SessionStarted
from core.history import NodeHistory, month_start, project_month
from core.index import Index, NodeCost, Spell, billed_before, spent_on
from core.log import Log
from core.money import Pico
from core.paths import Home

NOON = datetime(2026, 6, 11, 12, 0, tzinfo=UTC)


def spell(cost: int, first: datetime = NOON - timedelta(days=100)) -> Spell:
    return Spell(f"{first:%Y-%m-%dT%H:%M:%S.%f}Z", Pico(cost), estimated=False)


def test_the_rest_of_the_month_goes_on_at_the_pace_of_thirty_days():
    found = project_month(NOON, spell(1_000), spell(3_000))
    assert found is not None
    assert (found.month, found.spent, found.daily) == ("2026-06", 1_000, 100)
    assert found.projected == 1_000 + 1_950  # 19.5 days are left


def test_a_short_history_is_its_own_window():
    first = NOON - timedelta(days=4)
    found = project_month(NOON, spell(800, first), spell(800, first))
    assert found is not None and (found.since, found.daily) == (first, 200)
    assert found.projected == 800 + 3_900


@pytest.mark.parametrize("hours", [0, 1, 23.99])
def test_less_than_a_day_is_not_projected(hours):
    first = NOON - timedelta(hours=hours)
    assert project_month(NOON, spell(800, first), spell(800, first)) is None


def test_without_charges_nothing_is_projected():
    assert project_month(NOON, Spell("", Pico(0), False), Spell("", Pico(0), False)) is None


def test_the_first_of_a_month_is_projected_from_the_last_one():
    moment = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    found = project_month(moment, spell(0), spell(3_000))
    assert found is not None and (found.month, found.spent) == ("2026-12", 0)
    assert found.projected == 3_000 * (31 * 24 - 1) // (30 * 24)
    assert month_start(moment) == datetime(2026, 12, 1, tzinfo=UTC)


def nodes(*costs: int, role="fast_coder", model="us.amazon.nova-pro-v1:0") -> list[NodeCost]:
    return [NodeCost(role, model, Pico(cost)) for cost in costs]


def test_a_range_needs_five_of_the_same_role_and_model():
    history = NodeHistory([*nodes(1, 2, 3, 4), *nodes(9, role="debugger"), *nodes(9, model="other")])
    assert history.range("fast_coder", "amazon.nova-pro-v1:0") is None
    found = NodeHistory(nodes(50, 10, 20, 30, 40, 60)).range("fast_coder", "eu.amazon.nova-pro-v1:0")
    assert found is not None
    assert (found.low, found.likely, found.high, found.samples) == (20, 35, 50, 6)


# -- out of the index -------------------------------------------------------------------------------


def called(node: str, cost: str, *, run="r1", model="m") -> ModelCalled:
    return ModelCalled(
        run=run, node=node, role=node, call="c", model=model, cost_usd=cost, input_tokens=1, output_tokens=1,
        cache_read_tokens=0, cache_write_tokens=0, latency_ms=1, estimated=False,
    )  # fmt: skip


def ended(node: str, status="done", run="r1") -> NodeFinished:
    return NodeFinished(run=run, node=node, role=node, status=status, summary="", duration_ms=1)


def started(backend="bedrock") -> SessionStarted:
    return SessionStarted(project="/p", version="0", roster="r", backend=backend, confinement="confined")


@pytest.fixture
def write(tmp_path):
    async def write(session: str, *events, at: datetime = NOON) -> None:
        path = tmp_path / "sessions" / f"{session}.db"
        async with await Log.open(path, session, create=True, clock=lambda: at) as log:
            await log.append(events)

    return write


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "state" / "index.db")


async def test_nodes_cost_what_all_their_rounds_did(write, index, tmp_path):
    await write(
        "s1", started(), called("coder", "0.2"), ended("coder"), called("coder", "0.3"), ended("coder")
    )
    await write(
        "s2",
        started(),
        *(called("coder", "0.1"), ended("coder", "failed"), called("tester", "0.1", model="m")),
        *(called("tester", "0.1", model="other"), ended("tester"), called("reviewer", "0.7")),
        *(called("coder", "0.9", run="r2"), ended("coder", run="r2")),
        at=NOON + timedelta(hours=1),
    )
    await write("s3", started("rehearsal"), called("coder", "0.4"), ended("coder"))
    await index.catch_up(tmp_path / "sessions")
    found = [(node.role, node.model, node.cost) for node in await index.node_costs()]
    assert found == [("coder", "m", 9 * 10**11), ("coder", "m", 5 * 10**11)]
    assert len(await index.node_costs(most=1)) == 1


async def test_what_a_rehearsal_lists_is_not_billed(write, index, tmp_path):
    await write("s1", started("rehearsal"), called("coder", "5"))
    resumed = SessionResumed(version="0", roster="r", backend="endpoint", confinement="confined")
    await write("s1", resumed, called("coder", "0.25"), at=NOON + timedelta(days=31))
    await index.catch_up(tmp_path / "sessions")
    assert [(row.key, row.cost) for row in await index.charges("month", billed=True)] == [
        ("2026-07", 25 * 10**10)
    ]
    assert [row.cost for row in await index.charges("session", billed=False)] == [5 * 10**12]
    assert [row.key for row in await index.charges("month")] == ["2026-06", "2026-07"]
    assert [(row.key, row.calls) for row in await index.charges("session")] == [("s1", 2)]
    late = await index.spent_since("2026-07-12T12:00:01")
    assert (late.first[:10], late.cost) == ("2026-07-12", 0)
    assert (await index.spent_since("2026-07")).cost == 25 * 10**10
    path = tmp_path / "state" / "index.db"
    assert spent_on(path, "2026-07-12") == 25 * 10**10
    assert spent_on(path, "2026-06-11") == 0
    assert spent_on(tmp_path / "nowhere.db", "2026-06-11") == 0


async def test_what_a_day_had_cost_is_known_before_the_index_has_read_the_logs(write, tmp_path):
    home = Home(config=tmp_path / "config", data=tmp_path, state=tmp_path / "state", runtime=tmp_path)
    await write("s1", started(), called("coder", "0.25"))
    day = f"{NOON:%Y-%m-%d}"
    assert spent_on(home.index, day) == 0
    assert await asyncio.to_thread(billed_before, home, day) == 25 * 10**10
    await write("s2", started(), *[called("coder", "0.001") for _ in range(600)])
    assert await asyncio.to_thread(billed_before, home, day) == 85 * 10**10


async def test_no_charges_at_all(index, tmp_path):
    await index.catch_up(tmp_path)
    assert await index.node_costs() == []
    assert await index.spent_since("") == Spell("", Pico(0), False)
