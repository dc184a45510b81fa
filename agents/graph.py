"""The Graph pattern: each round of (architect →) coder → test engineer → reviewer → documenter is one acyclic
Strands graph. The way back to the coder is the conductor's: it starts the next round."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from itertools import pairwise

import msgspec
from pydantic import BaseModel
from strands.multiagent import GraphBuilder

from agents import compose
from agents.answers import Verdict
from agents.board import Board
from agents.node import Company, NodeAgent
from agents.roster import Role
from agents.tooling import record_tests, workbench
from core.clock import monotonic_ms
from core.events import Edge, GraphPlanned, NoticeGiven, PlannedNode, ToolFinished, ToolStarted, VerdictGiven
from core.limits import limits
from core.text import clip
from tools.registry import call

CODERS = ("fast_coder", "debugger", "senior_coder", "architect")
LADDER = {"fast_coder": "senior_coder", "debugger": "senior_coder", "senior_coder": "architect"}
"""Who takes over when a role's work is not right after several rounds."""
NO_VERDICT = "The reviewer gave no verdict that could be read."


class GraphWork:
    """The rounds of one run in the Graph pattern."""

    def __init__(self, company: Company, board: Board, roles: tuple[str, ...]) -> None:
        self._company = company
        self._board = board
        self._roles = roles
        self._coder_role = next((role for role in roles if role in CODERS[:-1]), "")
        self._coder: NodeAgent | None = None
        self._taken_over: set[str] = set()

    @property
    def _run_id(self) -> str:
        return self._board.run.id

    async def work(self) -> None:
        """Work through the rounds until the change is sound or the rounds are used up.

        What came of it stands on the board: verdict and tests.
        """
        await self._plan()
        while True:
            await self._round()
            if self.sound or not self._board.run.files or self._board.round >= limits().run.rounds:
                return
            if not self._can_go_on():
                return
            if self._board.round >= limits().run.rounds_before_escalation and not await self._escalate():
                return
            self._board.round += 1

    @property
    def sound(self) -> bool:
        """The reviewer approved and no test failed."""
        verdict = self._board.verdict
        return verdict is not None and verdict.approved and not self._board.tests_failed

    def _can_go_on(self) -> bool:
        """Whether there is anything that a coder could fix."""
        verdict = self._board.verdict
        return self._board.tests_failed or (verdict is not None and verdict.must_fix != [NO_VERDICT])

    # -- the plan ----------------------------------------------------------------------------------

    async def _plan(self) -> None:
        roster = self._company.roster
        nodes = tuple(PlannedNode(node=role, role=role, model=roster[role].model) for role in self._roles)
        edges = [Edge(source=a, target=b) for a, b in pairwise(self._roles)]
        if "code_reviewer" in self._roles and self._coder_role:
            edges.append(Edge(source="code_reviewer", target=self._coder_role, feedback=True))
        await self._board.run.emit(GraphPlanned(run=self._run_id, nodes=nodes, edges=tuple(edges)))

    async def _escalate(self) -> bool:
        """Hand the coder's place to the next role up the ladder; False at its end."""
        higher = LADDER.get(self._coder_role)
        if higher is None:
            return False
        await self._board.run.emit(
            NoticeGiven(
                text=f"After {self._board.round} rounds the work goes from {self._coder_role} to {higher}, "
                "which reads the change anew (a cold prompt cache).",
            )
        )
        self._coder_role = higher
        self._coder = None
        self._taken_over.add(higher)
        self._roles = tuple(role for role in self._roles if role not in CODERS)
        self._roles = (higher, *self._roles)
        await self._plan()
        return True

    # -- one round -----------------------------------------------------------------------------------

    async def _round(self) -> None:
        """One acyclic Strands graph; conditions on its edges end it where nothing is left to do."""
        builder = GraphBuilder()
        names: list[str] = []
        for role in self._roles:
            if role == "architect" and role != self._coder_role and self._board.round > 1:
                continue
            builder.add_node(self._node(role), role)
            names.append(role)
        for source, target in pairwise(names):
            builder.add_edge(source, target, self._condition(source))
        builder.set_entry_point(names[0])
        builder.set_max_node_executions(len(names))
        graph = builder.build()
        async with aclosing(graph.stream_async(self._board.run.request)) as stream:
            async for _ in stream:
                pass

    def _condition(self, source: str) -> Callable[[object], bool]:
        def go_on(_state: object) -> bool:
            if self._board.run.stop.is_set():
                return False
            if source == self._coder_role:
                return bool(self._board.run.files)
            if source == "code_reviewer":
                return self.sound
            return True

        return go_on

    def _node(self, role: str) -> NodeAgent:
        if role == self._coder_role:
            if self._coder is None:
                self._coder = self._agent(self._coding_role(role), self._compose_code)
            return self._coder
        match role:
            case "architect":
                return self._agent(self._company.roster[role], self._compose_design)
            case "test_engineer":
                return self._agent(self._company.roster[role], self._compose_tests)
            case "code_reviewer":
                return self._agent(
                    self._company.roster[role], self._compose_review, answer=Verdict, conclude=self._judge
                )
            case "documenter":
                return self._agent(self._company.roster[role], self._compose_documents)
            case _:
                return self._agent(self._company.roster[role], self._compose_first)

    def _coding_role(self, role: str) -> Role:
        """A role in the coder's place: it gets the coder's tools even where it only designs otherwise."""
        own = self._company.roster[role]
        return msgspec.structs.replace(own, tools=self._company.roster["senior_coder"].tools)

    def _agent(
        self,
        role: Role,
        prompt: Callable[[], Awaitable[str]],
        *,
        answer: type[BaseModel] | None = None,
        conclude: Callable[[NodeAgent], Awaitable[None]] | None = None,
    ) -> NodeAgent:
        return NodeAgent(
            self._company,
            self._board,
            role.name,
            role,
            compose=prompt,
            reason=lambda: self._reason(role.name),
            answer=answer,
            conclude=conclude,
        )

    async def _judge(self, reviewer: NodeAgent) -> None:
        """Put the reviewer's verdict on the board and on record."""
        verdict = reviewer.outcome if isinstance(reviewer.outcome, Verdict) else None
        if verdict is None:
            verdict = Verdict(approved=False, must_fix=[NO_VERDICT])
        self._board.verdict = verdict
        await self._board.run.emit(
            VerdictGiven(
                run=self._run_id,
                node=reviewer.name,
                role=reviewer.role.name,
                approved=verdict.approved,
                must_fix=tuple(verdict.must_fix),
                round=self._board.round,
            )
        )

    def _reason(self, role: str) -> str:
        """Why work goes to a role now."""
        if role == self._coder_role and self._board.round > 1:
            verdict = self._board.verdict
            if self._board.tests_failed:
                return f"round {self._board.round}: tests fail"
            count = len(verdict.must_fix) if verdict else 0
            return (
                f"round {self._board.round}: the reviewer asks for {count} change{'s' if count != 1 else ''}"
            )
        return {
            "test_engineer": "the change is to be proved by tests",
            "code_reviewer": "the change is to be judged",
            "documenter": "approved: the documents follow",
        }.get(role, "the design is ready")

    # -- prompts -----------------------------------------------------------------------------------

    async def _compose_first(self) -> str:
        return compose.first_prompt(self._board, "Do this.")

    async def _compose_design(self) -> str:
        return compose.first_prompt(self._board, "Design this. Others build it.")

    async def _compose_code(self) -> str:
        self._board.design = self._board.summaries.get("architect", "")
        if self._coder_role in self._taken_over:
            return compose.takeover_prompt(self._board)
        return compose.coder_prompt(self._board)

    async def _compose_tests(self) -> str:
        return compose.test_prompt(self._board, self._coder_role)

    async def _compose_documents(self) -> str:
        return compose.document_prompt(self._board)

    async def _compose_review(self) -> str:
        """The reviewer's prompt, after the tests have really run on what is there now."""
        await ensure_tests(self._board)
        return compose.review_prompt(self._board)


async def ensure_tests(board: Board) -> None:
    """Run the project's tests unless they ran on what is there now: only a real run decides."""
    if board.tests_are_current or not board.run.files:
        return
    run, node = board.run, "test_engineer"
    who = {"run": run.id, "node": node, "role": node}
    number, started = run.number(), monotonic_ms()
    await run.emit(ToolStarted(**who, call=number, tool="run_tests", arguments="{}"))
    result = await call("run_tests", {}, workbench(run, node, node))
    await run.emit(
        ToolFinished(
            **who,
            call=number,
            tool="run_tests",
            ok=result.ok,
            duration_ms=monotonic_ms() - started,
            output=clip(result.text, limits().record.tool_output_characters),
        )
    )
    if result.tests is not None:
        await record_tests(board, node, node, result.tests)
