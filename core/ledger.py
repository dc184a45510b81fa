"""The ledger: all charges, one for each model call, and their exact sums.

Charges are `ModelCalled` events; a sum by role or model is a fold over them, so a session equals
the sum of its parts by construction.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from core.events import BudgetScope, ModelCalled
from core.money import ZERO, Pico, to_pico, to_usd


class Totals(msgspec.Struct):
    """What some calls cost together."""

    cost: int = 0
    """Pico-dollars."""
    by_role: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    by_model: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    by_node: dict[str, int] = msgspec.field(default_factory=lambda: defaultdict(int))
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False

    def add(self, charge: ModelCalled) -> None:
        """Count one charge."""
        cost = to_pico(charge.cost_usd)
        self.cost += cost
        self.by_role[charge.role] += cost
        self.by_model[charge.model] += cost
        self.by_node[charge.node] += cost
        self.calls += 1
        self.input_tokens += charge.input_tokens
        self.output_tokens += charge.output_tokens
        self.cache_read_tokens += charge.cache_read_tokens
        self.cache_write_tokens += charge.cache_write_tokens
        self.estimated |= charge.estimated


def total(charges: Iterable[ModelCalled]) -> Totals:
    """Sum charges."""
    totals = Totals()
    for charge in charges:
        totals.add(charge)
    return totals


def as_usd(parts: dict[str, int]) -> dict[str, str]:
    """Sums in pico-dollars as decimal dollars, dearest first."""
    return {name: to_usd(cost) for name, cost in sorted(parts.items(), key=lambda item: (-item[1], item[0]))}


class BudgetReached(Exception):
    """The next call could cost more than what is left of a budget."""

    def __init__(
        self,
        limit: Pico,
        spent: int,
        name: str = "budget",
        *,
        scope: BudgetScope = "run",
        reserved: int = 0,
    ) -> None:
        super().__init__(f"the {name} of ${to_usd(limit)} is reached: ${to_usd(spent)} is spent or reserved")
        self.limit = limit
        self.spent = spent
        self.name = name
        """Which budget it is: `budget` is the run's."""
        self.scope: BudgetScope = scope
        self.reserved = reserved
        """The part of `spent` that calls under way have set aside, as far as this process knows them."""
        self.least = ZERO
        """What the refused call could cost at the least, in its dearest case."""
        self.wanted = ZERO
        """The same with an answer of full length."""

    @property
    def left(self) -> Pico:
        """What the budget could still pay."""
        return Pico(max(0, self.limit - self.spent))

    @property
    def may_be_paid_later(self) -> bool:
        """There would be enough if calls under way cost less than what they have set aside."""
        return self.reserved > 0 and self.limit - self.spent + self.reserved >= self.least


class Budget:
    """A limit in pico-dollars from which the worst case of each call is reserved before it is made.

    Safe to use from several threads. Without a limit nothing is ever refused.
    """

    def __init__(
        self,
        limit: Pico | None,
        name: str = "budget",
        spent: Pico = ZERO,
        *,
        scope: BudgetScope = "run",
    ) -> None:
        self.limit = limit
        self.name = name
        self.scope: BudgetScope = scope
        self._spent = int(spent)
        self._reserved = 0
        self._lock = threading.Lock()

    @property
    def left(self) -> Pico | None:
        """What may still be reserved; None without a limit."""
        with self._lock:
            return None if self.limit is None else Pico(max(0, self.limit - self._spent - self._reserved))

    def reserve(self, amount: Pico) -> Pico:
        """Set an amount aside.

        Raises:
            BudgetReached: it would cross the limit; nothing was reserved.
            ValueError: the amount is below zero.
        """
        return self.reserve_up_to(amount, amount)

    def reserve_up_to(self, least: Pico, wanted: Pico) -> Pico:
        """Set aside as much as is left, up to what is wanted; returns how much that is.

        Raises:
            BudgetReached: not even `least` is left; nothing was reserved.
            ValueError: an amount is below zero, or `wanted` is below `least`.
        """
        if not 0 <= least <= wanted:
            raise ValueError(f"{least} to {wanted} pico-dollars cannot be set aside")
        with self._lock:
            granted = wanted
            if self.limit is not None:
                left = self.limit - self._spent - self._reserved
                if left < least:
                    raise BudgetReached(
                        self.limit,
                        self._spent + self._reserved,
                        self.name,
                        scope=self.scope,
                        reserved=self._reserved,
                    )
                granted = Pico(min(wanted, left))
            self._reserved += granted
        return granted

    def raise_to(self, limit: Pico) -> None:
        """Allow more from here on; a limit that is higher already stays."""
        with self._lock:
            if self.limit is not None:
                self.limit = max(self.limit, limit)

    def settle(self, reserved: Pico, cost: Pico) -> None:
        """Replace a reservation by what the call did cost."""
        with self._lock:
            self._reserved -= reserved
            self._spent += cost

    @property
    def spent(self) -> Pico:
        with self._lock:
            return Pico(self._spent)
