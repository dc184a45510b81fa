"""The specialists of a run: each role's node, with the prompt that it gets in its place."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from agents import compose
from agents.answers import DesignVerdict, Verdict
from agents.board import Board
from agents.checks import ensure_tests, judge, judge_design
from agents.company import Company
from agents.entry import look
from agents.evidence import LADDER, Watch
from agents.node import Assignment, NodeAgent
from agents.roster import Role, Roster
from agents.rules import traits
from tools.registry import TOOLS

CODERS = ("fast_coder", "debugger", "senior_coder", "architect")
"""Roles that can be in the coder's place."""
SECOND_REVIEWER = "code_reviewer_2"
DESIGN_REVIEW, SYNTHESIS = "design_review", "synthesis"
"""Second places of a role in one run."""
_REASONS = {
    "orchestrator": "work of this size is planned",
    "code_reviewer": "the change is to be judged",
    "architect": "the work is to be designed first",
}


class Specialists:
    """Makes the nodes of one run. Each is fresh: only the coder is kept, by who asks for it."""

    def __init__(self, company: Company, board: Board) -> None:
        self._company = company
        self._board = board

    def planner(self) -> NodeAgent:
        """The orchestrator, before anyone works: one call, since it has no tools."""

        async def prompt() -> str:
            return compose.plan_prompt(self._board, await self._names())

        return self._node(self._bare("orchestrator"), prompt, _REASONS["orchestrator"])

    def architect(self) -> NodeAgent:
        """Designs before others build, and once more when the review of the design asks for it."""

        async def prompt() -> str:
            return compose.design_task(self._board)

        def reason() -> str:
            return (
                "the review of the design asks for changes" if self._board.revising else _REASONS["architect"]
            )

        return NodeAgent(self._company, self._board, Assignment(self._role("architect"), prompt, reason))

    def design_reviewer(self) -> NodeAgent:
        """The code reviewer at the design: one call, with all that there is to judge."""

        async def prompt() -> str:
            return compose.design_review_prompt(self._board, await self._names())

        async def conclude(node: NodeAgent) -> None:
            verdict = node.outcome if isinstance(node.outcome, DesignVerdict) else None
            await judge_design(self._board, node.name, node.role.name, verdict)

        assignment = Assignment(
            self._bare("code_reviewer"),
            prompt,
            lambda: "the design is to be judged before anyone builds it",
            answer=DesignVerdict,
            conclude=conclude,
            place=DESIGN_REVIEW,
        )
        return NodeAgent(self._company, self._board, assignment)

    def synthesis(self, checks: str) -> NodeAgent:
        """The orchestrator, after everybody's work: it writes the answer in one call."""

        async def prompt() -> str:
            return compose.answer_prompt(self._board, checks)

        reason = "the answer is to be written"
        assignment = Assignment(self._bare("orchestrator"), prompt, lambda: reason, place=SYNTHESIS)
        return NodeAgent(self._company, self._board, assignment)

    def coder(self, role: str, *, took_over_from: str = "", climbed: bool = False) -> NodeAgent:
        """The role in the coder's place. `climbed`: a lower one had that before, in whichever round."""
        own = self._builder(role)
        own = own.taking_over if climbed or took_over_from else own
        first = self._board.round
        watch = Watch() if role in LADDER and not self._board.alone else None

        async def prompt() -> str:
            if watch is not None:
                watch.begin()
            if took_over_from and self._board.round == first:
                return compose.takeover_prompt(self._board)
            return compose.coder_prompt(self._board, in_view=bool(node.messages))

        def reason() -> str:
            if took_over_from and self._board.round == first:
                return f"round {first}: taken over from {took_over_from}, since {why_not(self._board)}"
            return coder_reason(self._board)

        async def conclude(_node: NodeAgent) -> None:
            self._board.needs = await look(self._board.run)
            self._board.sign = watch.sign if watch is not None else None

        assignment = Assignment(own, prompt, reason, conclude=conclude, watch=watch)
        node = NodeAgent(self._company, self._board, assignment)
        return node

    def _builder(self, role: str) -> Role:
        """A role with its own tools; with the senior coder's where it has none to write with, as the architect."""
        own, senior = self._role(role), self._role("senior_coder")
        if any(TOOLS[tool].writes for tool in own.tools):
            return own
        return msgspec.structs.replace(own, tools=senior.tools, seldom=senior.seldom)

    def check(self, role: str) -> NodeAgent:
        """A role that comes after the coder."""
        match role:
            case "test_engineer":
                return self._node(self._role(role), self._tests, lambda: self._board.needs.tests)
            case "documenter":
                return self._node(self._role(role), self._documents, self._why_documents)
            case _:
                raise ValueError(f"{role} has no place after a coder")

    def reviewers(self) -> tuple[NodeAgent, ...]:
        """One reviewer; for CRITICAL work two of different families, neither of which stands in for the other."""
        role = self._role("code_reviewer")
        if not self._board.critical:
            return (self._reviewer(role),)
        first, second = of_two_families(role, self._company.roster)
        if not second.models:
            return (self._reviewer(first),)
        return self._reviewer(first), self._reviewer(second, SECOND_REVIEWER)

    def judge_of_swarm(self) -> NodeAgent:
        """The reviewer after a swarm: it gets the change and the tests, and needs no tools."""
        return self._reviewer(self._bare("code_reviewer"))

    def lone(self, role: str) -> NodeAgent:
        """A role that answers alone."""
        return self._node(self._role(role), self._first("Do this."), "it can be answered by looking")

    def _bare(self, name: str) -> Role:
        """A role without its tools, where the prompt holds all that it needs."""
        return msgspec.structs.replace(self._role(name), tools=(), mcp=False)

    async def _names(self) -> list[str]:
        """The project's files."""
        mark = await asyncio.to_thread(self._board.run.stage.mark)
        return list(mark.files)

    def _role(self, name: str) -> Role:
        return self._company.roster[name]

    def _node(
        self, role: Role, prompt: Callable[[], Awaitable[str]], reason: str | Callable[[], str]
    ) -> NodeAgent:
        why = (lambda: reason) if isinstance(reason, str) else reason
        return NodeAgent(self._company, self._board, Assignment(role, prompt, why))

    def _why_documents(self) -> str:
        asked = traits(self._board.run.request).documents
        return "the request asks for documents" if asked else f"approved, and {self._board.needs.documents}"

    def _reviewer(self, role: Role, place: str = "") -> NodeAgent:
        async def conclude(node: NodeAgent) -> None:
            verdict = node.outcome if isinstance(node.outcome, Verdict) else None
            await judge(self._board, node.name, node.role.name, verdict)

        async def prompt() -> str:
            """One cheap look where nothing that runs has changed: the diff is all that there is to see."""
            if not (self._board.needs.tests or self._board.needs.documents):
                node.put_down_tools()
            return await self._review()

        reason = _REASONS["code_reviewer"]
        assignment = Assignment(role, prompt, lambda: reason, answer=Verdict, conclude=conclude, place=place)
        node = NodeAgent(self._company, self._board, assignment)
        return node

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


def of_two_families(role: Role, roster: Roster) -> tuple[Role, Role]:
    """A role twice: on the models of its first one's family, and on the first others of one other family."""
    families = [roster.card(model).family for model in role.models]
    other = next((family for family in families if family != families[0]), None)
    first, second = (
        tuple(model for model, family in zip(role.models, families, strict=True) if family == wanted)
        for wanted in (families[0], other)
    )
    return msgspec.structs.replace(role, models=first), msgspec.structs.replace(role, models=second)


def why_not(board: Board) -> str:
    """Why the work is not done yet."""
    if board.sign is not None:
        return board.sign.detail
    if board.tests_failed:
        return "tests fail"
    count = len(board.verdict.must_fix) if board.verdict else 0
    return f"the reviewer asks for {count} change{'s' if count != 1 else ''}"


def coder_reason(board: Board) -> str:
    """Why work goes to the coder."""
    if board.round > 1:
        return f"round {board.round}: {why_not(board)}"
    return "the design is ready" if board.design else "the work begins"
