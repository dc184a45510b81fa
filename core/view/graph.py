"""The team at work as a fold over records: nodes, their state, and the edges that work flows along."""

from typing import Literal, TypeAlias, assert_never

import msgspec

from core.events import (
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    ChangeWithdrawn,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    Failed,
    FileChanged,
    GitProposed,
    GraphPlanned,
    HandedOff,
    MessageDelivered,
    MessageSent,
    ModelCalled,
    ModelChanged,
    NodeFinished,
    NodePaused,
    NodeResumed,
    NodeStarted,
    NoticeGiven,
    OverlapFound,
    ProjectChanged,
    ProposalCarriedOut,
    ProposalDecided,
    ProposalFailed,
    QuestionAnswered,
    QuestionAsked,
    RequestDequeued,
    RequestQueued,
    RequestSubmitted,
    Retried,
    RouteDecided,
    RouteOverridden,
    RunFinished,
    SessionRenamed,
    SessionResumed,
    SessionStarted,
    StageCommitted,
    StagePrepared,
    StageRewound,
    TestsFinished,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolStarted,
    VerdictGiven,
)
from core.money import ZERO, Pico, to_pico
from core.record import Record
from core.text import sanitise_line
from core.view.items import NodeState
from core.view.subject import tool_subject

_Silent = (
    SessionStarted
    | SessionResumed
    | CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | StagePrepared
    | RouteDecided
    | TextDelta
    | TextFinished
    | TextDiscarded
    | TestsFinished
    | VerdictGiven
    | Failed
    | FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | ChangeMarkedStale
    | ChangeApplied
    | ChangeUndone
    | SessionRenamed
    | RequestQueued
    | RequestDequeued
    | RouteOverridden
    | MessageSent
    | MessageDelivered
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | OverlapFound
    | StageCommitted
    | StageRewound
    | GitProposed
    | ProposalDecided
    | ProposalCarriedOut
    | ProposalFailed
)
"""Events that say nothing here."""


EdgeState: TypeAlias = Literal["waiting", "lit", "passed"]
"""`lit`: work flows along it now. `passed`: it did in this run."""


class Node(msgspec.Struct):
    name: str
    label: str
    role: str
    model: str
    state: NodeState = "waiting"
    round: int = 0
    tool: str = ""
    """The tool call under way, with what it is about; empty when there is none."""
    call: str = ""
    """Id of that tool call."""
    calling: str = ""
    """Id of the model call under way; empty when there is none."""
    cost: Pico = ZERO
    estimated: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    duration_ms: int = 0
    paused: str = ""
    """Why it makes no further call; empty while it may."""
    window: int = 0
    """The model's context window in tokens; 0 when unknown."""
    context: int = 0
    """Tokens of the last prompt."""
    rate: float = 0.0
    """Tokens a second that the last call wrote."""

    @property
    def full(self) -> float:
        """The part of the context window that the last prompt took, from 0 to 1; 0 when unknown."""
        return self.context / self.window if self.window else 0.0


class Link(msgspec.Struct):
    source: str
    target: str
    """Names of nodes, exact; their labels are what is drawn."""
    feedback: bool
    state: EdgeState = "waiting"
    label: str = ""
    """Why work was handed over, where a node said so."""

    @property
    def source_label(self) -> str:
        return sanitise_line(self.source)

    @property
    def target_label(self) -> str:
        return sanitise_line(self.target)


