"""The cost pane: what it costs, against what, and the way to the ledger."""

from __future__ import annotations

from textual.message import Message

from core.money import Pico
from core.view.cost import Costs
from tui.actions import bindings
from tui.canvas import Page, border_words
from tui.cost import draw_costs
from tui.keymap import Keymap
from tui.outlook import Outlook
from tui.paint import Lines
from tui.wording import money


class CostPane(Page):
    """What it costs."""

    BINDINGS = bindings("cost")
    can_focus = True

    class LedgerWanted(Message):
        """The user wants to see every charge."""

    class ExportWanted(Message):
        """The user wants all charges in a file."""

    def __init__(self, costs: Costs, outlook: Outlook, *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._costs = costs
        self._outlook = outlook
        self._whole = self._why = False
        self.border_title = "cost"

    def compose_lines(self, width: int) -> Lines:
        keymap: Keymap = self.app.keymap  # type: ignore[attr-defined]
        return draw_costs(self._costs, self._outlook, width, keymap, whole=self._whole, why=self._why)

    def redraw(self) -> None:
        super().redraw()
        self.border_title = border_words(cost_title(self._costs))

    def action_ledger(self) -> None:
        self.post_message(self.LedgerWanted())

    def action_export_ledger(self) -> None:
        self.post_message(self.ExportWanted())

    def action_explain(self) -> None:
        """Say what the comparison with one model assumes, or no longer."""
        self._why = not self._why
        self.redraw()

    def action_widen(self) -> None:
        """Take the tables from the whole session, or from the latest run again."""
        self._whole = not self._whole
        self.redraw()


def cost_title(costs: Costs) -> str:
    spent: Pico = costs.session.total.cost
    return f"cost · {money(spent, costs.session.total.estimated)}" if costs.session.total.calls else "cost"
