"""The Graph pattern: each round of coder → test engineer → reviewer → documenter is one acyclic Strands graph.

The way back to the coder is the conductor's: it starts the next round. A design, where there is one, comes
before the rounds as a graph of its own.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from itertools import pairwise

from strands.multiagent import GraphBuilder

from agents.board import Board
from agents.checks import can_be_mended, ensure_tests, is_sound
from agents.company import Company
from agents.node import NodeAgent
from agents.specialists import CODERS, Specialists
from core.events import Edge, GraphPlanned, NoticeGiven, PlannedNode
from core.limits import limits
from core.run import Interrupted

LADDER = {"fast_coder": "senior_coder", "debugger": "senior_coder", "senior_coder": "architect"}
"""Who takes over when a role's work is not right after several rounds."""
GO_ON, STOP = "go on", "stop"


class GraphWork:
    """The work of one run in the Graph pattern. `roles` come in order; the first may be the architect."""

    def __init__(self, company: Company, board: Board, roles: Sequence[str]) -> None:
        self._roster = company.roster
        self._board = board
        self._specialists = Specialists(company, board)
        self._designs = roles[0] == "architect"
        worker, *checks = roles[1:] if self._designs else roles
        self._checks = tuple(checks)
        self._worker = worker
        self._node = self._specialists.coder(worker) if worker in CODERS else self._specialists.lone(worker)
        self._rounds_of_coder = 0
        board.coder = worker if worker in CODERS else ""
        board.speaker = worker

    async def work(self) -> None:
        """Work until the change is sound or the rounds are used up.

        What came of it stands on the board: design, verdict and tests.

        Raises:
            Fault, BudgetReached, Interrupted: what a node ended with.
            NeedsDecision: a design waits for approval, and nobody is there to give it.
        """
        await self._plan()
        if self._designs:
            await self._design()
        while True:
            await self._round()
            board = self._board
            if is_sound(board) or not board.run.files or board.round >= limits().run.rounds:
                return
            if not can_be_mended(board):
                return
            if self._rounds_of_coder >= limits().run.rounds_before_escalation and not await self._escalate():
                return

    # -- the plan ----------------------------------------------------------------------------------

    async def _plan(self) -> None:
        """Put the graph on record: the nodes that may work, and the way back from the reviewer."""
        roles = (*(("architect",) if self._designs else ()), self._worker, *self._checks)
        roles = tuple(dict.fromkeys(roles))
        nodes = tuple(PlannedNode(node=role, role=role, model=self._roster[role].model) for role in roles)
        edges = [Edge(source=a, target=b) for a, b in pairwise(roles)]
        if "code_reviewer" in self._checks:
            edges.append(Edge(source="code_reviewer", target=self._worker, feedback=True))
        await self._board.run.emit(GraphPlanned(run=self._board.run.id, nodes=nodes, edges=tuple(edges)))

    async def _design(self) -> None:
        """Let the architect design; for CRITICAL work the user approves the design before anyone builds."""
        board = self._board
        await run_graph([self._specialists.architect()])
        board.design = board.summaries.get("architect", "")
        if board.route is None or board.route.complexity != "CRITICAL":
            return
        answer = await board.run.ask("Go on with this design?", (GO_ON, STOP))
        if answer != GO_ON:
            raise Interrupted

    async def _escalate(self) -> bool:
        """Hand the coder's place to the next role up the ladder; False at its end."""
        higher, lower = LADDER.get(self._worker), self._worker
        if higher is None:
            return False
        board = self._board
        await board.run.emit(
            NoticeGiven(
                text=f"After {self._rounds_of_coder} rounds the work goes from {lower} to {higher}, "
                "which reads the change anew (a cold prompt cache).",
            )
        )
        board.round += 1
        self._worker = board.coder = board.speaker = higher
        self._designs = self._designs and higher != "architect"
        self._node = self._specialists.coder(higher, took_over_from=lower)
        self._rounds_of_coder = 0
        await self._plan()
        return True

    # -- one round -----------------------------------------------------------------------------------

    async def _round(self) -> None:
        """The coder, then its checks, as far as each leaves something to do."""
        if self._rounds_of_coder:
            self._board.round += 1
        self._rounds_of_coder += 1
        await run_graph([self._node, *map(self._specialists.check, self._checks)], self._may_follow)
        if is_sound(self._board):
            await ensure_tests(self._board)

    def _may_follow(self, done: str) -> bool:
        """Whether the node after this one has anything to do."""
        if self._board.run.stop.is_set():
            return False
        if done == self._worker:
            return bool(self._board.run.files)
        return is_sound(self._board) if done == "code_reviewer" else True


async def run_graph(
    nodes: Sequence[NodeAgent], may_follow: Callable[[str], bool] = lambda _done: True
) -> None:
    """Run nodes one after the other as one Strands graph; `may_follow` says whether the next one starts."""
    builder = GraphBuilder()
    for node in nodes:
        builder.add_node(node, node.name)
    for before, after in pairwise(nodes):
        builder.add_edge(before.name, after.name, _follows(before.name, may_follow))
    builder.set_entry_point(nodes[0].name)
    builder.set_max_node_executions(len(nodes))
    # Every node composes its own prompt: the task only has to be there.
    stream = builder.build().stream_async(nodes[0].board.run.request)
    async with aclosing(stream) as events:  # type: ignore[type-var]
        async for _ in events:
            pass


def _follows(done: str, may_follow: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda _state: may_follow(done)
