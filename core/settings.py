"""What a session is given besides its project, and its name."""

import secrets
from datetime import datetime
from functools import partial

import msgspec

from core.budgets import Allowance
from core.index import billed_before
from core.ledger import Budget
from core.money import Pico, to_pico
from core.paths import Home
from core.prices import PriceBook
from core.refusal import Refusal
from core.spend import DayBudget

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that looks like something else."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a session needs to know besides its project."""

    home: Home
    prices: PriceBook
    budget_usd: str | None = None
    """The most that one run may cost, unless its request says otherwise."""
    session_budget_usd: str | None = None
    """The most that all runs of the session may cost together."""
    node_budget_usd: str | None = None
    """The most that one node of a run may cost, all its rounds together."""
    day_budget_usd: str | None = None
    """The most that all Heddles of this user may cost in one day (UTC), rehearsals apart."""
    allow_unconfined: bool = False
    """Whether commands may run without a sandbox when there is none."""
    interactive: bool = True
    """Whether somebody is there to answer questions."""

    watch: bool = False
    """Whether the project is watched for the user's own edits while the session is open. Without, it is
    looked at when a request starts and before each apply."""

    def budget(self, budget_usd: str | None) -> Budget:
        """The budget of a run whose request names this one, or none.

        Raises:
            Refusal: it is no amount in dollars, or below zero.
        """
        return Budget(_limit(self.budget_usd if budget_usd is None else budget_usd, "budget"))

    def allowance(
        self, run: Budget, spent: Pico, *, billed: bool, raised_usd: str | None = None
    ) -> Allowance:
        """What a run may spend: its own budget and those beside it.

        Args:
            run: the run's budget.
            spent: what the session has cost so far.
            billed: False for the rehearsal, which costs nobody's day anything.
            raised_usd: what the user raised the session's budget to, in dollars.

        Raises:
            Refusal: one of the settings is no amount in dollars, or below zero.
        """
        limit = _limit(self.session_budget_usd, "session budget")
        session = Budget(limit, "session budget", spent, scope="session")
        if raised_usd is not None:
            session.raise_to(to_pico(raised_usd))
        day = _limit(self.day_budget_usd, "day budget") if billed else None
        return Allowance(
            run=run,
            session=session,
            node_limit=_limit(self.node_budget_usd, "node budget"),
            day=None
            if day is None
            else DayBudget(self.home.spend, day, before=partial(billed_before, self.home)),
        )


def _limit(dollars: str | None, name: str) -> Pico | None:
    """An amount of the user's, if there is one.

    Raises:
        Refusal: it is no amount in dollars, or below zero.
    """
    if dollars is None:
        return None
    try:
        limit = to_pico(dollars)
    except ValueError as error:
        raise Refusal(f"The {name} is no amount in dollars: {error}.") from error
    if limit < 0:
        raise Refusal(f"The {name} is below zero: {dollars}. Give an amount in dollars, such as 0.50.")
    return limit


def new_session_id(now: datetime) -> str:
    """Sorts by time, is short enough to type, and does not collide: `20260131-120000-k3f9`."""
    return f"{now:%Y%m%d-%H%M%S}-" + "".join(secrets.choice(_ALPHABET) for _ in range(4))
