"""What a run will probably cost: a shipped prior of tokens for each role, at the roster's prices."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

from agents.catalog import card
from agents.roster import Roster
from core.money import Pico
from core.prices import PriceBook, UnpricedModel, Usage


class _Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    prompt: int
    output: int
    cache_read: int = 0
    cache_write: int = 0


@cache
def _priors() -> dict[str, _Prior]:
    text = (Path(__file__).parent / "priors.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, _Prior])


def expected_cost(roles: Iterable[str], roster: Roster, prices: PriceBook) -> Pico:
    """The sum of what each role's node usually needs; models without a price count nothing."""
    return Pico(sum(node_cost(role, roster, prices) for role in roles))


def node_cost(role: str, roster: Roster, prices: PriceBook) -> int:
    """What one node of a role usually costs, in pico-dollars."""
    prior = _priors()[role]
    model = roster[role].model
    if card(model).cache == "none":
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
        Usage(input=usage.input),
        *(Usage(cache_read=part) for part in _pieces(usage.cache_read)),
        *(Usage(cache_write=part) for part in _pieces(usage.cache_write)),
    )
    return sum(prices.cost(model, part) for part in parts)


def _pieces(tokens: int, size: int = 20_000) -> list[int]:
    return [min(size, tokens - start) for start in range(0, tokens, size)]
