"""How a team works on a request: what it needs is made ready, and whatever happens becomes an outcome."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.clock import monotonic_ms
from core.events import Failed, StagePrepared
from core.faults import EXIT_BUDGET, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NEEDS_DECISION, Fault
from core.ledger import BudgetReached
from core.limits import limits
from core.money import to_usd
from core.preparing import progress
from core.run import Interrupted, NeedsDecision, Outcome, Run, Team
from core.sandbox import Sandbox
from core.spend import DAY_BUDGET
from core.stage import Stage
from core.stage.follow import Tell

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunWork:
    """The work of a team on one run, up to its outcome."""

    run: Run
    team: Team
    prepare: Callable[[Tell], Awaitable[tuple[Stage, Sandbox]]]
    """Brings stage and sandbox up to date."""

    async def outcome(self) -> Outcome:
        """Carry the run out. Never raises for what a team does."""
        run = self.run
        try:
            await self._prepare()
            outcome = await self._on_its_route()
            return _interrupted() if run.stop.is_set() else outcome
        except (Interrupted, asyncio.CancelledError):
            return _interrupted()
        except BudgetReached as reached:
            return Outcome("budget", _budget_sentence(reached), EXIT_BUDGET)
        except NeedsDecision as question:
            return Outcome("needs_decision", f"This needs your decision: {question}", EXIT_NEEDS_DECISION)
        except Fault as fault:
            return _interrupted() if run.stop.is_set() else await self._fail(fault)
        except Exception as error:
            _log.exception("a run ended with an error that nobody expected")
            return await self._fail(Fault("internal", f"{type(error).__name__}: {error}"))

    async def _prepare(self) -> None:
        run, started = self.run, monotonic_ms()
        try:
            run.stage, run.sandbox = await run.unless_stopped(self.prepare(progress(run)))
        except Interrupted:
            raise
        except Exception as error:
            raise Fault("stage_failed", str(error)) from error
        took = monotonic_ms() - started
        await run.emit(StagePrepared(run=run.id, files=run.stage.files, duration_ms=took))
        await run.decisions()

    async def _on_its_route(self) -> Outcome:
        """Let the team work, and once more from the start on each route that the user wants instead."""
        while True:
            try:
                outcome = await self._let_work()
            except Exception:
                if self.run.wanted is None:
                    raise
            else:
                if self.run.wanted is None:
                    return outcome
            await self.run.begin_anew()

    async def _let_work(self) -> Outcome:
        """Wait for the team; a stopped one gets a while to end in good order, then it is cut off."""
        work = asyncio.ensure_future(self.team.work(self.run))
        try:
            return await self.run.unless_stopped(asyncio.shield(work))
        except Interrupted:
            await _cut_off(work)
            raise
        except asyncio.CancelledError:
            self.run.interrupt()
            await _cut_off(work)
            raise

    async def _fail(self, fault: Fault) -> Outcome:
        run = self.run
        try:
            await run.emit(
                Failed(
                    run=run.id,
                    kind=fault.kind,
                    message=fault.message,
                    advice=fault.advice,
                    exit_code=fault.exit_code,
                )
            )
        except Exception as error:
            _log.warning("a failure could not be put on record: %s", error)
        return Outcome("failed", f"{fault.message} {fault.advice}", fault.exit_code or EXIT_FAILED)


async def _cut_off(work: asyncio.Future[Outcome]) -> None:
    """Wait for stopped work; cancel it when it takes too long, and leave it alone when even that is in vain."""
    seconds = limits().run.stop_seconds
    await asyncio.wait({work}, timeout=seconds)
    if not work.done():
        _log.warning("a stopped run was cut off after %g s", seconds)
        work.cancel()
        await asyncio.wait({work}, timeout=seconds)


def _interrupted() -> Outcome:
    return Outcome("interrupted", "Interrupted. What was done so far is kept.", EXIT_INTERRUPTED)


def _budget_sentence(reached: BudgetReached) -> str:
    """What stopped the run, and which budget it was."""
    day = reached.name == DAY_BUDGET
    advice = (
        "Raise day_budget_usd, or go on tomorrow (UTC)." if day else "Give a larger budget and try again."
    )
    return (
        f"Stopped before a call that could cross the {reached.name} of ${to_usd(reached.limit)}. "
        f"What was done so far is kept. {advice}"
    )
