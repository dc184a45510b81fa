"""The conductor: routes a request, lets the team work on it, and writes the answer."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

from agents.aws import Connection
from agents.board import Board
from agents.company import Company
from agents.endpoint import Endpoint
from agents.faults import plain
from agents.graph import GraphWork
from agents.mcp.tools import Toolbox, open_toolbox
from agents.preparation import GO_ON, STOP
from agents.retry import Breaker, RetryPolicy, default_policy
from agents.roster import Roster
from agents.router import decide_route
from agents.swarm import SwarmWork
from agents.synthesis import write_answer, write_by_orchestrator
from core.events import Backend, Failed, RouteDecided
from core.faults import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NEEDS_DECISION, Fault
from core.history import PastNodes
from core.limits import limits
from core.money import show_usd, to_pico
from core.run import Interrupted, Outcome, Run

LARGE = ("COMPLEX", "CRITICAL")


class Conductor:
    """The team behind a session (`core.run.Team`)."""

    def __init__(
        self,
        roster: Roster,
        connection: Connection,
        *,
        policy: RetryPolicy | None = None,
        ask_above_usd: str | None = None,
        past: PastNodes | None = None,
        endpoint: Endpoint | None = None,
    ) -> None:
        self.roster = roster.name
        self.backend: Backend = connection.backend
        self._company = Company(
            roster,
            connection,
            policy or default_policy(),
            Breaker(),
            past or PastNodes(),
            endpoint or Endpoint(),
        )
        self._ask_above = to_pico(ask_above_usd or limits().run.ask_above_usd)

    def find_model(self, name: str) -> str:
        """The whole id of a model that a user names (see `core.run.Team.find_model`)."""
        return self._company.find_model(name)

    async def work(self, run: Run) -> Outcome:
        """Answer a request (see `core.run.Team.work`)."""
        board = Board(run)
        self._company.past.begin()
        try:
            route, roles = await decide_route(self._company, board)
            if not await self._may_start(run, route):
                text = "Not started: you stopped it at the route."
                return Outcome("interrupted", text, EXIT_INTERRUPTED)
            pattern = SwarmWork if route.pattern == "swarm" else GraphWork
            async with self._toolbox(run, roles) as board.toolbox:
                await pattern(self._company, board, roles).work()
            answer = await self._answer(board)
        except Exception as error:
            if run.stop.is_set():
                raise Interrupted from error
            raise plain(error) from error
        run.check()
        return await _outcome(board, answer)

    async def _answer(self, board: Board) -> str:
        """In the orchestrator's words where several have worked on something large, else by the template."""
        route = board.route
        told = [node for node, text in board.summaries.items() if node != "router" and text.strip()]
        large = route is not None and (route.complexity in LARGE or route.pattern == "swarm")
        if large and len(told) > 1:
            return await write_by_orchestrator(self._company, board)
        return write_answer(board)

    def _toolbox(self, run: Run, roles: Sequence[str]) -> AbstractAsyncContextManager[Toolbox | None]:
        """The tools of MCP servers, where a role of the run may use them."""
        wanted = any(self._company.roster[role].mcp for role in roles)
        return open_toolbox(run) if wanted else nullcontext()

    async def _may_start(self, run: Run, route: RouteDecided) -> bool:
        """Wait for the user where the expected cost is above the limit."""
        if run.resumed is not None or to_pico(route.expected_cost_usd) <= self._ask_above:
            return True
        shown = show_usd(route.expected_cost_usd)
        answer = await run.ask(f"This will probably cost about {shown}. Start it?", (GO_ON, STOP))
        return answer == GO_ON


async def _outcome(board: Board, answer: str) -> Outcome:
    """How the work ended: tests that really ran come before any verdict."""
    if board.tests_failed:
        await board.run.emit(_failed(board.run, Fault("tests_failed")))
        return Outcome("failed", answer, EXIT_FAILED)
    if board.verdict is not None and (board.unreviewed or not board.verdict.approved):
        return Outcome("needs_decision", answer, EXIT_NEEDS_DECISION)
    return Outcome("done", answer)


def _failed(run: Run, fault: Fault) -> Failed:
    return Failed(
        run=run.id, kind=fault.kind, message=fault.message, advice=fault.advice, exit_code=fault.exit_code
    )
