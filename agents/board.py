"""The board: what the nodes of a run know of each other's work. Their prompts are composed from it."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from agents.answers import Verdict
from core.events import HandedOff, RouteDecided
from core.run import Run
from tools.workbench import TestReport

if TYPE_CHECKING:
    from agents.mcp.tools import Toolbox

DOCUMENTS = frozenset({".md", ".rst", ".txt", ".adoc"})
"""Files that no test depends on, by suffix."""


@dataclass
class Board:
    """Shared by all nodes of one run; only small, finished things stand here, never a transcript."""

    run: Run
    route: RouteDecided | None = None
    """None while the router is still at work."""
    design: str = ""
    """The architect's design, when there was one."""
    coder: str = ""
    """The role in the coder's place now; empty when nobody codes."""
    speaker: str = ""
    """The node whose words are the answer."""
    summaries: dict[str, str] = field(default_factory=dict)
    """What each node said at its end, by node, the latest one."""
    tests: TestReport | None = None
    changed_since_tests: set[str] = field(default_factory=set)
    """Paths that changed after the tests last ran."""
    verdict: Verdict | None = None
    round: int = 1
    toolbox: "Toolbox | None" = None
    """The tools of the MCP servers that this run has."""
    last_role: str | None = None
    """The role that finished last: the next one gets the work from it."""

    @property
    def tests_are_current(self) -> bool:
        """Whether the tests ran on what is there now, or only documents have changed since."""
        return self.tests is not None and all(_is_document(path) for path in self.changed_since_tests)

    @property
    def tests_failed(self) -> bool:
        """The tests really ran, on what is there now, and failed."""
        return self.tests is not None and self.tests_are_current and self.tests.outcome == "failed"

    async def hand_off(self, to_role: str, reason: str) -> None:
        """Put on record that work goes from the last role to the next."""
        if self.last_role is not None and self.last_role != to_role:
            await self.run.emit(
                HandedOff(run=self.run.id, from_role=self.last_role, to_role=to_role, reason=reason)
            )
        self.last_role = to_role


def _is_document(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in DOCUMENTS
