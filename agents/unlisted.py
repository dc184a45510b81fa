"""Calls of tools that a node was not given, as models make them: forgiven where it is plain what is meant, and on record.

Strands answers them by itself, and then nobody would see what was paid for.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from strands.hooks import BeforeToolCallEvent
from strands.types.tools import AgentTool, ToolSpec

from agents.board import Board
from agents.tooling import NodeTool, StagedTool, put_on_record
from core.live import Tell
from tools.workbench import ToolResult

_NAME_CHARACTERS = 64


class Unlisted:
    """Finds what a node's model means by the name of a tool that is not in its list.

    Args:
        seldom: tools of the role that stand behind another one; called by their own name they are carried out.
    """

    def __init__(
        self, board: Board, node: str, role: str, seldom: Sequence[str], bad_calls: Mapping[str, str]
    ) -> None:
        self._staged = {name: StagedTool(name, board, node, role, bad_calls) for name in seldom}
        self._who = (board, node, role, bad_calls)

    def install(self, agent: Any) -> None:
        """Look at all calls of an agent."""
        agent.add_hook(self._look, BeforeToolCallEvent)

    def _look(self, event: BeforeToolCallEvent) -> None:
        if event.selected_tool is None:
            listed: dict[str, AgentTool] = event.agent.tool_registry.registry
            name = event.tool_use["name"]
            event.selected_tool = _meant(name, self._staged | listed) or _NoTool(
                name, list(listed), *self._who
            )


class _NoTool(NodeTool):
    """A name that means nothing here."""

    def __init__(
        self,
        name: str,
        known: Sequence[str],
        board: Board,
        node: str,
        role: str,
        bad_calls: Mapping[str, str],
    ) -> None:
        super().__init__(name[:_NAME_CHARACTERS], board, node, role, bad_calls)
        self._known = known

    @property
    def tool_spec(self) -> ToolSpec:
        return {"name": self._name, "description": "", "inputSchema": {"json": {}}}

    async def result(self, arguments: object, fault: str) -> ToolResult:
        """See `NodeTool`."""
        words = f"There is no tool called {self._name}. Call one of: {', '.join(self._known)}."

        async def told(_tell: Tell) -> ToolResult:
            return ToolResult(False, words)

        return await put_on_record(self._board, self._node, self._role, self._name, arguments, told)


def _meant(name: str, tools: Mapping[str, AgentTool]) -> AgentTool | None:
    """The one that is written so but for case, signs and a prefix, such as `functions.Read-File`."""
    bare = _bare(re.split(r"[.:/]", name)[-1])
    return next((tool for each, tool in tools.items() if _bare(each) == bare), None)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
