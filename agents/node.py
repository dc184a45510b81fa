"""A node: one role at work at one place in a run, as a Strands agent with our gates around it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel
from strands import Agent
from strands.agent import AgentResult
from strands.agent.conversation_manager import NullConversationManager
from strands.hooks import AfterToolCallEvent, AfterToolsEvent
from strands.models import Model
from strands.telemetry.metrics import EventLoopMetrics
from strands.tools.executors import SequentialToolExecutor
from strands.types.content import Message
from strands.types.exceptions import MaxTokensReachedException, StructuredOutputException

from agents import compose
from agents.asked import asked
from agents.board import Board
from agents.company import Company
from agents.conversation import Conversation
from agents.evidence import Watch
from agents.faults import plain
from agents.roster import Role
from agents.seldom import SeldomTools
from agents.tooling import StagedTool
from agents.tracing import keep_quiet
from agents.translate import text_of
from agents.unlisted import Unlisted
from core.clock import monotonic_ms
from core.control import NodeClosed, NodeControl, NodeRestarted, NodeStopped
from core.events import NodeFinished, NodeStarted, NodeStatus
from core.faults import Fault
from core.ledger import BudgetReached
from core.limits import limits
from core.run import Interrupted
from core.text import clip

keep_quiet()

CONTINUATIONS = 2
"""How often an answer that was cut off at the output limit may be continued."""
UNUSABLE_ANSWERS = 3
"""How often a model may fail to fill in the schema of its answer."""
CUT_OFF = (
    "Your answer was cut off at the output limit. Go on from where it stopped, in smaller steps: "
    "make one tool call at a time, and write long files in several edits."
)
_STOPS = {
    "content_filtered": "filtered",
    "guardrail_intervened": "filtered",
    "model_context_window_exceeded": "context_overflow",
}
"""Stop reasons that are no answer, and the fault that each of them is."""


@dataclass(frozen=True)
class Assignment:
    """What one node is to do."""

    role: Role
    compose: Callable[[], Awaitable[str]]
    """Writes its prompt when it starts."""
    reason: Callable[[], str]
    """Why work goes to it."""
    answer: type[BaseModel] | None = None
    """The schema of its answer, when it gives a structured one."""
    conclude: "Callable[[NodeAgent], Awaitable[None]] | None" = None
    """Takes in what came of it."""
    watch: Watch | None = None
    """Looks for evidence in its calls that it does not manage."""
    place: str = ""
    """The node's name where it is not the role's."""


class NodeAgent(Agent):
    """A Strands agent that puts its life on record, whoever drives it: a Graph, a Swarm or the conductor.

    Its prompt is composed when it starts, from the board; what a Graph or Swarm would have passed in is
    ignored. Long work is continued in segments, since Strands' loop recurses (RecursionError at 321 cycles).
    """

    def __init__(self, company: Company, board: Board, assignment: Assignment) -> None:
        role = assignment.role
        name = assignment.place or role.name
        self.board = board
        self.role = role
        self.outcome: BaseModel | None = None
        """The structured answer of the last invocation, when the node gives one."""
        self._assignment = assignment
        self._guard = company.guard(board.run, name, role)
        self._cut_texts: list[str] = []
        self._unusable = 0
        super().__init__(
            model=cast("Model", self._guard.model),
            name=name,
            description=role.does,
            messages=Conversation(),
            system_prompt=role.prompt,
            tools=_tools(board, name, role, self._guard.bad_calls),
            structured_output_model=assignment.answer,
            callback_handler=None,
            retry_strategy=None,
            tool_executor=SequentialToolExecutor(),
            conversation_manager=NullConversationManager(),
        )
        self._anew = False
        self._ended_early = False
        self._guard.install(self)
        Unlisted(board, name, role.name, _seldom(role), self._guard.bad_calls).install(self)
        self.add_hook(self._note_end, AfterToolsEvent)
        if assignment.answer is not None:
            self.add_hook(self._count_answer, AfterToolCallEvent)
            self.add_hook(self._end_answers, AfterToolsEvent)
        if assignment.watch is not None:
            assignment.watch.install(self)

    async def stream_async(self, prompt: Any = None, **kwargs: Any) -> AsyncGenerator[Any, None]:  # type: ignore[override]
        """Work on the composed prompt until the model is done, and put start and end on record.

        Only the result goes to whoever drives it: everything else is on record already.
        As often as the user wants the task begun anew, it is, with a fresh conversation.
        """
        while True:
            try:
                async with aclosing(self._once(kwargs.get("invocation_state"))) as stream:
                    async for event in stream:
                        yield event
                return
            except NodeRestarted:
                self.messages.clear()
                self._anew = True

    async def _once(self, invocation_state: Any) -> AsyncGenerator[Any, None]:
        """The task from its beginning to its end."""
        run, started = self.board.run, monotonic_ms()
        control = await self._prepare()
        status: NodeStatus = "failed"
        summary = ""
        try:
            await run.emit(self._started())
            async with aclosing(self._work(control, invocation_state)) as stream:
                async for event in stream:
                    if "result" in event:
                        summary = await self._take_result(control, event["result"])
                        status = "done"
                        yield event
        except asyncio.CancelledError:
            status, summary = "interrupted", "Stopped, since another node failed."
            raise
        except Exception as error:
            model = self._guard.model
            failure = plain(error, model=model.model_id, region=model.region)
            status, summary = _ending(failure), str(failure) or _said_of(failure)
            if not isinstance(failure, NodeStopped):
                raise failure from error
            self._passed_over(failure)
        finally:
            run.controls.finish(self.name)
            self._guard.give_back()
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
        if self.name in run.controls.passed_over:
            yield {"result": self._without_answer()}

    def put_down_tools(self) -> None:
        """Work on without any tool: to be called before the first call goes out."""
        self.tool_registry.registry.clear()
        self.tool_registry.tool_config = None

    def _passed_over(self, failure: NodeStopped) -> None:
        """The run goes on without it."""
        controls = self.board.run.controls
        controls.passed_over[self.name] = self.role.name
        if isinstance(failure, NodeClosed):
            controls.unpaid.add(self.name)

    async def _prepare(self) -> NodeControl:
        self.board.run.check()
        self._guard.tag(round=str(self.board.round))
        await self._guard.choose_model(self)
        await self.board.hand_off(self.name, self.role.name, self._assignment.reason())
        return self.board.run.controls.begin(self.name, self.role.name)

    def _started(self) -> NodeStarted:
        return NodeStarted(
            run=self.board.run.id,
            node=self.name,
            role=self.role.name,
            model=self._guard.model.model_id,
            round=self.board.round,
        )

    async def _take_result(self, control: NodeControl, result: Any) -> str:
        """Put what the node says on the board; returns it."""
        control.check()
        kind = _STOPS.get(str(result.stop_reason))
        if kind is not None:
            raise Fault(kind, model=self._guard.model.model_id)
        self.outcome = result.structured_output
        said = [*self._cut_texts, text_of(result.message)]
        summary = self.outcome.model_dump_json() if self.outcome is not None else "".join(said)
        self.board.summaries[self.name] = clip(summary, limits().run.handoff_characters)
        if self._assignment.conclude is not None:
            await self._assignment.conclude(self)
        return summary

    # -- the work, in segments ---------------------------------------------------------------------

    async def _work(self, control: NodeControl, invocation_state: Any) -> AsyncGenerator[Any, None]:
        """One invocation after another, until the model is done and the user has nothing to say to it.

        Raises:
            Fault: output_limit, too_many_turns, or what a call ended with.
        """
        prompt: str | None = await control.within(self._prompt())
        state = dict(invocation_state or {})
        self._cut_texts.clear()
        self._unusable = 0
        cut_off = 0
        for _ in range(limits().run.node_segments):
            self.event_loop_metrics = EventLoopMetrics()
            result: AgentResult | None = None
            try:
                async with aclosing(self._segment(control, prompt, state)) as events:
                    async for event in events:
                        if "result" in event:
                            result = event["result"]
                        else:
                            yield event
                prompt = None
            except StructuredOutputException:
                result = self._without_answer()
            except MaxTokensReachedException as error:
                cut_off += 1
                if cut_off > CONTINUATIONS:
                    raise Fault("output_limit", model=self._guard.model.model_id) from error
                self._cut_texts.append(self._guard.cut_text)
                prompt = CUT_OFF
            if result is not None and not self._goes_on(result):
                yield {"result": result}
                return
        raise Fault("too_many_turns")

    async def _prompt(self) -> str:
        """The task; a node that goes on with one that was broken off is told so."""
        await self.board.run.decisions()
        prompt = await self._assignment.compose()
        anew, self._anew = self._anew, False
        if anew:
            prompt = compose.begun_anew(self.board, prompt)
        else:
            prompt = compose.broken_off(self.board, self.name, prompt)
        await asked(self.board.run, self.name, self.role.name, prompt)
        return prompt

    def _goes_on(self, result: AgentResult) -> bool:
        """Whether the node has another turn: at the limit of an invocation, or to read what the user says."""
        if result.stop_reason == "limit_turns":
            return True
        run = self.board.run
        done = result.stop_reason == "end_turn" or result.structured_output is not None
        if not done or self._ended_early or run.stop.is_set():
            return False
        if not run.controls.wait_for(self.name, self.role.name):
            return False
        self._cut_texts.append(f"{text_of(result.message)}\n\n")
        return True

    async def _segment(
        self, control: NodeControl, prompt: str | None, state: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """One invocation of Strands' loop, of so many turns at most."""
        self._ended_early = False
        stream = super().stream_async(
            prompt,
            invocation_state=state,
            cancel_signal=control.stop,
            limits={"turns": limits().run.node_turns},
        )
        async with aclosing(stream) as events:  # type: ignore[type-var]
            async for event in events:
                yield event

    def _note_end(self, event: AfterToolsEvent) -> None:
        """Hear of a turn that was ended after its tools, as a handoff does. Strands asks the first hook last."""
        self._ended_early = bool(event.end_turn)

    def _count_answer(self, event: AfterToolCallEvent) -> None:
        answer = self._assignment.answer
        if answer is not None and event.tool_use["name"] == answer.__name__:
            self._unusable += event.result["status"] == "error"

    def _end_answers(self, event: AfterToolsEvent) -> None:
        if self._unusable >= UNUSABLE_ANSWERS:
            event.end_turn = "No usable answer was given."

    def _without_answer(self) -> AgentResult:
        """The end of a node whose model would not fill in the schema that it was given."""
        message = self.messages[-1] if self.messages else Message(role="assistant", content=[])
        return AgentResult("end_turn", message, self.event_loop_metrics, {})


def _seldom(role: Role) -> list[str]:
    return [tool for tool in role.tools if tool in role.seldom]


def _tools(board: Board, node: str, role: Role, bad_calls: Mapping[str, str]) -> list[Any]:
    """The tools of a role, and those of the MCP servers where it may use them."""
    seldom = _seldom(role)
    always = [tool for tool in role.tools if tool not in seldom]
    own: list[Any] = [StagedTool(tool, board, node, role.name, bad_calls) for tool in always]
    own += [SeldomTools(seldom, board, node, role.name, bad_calls)] if seldom else []
    others = board.toolbox.tools(board, node, role.name, bad_calls) if board.toolbox and role.mcp else []
    return [*own, *others]


def _ending(failure: BaseException) -> NodeStatus:
    match failure:
        case NodeClosed():
            return "paused"
        case NodeStopped():
            return "stopped"
        case Interrupted():
            return "interrupted"
        case BudgetReached():
            return "paused"
        case _:
            return "failed"


def _said_of(failure: BaseException) -> str:
    match failure:
        case NodeClosed():
            return "Its budget is used up."
        case NodeStopped():
            return "You stopped it."
        case NodeRestarted():
            return "You let it begin anew."
        case _:
            return "Stopped."
