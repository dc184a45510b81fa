"""What a board shows of money besides its session: read at the start and after charges, never by a clock."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from tui.costpane import CostPane
from tui.steering import Steering

if TYPE_CHECKING:
    from tui.feed import Damage
    from tui.lines import Pane
    from tui.sources import Sources

REST_SECONDS = 10.0
"""Between two readings of what other sessions spent. Without charges nothing is read at all."""


class Billing(Steering, part=True):
    """A board that knows what other sessions spent, and what one model would have cost."""

    _reading = False
    _read_at = -REST_SECONDS
    _reads = 0
    _roster = ""

    def tell(self, text: str) -> None:
        """Say something in the bar for a few seconds."""
        raise NotImplementedError

    @property
    def sources(self) -> Sources:
        return self.app.sources  # type: ignore[attr-defined]

    def on_mount(self) -> None:
        self.outlook.budgets = self.sources.budgets

    def focus_pane(self, pane: Pane) -> None:
        if pane == "cost":
            self._look_around()
        super().focus_pane(pane)

    def draw(self, damage: Damage) -> None:
        if damage.cost:
            self._look_around()
        super().draw(damage)

    def _look_around(self) -> None:
        """Something was charged, or the session begins: see how that stands against everything else.

        A past session has no part in what is spent today.
        """
        if not self.is_mounted or not self.view.session:
            return
        if self.view.head.roster != self._roster:
            self._roster = self.view.head.roster
            self.run_worker(self._find_model(self._roster), group="one-model", exclusive=True)
        if not self._reading and not self.has_class("-past"):
            self._reading = True
            wait = max(0.0, self._read_at + REST_SECONDS - monotonic())
            if wait:
                asyncio.get_running_loop().call_later(wait, self.call_later, self._begin_reading)
            else:
                self._begin_reading()

    def _begin_reading(self) -> None:
        self.run_worker(self._read(), group="spending")

    async def _read(self) -> None:
        """All logs the first time; afterwards the latest ones, which are those that other Heddles write."""
        try:
            found = await self.sources.elsewhere(self.view.session, self._reads == 0)
        finally:
            self._reading, self._read_at = False, monotonic()
        self._reads += 1
        if found is not None:
            self.outlook.elsewhere = found
            self._redraw_costs()

    async def _find_model(self, roster: str) -> None:
        self.outlook.compare_with(await self.sources.one_model(roster))
        self._redraw_costs()

    def _redraw_costs(self) -> None:
        if self.is_mounted:
            self.query_one(CostPane).redraw()

    # -- the ledger ------------------------------------------------------------------------------

    @property
    def _ledger_name(self) -> str:
        return f"heddle-ledger-{self.view.session or 'empty'}"

    def on_cost_pane_ledger_wanted(self) -> None:
        from tui.ledger import LedgerScreen

        self.app.push_screen(LedgerScreen(self.view.costs, self._ledger_name, self.sources.export))

    async def on_cost_pane_export_wanted(self) -> None:
        from tui.exporting import export_rows

        said, _ = await export_rows(self.view.costs.charges.rows, self._ledger_name, self.sources.export)
        self.tell(said)
