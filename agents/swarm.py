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
from agents.checks import ensure_tests
from agents.company import Company
from agents.node import Assignment, NodeAgent
from core.events import Edge, GraphPlanned, PlannedNode
from core.limits import limits
from core.run import Interrupted
from core.text import clip

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
        self._handed: list[str] = []
        """Every handoff so far, as the next ones read it."""
        self._known: dict[str, Any] = {}
        """What the members have told all others, by member."""

    async def work(self) -> None:
        """Work until a member ends without handing over; the last one's words are the answer.

        Raises:
            Fault, BudgetReached, Interrupted: what a node ended with.
            NeedsDecision: there is no end, and nobody is there to ask.
        """
        await self._plan()
        while not await self._swarm():
            text = f"The team has handed this on {len(self._handed)} times without coming to an end. Go on?"
            if await self._board.run.ask(text, (GO_ON, STOP)) != GO_ON:
                raise Interrupted
        await ensure_tests(self._board)

    async def _plan(self) -> None:
        first, *others = self._roles
        nodes = tuple(
            PlannedNode(node=role, role=role, model=self._company.roster[role].model) for role in self._roles
        )
        edges = tuple(Edge(source=first, target=other) for other in others)
        await self._board.run.emit(GraphPlanned(run=self._board.run.id, nodes=nodes, edges=edges))

    async def _swarm(self) -> bool:
        """One Strands swarm; False when it was ended by its limits."""
        members = [self._member(role) for role in self._roles]
        swarm = Swarm(
            list(members),
            max_handoffs=limits().run.handoffs,
            max_iterations=limits().run.handoffs,
            execution_timeout=NO_TIMEOUT,
            node_timeout=NO_TIMEOUT,
            repetitive_handoff_detection_window=limits().run.ping_pong,
            repetitive_handoff_min_unique_agents=3,
        )
        for member in members:
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
            role = msgspec.structs.replace(role, tools=self._company.roster["researcher"].tools)

        async def prompt() -> str:
            return compose.member_prompt(self._board, self._colleagues(name), self._handed, self._shared())

        reason = self._last_message
        return NodeAgent(self._company, self._board, Assignment(role, prompt, reason))

    def _colleagues(self, name: str) -> list[str]:
        return [f"{role}: {self._company.roster[role].does}" for role in self._roles if role != name]

    def _last_message(self) -> str:
        return self._handed[-1] if self._handed else "the work begins"

    def _shared(self) -> str:
        return json.dumps(self._known, ensure_ascii=False, sort_keys=True) if self._known else ""

    def _hand_over(self, swarm: Swarm, event: AfterToolsEvent) -> None:
        """End the turn after a handoff: Strands would ask the same model once more."""
        target = swarm.state.handoff_node
        if target is None:
            return
        message = clip(swarm.state.handoff_message or "", limits().run.handoff_characters)
        self._handed.append(f"{event.agent.name} → {target.node_id}: {message}")
        self._known.update(swarm.shared_context.context)
        event.end_turn = f"Handed over to {target.node_id}: {message}"

    def _note(self, event: dict[str, Any]) -> None:
        """Follow the swarm: whose words come last, and what a member ended with."""
        if event.get("type") != "multiagent_node_stop":
            return
        self._board.speaker = event["node_id"]
        self._board.finished((event["node_id"], event["node_id"]))
        failure = event["node_result"].result
        if isinstance(failure, Exception):
            raise failure
