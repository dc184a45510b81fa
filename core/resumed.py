"""What a run that was broken off had done: a fold over its records, for the run that goes on with it."""

from typing import TypeAlias, TypeVar

import msgspec

from core.events import (
    ChangeWithdrawn,
    FileChanged,
    GraphPlanned,
    HandedOff,
    ModelChanged,
    NodeFinished,
    NodeStarted,
    NodeStatus,
    RequestSubmitted,
    RouteDecided,
    RouteOverridden,
    StageCommitted,
    StageRewound,
    TestsFinished,
    VerdictGiven,
)
from core.wish import Wish

Step: TypeAlias = (
    RouteDecided
    | RouteOverridden
    | GraphPlanned
    | HandedOff
    | NodeStarted
    | NodeFinished
    | ModelChanged
    | TestsFinished
    | VerdictGiven
    | FileChanged
    | ChangeWithdrawn
)
"""The events that say how far a run has come."""


_Kind = TypeVar("_Kind", RouteDecided, GraphPlanned)


class FinishedNode(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of a node that came to its end."""

    node: str
    role: str
    round: int
    status: NodeStatus
    """`done`, or `stopped` by the user."""
    summary: str


class ResumedRun(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run had come. What is in it need not be done again."""

    run: str
    """The run that is gone on with; what that one had taken over from another is in here as well."""
    route: RouteDecided | None = None
    """None: it had not been routed yet."""
    plan: GraphPlanned | None = None
    finished: tuple[FinishedNode, ...] = ()
    """In the order in which they ended; a node that worked in several rounds is here several times."""
    node: str | None = None
    """The node that was at work, or that is to do its task again; None: it broke off between two nodes."""
    role: str | None = None
    """The role of `node`."""
    again: bool = False
    """The user wants the task of `node` done again, though it had come to its end."""
    unfinished: tuple[str, ...] = ()
    """Every node that was at work, the first one to start first: `node` is one of them."""
    round: int = 1
    """The round of `node`, or the last one that any node was in."""
    verdicts: tuple[VerdictGiven, ...] = ()
    tests: TestsFinished | None = None
    """How the tests ended that ran last."""
    changed_since_tests: tuple[str, ...] = ()
    """Paths that changed after that."""
    handoffs: tuple[HandedOff, ...] = ()
    models: dict[str, str] = {}
    """The model that a node was given instead of its role's, by node."""


class Progress:
    """How far the last run of a session has come, with what it had taken over from the one before it."""

    def __init__(self) -> None:
        self.run = ""
        self._resumes = ""
        self._at: str | None = None
        self._steps: list[Step] = []
        """Only ever added to; another list where the run goes on from an earlier place."""
        self._points: dict[str, tuple[list[Step], int]] = {}
        """The steps until each point that the stage can be rewound to."""
        self._unwritten: tuple[list[Step], int] | None = None
        """The steps before the first of them."""
        self.wish: Wish | None = None
        """What the user asks of the route since it was overridden; None: what the request says."""

    def begin(self, request: RequestSubmitted) -> None:
        """A run begins: from the start, or with what an earlier one had done."""
        if request.resumes is None or request.resumes != self.run:
            self._start_over()
        elif request.resumes_at is not None:
            self._steps = _before(self._steps, request.resumes_at)
        self._resumes, self._at = request.resumes or "", request.resumes_at
        self.wish = None
        self.run = request.run

    def _start_over(self) -> None:
        self._steps, self._points, self._unwritten = [], {}, None

    def note(self, step: Step | StageCommitted | StageRewound) -> None:
        """Take one event of the run in."""
        if isinstance(step, StageCommitted):
            self._points[step.commit] = self._steps, len(self._steps)
            return
        if isinstance(step, StageRewound):
            self._rewind(step)
            return
        if isinstance(step, FileChanged | ChangeWithdrawn) and self._unwritten is None:
            self._unwritten = self._steps, len(self._steps)
        if isinstance(step, RouteOverridden):
            self._steps = []  # the work begins anew
            self.wish = Wish(complexity=step.complexity, pattern=step.pattern, role=step.asked_role)
        elif isinstance(step, FileChanged):
            self._steps.append(msgspec.structs.replace(step, patch="", hunks=()))
        else:
            self._steps.append(step)

    def _rewind(self, event: StageRewound) -> None:
        """What came after a point is not done any more: whoever made it has that work to do again."""
        self._points[event.from_commit] = self._steps, len(self._steps)
        steps, count = self._points.get(event.commit) or self._unwritten or (self._steps, len(self._steps))
        self._steps = steps[:count]

    def resumed(self) -> ResumedRun | None:
        """What the run that has just begun goes on with; None when it begins from the start."""
        return _resumed(self._resumes, self._steps, self._at) if self._resumes else None

    @property
    def plan(self) -> GraphPlanned | None:
        """The graph of the run."""
        return _last(self._steps, GraphPlanned)

    def last_start(self, node: str) -> NodeStarted | None:
        """How a node of this name started for the last time; None when it never worked."""
        starts = [step for step in self._steps if isinstance(step, NodeStarted) and step.node == node]
        return starts[-1] if starts else None


def _before(steps: list[Step], node: str) -> list[Step]:
    """What had been done when a node started for the last time. Its start stays, as the mark of where it was;
    so do the ends of others that were at work beside it."""
    starts = [n for n, step in enumerate(steps) if isinstance(step, NodeStarted) and step.node == node]
    if not starts:
        return list(steps)
    kept, later = steps[: starts[-1] + 1], steps[starts[-1] + 1 :]
    beside = set(_nodes(kept)[0]) - {node}
    for step in later:
        if isinstance(step, NodeFinished) and step.node in beside:
            beside.discard(step.node)
            kept.append(step)
    return kept


def _resumed(run: str, steps: list[Step], node: str | None) -> ResumedRun:
    started, finished = _nodes(steps)
    unfinished = tuple(started)
    at = node if node in started else next(iter(started), None)
    tests, changed = _tests(steps)
    rounds = [step.round for step in steps if isinstance(step, NodeStarted)]
    return ResumedRun(
        run=run,
        route=_last(steps, RouteDecided),
        plan=_last(steps, GraphPlanned),
        finished=tuple(finished),
        node=at,
        role=None if at is None else started[at].role,
        again=node is not None,
        unfinished=unfinished,
        round=max(rounds, default=1) if at is None else started[at].round,
        verdicts=tuple(step for step in steps if isinstance(step, VerdictGiven)),
        tests=tests,
        changed_since_tests=changed,
        handoffs=tuple(step for step in steps if isinstance(step, HandedOff)),
        models={step.node: step.to_model for step in steps if isinstance(step, ModelChanged)},
    )


def _nodes(steps: list[Step]) -> tuple[dict[str, NodeStarted], list[FinishedNode]]:
    """Nodes that started and did not end well, and those that came to their end."""
    open_nodes: dict[str, NodeStarted] = {}
    finished: list[FinishedNode] = []
    for step in steps:
        if isinstance(step, NodeStarted):
            open_nodes[step.node] = step
        elif isinstance(step, NodeFinished) and step.status in ("done", "stopped"):
            start = open_nodes.pop(step.node, None)
            finished.append(
                FinishedNode(
                    node=step.node,
                    role=step.role,
                    round=start.round if start else 1,
                    status=step.status,
                    summary=step.summary,
                )
            )
    return open_nodes, finished


def _tests(steps: list[Step]) -> tuple[TestsFinished | None, tuple[str, ...]]:
    """The last outcome of the tests, and what changed after it."""
    tests: TestsFinished | None = None
    changed: dict[str, None] = {}
    for step in steps:
        if isinstance(step, TestsFinished):
            tests = step
            changed.clear()
        elif isinstance(step, FileChanged | ChangeWithdrawn):
            changed[step.path] = None
    return tests, tuple(changed)


def _last(steps: list[Step], kind: type[_Kind]) -> _Kind | None:
    return next((step for step in reversed(steps) if isinstance(step, kind)), None)
