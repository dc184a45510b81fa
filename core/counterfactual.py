"""What the same calls would have cost on one model: the honest other side of a team's bill."""

from collections.abc import Iterable

import msgspec

from core.events import ModelCalled
from core.money import Pico, to_pico
from core.prices import PriceBook, Usage

ASSUMPTION = (
    "The same calls and tokens on one model, in one conversation that it never has to read twice: "
    "of each prompt, as much as the conversation was long before is read from the model's warm cache, "
    "the rest is written to it, and there is nothing to route."
)
"""One sentence, shown with the figure. All of it favours the one model: no cold cache, no router."""
NOT_NEEDED = frozenset({"router"})
"""Roles whose calls one model alone would not make."""


class Comparison(msgspec.Struct, frozen=True):
    """Our cost beside that of one model. Amounts in pico-dollars."""

    model: str
    ours: Pico
    theirs: Pico
    calls: int
    estimated: bool = False
    """Some of our figures are estimates, so both sums are (`~`)."""

    @property
    def saved(self) -> int:
        """What we saved; below zero where we cost more."""
        return self.theirs - self.ours

    @property
    def percent(self) -> int | None:
        """Our cost against theirs, rounded: −26 is a quarter less; None where theirs is nothing."""
        if self.theirs == 0:
            return None
        size = (200 * abs(self.saved) + self.theirs) // (2 * self.theirs)
        return -size if self.saved > 0 else size


class OneModel:
    """The counterfactual of one conversation, call by call."""

    def __init__(self, model: str, prices: PriceBook) -> None:
        self.model = model
        self._prices = prices
        self._conversation = 0
        """Tokens that the one model would have in its cache."""
        self._ours = self._theirs = self._calls = 0
        self._estimated = False

    def add(self, call: ModelCalled) -> None:
        """Take in one of our calls, in their order.

        Raises:
            UnpricedModel: the one model has no price.
        """
        prompt = call.input_tokens + call.cache_read_tokens + call.cache_write_tokens
        self.take(call.role, to_pico(call.cost_usd), prompt, call.output_tokens, call.estimated)

    def take(self, role: str, cost: Pico, prompt: int, output: int, estimated: bool) -> None:
        """The same by its figures: what it cost us, and the tokens of its whole prompt and of its answer.

        Raises:
            UnpricedModel: the one model has no price.
        """
        self._ours += cost
        self._estimated |= estimated
        if role in NOT_NEEDED or not (prompt or output):
            return
        self._calls += 1
        known = min(prompt, self._conversation)
        usage = Usage(cache_read=known, cache_write=prompt - known, output=output)
        self._theirs += self._prices.cost(self.model, usage)
        self._conversation = max(self._conversation, prompt)

    @property
    def comparison(self) -> Comparison:
        """Where it stands now."""
        return Comparison(self.model, Pico(self._ours), Pico(self._theirs), self._calls, self._estimated)


def compare(calls: Iterable[ModelCalled], model: str, prices: PriceBook) -> Comparison:
    """Our calls beside the same ones on one model, with its own warm cache (`ASSUMPTION`).

    Raises:
        UnpricedModel: the one model has no price.
    """
    one = OneModel(model, prices)
    for call in calls:
        one.add(call)
    return one.comparison
