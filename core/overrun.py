"""What happens before a call that a budget cannot pay: its node waits, and the user says what is to be done."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from core.control import NodeClosed, NodeControl
from core.events import BudgetRaised, NodePaused, NodeResumed
from core.ledger import BudgetReached
from core.money import Pico, round_up, show_usd, to_usd
from core.run import Run

FINISH, STOP = "finish now", "stop"
_BY = "heddle"


class Cheaper(NamedTuple):
    """A model that a budget can pay."""

    model: str
    title: str
    """For people."""


FindCheaper = Callable[[Pico], Cheaper | None]
"""The model that the node can go on with for so much a call; None: there is none."""


class Overrun:
    """The calls of one node that its budgets cannot pay. Other nodes go on meanwhile."""

    def __init__(self, run: Run, node: str, role: str) -> None:
        self._run = run
        self._allowance = run.allowance
        self._budgets = run.budgets(node)
        self._node = node
        self._role = role

    async def resolve(self, reached: BudgetReached, find: FindCheaper) -> None:
        """Return when the call should be tried again, perhaps with another model.

        Raises:
            BudgetReached: the one given. The user wants the run to end, or nobody is there to ask.
            NodeClosed: the node ends with what it has done.
            Interrupted: the node or its run is to end.
        """
        if reached.name in self._allowance.closed:
            raise NodeClosed
        if reached.may_be_paid_later:
            await self._wait_for_others(reached)
        elif not self._run.interactive:
            raise reached
        else:
            await self._wait_for_the_user(reached, find)

    async def _wait_for_others(self, reached: BudgetReached) -> None:
        """Calls under way nearly always cost less than what was set aside for them."""
        change = self._budgets.news.listen()
        left = show_usd(to_usd(reached.left))
        await self._pause(f"The {reached.name} has {left} left until calls of other nodes have ended.")
        await self._control.unless_stopped(change.wait())
        await self._go_on()

    async def _wait_for_the_user(self, reached: BudgetReached, find: FindCheaper) -> None:
        """Ask; while the user is asked about the same budget for another node, wait for what comes of that."""
        limit = to_usd(reached.limit)
        await self._pause(f"Its next call could cross the {reached.name} of ${limit}.")
        asked = self._allowance.asked.get(reached.name)
        if asked is not None:
            await self._control.unless_stopped(asked.wait())
        else:
            await self._ask(reached, find)
        await self._go_on()

    async def _ask(self, reached: BudgetReached, find: FindCheaper) -> None:
        answered = self._allowance.asked[reached.name] = asyncio.Event()
        try:
            await self._decide(reached, find)
        finally:
            del self._allowance.asked[reached.name]
            answered.set()

    async def _decide(self, reached: BudgetReached, find: FindCheaper) -> None:
        """Ask the user, and do what he says."""
        more = round_up(max(2 * reached.limit, reached.spent + reached.wanted))
        cheaper = find(reached.left)
        raised = f"raise it to ${to_usd(more)}"
        other = (f"go on with {cheaper.title}",) if cheaper else ()
        answer = await self._run.ask(
            f"The next call of {self._node} could cross the {reached.name} of ${to_usd(reached.limit)}.",
            (raised, *other, FINISH, STOP),
            kind="budget",
            detail=_detail(reached, cheaper),
            node=self._node,
            role=self._role,
        )
        if answer == raised:
            await self._raise(reached, more)
        elif cheaper is not None and answer in other:
            self._run.controls.models[self._node] = cheaper.model
        elif answer == FINISH:
            self._allowance.closed[reached.name] = reached.scope
            raise NodeClosed
        else:
            raise reached

    async def _raise(self, reached: BudgetReached, more: Pico) -> None:
        await self._budgets.raise_to(reached.name, more)
        await self._run.emit(
            BudgetRaised(
                run=self._run.id,
                scope=reached.scope,
                from_usd=to_usd(reached.limit),
                to_usd=to_usd(more),
                node=self._node,
                role=self._role,
            )
        )

    # -- on record -----------------------------------------------------------------------------------

    @property
    def _control(self) -> NodeControl:
        return self._run.controls.of(self._node)

    async def _pause(self, reason: str) -> None:
        paused = NodePaused(run=self._run.id, node=self._node, role=self._role, reason=reason, by=_BY)
        await self._run.emit(paused)

    async def _go_on(self) -> None:
        await self._run.emit(NodeResumed(run=self._run.id, node=self._node, role=self._role, by=_BY))


_HOLDS = {
    "node": "for this node, in this run",
    "run": "for this run",
    "session": "for this session",
    "day": "until the day is over (UTC), for all Heddles",
}


def _detail(reached: BudgetReached, cheaper: Cheaper | None) -> str:
    """What there is, what the call could cost, and what each choice does."""
    least, wanted = show_usd(to_usd(reached.least)), show_usd(to_usd(reached.wanted))
    lines = [
        f"left: {show_usd(to_usd(reached.left))} of ${to_usd(reached.limit)}",
        f"the call: up to {wanted}, with the shortest answer up to {least}",
        "",
        f"raise: holds {_HOLDS[reached.scope]}",
        *([f"go on with {cheaper.title}: {cheaper.model}"] if cheaper else []),
        "finish now: what this budget cannot pay is not done; the answer is made of what there is",
        "stop: the run ends here; it can be gone on with",
    ]
    return "\n".join(lines)
