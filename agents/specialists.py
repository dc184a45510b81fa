"""The specialists of a run: each role's node, with the prompt that it gets in its place."""

from collections.abc import Awaitable, Callable

import msgspec

from agents import compose
from agents.answers import Verdict
from agents.board import Board
from agents.checks import ensure_tests, judge
from agents.company import Company
from agents.node import Assignment, NodeAgent
from agents.roster import Role

CODERS = ("fast_coder", "debugger", "senior_coder", "architect")
"""Roles that can be in the coder's place."""
_REASONS = {
    "test_engineer": "the change is to be proved by tests",
    "code_reviewer": "the change is to be judged",
    "documenter": "approved: the documents follow",
    "architect": "the work is to be designed first",
}


class Specialists:
    """Makes the nodes of one run. Each is fresh: only the coder is kept, by who asks for it."""

    def __init__(self, company: Company, board: Board) -> None:
        self._company = company
        self._board = board

    def architect(self) -> NodeAgent:
        """Designs before others build."""
        task = "Design this. Others build it."
        return self._node(self._role("architect"), self._first(task), _REASONS["architect"])

    def coder(self, role: str, *, took_over_from: str = "") -> NodeAgent:
        """The role in the coder's place: it gets the coder's tools even where it only designs otherwise."""
        own = msgspec.structs.replace(self._role(role), tools=self._role("senior_coder").tools)
        first = self._board.round

        async def prompt() -> str:
            if took_over_from and self._board.round == first:
                return compose.takeover_prompt(self._board)
            return compose.coder_prompt(self._board)

        def reason() -> str:
            if took_over_from and self._board.round == first:
                return f"round {first}: taken over from {took_over_from}, since {why_not(self._board)}"
            return coder_reason(self._board)

        return NodeAgent(self._company, self._board, Assignment(own, prompt, reason))

    def check(self, role: str) -> NodeAgent:
        """A role that comes after the coder."""
        match role:
            case "test_engineer":
                return self._node(self._role(role), self._tests, _REASONS[role])
            case "code_reviewer":
                return self._reviewer()
            case "documenter":
                return self._node(self._role(role), self._documents, _REASONS[role])
            case _:
                raise ValueError(f"{role} has no place after a coder")

    def lone(self, role: str) -> NodeAgent:
        """A role that answers alone."""
        return self._node(self._role(role), self._first("Do this."), "it can be answered by looking")

    def _role(self, name: str) -> Role:
        return self._company.roster[name]

    def _node(self, role: Role, prompt: Callable[[], Awaitable[str]], reason: str) -> NodeAgent:
        return NodeAgent(self._company, self._board, Assignment(role, prompt, lambda: reason))

    def _reviewer(self) -> NodeAgent:
        async def conclude(node: NodeAgent) -> None:
            verdict = node.outcome if isinstance(node.outcome, Verdict) else None
            await judge(self._board, node.name, node.role.name, verdict)

        reason = _REASONS["code_reviewer"]
        return NodeAgent(
            self._company,
            self._board,
            Assignment(
                self._role("code_reviewer"), self._review, lambda: reason, answer=Verdict, conclude=conclude
            ),
        )

    # -- prompts -----------------------------------------------------------------------------------

    def _first(self, task: str) -> Callable[[], Awaitable[str]]:
        async def prompt() -> str:
            return compose.first_prompt(self._board, task)

        return prompt

    async def _tests(self) -> str:
        return compose.test_prompt(self._board, self._board.coder)

    async def _documents(self) -> str:
        return compose.document_prompt(self._board)

    async def _review(self) -> str:
        """The reviewer's prompt, after the tests have really run on what is there now."""
        await ensure_tests(self._board)
        return compose.review_prompt(self._board)


def why_not(board: Board) -> str:
    """Why the work is not done yet."""
    if board.tests_failed:
        return "tests fail"
    count = len(board.verdict.must_fix) if board.verdict else 0
    return f"the reviewer asks for {count} change{'s' if count != 1 else ''}"


def coder_reason(board: Board) -> str:
    """Why work goes to the coder."""
    if board.round > 1:
        return f"round {board.round}: {why_not(board)}"
    return "the design is ready" if board.design else "the work begins"
