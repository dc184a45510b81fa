"""What comes out of a session: one closed union of frozen structs, past tense, plain data only.

`Record(seq, session, at, event)` in `core.record` is what the log stores and every client sees.
To add an event: write the class, put it into `Event`, and let the type checker show each
exhaustive `match` that must decide about it (the folds in `core/view/`).
"""

import re
from typing import Literal, TypeAlias

import msgspec

Complexity: TypeAlias = Literal["SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL"]
Pattern: TypeAlias = Literal["graph", "swarm"]
DecidedBy: TypeAlias = Literal["rule", "model", "user"]
ChangeKind: TypeAlias = Literal["added", "modified", "deleted", "renamed"]
Verdict: TypeAlias = Literal["accepted", "rejected", "undecided"]
NodeStatus: TypeAlias = Literal["done", "failed", "interrupted", "paused"]
RunStatus: TypeAlias = Literal["done", "failed", "interrupted", "budget", "needs_decision"]
TestOutcome: TypeAlias = Literal["passed", "failed", "not_run"]
Confinement: TypeAlias = Literal["confined", "unconfined"]
Backend: TypeAlias = Literal["bedrock", "endpoint", "rehearsal"]
"""Where models are: AWS itself, another Bedrock-compatible endpoint, or the shipped rehearsal."""


def snake_case(name: str) -> str:
    """`NodeStarted` → `node_started`: the `type` of an event on the wire."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=snake_case):
    pass


class _RunEvent(_Event, frozen=True, kw_only=True):
    run: str
    """The run's id in its session: `r1`, `r2`, …"""


class _NodeEvent(_RunEvent, frozen=True, kw_only=True):
    node: str
    """The node's name: its role's, with a number from the second on (`fast_coder`, `fast_coder_2`)."""
    role: str


# -- the session ---------------------------------------------------------------------------------


class SessionStarted(_Event, frozen=True, kw_only=True):
    project: str
    """Absolute path of the project's folder."""
    version: str
    roster: str
    backend: Backend
    confinement: Confinement


class SessionResumed(_Event, frozen=True, kw_only=True):
    """The session was opened again, perhaps by another version or with other models."""

    version: str
    roster: str
    backend: Backend
    confinement: Confinement


class CommandRefused(_Event, frozen=True, kw_only=True):
    """A command could not be carried out; nothing was changed."""

    command: str
    """The command's `type` on the wire."""
    reason: str
    """A sentence that says why and what to do next."""


class NoticeGiven(_Event, frozen=True, kw_only=True):
    """Something the user should know and need not answer."""

    text: str
    level: Literal["info", "warning"] = "info"


class QuestionAsked(_Event, frozen=True, kw_only=True):
    """The run waits for the user; `AnswerQuestion` names this id."""

    id: str
    run: str
    text: str
    choices: tuple[str, ...]


class QuestionAnswered(_Event, frozen=True, kw_only=True):
    id: str
    answer: str
    by: str


# -- a run ---------------------------------------------------------------------------------------


class RequestSubmitted(_RunEvent, frozen=True, kw_only=True):
    text: str
    pattern: Literal["auto", "graph", "swarm"] = "auto"
    budget_usd: str | None = None


class StagePrepared(_RunEvent, frozen=True, kw_only=True):
    """The private copy of the project is up to date."""

    files: int
    duration_ms: int


class ExpectedNode(msgspec.Struct, frozen=True, kw_only=True):
    """What one node will probably cost: one in five is cheaper than `low_usd`, one in five dearer than `high_usd`."""

    role: str
    model: str
    low_usd: str
    likely_usd: str
    high_usd: str
    samples: int
    """This user's own nodes of that role and model that it is drawn from; 0: figures that are shipped."""


class RouteDecided(_RunEvent, frozen=True, kw_only=True):
    complexity: Complexity
    pattern: Pattern
    confidence: float
    """From 0 to 1, as the router said; 1 for rules and users."""
    reason: str
    decided_by: DecidedBy
    expected_cost_usd: str
    forecast: tuple[ExpectedNode, ...] = ()
    """`expected_cost_usd` node by node, with its range."""


class PlannedNode(msgspec.Struct, frozen=True, kw_only=True):
    node: str
    role: str
    model: str


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    target: str
    feedback: bool = False
    """The way back from a reviewer to a coder."""


class GraphPlanned(_RunEvent, frozen=True, kw_only=True):
    """The nodes that this run may use and how work flows between them; a later one replaces it."""

    nodes: tuple[PlannedNode, ...]
    edges: tuple[Edge, ...]


class HandedOff(_RunEvent, frozen=True, kw_only=True):
    from_role: str
    to_role: str
    reason: str


class RunFinished(_RunEvent, frozen=True, kw_only=True):
    status: RunStatus
    answer: str
    files: tuple[str, ...]
    """Paths that the run changed, relative to the project."""
    cost_usd: str
    by_role: dict[str, str]
    by_model: dict[str, str]
    estimated: bool = False
    """True when some call's usage was not reported, so that the cost is partly an estimate (`~`)."""
    exit_code: int = 0
    """What a headless run ends with (docs/contract.md)."""


