"""Another model for a node: those of the session at once, and then all others that its role could have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from core.prices import PriceBook
from tui.picking import PickScreen, Row
from tui.rosterpick import NO_PRICE, able, about, price
from tui.wording import short_model

if TYPE_CHECKING:
    from core.rosters import ModelLine
    from core.view.nodes import Node

Read: TypeAlias = "Callable[[], Awaitable[Sequence[ModelLine]]]"
_ENDPOINT = "openai:"
"""What the names of models begin with that an endpoint of the user's own has."""


class ModelScreen(PickScreen):
    """Gives the place in `models` of what was chosen, or None.

    Args:
        known: the models that the session works with.
        read: finds the others; None where that cannot be done.
    """

    def __init__(self, node: Node, known: Sequence[str], prices: PriceBook, read: Read | None) -> None:
        self.models = list(known)
        self._node = node
        self._prices = prices
        self._read = read
        self._lines: dict[str, ModelLine] = {}
        super().__init__(
            f"a model for {node.label} · dollars per million tokens, in / out",
            self._rows(),
            current=self.models.index(node.model) if node.model in self.models else 0,
            moved=self._about,
        )

    def on_mount(self) -> None:
        super().on_mount()
        if self._read is not None:
            self.run_worker(self._add_others(self._read))

    async def _add_others(self, read: Read) -> None:
        """Add what can be called as the session's models are, and has a price: no budget holds without one."""
        lines = await read()
        ways = {name.startswith(_ENDPOINT) for name in self.models}
        self._lines = {line.model: line for line in lines}
        self.models += [
            line.model
            for line in lines
            if line.model not in self.models and line.input_usd and line.model.startswith(_ENDPOINT) in ways
        ]
        self._read = None
        self.show(self._rows())

    def _rows(self) -> list[Row]:
        return [self._row(model) for model in self.models]

    def _row(self, model: str) -> Row:
        line = self._lines.get(model)
        now = "its model now" if model == self._node.model else ""
        note = ", ".join(part for part in (now, able(line) if line else "") if part)
        cost = price(line) if line else self._listed(model)
        return Row(line.title if line else short_model(model), note, cost or NO_PRICE, "" if cost else "bad")

    def _listed(self, model: str) -> str:
        """The list price as it is known without asking; empty where there is none."""
        if not self._prices.knows(model):
            return ""
        row = self._prices.row(model)
        return f"{row.input} / {row.output}"

    def _about(self, index: int) -> str:
        if self._read is not None:
            return "Reading what other models there are …"
        line = self._lines.get(self.models[index])
        return about(line) if line else self.models[index]
