"""What past charges say about those to come: a projection for the month, and what nodes usually cost."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from core.index import Index, IndexUnreadable, NodeCost, Spell
from core.money import Pico
from core.paths import Home
from core.prices import split_prefix

WINDOW = timedelta(days=30)
LEAST = timedelta(days=1)
"""With less than this behind us nothing is projected."""
ENOUGH = 5
"""Nodes of one role and model from which on history is believed."""
NODES, LOGS = 1_000, 20
"""How many nodes, and of how many sessions the news, are looked at when a run begins."""
PATIENCE_SECONDS = 0.3

_log = logging.getLogger(__name__)


class Projection(msgspec.Struct, frozen=True):
    """What a month will cost if its rest goes on at the pace of the days behind us."""

    month: str
    """`2026-01`, UTC."""
    spent: Pico
    """Since the month began."""
    daily: Pico
    """The pace: what a day cost on average since `since`."""
    since: datetime
    """Thirty days ago, or the first charge of all if that is later."""
    projected: Pico
    estimated: bool


def month_start(now: datetime) -> datetime:
    """The first moment of a moment's month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def project_month(now: datetime, month: Spell, window: Spell) -> Projection | None:
    """The projection; None when there is no charge, or the first one is less than a day old.

    Args:
        month: what was spent since `month_start`.
        window: what was spent since `WINDOW` ago.
    """
    if not window.first:
        return None
    since = max(datetime.fromisoformat(window.first), now - WINDOW)
    behind = now - since
    if behind < LEAST:
        return None
    start = month_start(now)
    end = (start + timedelta(days=32)).replace(day=1)
    ahead = end - now
    return Projection(
        month=f"{start:%Y-%m}",
        spent=month.cost,
        daily=Pico(window.cost * _us(timedelta(days=1)) // _us(behind)),
        since=since,
        projected=Pico(month.cost + window.cost * _us(ahead) // _us(behind)),
        estimated=month.estimated or window.estimated,
    )


def _us(time: timedelta) -> int:
    return time // timedelta(microseconds=1)


class Range(msgspec.Struct, frozen=True):
    """What most nodes of a kind cost: one in five is below `low`, one in five above `high`."""

    low: Pico
    likely: Pico
    """The median."""
    high: Pico
    samples: int


class NodeHistory:
    """This user's own nodes, by role and model."""

    def __init__(self, nodes: Iterable[NodeCost] = ()) -> None:
        self._costs: dict[tuple[str, str], list[int]] = {}
        for node in nodes:
            self._costs.setdefault((node.role, split_prefix(node.model)[1]), []).append(node.cost)

    def range(self, role: str, model: str) -> Range | None:
        """What a role's nodes cost on a model; None with fewer than `ENOUGH` of them."""
        costs = sorted(self._costs.get((role, split_prefix(model)[1]), ()))
        if len(costs) < ENOUGH:
            return None
        low, likely, high = (_percentile(costs, percent) for percent in (20, 50, 80))
        return Range(low, likely, high, len(costs))


class PastNodes:
    """The history as the index has it, read in a thread while a run begins: nobody waits for it for long."""

    def __init__(self, home: Home | None = None) -> None:
        """`home`: where the index is; None: there is no history."""
        self._home = home
        self._reading: asyncio.Task[NodeHistory] | None = None
        self._catching_up: asyncio.Task[object] | None = None

    def begin(self) -> None:
        """Begin to read. What is not in the index yet is put there afterwards, for the next run."""
        if self._home is not None:
            self._reading = asyncio.create_task(self._read(Index(self._home.index), self._home.sessions))

    async def get(self) -> NodeHistory:
        """What was read by now, or within `PATIENCE_SECONDS`; else an empty history."""
        if self._reading is None:
            return NodeHistory()
        done, _ = await asyncio.wait({self._reading}, timeout=PATIENCE_SECONDS)
        return self._reading.result() if done else NodeHistory()

    async def _read(self, index: Index, sessions: Path) -> NodeHistory:
        try:
            found = NodeHistory(await index.node_costs(NODES))
        except (IndexUnreadable, msgspec.ValidationError) as error:
            _log.info("no history for the forecast: %s", error)
            found = NodeHistory()
        self._catching_up = asyncio.create_task(index.catch_up(sessions, most=LOGS))
        return found


def _percentile(costs: list[int], percent: int) -> Pico:
    """Between the two nearest, in proportion; `costs` are sorted."""
    place, rest = divmod((len(costs) - 1) * percent, 100)
    below, above = costs[place], costs[min(place + 1, len(costs) - 1)]
    return Pico(below + (above - below) * rest // 100)
