"""Our tools as Strands sees them: each call is on record, changes the stage under the node's name, and can be stopped."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from strands.types.events import ToolResultEvent
from strands.types.tools import AgentTool, ToolSpec, ToolUse

from agents.board import Board
from core.clock import monotonic_ms
from core.events import ChangeWithdrawn, FileChanged, TestsFinished, ToolFinished, ToolStarted
from core.limits import limits
from core.run import Run
from core.stage import Change, Withdrawn
from core.text import clip
from tools.registry import TOOLS, call, manual_of, schema_of
from tools.workbench import TestReport, ToolResult, Workbench


class StagedTool(AgentTool):
    """One tool of one node."""

    def __init__(self, name: str, board: Board, node: str, role: str, bad_calls: Mapping[str, str]) -> None:
        super().__init__()
        self._tool = TOOLS[name]
        self._board = board
        self._run = board.run
        self._node = node
        self._role = role
        self._bad_calls = bad_calls

    @property
    def tool_name(self) -> str:
        return self._tool.name

    @property
    def tool_spec(self) -> ToolSpec:
        schema = schema_of(self._tool)
        return {
            "name": self._tool.name,
            "description": manual_of(self._tool),
            "inputSchema": {"json": schema},
        }

    @property
    def tool_type(self) -> str:
        return "heddle"

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Carry out one call. Never raises for a model's mistakes: they come back as an error result."""
        result = await self._carry_out(tool_use)
        status = "success" if result.ok else "error"
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": status,
                "content": [{"text": result.text or "(empty)"}],
            }
        )

    async def _carry_out(self, tool_use: ToolUse) -> ToolResult:
        who = {"run": self._run.id, "node": self._node, "role": self._role}
        number, started = self._run.number(), monotonic_ms()
        arguments = tool_use.get("input") or {}
        shown = clip(
            json.dumps(arguments, ensure_ascii=False, default=str), limits().record.argument_characters
        )
        await self._run.emit(ToolStarted(**who, call=number, tool=self._tool.name, arguments=shown))
        result = await self._result(tool_use["toolUseId"], arguments)
        await self._run.emit(
            ToolFinished(
                **who,
                call=number,
                tool=self._tool.name,
                ok=result.ok,
                duration_ms=monotonic_ms() - started,
                output=clip(result.text, limits().record.tool_output_characters),
            )
        )
        await record_changes(self._board, self._node, self._role, result.changed, self._tool.name)
        if result.tests is not None:
            await record_tests(self._board, self._node, self._role, result.tests)
        return await self._with_decisions(result)

    async def _result(self, use_id: str, arguments: Any) -> ToolResult:
        self._run.check()
        fault = self._bad_calls.get(use_id)
        if fault is not None:
            return ToolResult(ok=False, text=fault, changed=(), tests=None)
        return await call(self._tool.name, arguments, workbench(self._run, self._node, self._role))

    async def _with_decisions(self, result: ToolResult) -> ToolResult:
        notes = await self._run.decisions()
        if not notes:
            return result
        text = "\n\n".join([result.text, *notes])
        return ToolResult(ok=result.ok, text=text, changed=result.changed, tests=result.tests)


def workbench(run: Run, node: str, role: str) -> Workbench:
    """What a tool call of a node works on."""
    return Workbench(stage=run.stage, sandbox=run.sandbox, stop=run.stop, run=run.id, node=node, role=role)


async def record_changes(board: Board, node: str, role: str, paths: tuple[str, ...], tool: str) -> None:
    """Commit what a call changed under the node's name, and put the differences to the base on record."""
    if not paths:
        return
    run = board.run
    board.tests_are_current = False
    found = await asyncio.to_thread(
        run.stage.record, list(paths), run=run.id, node=node, role=role, message=tool
    )
    for change in found:
        await run.emit(_change_event(run, node, role, change))


def _change_event(
    run: Run, node: str, role: str, change: Change | Withdrawn
) -> FileChanged | ChangeWithdrawn:
    if isinstance(change, Withdrawn):
        return ChangeWithdrawn(run=run.id, node=node, role=role, path=change.path)
    return FileChanged(
        run=run.id,
        node=node,
        role=role,
        path=change.path,
        kind=change.kind,
        added_lines=change.added_lines,
        removed_lines=change.removed_lines,
        patch=change.patch,
        binary=change.binary,
        old_path=change.old_path,
    )


async def record_tests(board: Board, node: str, role: str, report: TestReport) -> None:
    """Put the outcome of a test run on record."""
    run = board.run
    board.tests = report
    board.tests_are_current = True
    await run.emit(
        TestsFinished(
            run=run.id,
            node=node,
            role=role,
            outcome=report.outcome,
            passed=report.passed,
            failed=report.failed,
            summary=clip(report.text, limits().record.tool_output_characters),
        )
    )
