"""The team at work as a fold over records: nodes, their state, and the edges that work flows along."""

from typing import TYPE_CHECKING, assert_never, get_args

from core.events import (
    BudgetRaised,
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
    Event,
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
    NodeSkipped,
    NodeStarted,
    NoticeGiven,
    OverlapFound,
    ProjectChanged,
    PromptGiven,
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
    ShellFinished,
    ShellOutput,
    ShellStarted,
    StageCommitted,
    StagePrepared,
    StageProgressed,
    StageRewound,
    TestsFinished,
    TextDelta,
    TextDiscarded,
    TextFinished,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    VerdictGiven,
    WorkEscalated,
)
from core.record import Record
from core.text import sanitise, sanitise_line
from core.view.nodes import (
    Link,
    Node,
    Told,
    Visit,
    node_of,
    told_by,
)
from core.view.subject import tool_subject

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_Silent = (
    SessionStarted
    | SessionResumed
    | CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | StagePrepared
    | StageProgressed
    | TextDiscarded
    | ToolOutput
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
    | MessageSent
    | MessageDelivered
    | BudgetRaised
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | ShellStarted
    | ShellOutput
    | ShellFinished
    | OverlapFound
    | StageCommitted
    | StageRewound
    | GitProposed
    | ProposalDecided
    | ProposalCarriedOut
    | ProposalFailed
    | WorkEscalated
)
"""Events that say nothing here."""
_SILENT = frozenset(get_args(_Silent))


def _is_silent(event: Event) -> "TypeIs[_Silent]":
    """One look into a set: `isinstance` asks each class of a union in turn."""
    return type(event) in _SILENT


class Graph:
    """The graph of the latest run."""

    def __init__(self) -> None:
        self._begin("")

    def apply(self, record: Record) -> bool:
        """Take one record in; true when the graph must be drawn again."""
        event = record.event
        if _is_silent(event):
            return False
        match event:
            case RequestSubmitted():
                return self._begin(event.run)
            case GraphPlanned():
                return self._plan(event)
            case NodeStarted():
                return self._start(event, record.at)
            case NodeFinished():
                return self._finish(event)
            case ToolStarted() | ToolFinished():
                return self._use(event) if isinstance(event, ToolStarted) else self._put_down(event)
            case CallStarted():
                return self._wait(event)
            case ModelCalled():
                return self._charge(event, record.at)
            case Retried():
                return self._retry(event)
            case HandedOff():
                return self._hand_off(event)
            case NodeSkipped():
                return self._skip(event)
            case TextDelta() | TextFinished():
                return self._listen(event, record.at)
            case NodePaused() | NodeResumed() | ModelChanged() | PromptGiven():
                return self._steer(event)
            case RouteDecided() | RouteOverridden():
                return self._route(event)
            case RunFinished():
                return self._end()
        assert_never(event)

    def _begin(self, run: str) -> bool:
        self.run = run
        self.nodes: dict[str, Node] = {}
        self.links: list[Link] = []
        self.round = 0
        self.swarm = False
        """The team hands the work on as it sees fit: its graph is the path that the work took."""
        self.path: list[Visit] = []
        """The path, oldest step first."""
        self.told: list[Told] = []
        """What the members of a swarm share."""
        self._last = ""
        self._reason = ""
        return True

    def _route(self, event: RouteDecided | RouteOverridden) -> bool:
        if isinstance(event, RouteOverridden):
            return self._begin_anew()
        self.swarm = event.pattern == "swarm"
        return True

    def _begin_anew(self) -> bool:
        """The same run on another route: what its nodes cost stays, and nothing of theirs counts as done."""
        self._end()
        for node in self.nodes.values():
            node.state, node.round = "waiting", 0
        self.links, self.round, self._last = [], 0, ""
        self.path, self.told, self._reason = [], [], ""
        return True

    def _plan(self, event: GraphPlanned) -> bool:
        """Take the new plan; nodes that it keeps keep what they did."""
        known = self.nodes
        self.nodes = {
            planned.node: known.get(planned.node) or node_of(planned.node, planned.role, planned.model)
            for planned in event.nodes
        }
        self.path = [visit for visit in self.path if visit.node in self.nodes]
        known_links = {(link.source, link.target): link for link in self.links}
        self.links = [
            known_links.get((edge.source, edge.target)) or Link(edge.source, edge.target, edge.feedback)
            for edge in event.edges
        ]
        return True

    def _start(self, event: NodeStarted, at: str) -> bool:
        node = self.nodes.setdefault(event.node, node_of(event.node, event.role, event.model))
        self.path.append(Visit(event.node, self._reason))
        self._reason = ""
        node.since, node.prompt = at, ""
        node.hush()
        node.state, node.round, node.model = "running", event.round, sanitise_line(event.model)
        node.tool = node.call = node.calling = node.skipped = ""
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

    def _skip(self, event: NodeSkipped) -> bool:
        """A node that worked in an earlier round keeps how that ended."""
        node = self.nodes.get(event.node)
        if node is None or node.state not in ("waiting", "skipped"):
            return False
        node.state, node.skipped = "skipped", sanitise_line(event.reason)
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
        node.hush()
        node.window, node.context = event.window_tokens, event.input_tokens
        return True

    def _charge(self, event: ModelCalled, at: str) -> bool:
        node = self.nodes.get(event.node)
        if node is None or event.run != self.run:
            return False
        if node.calling == event.call:
            node.calling = ""
            node.hush()
        node.charge(event, at)
        return True

    def _listen(self, event: TextDelta | TextFinished, at: str) -> bool:
        """That it writes is drawn at once; how fast, with the next thing that happens or tick of the clock.

        A log may lack the deltas of a text that is finished: what they told of the speed ends with it.
        """
        node = self.nodes.get(event.node)
        if node is None or event.run != self.run:
            return False
        if isinstance(event, TextDelta):
            silent = not node.heard
            node.hear(event.text, at)
            return silent
        told = node.heard > 0
        node.hush()
        return told

    def _steer(self, event: NodePaused | NodeResumed | ModelChanged | PromptGiven) -> bool:
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
            case PromptGiven():
                node.prompt = sanitise(event.text)
                return False
        return True

    def _retry(self, event: Retried) -> bool:
        node = self.nodes.get(event.node)
        if node is None:
            return False
        node.model = sanitise_line(event.model)
        return True

    def _hand_off(self, event: HandedOff) -> bool:
        reason = self._reason = sanitise_line(event.said)
        self.told = told_by(event) or self.told
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
