"""A node: one role at work at one place in a run, as a Strands agent with our gates around it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from strands import Agent
from strands.agent import AgentResult
from strands.agent.conversation_manager import SlidingWindowConversationManager
from strands.telemetry.metrics import EventLoopMetrics
from strands.tools.executors import SequentialToolExecutor
from strands.types.exceptions import MaxTokensReachedException, StructuredOutputException

from agents.aws import Connection
from agents.bedrock import StoppableBedrockModel
from agents.board import Board
from agents.faults import understand
from agents.guard import Breaker, Guard, RetryPolicy
from agents.roster import Role, Roster
from agents.tooling import StagedTool
from agents.translate import text_of
from core.clock import monotonic_ms
from core.events import NodeFinished, NodeStarted, NodeStatus
from core.faults import Fault
from core.ledger import BudgetReached
from core.limits import limits
from core.run import Interrupted
from core.text import clip

WINDOW_MESSAGES = 400
CONTINUATIONS = 2
CUT_OFF = (
    "Your answer was cut off at the output limit. Go on from where it stopped, in smaller steps: "
    "make one tool call at a time, and write long files in several edits."
)
_STOPS = {
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
    "model_context_window_exceeded": "context_overflow",
    "limit_turns": "too_many_turns",
}
"""Stop reasons that are no answer, and the fault that each of them is."""


@dataclass(frozen=True)
class Company:
    """What all nodes of all runs share: the roster and the way to its models."""

    roster: Roster
    connection: Connection
    policy: RetryPolicy
    breaker: Breaker


class NodeAgent(Agent):
    """A Strands agent that puts its life on record, whoever drives it: a Graph, a Swarm or the conductor.

    Its prompt is composed when it starts, from the board; what a Graph would have passed in is ignored.
    Long work is continued in segments, since Strands' loop recurses (facts: RecursionError at 321 cycles).
    """

    def __init__(
        self,
        company: Company,
        board: Board,
        name: str,
        role: Role,
        *,
        compose: Callable[[], Awaitable[str]],
        reason: Callable[[], str],
        answer: type[BaseModel] | None = None,
        conclude: "Callable[[NodeAgent], Awaitable[None]] | None" = None,
    ) -> None:
        self.board = board
        self.role = role
        self.outcome: Any = None
        """The structured answer of the last invocation, when the node gives one."""
        self._compose = compose
        self._reason = reason
        self._conclude = conclude
        self._guard = Guard(
            board.run,
            name,
            role,
            _models(company, board, name, role),
            policy=company.policy,
            breaker=company.breaker,
        )
        super().__init__(
            model=self._guard.model,
            name=name,
            description=role.does,
            system_prompt=role.prompt,
            tools=[StagedTool(tool, board, name, role.name, self._guard.bad_calls) for tool in role.tools],
            structured_output_model=answer,
            callback_handler=None,
            retry_strategy=None,
            tool_executor=SequentialToolExecutor(),
            conversation_manager=SlidingWindowConversationManager(window_size=WINDOW_MESSAGES),
        )
        self._guard.install(self)

    async def stream_async(self, prompt: Any = None, **kwargs: Any) -> AsyncGenerator[Any, None]:  # type: ignore[override]
        """Work on the composed prompt until the model is done, and put start and end on record."""
        run, started = self.board.run, monotonic_ms()
        run.check()
        self._guard.tag(round=str(self.board.round))
        await self.board.hand_off(self.role.name, self._reason())
        await run.emit(
            NodeStarted(
                run=run.id,
                node=self.name,
                role=self.role.name,
                model=self._guard.model.model_id,
                round=self.board.round,
            )
        )
        status: NodeStatus = "failed"
        summary = ""
        try:
            async with aclosing(self._segments(await self._compose(), **kwargs)) as stream:
                async for event in stream:
                    if "result" in event:
                        summary = self._take_result(event["result"])
                        await self._end_well()
                        status = "done"
                    yield event
        except (Interrupted, BudgetReached) as end:
            status = "interrupted" if isinstance(end, Interrupted) else "paused"
            summary = str(end)
            raise
        except Exception as error:
            fault = understand(error, model=self._guard.model.model_id, region=self._guard.model.region)
            summary = fault.message
            raise fault from error
        finally:
            await run.emit(
                NodeFinished(
                    run=run.id,
                    node=self.name,
                    role=self.role.name,
                    status="interrupted" if run.stop.is_set() else status,
                    summary=clip(summary, limits().run.handoff_characters),
                    duration_ms=monotonic_ms() - started,
                )
            )

    async def _end_well(self) -> None:
        if self._conclude is not None:
            await self._conclude(self)

    def _take_result(self, result: Any) -> str:
        self.board.run.check()
        kind = _STOPS.get(str(result.stop_reason))
        if kind is not None:
            raise Fault(kind, model=self._guard.model.model_id)
        self.outcome = result.structured_output
        summary = self.outcome.model_dump_json() if self.outcome is not None else text_of(result.message)
        self.board.summaries[self.name] = clip(summary, limits().run.handoff_characters)
        return summary

    async def _segments(self, prompt: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        state = dict(kwargs.pop("invocation_state", None) or {})
        kwargs.pop("cancel_signal", None)
        cut_off = 0
        for segment in range(limits().run.node_segments):
            last = segment == limits().run.node_segments - 1
            self.event_loop_metrics = EventLoopMetrics()
            again = False
            try:
                async with aclosing(
                    super().stream_async(
                        prompt,
                        invocation_state=state,
                        cancel_signal=self.board.run.stop,
                        limits={"turns": limits().run.node_turns},
                        **kwargs,
                    )
                ) as stream:
                    async for event in stream:
                        if "result" in event and event["result"].stop_reason == "limit_turns" and not last:
                            again, prompt = True, None
                        else:
                            yield event
            except StructuredOutputException:
                yield {"result": self._without_answer()}
            except MaxTokensReachedException as error:
                cut_off += 1
                if cut_off > CONTINUATIONS:
                    raise Fault("output_limit", model=self._guard.model.model_id) from error
                again, prompt = True, CUT_OFF
            if not again:
                return

    def _without_answer(self) -> AgentResult:
        """The end of a node whose model would not fill in the schema that it was given."""
        message = self.messages[-1] if self.messages else {"role": "assistant", "content": []}
        return AgentResult("end_turn", message, self.event_loop_metrics, {})


def _models(company: Company, board: Board, node: str, role: Role) -> list[StoppableBedrockModel]:
    metadata = {
        "app": "heddle",
        "session": board.run.session,
        "run": board.run.id,
        "node": node,
        "role": role.name,
    }
    return [
        StoppableBedrockModel(company.connection, model, metadata=metadata, output_tokens=role.output_tokens)
        for model in role.models
    ]
