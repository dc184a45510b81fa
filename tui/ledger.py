"""The ledger over the whole screen: every model call, sorted by any column, narrowed by typing, exported."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from core.view.charges import Charge
from core.view.cost import Costs
from core.view.ledger import COLUMNS, ColumnName, Ledger
from tui.actions import bindings
from tui.canvas import Canvas, border_words
from tui.exporting import Export, export_rows
from tui.ledgerlines import column_at, detail_lines, fitting, head_line, row_line, sum_line
from tui.lines import OneLine
from tui.paint import Line, Lines, Span, plain, width_of, wrap

_KEYS = (
    "type to filter · {ledger.next_column} sorts · {ledger.turn_round} turns round · {ledger.export} exports · "
    "{ledger.close} goes back"
)


class LedgerList(Canvas):
    """One line a call; only those in sight are drawn, however many there are."""

    can_focus = False

    class Sorted(Message):
        def __init__(self, column: ColumnName) -> None:
            super().__init__()
            self.column: ColumnName = column

    def __init__(self, ledger: Ledger, *, id: str) -> None:
        super().__init__(id=id)
        self._ledger = ledger
        self.current = 0

    @property
    def row(self) -> Charge | None:
        """The one under the cursor."""
        shown = self._ledger.shown
        return shown[self.current] if self.current < len(shown) else None

    def redraw(self) -> None:
        self.current = max(0, min(self.current, len(self._ledger.shown) - 1))
        self.resize_to(max(1, len(self._ledger.shown)))

    def on_resize(self) -> None:
        self.redraw()

    def step(self, by: int) -> None:
        self.current = max(0, min(len(self._ledger.shown) - 1, self.current + by))
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if not top <= self.current < top + height:
            at = self.current if self.current < top else self.current - height + 1
            self.scroll_to(y=at, animate=False, immediate=True)
        self.refresh()

    def line(self, y: int) -> Line:
        shown = self._ledger.shown
        if y >= len(shown):
            words = "No call holds these words." if self._ledger.words else "No model was called yet."
            return [Span(f"  {words}", "dim")]
        line = row_line(shown[y], fitting(self.room, self._ledger.by))
        if y != self.current:
            return line
        line.append(Span(" " * max(0, self.room - width_of(line))))
        return [Span(text, f"{ink} on-cursor".strip()) for text, ink in line]

    def on_click(self, event: events.Click) -> None:
        self.step(event.y + self.scroll_offset.y - self.current)


class LedgerHead(OneLine):
    """The names of the columns; a click sorts."""

    def __init__(self, ledger: Ledger, *, id: str) -> None:
        super().__init__(id=id)
        self._ledger = ledger

    def content(self, width: int) -> Line:
        return head_line(fitting(width - 1, self._ledger.by), self._ledger.by, self._ledger.down)

    def on_click(self, event: events.Click) -> None:
        name = column_at(fitting(self.size.width - 1, self._ledger.by), event.x)
        if name is not None:
            self.post_message(LedgerList.Sorted(name))


class LedgerFoot(Canvas):
    """The sums of what is shown, and all that there is to say of the row under the cursor."""

    can_focus = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: Lines = []

    def show(self, lines: Lines) -> None:
        if lines != self._lines:
            self._lines = lines
            self.resize_to(len(lines))

    def line(self, y: int) -> Line:
        return self._lines[y] if y < len(self._lines) else []

    def texts(self) -> list[str]:
        return [plain(line) for line in self._lines]


class LedgerScreen(ModalScreen[None]):
    """Every charge of the session.

    Args:
        name: what the exported file is called, without its ending.
        export: writes a file of this name and text, and says where.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("ledger")

    def __init__(self, costs: Costs, name: str, export: Export) -> None:
        super().__init__()
        self._costs = costs
        self._name = name
        self._export = export
        self._ledger = Ledger(costs.charges.rows)
        self._said: Line = []

    def compose(self) -> ComposeResult:
        with Vertical(id="ledger", classes="pane") as box:
            box.border_title = "ledger: every model call of this session"
            box.border_subtitle = border_words(self.app.keymap.fill(_KEYS))  # type: ignore[attr-defined]
            yield Input(placeholder="a role, a model, a run, retry, failed, ~ …", id="filter", compact=True)
            yield LedgerHead(self._ledger, id="ledger-head")
            yield LedgerList(self._ledger, id="ledger-rows")
            yield LedgerFoot(id="ledger-foot")

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()
        self._settle()

    def on_resize(self) -> None:
        self.call_after_refresh(self._settle)

    @property
    def _list(self) -> LedgerList:
        return self.query_one(LedgerList)

    def redraw(self) -> None:
        """The session went on."""
        self._ledger.refresh()
        self._settle()

    def _settle(self) -> None:
        self._list.redraw()
        self.query_one(LedgerHead).refresh()
        foot = self.query_one(LedgerFoot)
        width = max(20, foot.room)
        sums = sum_line(self._ledger.sums, len(self._costs.charges.rows), self._costs.billed, width)
        row = self._list.row
        detail = detail_lines(row, width) if row is not None else [[], []]
        foot.show([sums, *detail, *wrap(self._said, width)])

    # -- what the user does ----------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        self._said = []
        self._ledger.narrow(event.value)
        self._list.current = 0
        self._list.scroll_to(y=0, animate=False, immediate=True)
        self._settle()

    def on_ledger_list_sorted(self, event: LedgerList.Sorted) -> None:
        self._sort(event.column)

    def _sort(self, column: ColumnName) -> None:
        self._ledger.sort_by(column)
        self._settle()

    def _step_column(self, by: int) -> None:
        names: list[ColumnName] = [column.name for column in COLUMNS]
        self._sort(names[(names.index(self._ledger.by) + by) % len(names)])

    def action_next_column(self) -> None:
        self._step_column(1)

    def action_previous_column(self) -> None:
        self._step_column(-1)

    def action_turn_round(self) -> None:
        self._sort(self._ledger.by)

    async def action_export(self) -> None:
        """Write what is shown, in its order, and say where it is."""
        said, done = await export_rows(self._ledger.shown, self._name, self._export)
        self._said = [Span(said, "good" if done else "bad")]
        self._settle()

    def action_close(self) -> None:
        """Take the filter away; without one, go back."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """The arrows move in the list, whatever is being typed."""
        page = max(1, self._list.size.height - 1)
        steps = {"up": -1, "down": 1, "pageup": -page, "pagedown": page}
        if event.key not in steps:
            return
        self._list.step(steps[event.key])
        self._settle()
        event.stop()
        event.prevent_default()
