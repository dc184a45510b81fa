"""What the costs are seen against: other sessions, one model alone, and the budgets that are set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.events import BudgetScope
from core.money import Pico

if TYPE_CHECKING:
    from core.counterfactual import Comparison, OneModel
    from core.spending import Elsewhere, Spending
    from core.view.cost import Costs

_NO_BUDGETS: Mapping[BudgetScope, Pico] = {}


class Outlook:
    """Everything that the cost pane shows and the session's records do not hold.

    Args:
        costs: the session's own.
        budgets: the budgets beside the run's, as they are set.
    """

    def __init__(self, costs: Costs, budgets: Mapping[BudgetScope, Pico] = _NO_BUDGETS) -> None:
        self._costs = costs
        self.budgets = budgets
        self.elsewhere: Elsewhere | None = None
        """What the other sessions were billed, once it was read."""
        self._one: OneModel | None = None
        self._taken = 0
        """How many charges the one model has taken in."""

    def compare_with(self, one: OneModel | None) -> None:
        """Compare with this model from here on, and with none if it has no price."""
        self._one, self._taken = one, 0

    @property
    def comparison(self) -> Comparison | None:
        """Our calls beside the same ones on one model; None while there is nothing to compare."""
        rows = self._costs.charges.rows
        if self._one is None:
            return None
        from core.prices import UnpricedModel  # only what compares needs prices

        try:
            for row in rows[self._taken :]:
                self._one.take(row.role, row.cost, row.prompt, row.output, row.estimated)
        except UnpricedModel:
            self._one = None
            return None
        self._taken = len(rows)
        found = self._one.comparison
        return found if found.calls else None

    @property
    def spending(self) -> Spending | None:
        """Today and this month, over all sessions."""
        if self.elsewhere is None:
            return None
        from core.spending import together

        return together(self.elsewhere, self._costs.charges)

    def budget(self, scope: BudgetScope) -> Pico | None:
        """The limit of a session or a day, as it is set or as the user raised it."""
        limit = self.budgets.get(scope)
        return None if limit is None else max(limit, self._costs.raised.get(scope, limit))
