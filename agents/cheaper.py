"""The model that a node goes on with when its own has become too dear for a budget."""

from agents.meter import Prompt, dearest
from agents.roster import Role, Roster
from core.limits import limits
from core.money import Pico
from core.overrun import Cheaper
from core.prices import PriceBook

WORTH_IT = 2
"""How many times cheaper a call must be at the least: reading a conversation anew costs money too."""


def find_cheaper(
    roster: Roster, role: Role, prices: PriceBook, *, model: str, prompt: Prompt, left: Pico
) -> Cheaper | None:
    """The dearest model of the roster, those of the role first, that costs at most half and that `left` can pay.

    Dear ones are the able ones, as far as prices say. None: there is no such model.
    """
    now = _call(prices, roster, role, model, prompt, role.output_tokens)
    for models in (role.models, roster.models()):
        found = [
            (cost, each)
            for each in models
            if each != model and prices.knows(each) and prompt.most < roster.card(each).window
            if (cost := _call(prices, roster, role, each, prompt, role.output_tokens)) * WORTH_IT <= now
            if _call(prices, roster, role, each, prompt, limits().run.least_output_tokens) <= left
        ]
        if found:
            best = max(found)[1]
            return Cheaper(best, roster.catalog.title(best))
    return None


def _call(prices: PriceBook, roster: Roster, role: Role, model: str, prompt: Prompt, output: int) -> Pico:
    card = roster.card(model)
    hour = prompt.most if card.cache_hour else 0
    return dearest(prices, model, prompt.most, min(output, role.output_tokens, card.output), hour=hour)