class Graph:
    """The graph of the latest run."""

    def __init__(self) -> None:
        self._begin("")

    def apply(self, record: Record) -> bool:
        """Take one record in; true when the graph must be drawn again."""
        event = record.event
        if isinstance(event, _Silent):
            return False
        match event:
            case RequestSubmitted():
                return self._begin(event.run)
            case GraphPlanned():
                return self._plan(event)
            case NodeStarted():
                return self._start(event)
            case NodeFinished():
                return self._finish(event)
            case ToolStarted():
                return self._use(event)
            case ToolFinished():
                return self._put_down(event)
            case CallStarted():
                return self._wait(event)
            case ModelCalled():
                return self._charge(event)
            case Retried():
                return self._retry(event)
            case HandedOff():
                return self._hand_off(event)
            case NodePaused() | NodeResumed() | ModelChanged():
                return self._steer(event)
            case RunFinished():
                return self._end()
        assert_never(event)

    def _begin(self, run: str) -> bool:
        self.run = run
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []
        self.round = 0
        self._last = ""
        return True

    def _plan(self, event: GraphPlanned) -> bool:
        """Take the new plan; nodes that it keeps keep what they did."""
        known = self.nodes
        self.nodes = {
            planned.node: known.get(planned.node) or _node(planned.node, planned.role, planned.model)
            for planned in event.nodes
        }
        known_links = {(link.source, link.target): link for link in self.links}
        self.links = [
            known_links.get((edge.source, edge.target)) or Link(edge.source, edge.target, edge.feedback)
            for edge in event.edges
        ]
        return True

    def _start(self, event: NodeStarted) -> bool:
        node = self.nodes.setdefault(event.node, _node(event.node, event.role, event.model))
        node.state, node.round, node.model = "running", event.round, sanitise_line(event.model)
        node.tool = node.call = node.calling = ""
        self.round = max(self.round, event.round)
        for link in self.links:
            if link.target == event.node and self._flows(link, event.round):
                link.state = "lit"
        return True

    def _flows(self, link: Link, round_: int) -> bool:
        """A way forward carries finished work; the way back carries it from the second round on."""
        source = self.nodes.get(link.source)
        if source is None or source.state == "waiting":
            return False
        return self._last == link.source if link.feedback else round_ in (1, source.round)

    def _finish(self, event: NodeFinished) -> bool:
        node = self.nodes.get(event.node)
        if node is None:
            return False
        node.state = event.status
        node.tool = node.call = node.calling = ""
        node.duration_ms += event.duration_ms
        node.paused = ""
        self._last = event.node
        self._dim(event.node)
        return True

    def _dim(self, target: str) -> None:
        for link in self.links:
            if link.target == target and link.state == "lit":
                link.state = "passed"

    def _use(self, event: ToolStarted) -> bool:
        node = self.nodes.get(event.node)
        if node is None:
            return False
        node.call = event.call
        node.tool = f"{sanitise_line(event.tool)} {tool_subject(event.arguments)}".rstrip()
        return True

    def _put_down(self, event: ToolFinished) -> bool:
        node = self.nodes.get(event.node)
        if node is None or node.call != event.call:
            return False
        node.tool = node.call = ""
        return True

    def _wait(self, event: CallStarted) -> bool:
        node = self.nodes.get(event.node)
        if node is None or event.run != self.run:
            return False
        node.calling = event.call
        node.window, node.context = event.window_tokens, event.input_tokens
        return True

    def _charge(self, event: ModelCalled) -> bool:
        node = self.nodes.get(event.node)
        if node is None or event.run != self.run:
            return False
        if node.calling == event.call:
            node.calling = ""
        node.cost = Pico(node.cost + to_pico(event.cost_usd))
        node.estimated |= event.estimated
        node.input_tokens += event.input_tokens + event.cache_read_tokens + event.cache_write_tokens
        node.output_tokens += event.output_tokens
        if not event.estimated:
            node.context = event.input_tokens + event.cache_read_tokens + event.cache_write_tokens
        if event.latency_ms:
            node.rate = event.output_tokens * 1000 / event.latency_ms
        return True

    def _steer(self, event: NodePaused | NodeResumed | ModelChanged) -> bool:
        node = self.nodes.get(event.node)
        if node is None:
            return False
        match event:
            case NodePaused():
                node.paused = sanitise_line(event.reason) or "paused"
            case NodeResumed():
                node.paused = ""
            case ModelChanged():
                node.model = sanitise_line(event.to_model)
        return True

    def _retry(self, event: Retried) -> bool:
        node = self.nodes.get(event.node)
        if node is None:
            return False
        node.model = sanitise_line(event.model)
        return True

    def _hand_off(self, event: HandedOff) -> bool:
        reason = sanitise_line(event.reason)
        source, target = event.from_node or event.from_role, event.to_node or event.to_role
        for link in self.links:
            if (link.source, link.target) == (source, target):
                link.state, link.label = "lit", reason
                return True
        self.links.append(Link(source, target, False, "lit", reason))
        return True

    def _end(self) -> bool:
        for node in self.nodes.values():
            node.tool = node.call = node.calling = ""
            if node.state == "running":
                node.state = "interrupted"
        for link in self.links:
            if link.state == "lit":
                link.state = "passed"
        return True


def _node(name: str, role: str, model: str) -> Node:
    return Node(name, sanitise_line(name), sanitise_line(role), sanitise_line(model))
