"""Our tools as Strands sees them: each call is on record, changes the stage under the node's name, and can be stopped."""

import asyncio
import json
from abc import abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from strands.types.events import ToolResultEvent
from strands.types.tools import AgentTool, ToolSpec, ToolUse

from agents.board import Board
from core.clock import monotonic_ms
from core.events import GitProposed, TestsFinished, ToolFinished, ToolOutput, ToolStarted
from core.git.repository import hooks_of
from core.limits import limits
from core.live import LiveOutput, Tell
from core.run import Run
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets
from core.spelling import recorded
from core.stage.steps import Who, take_step
from core.text import clip
from tools.registry import TOOLS, call, manual_of, schema_of
from tools.workbench import GitWish, TestReport, ToolResult, Workbench


class NodeTool(AgentTool):
    """A tool of one node, wherever its work is done. A model's mistakes come back as an error result."""

    def __init__(self, name: str, board: Board, node: str, role: str, bad_calls: Mapping[str, str]) -> None:
        super().__init__()
        self._name = name
        self._board = board
        self._node = node
        self._role = role
        self._bad_calls = bad_calls

    @property
    def tool_name(self) -> str:
        return self._name

    @property
    def tool_type(self) -> str:
        return "heddle"

    @abstractmethod
    async def result(self, arguments: object, fault: str) -> ToolResult:
        """Carry out one call, on record; with a `fault` of its arguments that is the result."""

    async def stream(
        self, tool_use: ToolUse, invocation_state: dict[str, Any], **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Carry out one call as Strands asks for it; the node hears of the user's decisions in its result."""
        await self._board.run.controls.of(self._node).gate()
        fault = self._bad_calls.get(tool_use["toolUseId"], "")
        result = await self.result(tool_use.get("input") or {}, fault)
        notes = await self._decisions()
        yield ToolResultEvent(
            {
                "toolUseId": tool_use["toolUseId"],
                "status": "success" if result.ok else "error",
                "content": [{"text": "\n\n".join([result.text or "(empty)", *notes])}],
            }
        )

    async def _decisions(self) -> list[str]:
        """Carry out what the user decided meanwhile. Tests that ran before it say nothing any more."""
        run = self._board.run
        notes = await run.decisions()
        if notes:
            self._board.changed_since_tests.update(one.path for one in run.rejections())
            run.controls.tell(notes, by=self._node)
        return notes


class StagedTool(NodeTool):
    """One of our own tools: it works on the stage."""

    @property
    def tool_spec(self) -> ToolSpec:
        tool = TOOLS[self._name]
        return {"name": tool.name, "description": manual_of(tool), "inputSchema": {"json": schema_of(tool)}}

    async def result(self, arguments: object, fault: str) -> ToolResult:
        """See `NodeTool`."""
        return await carry_out(self._board, self._node, self._role, self._name, arguments, fault=fault)


async def carry_out(
    board: Board, node: str, role: str, tool: str, arguments: object, *, fault: str = ""
) -> ToolResult:
    """Carry out one call of a node's tool and put it on record with all that it did.

    With a `fault` of its arguments the tool does not run: that is the result.
    """

    async def work(tell: Tell) -> ToolResult:
        bench = replace(workbench(board.run, node, role), tell=tell)
        return ToolResult(False, fault) if fault else await call(tool, arguments, bench)

    result = await put_on_record(board, node, role, tool, arguments, work)
    await record_changes(board, node, role, result.changed, tool)
    if result.wish is not None:
        await propose(board, node, role, result.wish)
    if result.tests is not None:
        await record_tests(board, node, role, result.tests)
    return result


async def put_on_record(
    board: Board,
    node: str,
    role: str,
    tool: str,
    arguments: object,
    work: Callable[[Tell], Awaitable[ToolResult]],
) -> ToolResult:
    """Do the work of a tool call between the records of its start and its end.

    What the work tells meanwhile, in any thread, is on record before the end.
    """
    run = board.run
    who = {"run": run.id, "node": node, "role": role}
    number, started = run.number(), monotonic_ms()
    shown = clip(json.dumps(arguments, ensure_ascii=False, default=str), limits().record.argument_characters)
    await run.emit(ToolStarted(**who, call=number, tool=tool, arguments=shown))
    live = LiveOutput(run.emit, ToolOutput(**who, call=number, text=""))
    result = await work(live.tell)
    await live.settle()
    await run.note_masked(result.masked)
    await run.emit(
        ToolFinished(
            **who,
            call=number,
            tool=tool,
            ok=result.ok,
            duration_ms=monotonic_ms() - started,
            output=clip(result.text, limits().record.tool_output_characters),
        )
    )
    return result


def workbench(run: Run, node: str, role: str) -> Workbench:
    """What a tool call of a node works on."""
    return Workbench(
        stage=run.stage,
        sandbox=run.sandbox.of(role),
        stop=run.controls.of(node).stop,
        run=run.id,
        node=node,
        role=role,
        ask=run.ask,
    )


async def record_changes(board: Board, node: str, role: str, paths: tuple[str, ...], tool: str) -> None:
    """Commit what a call changed under the node's name, and put the differences to the base on record."""
    if not paths:
        return
    run = board.run
    board.changed_since_tests.update(paths)
    who = Who(run.id, node, role)
    await run.emit(*await asyncio.to_thread(take_step, run.stage, paths, who, tool, board.overlaps))


async def propose(board: Board, node: str, role: str, wish: GitWish) -> None:
    """Put what a node wants done in the user's repository on record: the user decides.

    A commit is meant for the branch that was proposed last in this run, if one was.
    """
    run = board.run
    branch = wish.branch or board.branch
    if wish.action == "create_branch":
        board.branch = wish.branch
    hooks = await asyncio.to_thread(hooks_of, run.project, wish.action)
    await run.emit(
        GitProposed(
            run=run.id,
            node=node,
            role=role,
            id=f"g{run.number()}",
            action=wish.action,
            branch=branch,
            message=mask(wish.message, own_secrets()).text,
            paths=tuple(map(recorded, wish.paths)),
            hooks=hooks,
        )
    )


async def record_tests(board: Board, node: str, role: str, report: TestReport) -> None:
    """Put the outcome of a test run on record."""
    run = board.run
    board.tests = report
    board.changed_since_tests.clear()
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
