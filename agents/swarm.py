"""The Swarm pattern: fresh Strands agents that hand work to each other with `handoff_to_agent`."""

import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import msgspec
from strands.hooks import AfterToolsEvent
from strands.multiagent import Swarm
from strands.multiagent.base import Status

from agents import compose
from agents.board import Board
from agents.checks import can_be_mended, is_sound
from agents.company import Company
from agents.layers import run_layers
from agents.node import Assignment, NodeAgent
from agents.resuming import restore
from agents.roster import Role
from agents.specialists import SYNTHESIS, Specialists
from core.events import Edge, GraphPlanned, PlannedNode
from core.limits import limits
from core.resumed import ResumedRun
from core.run import Interrupted
from core.text import clip
from tools.registry import TOOLS

EXPLORERS = ("researcher", "senior_coder", "infrastructure", "code_reviewer")
"""Find out together; they only read. The first one begins."""
BUILDERS = ("senior_coder", "fast_coder", "test_engineer", "code_reviewer")
"""Build together. The first one begins."""
GO_ON, STOP = "go on", "stop"
NO_TIMEOUT = 7 * 24 * 3600.0
"""Seconds. Calls have limits of their own, and a question to the user may wait."""


class SwarmWork:
    """The work of one run in the Swarm pattern."""

    def __init__(self, company: Company, board: Board, roles: Sequence[str]) -> None:
        self._company = company
        self._board = board
        self._roles = tuple(roles)
        self._entry = self._roles[0]
        self._known: dict[str, Any] = {}
        """What the members have told all others, by member."""
        self._judging = False
        """An earlier run broke off when everybody had done their part, and the verdict was still to come."""
        if board.run.resumed is not None and board.run.resumed.plan is not None:
            self._go_on(board.run.resumed)

    def _go_on(self, resumed: ResumedRun) -> None:
        """Begin with the member that was at work, and with all that was handed on."""
        restore(self._board, resumed)
        self._roles = tuple(node.node for node in resumed.plan.nodes) if resumed.plan else self._roles
        last = self._board.handed[-1].partition(":")[0].rpartition(" → ")[2] if self._board.handed else ""
        judge = resumed.node == "code_reviewer" != last or resumed.node == SYNTHESIS
        self._judging = judge or resumed.node is None
        self._entry = resumed.node if resumed.node in self._roles else (last or self._roles[0])

    async def work(self) -> None:
        """Work until a member ends without handing over, and what was built is judged.

        Builders get a reviewer's points as another round of the swarm.

        Raises:
            Fault, BudgetReached, Interrupted: what a node ended with.
            NeedsDecision: there is no end, and nobody is there to ask.
        """
        await self._plan()
        if self._board.run.unanswered == "ping_pong":
            await self._ask_to_go_on()
        while True:
            if not self._judging:
                await self._until_the_end()
            self._judging = False
            board = self._board
            if not board.run.files:
                return
            if not is_sound(board):
                await self._judged()
            done = is_sound(board) or not can_be_mended(board) or board.run.closing
            if done or board.round >= limits().run.rounds_before_escalation:
                return
            board.round += 1
            self._entry = self._roles[0]

    async def _until_the_end(self) -> None:
        """One swarm after another, as long as the user lets them go round."""
        while not await self._swarm():
            await self._ask_to_go_on()

    async def _ask_to_go_on(self) -> None:
        """Raises: Interrupted: the user does not want it; NeedsDecision: nobody is there to ask."""
        count = len(self._board.handed)
        text = f"The team has handed this on {count} times without coming to an end. Go on?"
        detail = "\n".join(self._board.handed[-limits().run.ping_pong :])
        if await self._board.run.ask(text, (GO_ON, STOP), kind="ping_pong", detail=detail) != GO_ON:
            raise Interrupted

    async def _judged(self) -> None:
        """The verdict on what was built: tests that really ran, and one call of a reviewer who sees the change anew."""
        self._board.verdicts.clear()
        await run_layers(self._board, [[Specialists(self._company, self._board).judge_of_swarm()]])

    async def _plan(self) -> None:
        first, *others = self._roles
        nodes = tuple(
            PlannedNode(node=role, role=role, model=self._company.roster[role].model) for role in self._roles
        )
        edges = tuple(Edge(source=first, target=other) for other in others)
        await self._board.run.emit(GraphPlanned(run=self._board.run.id, nodes=nodes, edges=edges))

    async def _swarm(self) -> bool:
        """One Strands swarm; False when it was ended by its limits."""
        members = {role: self._member(role) for role in self._roles}
        swarm = Swarm(
            list(members.values()),
            entry_point=members[self._entry],
            max_handoffs=limits().run.handoffs,
            max_iterations=limits().run.handoffs,
            execution_timeout=NO_TIMEOUT,
            node_timeout=NO_TIMEOUT,
            repetitive_handoff_detection_window=limits().run.ping_pong,
            repetitive_handoff_min_unique_agents=3,
        )
        for member in members.values():
            member.add_hook(lambda event: self._hand_over(swarm, event), AfterToolsEvent)
        status = Status.FAILED
        async with aclosing(swarm.stream_async(self._board.run.request)) as events:  # type: ignore[type-var]
            async for event in events:
                self._note(event)
                if event.get("type") == "multiagent_result":
                    status = event["result"].status
        self._board.run.check()
        return status == Status.COMPLETED

    def _member(self, name: str) -> NodeAgent:
        role = self._company.roster[name]
        if self._roles == EXPLORERS:
            role = only_reads(role, self._company.roster["researcher"].tools)

        async def prompt() -> str:
            return compose.member_prompt(self._board, self._colleagues(name), self._shared())

        return NodeAgent(self._company, self._board, Assignment(role, prompt, self._last_message))

    def _colleagues(self, name: str) -> list[str]:
        return [f"{role}: {self._company.roster[role].does}" for role in self._roles if role != name]

    def _last_message(self) -> str:
        return self._board.handed[-1] if self._board.handed else "the work begins"

    def _shared(self) -> str:
        return json.dumps(self._known, ensure_ascii=False, sort_keys=True) if self._known else ""

    def _hand_over(self, swarm: Swarm, event: AfterToolsEvent) -> None:
        """End the turn after a handoff: Strands would ask the same model once more."""
        target = swarm.state.handoff_node
        if target is None:
            return
        message = clip(swarm.state.handoff_message or "", limits().run.handoff_characters)
        self._board.handed.append(f"{event.agent.name} → {target.node_id}: {message}")
        self._entry = target.node_id
        self._known.update(swarm.shared_context.context)
        self._board.shared = clip(self._shared(), limits().run.handoff_characters)
        event.end_turn = f"Handed over to {target.node_id}: {message}"

    def _note(self, event: dict[str, Any]) -> None:
        """Follow the swarm: whose words come last, and what a member ended with."""
        if event.get("type") != "multiagent_node_stop":
            return
        name = event["node_id"]
        self._board.speaker = name
        self._board.finished((name, name))
        failure = event["node_result"].result
        if isinstance(failure, Exception):
            raise failure


def only_reads(role: Role, common: Sequence[str]) -> Role:
    """A role that neither writes nor runs anything: the common tools and its own, without those that do.

    The tools of MCP servers are left out, since nobody can say what they do.
    """
    every = dict.fromkeys((*common, *role.tools))
    tools = tuple(name for name in every if not (TOOLS[name].writes or TOOLS[name].executes))
    return msgspec.structs.replace(role, tools=tools, mcp=False)
