"""What a session is given besides its project, and its name."""

import secrets
from datetime import datetime

import msgspec

from core.ledger import Budget
from core.money import to_pico
from core.paths import Home
from core.prices import PriceBook
from core.refusal import Refusal

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that looks like something else."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a session needs to know besides its project."""

    home: Home
    prices: PriceBook
    budget_usd: str | None = None
    """The most that one run may cost, unless its request says otherwise."""
    allow_unconfined: bool = False
    """Whether commands may run without a sandbox when there is none."""
    interactive: bool = True
    """Whether somebody is there to answer questions."""

    def budget(self, budget_usd: str | None) -> Budget:
        """The budget of a run whose request names this one, or none.

        Raises:
            Refusal: it is no amount in dollars, or below zero.
        """
        dollars = self.budget_usd if budget_usd is None else budget_usd
        if dollars is None:
            return Budget(None)
        try:
            limit = to_pico(dollars)
        except ValueError as error:
            raise Refusal(f"The budget is no amount in dollars: {error}.") from error
        if limit < 0:
            raise Refusal(f"The budget is below zero: {dollars}. Give an amount in dollars, such as 0.50.")
        return Budget(limit)


def new_session_id(now: datetime) -> str:
    """Sorts by time, is short enough to type, and does not collide: `20260131-120000-k3f9`."""
    return f"{now:%Y%m%d-%H%M%S}-" + "".join(secrets.choice(_ALPHABET) for _ in range(4))
