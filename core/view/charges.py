"""Every charge of a session as a row of the ledger, and what was spent since some moment."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from core.events import CallStarted, ModelCalled, Retried
from core.money import Pico, to_pico
from core.text import sanitise_line, sanitise_name
from core.view.pages import Pages

CallKind: TypeAlias = Literal["call", "router", "plan", "retry", "fallback"]
"""Why a model was called: for a node's work, to choose the route, to plan or to answer (the orchestrator), once
more, or because the model before it was given up."""

_OF_ROLES: dict[str, CallKind] = {"router": "router", "orchestrator": "plan"}


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One model call. All texts are safe to draw."""

    seq: int
    at: str
    """RFC 3339."""
    run: str
    node: str
    role: str
    model: str
    call: str
    kind: CallKind
    input: int
    """Uncached prompt tokens."""
    output: int
    cache_read: int
    cache_write: int
    cost: Pico
    estimated: bool
    ok: bool
    latency_ms: int
    billed: bool
    """False in a rehearsal: a list price that nobody pays."""
    cache_write_1h: int = 0
    """The part of `cache_write` that is kept for an hour."""

    @property
    def prompt(self) -> int:
        return self.input + self.cache_read + self.cache_write


class Charges:
    """The charges in the order of their records."""

    def __init__(self) -> None:
        self.rows: Pages[Charge] = Pages(fixed=True)
        self.costs = array("q")
        """What each row cost, in pico-dollars."""
        self.first_billed = ""
        """When the first charge that anybody pays was made; empty when there is none."""
        self._times: list[str] = []
        self._sums: list[int] = [0]
        """What was billed before each row, and after the last one."""
        self._estimates: list[int] = [0]
        """How many of the billed rows before each one are estimates."""
        self._last_model: dict[tuple[str, str], str] = {}
        self._again: dict[tuple[str, str], CallKind] = {}
        """What the next call of a node is, where the one before failed."""
        self._kinds: dict[str, CallKind] = {}
        """What the calls under way are, where that is not told by their role."""

    def retry(self, event: Retried) -> None:
        """A node's next call is another attempt, on the same model or on the next one."""
        place = (event.run, event.node)
        last = self._last_model.get(place, event.model)
        self._again[place] = "retry" if last == event.model else "fallback"

    def start(self, event: CallStarted) -> None:
        """A call goes out."""
        kind = self._again.pop((event.run, event.node), None)
        if kind is not None:
            self._kinds[event.call] = kind

    def add(self, event: ModelCalled, seq: int, at: str, billed: bool) -> Charge:
        """A call has ended."""
        self._last_model[event.run, event.node] = event.model
        kind = self._kinds.pop(event.call, None) or _OF_ROLES.get(event.role, "call")
        cost = to_pico(event.cost_usd)
        row = Charge(
            seq=seq, at=at, kind=kind, cost=cost, billed=billed,
            run=sanitise_name(event.run), node=sanitise_name(event.node),
            role=sanitise_name(event.role), model=sanitise_name(event.model),
            call=sanitise_line(event.call), input=event.input_tokens, output=event.output_tokens,
            cache_read=event.cache_read_tokens, cache_write=event.cache_write_tokens,
            estimated=event.estimated, ok=event.ok, latency_ms=event.latency_ms,
            cache_write_1h=event.cache_write_1h_tokens,
        )  # fmt: skip
        self.rows.append(row)
        self.costs.append(cost)
        if billed and not self.first_billed:
            self.first_billed = at
        self._times.append(max(at, self._times[-1]) if self._times else at)
        self._sums.append(self._sums[-1] + (cost if billed else 0))
        self._estimates.append(self._estimates[-1] + (billed and event.estimated))
        return row

    def billed_since(self, moment: str) -> tuple[Pico, bool]:
        """What was billed from a moment on (the start of an RFC 3339 time, UTC), and whether some of it is an
        estimate."""
        at = bisect_left(self._times, moment)
        return Pico(self._sums[-1] - self._sums[at]), self._estimates[-1] > self._estimates[at]


def bars(costs: Sequence[int], most: int) -> list[Pico]:
    """Costs of calls, in their order, added up in at most `most` parts of equal numbers of calls."""
    size = -(-len(costs) // max(1, most))
    parts = (costs[start : start + size] for start in range(0, len(costs), max(1, size)))
    return [Pico(sum(part)) for part in parts]
