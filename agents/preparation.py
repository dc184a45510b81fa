"""What comes before anyone builds: the orchestrator's plan, the design, its review, and the user's approval."""

import re

from agents import compose
from agents.answers import DesignVerdict
from agents.board import Board
from agents.layers import run_layers
from agents.lineup import Lineup
from agents.resuming import Rest
from agents.specialists import DESIGN_REVIEW, Specialists
from core.events import NoticeGiven
from core.run import Interrupted

GO_ON, STOP = "go on", "stop"
APPROVE = "Go on with this plan?"
NO_DESIGN = "the plan is enough to build from"
NO_ARCHITECT = re.compile(r"^\W*architect\W+(no|not needed|none|unnecessary)\b", re.IGNORECASE | re.MULTILINE)
"""How a plan says that it can be built without a design."""


class Preparation:
    """Plan and design of one run, as far as its class wants them."""

    def __init__(
        self, board: Board, specialists: Specialists, lineup: Lineup, rest: Rest | None = None
    ) -> None:
        """`rest`: how far a run had come that this one goes on with."""
        self._board = board
        self._specialists = specialists
        self._plans = lineup.plans
        self._rest = rest
        self.designs = lineup.designs
        """Whether the architect has a part in it: the plan may say that it has none."""

    async def plan(self) -> None:
        """Let the orchestrator plan, in one call. CRITICAL work is designed whatever the plan says."""
        if not self._plans:
            return
        board = self._board
        if not self._ended("orchestrator"):
            await run_layers(board, [[self._specialists.planner()]])
        board.plan = board.summaries.get("orchestrator", "")
        if self.designs and NO_ARCHITECT.search(board.plan) and not board.critical:
            self.designs = False
            board.leave_out("architect", "architect", NO_DESIGN)
            board.leave_out(DESIGN_REVIEW, "code_reviewer", NO_DESIGN)

    async def design(self) -> None:
        """Let the architect design, have it reviewed, and mended once; CRITICAL work waits for the user.

        Raises:
            NeedsDecision: nobody is there to approve it.
            Interrupted: the user did not.
        """
        if self.designs:
            await self._designed()
        if self._board.critical and not self._board.run.closing:
            await self._approved()

    async def _designed(self) -> None:
        board = self._board
        architect = self._specialists.architect()
        layers = [] if self._ended("architect") else [[architect]]
        if self._plans and not self._ended(DESIGN_REVIEW):
            layers.append([self._specialists.design_reviewer()])
        if layers:
            await run_layers(board, layers)
        board.design = board.summaries.get("architect", "")
        verdict = board.design_verdict
        if verdict is None or verdict.approved or not verdict.must_fix or self._ended("architect") > 1:
            return
        board.revising = True
        await run_layers(board, [[architect]])
        board.revising = False
        board.design = board.summaries.get("architect", "") or board.design
        await board.run.emit(NoticeGiven(text=_mended(verdict)))

    def _ended(self, node: str) -> int:
        """How often a node had come to its end in the run that this one goes on with."""
        return self._rest.count(node) if self._rest is not None else 0

    async def _approved(self) -> None:
        answer = await self._board.run.ask(
            APPROVE, (GO_ON, STOP), kind="plan", detail=compose.plan_to_approve(self._board)
        )
        if answer != GO_ON:
            raise Interrupted


def _mended(verdict: DesignVerdict) -> str:
    points = " ".join(f"{number}. {point}" for number, point in enumerate(verdict.must_fix, 1))
    return f"The design was revised once after its review, and goes on with these points in view: {points}"
