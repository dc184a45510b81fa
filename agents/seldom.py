"""Tools that a role needs now and then, behind one: their manuals are read when they are needed, not with every call.

All tools of a request are read again with each call of a node. Their manuals are most of what stands before a
senior coder's conversation, and half of them are used in few tasks.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from strands.types.tools import ToolSpec

from agents.board import Board
from agents.tooling import NodeTool, carry_out, put_on_record
from core.live import Tell
from tools.registry import TOOLS, manual_of, schema_of
from tools.workbench import ToolResult

NAME = "other_tools"
_MANUAL = (
    "Tools for now and then. Name one to read its manual; name it with its arguments to use it.\n\n{tools}"
)
_PROPERTIES = {
    "tool": {"type": "string", "description": "Its name."},
    "arguments": {"type": "string", "description": "Its arguments as a JSON object; left out: its manual."},
}


class SeldomTools(NodeTool):
    """The tools that a role uses now and then. What one of them does is on record under its own name."""

    def __init__(
        self, tools: Sequence[str], board: Board, node: str, role: str, bad_calls: Mapping[str, str]
    ) -> None:
        super().__init__(NAME, board, node, role, bad_calls)
        self._tools = tuple(tools)

    @property
    def tool_spec(self) -> ToolSpec:
        lines = "\n".join(f"- {name}: {_first_sentence(manual_of(TOOLS[name]))}" for name in self._tools)
        schema = {"type": "object", "properties": _PROPERTIES, "required": ["tool"]}
        return {"name": NAME, "description": _MANUAL.format(tools=lines), "inputSchema": {"json": schema}}

    async def result(self, arguments: object, fault: str) -> ToolResult:
        """See `NodeTool`."""
        given: dict[str, Any] = arguments if isinstance(arguments, dict) else {}
        name, own = given.get("tool"), given.get("arguments")
        if not fault and name in self._tools and own not in (None, ""):
            return await carry_out(self._board, self._node, self._role, str(name), own)

        async def told(_tell: Tell) -> ToolResult:
            if fault or name not in self._tools:
                return ToolResult(False, fault or f"Here are {', '.join(self._tools)}: name one of them.")
            return ToolResult(True, manual(str(name)))

        return await put_on_record(self._board, self._node, self._role, NAME, given, told)


def manual(name: str) -> str:
    """A tool's manual with its arguments, as a model reads it."""
    schema = msgspec.json.format(msgspec.json.encode(schema_of(TOOLS[name])), indent=0).decode()
    return f"{name}: {manual_of(TOOLS[name])}\n\narguments: {schema}"


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.;:])\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".:;")
