"""A team of one for sessions without models: it does what a test tells it, by the events of a real run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.events import (
    Backend,
    CallStarted,
    ChangeWithdrawn,
    FileChanged,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    TextDelta,
    TextFinished,
    ToolFinished,
    ToolStarted,
)
from core.ledger import Budget
from core.money import Pico, to_usd
from core.prices import Usage
from core.refusal import Refusal
from core.run import Outcome, Run
from core.stage import Change
from core.stage.told import file_changed

ROLE = "fast_coder"
MODEL = "amazon.nova-micro-v1:0"
OTHER_MODEL = "amazon.nova-lite-v1:0"
UNPRICED = "somebody.else-v1:0"
Deed = Callable[["Actor"], Awaitable[None]]


class Actor:
    """One node of one run, and the few things that nodes do."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.who: dict[str, Any] = {"run": run.id, "node": ROLE, "role": ROLE}
        self.heard: list[str] = []
        """What the user decided, as the node got to hear it."""

    async def begin(self) -> None:
        self.control = self.run.controls.begin(ROLE, ROLE)
        await self.run.emit(NodeStarted(**self.who, model=MODEL))

    async def end(self) -> None:
        self.run.controls.finish(ROLE)
        await self.run.emit(NodeFinished(**self.who, status="done", summary="done", duration_ms=1))

    async def call_out(self) -> tuple[str, Pico]:
        """A model call goes out."""
        call = self.run.number()
        reserved = self.run.budget.reserve(self.run.prices.cost(MODEL, Usage(input=1000, output=1000)))
        await self.run.emit(
            CallStarted(**self.who, call=call, model=MODEL, input_tokens=1000, reserved_usd=to_usd(reserved))
        )
        return call, reserved

    async def charge(self, call: str, reserved: Pico) -> None:
        usage = Usage(input=1000, output=100)
        cost = self.run.prices.cost(MODEL, usage)
        self.run.budget.settle(reserved, cost)
        await self.run.emit(
            ModelCalled(
                **self.who,
                call=call,
                model=MODEL,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_read_tokens=0,
                cache_write_tokens=0,
                cost_usd=to_usd(cost),
                latency_ms=1,
                estimated=False,
            )
        )

    async def think(self) -> None:
        """A whole model call."""
        await self.charge(*await self.call_out())

    async def say(self, text: str, *, finish: bool = True) -> None:
        block = self.run.number()
        for letter in text:
            await self.run.emit(TextDelta(**self.who, text=letter, block=block))
        if finish:
            await self.run.emit(TextFinished(**self.who, text=text, block=block))

    async def write(self, path: str, data: bytes | None) -> None:
        """A tool call that writes (or, without data, deletes) one file of the stage."""
        await self.use_tool(path, lambda: self._put(path, data))

    def _put(self, path: str, data: bytes | None) -> Sequence[Any]:
        stage = self.run.stage
        if data is None:
            stage.delete(path)
        else:
            stage.write(path, data)
        return stage.record([path], **self.who, message="write_file")

    async def use_tool(self, argument: str, work: Callable[[], Sequence[Any]]) -> None:
        """A tool call: on record, its changes too, and then the decisions that were taken meanwhile."""
        call = self.run.number()
        self.run.check()
        await self.run.emit(ToolStarted(**self.who, call=call, tool="write_file", arguments=argument))
        found = await asyncio.to_thread(work)
        await self.run.emit(
            ToolFinished(**self.who, call=call, tool="write_file", ok=True, duration_ms=1, output="")
        )
        for change in found:
            await self.run.emit(self._event(change))
        self.heard += await self.run.decisions()

    def _event(self, change: Any) -> FileChanged | ChangeWithdrawn:
        if not isinstance(change, Change):
            return ChangeWithdrawn(**self.who, path=change.path)
        return file_changed(self.run.stage, change, **self.who)


class ActingTeam:
    """Does the deeds of one run after the other; without any it answers at once."""

    roster = "acting"
    backend: Backend = "rehearsal"

    def __init__(self, *deeds: Deed) -> None:
        self._deeds = list(deeds)
        self.actors: list[Actor] = []
        self.budgets: list[Budget] = []
        self.roles = ("debugger", "fast_coder", "researcher")

    def then(self, deed: Deed) -> "ActingTeam":
        self._deeds.append(deed)
        return self

    def find_model(self, name: str) -> str:
        if name not in (MODEL, OTHER_MODEL, UNPRICED):
            raise Refusal(f"There is no model {name}.")
        return name

    async def work(self, run: Run) -> Outcome:
        actor = Actor(run)
        self.actors.append(actor)
        self.budgets.append(run.budget)
        await actor.begin()
        if self._deeds:
            await self._deeds.pop(0)(actor)
        run.check()
        await actor.end()
        return Outcome("done", f"Done: {run.request}")
