"""The conductor: routes a request, lets the team work on it, and writes the answer."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from agents.aws import Connection
from agents.board import Board
from agents.company import Company
from agents.endpoint import Endpoint
from agents.faults import plain
from agents.graph import GraphWork
from agents.mcp.tools import Toolbox, open_toolbox
from agents.preparation import GO_ON, STOP
from agents.prompting import with_project
from agents.retry import Breaker, RetryPolicy, default_policy
from agents.roster import Roster
from agents.router import decide_route
from agents.swarm import SwarmWork
from agents.synthesis import write_answer, write_by_orchestrator
from core.events import Backend, Failed, NoticeGiven, RouteDecided
from core.faults import EXIT_BUDGET, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_NEEDS_DECISION, Fault
from core.history import PastNodes
from core.limits import limits
from core.money import show_usd, to_pico
from core.paths import find_home
from core.run import Interrupted, Outcome, Run

LARGE = ("COMPLEX", "CRITICAL")
RUN_BY = ("router", "orchestrator")
"""Roles that run the others: nobody can ask for them alone."""


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
        self.roles = tuple(name for name in roster.roles if name not in RUN_BY)
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
        company = await self._of_project(run)
        try:
            route, roles = await decide_route(company, board)
            if not await self._may_start(run, route):
                text = "Not started: you stopped it at the route."
                return Outcome("interrupted", text, EXIT_INTERRUPTED)
            pattern = SwarmWork if route.pattern == "swarm" else GraphWork
            async with self._toolbox(run, roles) as board.toolbox:
                await pattern(company, board, roles).work()
            answer = await self._answer(company, board)
        except Exception as error:
            if run.stop.is_set():
                raise Interrupted from error
            raise plain(error) from error
        run.check()
        return await _outcome(board, answer)

    async def _of_project(self, run: Run) -> Company:
        """The company as it works on a project, with the prompts of it that the user trusts."""
        roster, notes = await asyncio.to_thread(with_project, self._company.roster, run.project, find_home())
        for text in notes:
            await run.emit(NoticeGiven(text=text, level="warning"))
        return replace(self._company, roster=roster)

    async def _answer(self, company: Company, board: Board) -> str:
        """In the orchestrator's words where several have worked on something large, else by the template."""
        route = board.route
        told = [node for node, text in board.summaries.items() if node != "router" and text.strip()]
        large = route is not None and (route.complexity in LARGE or route.pattern == "swarm")
        if large and len(told) > 1:
            return await write_by_orchestrator(company, board)
        return write_answer(board)

    def _toolbox(self, run: Run, roles: Sequence[str]) -> AbstractAsyncContextManager[Toolbox | None]:
        """The tools of MCP servers, where a role of the run may use them."""
        wanted = any(self._company.roster[role].mcp for role in roles)
        return open_toolbox(run) if wanted else nullcontext()

    async def _may_start(self, run: Run, route: RouteDecided) -> bool:
        """Wait for the user where the expected cost is above the limit."""
        approved = run.resumed is not None and run.unanswered != "route"
        if approved or to_pico(route.expected_cost_usd) <= self._ask_above:
            return True
        shown = show_usd(route.expected_cost_usd)
        text = f"This will probably cost about {shown}. Start it?"
        answer = await run.ask(text, (GO_ON, STOP), kind="route")
        return answer == GO_ON


async def _outcome(board: Board, answer: str) -> Outcome:
    """How the work ended: tests that really ran come before any verdict."""
    if board.run.closing or board.run.controls.unpaid:
        return Outcome("budget", answer, EXIT_BUDGET)
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
