"""What a run will probably cost, node by node: from this user's own history, or from a shipped prior."""

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path

import msgspec

from agents.roster import Roster
from core.events import ExpectedNode
from core.history import NodeHistory
from core.money import Pico, to_pico, to_usd
from core.prices import PriceBook, UnpricedModel, Usage


class _Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


class _Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    low: str
    high: str


class _Priors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    spread: _Spread
    roles: dict[str, _Prior]


@cache
def _priors() -> _Priors:
    text = (Path(__file__).parent / "priors.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), _Priors)


NO_HISTORY = NodeHistory()


def forecast(
    roles: Iterable[str], roster: Roster, prices: PriceBook, history: NodeHistory = NO_HISTORY
) -> tuple[ExpectedNode, ...]:
    """What each role's node will probably cost; models without a price count nothing."""
    return tuple(_node(role, roster, prices, history) for role in roles)


def likely(nodes: Iterable[ExpectedNode]) -> Pico:
    """The sum of a forecast."""
    return Pico(sum(to_pico(node.likely_usd) for node in nodes))


def _node(role: str, roster: Roster, prices: PriceBook, history: NodeHistory) -> ExpectedNode:
    model = roster[role].model
    own = history.range(role, model)
    if own is not None:
        low, middle, high, samples = own.low, own.likely, own.high, own.samples
    else:
        middle, samples = node_cost(role, roster, prices), 0
        spread = _priors().spread
        low, high = int(middle * Decimal(spread.low)), int(middle * Decimal(spread.high))
    amounts = {"low_usd": to_usd(low), "likely_usd": to_usd(middle), "high_usd": to_usd(high)}
    return ExpectedNode(role=role, model=model, samples=samples, **amounts)


def node_cost(role: str, roster: Roster, prices: PriceBook) -> int:
    """What one node of a role costs by the shipped prior, in pico-dollars."""
    prior = _priors().roles[role]
    model = roster[role].model
    if roster.card(model).cache == "none":
        prompt = prior.prompt + prior.cache_read + prior.cache_write
        usage = Usage(input=prompt, output=prior.output)
    else:
        usage = Usage(
            input=prior.prompt,
            output=prior.output,
            cache_read=prior.cache_read,
            cache_write=prior.cache_write,
        )
    try:
        # The prior is the sum of many calls: no single prompt crosses a model's price threshold.
        return _below_threshold(prices, model, usage)
    except UnpricedModel:
        return 0


def _below_threshold(prices: PriceBook, model: str, usage: Usage) -> int:
    parts = (
        Usage(output=usage.output),
        *(Usage(input=part) for part in _pieces(usage.input)),
        *(Usage(cache_read=part) for part in _pieces(usage.cache_read)),
        *(Usage(cache_write=part) for part in _pieces(usage.cache_write)),
    )
    return sum(prices.cost(model, part) for part in parts)


def _pieces(tokens: int, size: int = 20_000) -> list[int]:
    return [min(size, tokens - start) for start in range(0, tokens, size)]
