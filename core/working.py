"""How a run is carried out: prepared, handed to a team, and finished with its sums whatever happened."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.clock import monotonic_ms
from core.commands import SubmitRequest
from core.events import Failed, NodeStatus, RequestSubmitted, RunFinished, RunStatus, StagePrepared
from core.faults import EXIT_BUDGET, EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NEEDS_DECISION, Fault
from core.ledger import Budget, BudgetReached, as_usd
from core.money import to_usd
from core.prices import PriceBook
from core.run import Interrupted, NeedsDecision, Outcome, PastRun, Run, Team
from core.sandbox import Sandbox
from core.stage import Stage

log = logging.getLogger(__name__)

_NODE_STATUS: dict[RunStatus, NodeStatus] = {
    "done": "done",
    "failed": "failed",
    "interrupted": "interrupted",
    "budget": "paused",
    "needs_decision": "paused",
}


@dataclass
class RunWork:
    """The work on one request, from the command to `run_finished`."""

    session: str
    number: int
    command: SubmitRequest
    past: tuple[PastRun, ...]
    budget: Budget
    prices: PriceBook
    record: Callable[..., Awaitable[None]]
    settle: Callable[[], Awaitable[list[str]]]
    interactive: bool
    run: Run | None = field(default=None, init=False)

    async def begin(
        self,
        open_stage: Callable[[], Awaitable[Stage]],
        open_sandbox: Callable[[Stage], Sandbox],
    ) -> Run:
        """Put the request on record and make the run; its stage is opened by `work`."""
        id = f"r{self.number}"
        self._open_stage = open_stage
        self._open_sandbox = open_sandbox
        await self.record(
            RequestSubmitted(
                run=id,
                text=self.command.text,
                pattern=self.command.pattern,
                budget_usd=to_usd(self.budget.limit) if self.budget.limit is not None else None,
            )
        )
        self.run = Run(
            id=id,
            session=self.session,
            request=self.command.text,
            pattern=None if self.command.pattern == "auto" else self.command.pattern,
            past=self.past,
            budget=self.budget,
            prices=self.prices,
            record=self.record,
            settle=self.settle,
            interactive=self.interactive,
        )
        return self.run

    async def work(self, team: Team) -> None:
        """Carry the run out and put its end on record, whatever happens."""
        assert self.run is not None
        outcome = await self._outcome(self.run, team)
        await self.run.finish_nodes(_NODE_STATUS[outcome.status], outcome.answer)
        await self.record(self._finished(self.run, outcome))

    async def _outcome(self, run: Run, team: Team) -> Outcome:
        try:
            await self._prepare(run)
            outcome = await team.work(run)
            return Outcome("interrupted", "Interrupted.", EXIT_INTERRUPTED) if run.stop.is_set() else outcome
        except (Interrupted, asyncio.CancelledError):
            return Outcome("interrupted", "Interrupted. What was done so far is kept.", EXIT_INTERRUPTED)
        except BudgetReached as reached:
            return Outcome("budget", _budget_sentence(reached), EXIT_BUDGET)
        except NeedsDecision as question:
            return Outcome("needs_decision", f"This needs your decision: {question}", EXIT_NEEDS_DECISION)
        except Fault as fault:
            if run.stop.is_set():
                return Outcome("interrupted", "Interrupted.", EXIT_INTERRUPTED)
            return await self._fail(run, fault)
        except Exception as error:
            log.exception("a run ended with an error that nobody expected")
            return await self._fail(run, Fault("internal", f"{type(error).__name__}: {error}"))

    async def _prepare(self, run: Run) -> None:
        started = monotonic_ms()
        try:
            stage = await self._open_stage()
        except Exception as error:
            raise Fault("stage_failed", str(error)) from error
        run.stage = stage
        run.sandbox = self._open_sandbox(stage)
        await run.emit(StagePrepared(run=run.id, files=stage.files, duration_ms=monotonic_ms() - started))

    async def _fail(self, run: Run, fault: Fault) -> Outcome:
        await run.emit(
            Failed(
                run=run.id,
                kind=fault.kind,
                message=fault.message,
                advice=fault.advice,
                exit_code=fault.exit_code,
            )
        )
        return Outcome("failed", f"{fault.message} {fault.advice}", fault.exit_code or EXIT_FAILED)

    @staticmethod
    def _finished(run: Run, outcome: Outcome) -> RunFinished:
        return RunFinished(
            run=run.id,
            status=outcome.status,
            answer=outcome.answer,
            files=tuple(sorted(run.files)),
            cost_usd=to_usd(run.totals.cost),
            by_role=as_usd(run.totals.by_role),
            by_model=as_usd(run.totals.by_model),
            estimated=run.totals.estimated,
            exit_code=EXIT_DONE if outcome.status == "done" else outcome.exit_code,
        )


def _budget_sentence(reached: BudgetReached) -> str:
    return (
        f"Stopped before a call that could cross the budget of ${to_usd(reached.limit)}. "
        "What was done so far is kept. Give a larger budget and try again."
    )