# -- a node --------------------------------------------------------------------------------------


class NodeStarted(_NodeEvent, frozen=True, kw_only=True):
    model: str
    round: int = 1
    """Counts the feedback loop's passes from 1; the node stays the same one."""


class TextDelta(_NodeEvent, frozen=True, kw_only=True):
    text: str
    block: str
    """Id of the text block that this belongs to, unique in the session."""
    kind: Literal["text", "reasoning"] = "text"


class TextFinished(_NodeEvent, frozen=True, kw_only=True):
    """A text block is complete; it holds the whole text, so its deltas may be pruned."""

    text: str
    block: str
    kind: Literal["text", "reasoning"] = "text"


class TextDiscarded(_NodeEvent, frozen=True, kw_only=True):
    """What a failed attempt had written does not count."""

    block: str
    reason: str


class ToolStarted(_NodeEvent, frozen=True, kw_only=True):
    call: str
    """Id of the tool call, unique in the session."""
    tool: str
    arguments: str
    """The arguments as JSON text, clipped."""


class ToolFinished(_NodeEvent, frozen=True, kw_only=True):
    call: str
    tool: str
    ok: bool
    duration_ms: int
    output: str
    """What the model got to read, clipped."""


class TestsFinished(_NodeEvent, frozen=True, kw_only=True):
    """The project's tests really ran, or could not. Only this decides whether work is sound."""

    outcome: TestOutcome
    passed: int
    failed: int
    summary: str


class VerdictGiven(_NodeEvent, frozen=True, kw_only=True):
    """A reviewer judged the work of a round."""

    approved: bool
    must_fix: tuple[str, ...]
    round: int


class CallStarted(_NodeEvent, frozen=True, kw_only=True):
    """A model call goes out; should nothing be heard of it any more, it is charged as an estimate."""

    call: str
    """Id of the model call, unique in the session; its `ModelCalled` names it."""
    model: str
    input_tokens: int
    """Estimate of the whole prompt."""
    reserved_usd: str
    """The worst case, set aside from the budget."""


class ModelCalled(_NodeEvent, frozen=True, kw_only=True):
    """One charge: every call to a model leaves exactly one, failed and cancelled ones too."""

    call: str
    model: str
    input_tokens: int
    """Uncached prompt tokens; cache reads and writes are counted apart."""
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: str
    latency_ms: int
    estimated: bool
    """The model did not report its usage: figures are ours, and shown with `~`."""
    ok: bool = True


class Retried(_NodeEvent, frozen=True, kw_only=True):
    reason: str
    attempt: int
    """The attempt that comes now, from 2 on."""
    model: str
    """The model that is tried now: the next in the role's list when the one before is given up."""
    delay_ms: int = 0


class NodeFinished(_NodeEvent, frozen=True, kw_only=True):
    status: NodeStatus
    summary: str
    duration_ms: int


class Failed(_RunEvent, frozen=True, kw_only=True):
    """Something went wrong that the user should read."""

    kind: str
    """The fault's name in `core/faults.toml`: `throttled`, `no_credentials`, …"""
    message: str
    advice: str
    """A sentence that says what to do next."""
    exit_code: int
    node: str | None = None
    role: str | None = None


# -- changes -------------------------------------------------------------------------------------


class FileChanged(_NodeEvent, frozen=True, kw_only=True):
    """A file in the stage differs from its base. Always the whole difference, not the last step."""

    path: str
    kind: ChangeKind
    added_lines: int
    removed_lines: int
    patch: str
    """Unified diff against the base, clipped at `limits.patch_characters`; empty for binary files."""
    binary: bool = False
    old_path: str | None = None
    """Where a renamed file was."""


class ChangeWithdrawn(_NodeEvent, frozen=True, kw_only=True):
    """A file is equal to its base again."""

    path: str


class ChangeDecided(_Event, frozen=True, kw_only=True):
    path: str
    verdict: Verdict
    by: str


class ChangeMarkedStale(_Event, frozen=True, kw_only=True):
    """The user changed the file in the project meanwhile: it was not overwritten."""

    path: str
    reason: str


class ChangeApplied(_Event, frozen=True, kw_only=True):
    path: str
    apply: str
    """Id of the apply that wrote it: its undo point."""


class ChangeUndone(_Event, frozen=True, kw_only=True):
    path: str
    apply: str


Event: TypeAlias = (
    SessionStarted
    | SessionResumed
    | CommandRefused
    | NoticeGiven
    | QuestionAsked
    | QuestionAnswered
    | RequestSubmitted
    | StagePrepared
    | RouteDecided
    | GraphPlanned
    | HandedOff
    | RunFinished
    | NodeStarted
    | TextDelta
    | TextFinished
    | TextDiscarded
    | ToolStarted
    | ToolFinished
    | TestsFinished
    | VerdictGiven
    | CallStarted
    | ModelCalled
    | Retried
    | NodeFinished
    | Failed
    | FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | ChangeMarkedStale
    | ChangeApplied
    | ChangeUndone
)
"""Everything that can be on record."""
