"""The conductor: routes a request, lets the team work on it, and writes the answer."""

from agents.aws import Connection
from agents.board import Board
from agents.faults import understand
from agents.graph import NO_VERDICT, GraphWork
from agents.guard import Breaker, RetryPolicy, default_policy
from agents.node import Company
from agents.roster import Roster
from agents.router import decide_route
from core.events import Backend, Failed, RouteDecided
from core.faults import EXIT_FAILED, EXIT_NEEDS_DECISION, Fault
from core.limits import limits
from core.money import show_usd, to_pico
from core.run import Interrupted, Outcome, Run

GO_ON, STOP = "go on", "stop"


class Conductor:
    """The team behind a session (`core.run.Team`)."""

    def __init__(
        self,
        roster: Roster,
        connection: Connection,
        *,
        policy: RetryPolicy | None = None,
        ask_above_usd: str | None = None,
    ) -> None:
        self.roster = roster.name
        self.backend: Backend = connection.backend
        self._company = Company(roster, connection, policy or default_policy(), Breaker())
        self._ask_above = to_pico(ask_above_usd or limits().run.ask_above_usd)

    async def work(self, run: Run) -> Outcome:
        """Answer a request (see `core.run.Team.work`)."""
        board = Board(run)
        try:
            route, roles = await decide_route(self._company, board)
            if not await self._may_start(run, route):
                return Outcome("interrupted", "Not started: you stopped it at the route.", 130)
            await GraphWork(self._company, board, roles).work()
        except Exception as error:
            if run.stop.is_set():
                raise Interrupted from error
            raise _told(error) from error
        run.check()
        return await _outcome(board, roles)

    async def _may_start(self, run: Run, route: RouteDecided) -> bool:
        """Wait for the user where the expected cost is above the limit or the risk is."""
        cost = to_pico(route.expected_cost_usd)
        if cost <= self._ask_above:
            return True
        shown = show_usd(route.expected_cost_usd)
        answer = await run.ask(f"This will probably cost about {shown}. Start it?", (GO_ON, STOP))
        return answer == GO_ON


def _told(error: Exception) -> Exception:
    """The exception that `core` understands, out of what Strands wrapped around it."""
    from core.ledger import BudgetReached
    from core.run import NeedsDecision

    current: BaseException | None = error
    while current is not None:
        if isinstance(current, BudgetReached | NeedsDecision | Interrupted | Fault):
            return current
        current = current.__cause__ or current.__context__
    return understand(error)


async def _outcome(board: Board, roles: tuple[str, ...]) -> Outcome:
    """How the work ended: tests that really ran come before any verdict."""
    verdict = board.verdict
    answer = write_answer(board, roles)
    if board.tests_failed:
        fault = Fault("tests_failed")
        await board.run.emit(
            Failed(
                run=board.run.id,
                kind=fault.kind,
                message=fault.message,
                advice=fault.advice,
                exit_code=fault.exit_code,
            )
        )
        return Outcome("failed", answer, EXIT_FAILED)
    if verdict is not None and not verdict.approved:
        return Outcome("needs_decision", answer, EXIT_NEEDS_DECISION)
    return Outcome("done", answer)


def write_answer(board: Board, roles: tuple[str, ...]) -> str:
    """The answer by a template: what was done, how it was checked, and what waits."""
    doers = [
        board.summaries[role] for role in ("architect", *_CODERS, "researcher") if role in board.summaries
    ]
    parts = [doers[-1] if doers else "Nothing was changed."]
    checks = [line for line in (_tests_line(board), _review_line(board), _documents_line(board)) if line]
    if checks:
        parts.append("\n".join(f"- {line}" for line in checks))
    return "\n\n".join(parts)


_CODERS = ("fast_coder", "debugger", "senior_coder")


def _tests_line(board: Board) -> str:
    report = board.tests
    if report is None or not board.run.files:
        return ""
    label = {"passed": "Tests", "failed": "Tests FAIL", "not_run": "Tests did not run"}[report.outcome]
    return f"**{label}** {report.text}"


def _review_line(board: Board) -> str:
    verdict = board.verdict
    if verdict is None:
        return ""
    rounds = f" in round {board.round}" if board.round > 1 else ""
    if verdict.approved:
        return f"**Review** approved{rounds}."
    if verdict.must_fix == [NO_VERDICT]:
        return f"**Review** {NO_VERDICT}"
    points = "".join(f"\n  {number}. {point}" for number, point in enumerate(verdict.must_fix, 1))
    return f"**Review** not approved{rounds}:{points}"


def _documents_line(board: Board) -> str:
    text = board.summaries.get("documenter", "").strip()
    return f"**Documents** {text}" if text else ""
