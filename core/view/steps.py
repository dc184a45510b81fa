"""What each step of a node cost, and which model made it: a fold over records.

A model call is paid for by the steps that come of it, up to the next call. Calls that only looked belong to
the first steps after them, a node's last words to its last ones. Each line that those steps brought has an
equal share.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from core.events import Event, ModelCalled, NodeStarted, StageCommitted
from core.money import ZERO, Pico, to_pico


class Work(msgspec.Struct):
    """Model calls of a node, and the steps that came of them."""

    model: str
    cost: Pico = ZERO
    lines: int = 0
    estimated: bool = False
    """Some of the cost is our estimate."""
    begun: bool = False
    """A step came of it already."""
    after: "Work | None" = None
    """What the node did next."""

    @property
    def total(self) -> Pico:
        """What it cost, with the node's last words where nothing came of those."""
        rest = self.after
        return Pico(self.cost + (rest.cost if rest is not None and not rest.begun else 0))

    @property
    def is_estimated(self) -> bool:
        return self.estimated or (self.after is not None and not self.after.begun and self.after.estimated)


class Step(msgspec.Struct, frozen=True):
    """One step of a node."""

    commit: str
    run: str
    node: str
    role: str
    work: Work

    @property
    def model(self) -> str:
        return self.work.model

    @property
    def share(self) -> Pico | None:
        """What one of its lines cost; None where it brought none."""
        lines = self.work.lines
        return None if not lines else Pico((self.work.total + lines // 2) // lines)


class Steps:
    """Every step of a session, by the id of its commit."""

    def __init__(self) -> None:
        self._found: dict[str, Step] = {}
        self._now: dict[tuple[str, str], Work] = {}

    @property
    def known(self) -> Mapping[str, Step]:
        return MappingProxyType(self._found)

    def apply(self, event: Event) -> bool:
        """Take one event in; true when it says anything about steps."""
        match event:
            case NodeStarted():
                self._now[event.run, event.node] = Work(event.model)
            case ModelCalled():
                self._charge(event)
            case StageCommitted():
                work = self._now.setdefault((event.run, event.node), Work(""))
                work.begun, work.lines = True, work.lines + event.added_lines
                self._found[event.commit] = Step(event.commit, event.run, event.node, event.role, work)
            case _:
                return False
        return True

    def _charge(self, event: ModelCalled) -> None:
        key = event.run, event.node
        work = self._now.setdefault(key, Work(event.model))
        if work.begun:
            work.after = self._now[key] = Work(event.model)
            work = work.after
        work.model = event.model
        work.cost = Pico(work.cost + to_pico(event.cost_usd))
        work.estimated |= event.estimated
