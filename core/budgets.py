"""The budgets that one call must keep to at once: its node's, its run's, its session's and the day's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from core.events import BudgetScope
from core.ledger import Budget, BudgetReached
from core.money import Pico
from core.spend import DAY_BUDGET, DayBudget, DayHeld


class Held(msgspec.Struct, frozen=True):
    """An amount that is set aside for one call in every budget that it counts to."""

    amount: Pico
    day: DayHeld | None = None


class News:
    """Tells whoever waits for money that something has changed. Belongs to one event loop."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """Set at the next change after this."""
        return self._next

    def tell(self) -> None:
        """Something has changed."""
        told, self._next = self._next, asyncio.Event()
        told.set()


class Budgets:
    """Several budgets as one: an amount is set aside in all of them or in none.

    Which of them a refused call would cross first is named by the `BudgetReached`.
    """

    def __init__(
        self, budgets: Sequence[Budget], day: DayBudget | None = None, news: News | None = None
    ) -> None:
        self._budgets = tuple(budgets)
        self._day = day
        self.news = news or News()
        """Told when a call has ended, and when a budget was raised."""

    @property
    def left(self) -> Pico | None:
        """What the budgets of this process may still pay, the day's apart; None where none has a limit."""
        return min((left for budget in self._budgets if (left := budget.left) is not None), default=None)

    async def reserve(self, least: Pico, wanted: Pico) -> Held:
        """Set aside as much as all of them have left, up to what is wanted.

        Raises:
            BudgetReached: one of them has not even `least` left; nothing was reserved.
            Fault: spend_unreadable.
            ValueError: an amount is below zero, or `wanted` is below `least`.
        """
        try:
            return await self._reserve(least, wanted)
        except BudgetReached as reached:
            reached.least, reached.wanted = least, wanted
            raise

    async def _reserve(self, least: Pico, wanted: Pico) -> Held:
        granted = self._reserve_here(least, wanted)
        if self._day is None:
            return Held(granted)
        try:
            held = await self._day.reserve(least, granted)
        except BaseException:
            self._give_back(self._budgets, granted)
            self.news.tell()
            raise
        if held.amount < granted:
            self._give_back(self._budgets, granted - held.amount)
            self.news.tell()
        return Held(held.amount, held)

    def _reserve_here(self, least: Pico, wanted: Pico) -> Pico:
        """Set aside in this process's budgets."""
        refusals: list[BudgetReached] = []
        granted, done = wanted, list[tuple[Budget, Pico]]()
        for budget in self._budgets:
            try:
                granted = budget.reserve_up_to(least, granted)
                done.append((budget, granted))
            except BudgetReached as reached:
                refusals.append(reached)
        for budget, amount in done:
            self._give_back((budget,), amount if refusals else amount - granted)
        if refusals:
            raise min(refusals, key=lambda reached: reached.limit - reached.spent)
        return granted

    def _give_back(self, budgets: Sequence[Budget], amount: int) -> None:
        for budget in budgets:
            budget.settle(Pico(amount), Pico(0))

    async def settle(self, held: Held, cost: Pico) -> None:
        """Replace a reservation by what the call did cost, in every budget.

        A caller that is cancelled takes nothing back.
        """
        for budget in self._budgets:
            budget.settle(held.amount, cost)
        self.news.tell()
        if self._day is not None and held.day is not None:
            await self._day.settle(held.day, cost)

    async def raise_to(self, name: str, limit: Pico) -> None:
        """Let one of them be larger, and no other.

        Raises:
            Fault: spend_unreadable.
        """
        for budget in self._budgets:
            if budget.name == name:
                budget.raise_to(limit)
        if name == DAY_BUDGET and self._day is not None:
            await self._day.raise_to(limit)
        self.news.tell()


@dataclass
class Allowance:
    """What one run may spend: its own budget and those beside it."""

    run: Budget
    session: Budget = field(default_factory=lambda: Budget(None, "session budget", scope="session"))
    node_limit: Pico | None = None
    """The most for each node, all its rounds together."""
    day: DayBudget | None = None
    closed: dict[str, BudgetScope] = field(default_factory=dict[str, BudgetScope], init=False)
    """Budgets that the user will not raise in this run, by name: what they cannot pay is not done."""
    asked: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event], init=False)
    """Names of budgets that the user is asked about at this moment; each is set when he has answered."""
    _news: News = field(default_factory=News, init=False)
    _nodes: dict[str, Budget] = field(default_factory=dict[str, Budget], init=False)

    def of(self, node: str) -> Budgets:
        """Every budget that a call of a node counts to."""
        budget = Budget(self.node_limit, f"{node} budget", scope="node")
        own = self._nodes.setdefault(node, budget)
        return Budgets((own, self.run, self.session), self.day, self._news)
