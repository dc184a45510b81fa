"""The board: what the nodes of a run know of each other's work. Their prompts are composed from it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from agents.answers import DesignVerdict, Verdict
from agents.entry import EVERYBODY, Needs
from core.events import HandedOff, NodeSkipped, RouteDecided
from core.run import Run
from tools.workbench import TestReport

if TYPE_CHECKING:
    from agents.evidence import Sign
    from agents.mcp.tools import Toolbox

DOCUMENTS = frozenset({".md", ".rst", ".txt", ".adoc"})
"""Files that no test depends on, by suffix."""


@dataclass
class Board:
    """Shared by all nodes of one run; only small, finished things stand here, never a transcript."""

    run: Run
    route: RouteDecided | None = None
    """None while the router is still at work."""
    plan: str = ""
    """The orchestrator's plan, when there was one."""
    design: str = ""
    """The architect's design, when there was one."""
    design_verdict: DesignVerdict | None = None
    revising: bool = False
    """The design was sent back, and the architect works on it again."""
    coder: str = ""
    """The role in the coder's place now; empty when nobody codes."""
    speaker: str = ""
    """The node whose words are the answer."""
    summaries: dict[str, str] = field(default_factory=dict)
    """What each node said at its end, by node, the latest one."""
    tests: TestReport | None = None
    changed_since_tests: set[str] = field(default_factory=set)
    """Paths that changed after the tests last ran."""
    handed: list[str] = field(default_factory=list)
    """What the members of a swarm said when they handed the work on, in order."""
    shared: str = ""
    """What the members of a swarm have told all others so far, as JSON text; empty without such."""
    testing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the conductor lets the tests run, so that nobody runs them twice."""
    sign: "Sign | None" = None
    """Evidence that the coder of now does not manage; None: there is none."""
    left_out: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Nodes that have no part in what comes next, with their role and why: not on record yet."""
    skipped: set[str] = field(default_factory=set)
    """Nodes of which that is on record."""
    needs: Needs = EVERYBODY
    """Who has a part in what has changed so far, and why."""
    overlaps: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    """Overlaps of nodes that are on record, by path and pair of nodes."""
    verdict: Verdict | None = None
    """What all reviewers of this round say together."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What each reviewer of this round says, by node."""
    unreviewed: str = ""
    """Why a review that this run needs could not be made; empty when none is missing."""
    alone: bool = False
    """One role does all of it: nobody tests, judges or documents after it."""
    round: int = 1
    branch: str = ""
    """The branch that was proposed last: commits that are proposed after it are meant for it."""
    toolbox: "Toolbox | None" = None
    """The tools of the MCP servers that this run has."""
    givers: tuple[tuple[str, str], ...] = ()
    """The nodes that finished last, with their roles: whoever starts next gets the work from them."""

    @property
    def critical(self) -> bool:
        return self.route is not None and self.route.complexity == "CRITICAL"

    @property
    def code_changed(self) -> bool:
        """Whether the run has changed anything that a test could depend on."""
        return any(not is_document(path) for path in self.run.files)

    @property
    def tests_are_current(self) -> bool:
        """Whether the tests ran on what is there now, or only documents have changed since."""
        return self.tests is not None and all(is_document(path) for path in self.changed_since_tests)

    @property
    def tests_failed(self) -> bool:
        """The tests really ran, on what is there now, and failed."""
        return self.tests is not None and self.tests_are_current and self.tests.outcome == "failed"

    def leave_out(self, node: str, role: str, reason: str) -> None:
        """A node has no part in this round."""
        self.left_out[node] = (role, reason)

    async def tell_left_out(self) -> None:
        """Put on record who has no part, before anybody else begins."""
        for node in list(self.left_out):
            role, reason = self.left_out.pop(node)
            self.skipped.add(node)
            await self.run.emit(
                NodeSkipped(run=self.run.id, node=node, role=role, reason=reason, round=self.round)
            )

    async def hand_off(self, node: str, role: str, reason: str) -> None:
        """Put on record that work goes to a node from those that finished last."""
        await self.tell_left_out()
        for giver, its_role in self.givers:
            if giver != node:
                await self.run.emit(
                    HandedOff(
                        run=self.run.id,
                        from_role=its_role,
                        to_role=role,
                        reason=reason,
                        from_node=giver,
                        to_node=node,
                        shared=self.shared,
                    )
                )

    def finished(self, *nodes: tuple[str, str]) -> None:
        """These nodes, each with its role, are done: they hand the work to whoever starts next."""
        self.givers = nodes


def is_document(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in DOCUMENTS
