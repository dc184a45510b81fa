"""What comes out of a session about one node: its life, words, tools, tests, and calls."""

from typing import Literal

from core.event_base import Evidence, NodeEvent, NodeStatus, RunEvent, TestOutcome


class NodeStarted(NodeEvent, frozen=True, kw_only=True):
    model: str
    round: int = 1
    """Counts the feedback loop's passes from 1; the node stays the same one."""


class PromptGiven(NodeEvent, frozen=True, kw_only=True):
    """What a node is asked to do, as it was composed for it when it began."""

    text: str
    """Without secrets, clipped."""


class NodeSkipped(NodeEvent, frozen=True, kw_only=True):
    """A node of the graph has no part in a round: what it would do is not needed."""

    reason: str
    round: int = 1


class WorkEscalated(NodeEvent, frozen=True, kw_only=True):
    """The node's work goes to a stronger role, on evidence. On record before that role reads anything."""

    to_role: str
    to_model: str
    evidence: Evidence
    detail: str
    """The evidence in words."""
    reread_tokens: int
    """The conversation that no cache holds for the other model: it reads so much anew at most."""
    reread_usd: str | None = None
    """What that costs; None when the model has no price."""
    round: int = 1
    """The round that ended with the evidence."""


class MessageDelivered(NodeEvent, frozen=True, kw_only=True):
    """A node reads the user's message with its next turn."""

    id: str


class NodePaused(NodeEvent, frozen=True, kw_only=True):
    """The node makes no further call until it is resumed."""

    reason: str
    by: str = "user"


class NodeResumed(NodeEvent, frozen=True, kw_only=True):
    by: str = "user"


class ModelChanged(NodeEvent, frozen=True, kw_only=True):
    """The node goes on with another model, which reads the conversation anew."""

    from_model: str
    to_model: str
    reason: str
    by: str = "user"


class TextDelta(NodeEvent, frozen=True, kw_only=True):
    text: str
    block: str
    """Id of the text block that this belongs to, unique in the session."""
    kind: Literal["text", "reasoning"] = "text"


class TextFinished(NodeEvent, frozen=True, kw_only=True):
    """A text block is complete; it holds the whole text, so its deltas may be pruned."""

    text: str
    block: str
    kind: Literal["text", "reasoning"] = "text"


class TextDiscarded(NodeEvent, frozen=True, kw_only=True):
    """What a failed attempt had written does not count."""

    block: str
    reason: str


class ToolStarted(NodeEvent, frozen=True, kw_only=True):
    call: str
    """Id of the tool call, unique in the session."""
    tool: str
    arguments: str
    """The arguments as JSON text, clipped."""


class ToolOutput(NodeEvent, frozen=True, kw_only=True):
    """What a running call has printed since the last one: all of them together are its output, up to a limit."""

    call: str
    text: str


class ToolFinished(NodeEvent, frozen=True, kw_only=True):
    call: str
    tool: str
    ok: bool
    duration_ms: int
    output: str
    """What the model got to read, clipped."""


class TestsFinished(NodeEvent, frozen=True, kw_only=True):
    """The project's tests really ran, or could not. Only this decides whether work is sound."""

    outcome: TestOutcome
    passed: int
    failed: int
    summary: str


class VerdictGiven(NodeEvent, frozen=True, kw_only=True):
    """A reviewer judged the work of a round."""

    approved: bool
    must_fix: tuple[str, ...]
    round: int
    subject: Literal["change", "design"] = "change"


class CallStarted(NodeEvent, frozen=True, kw_only=True):
    """A model call goes out; should nothing be heard of it any more, it is charged as an estimate."""

    call: str
    """Id of the model call, unique in the session; its `ModelCalled` names it."""
    model: str
    input_tokens: int
    """Estimate of the whole prompt."""
    reserved_usd: str
    """The worst case, set aside from the budget."""
    window_tokens: int = 0
    """The model's context window; 0 when unknown."""


class ModelCalled(NodeEvent, frozen=True, kw_only=True):
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
    cache_write_1h_tokens: int = 0
    """The part of `cache_write_tokens` that is kept for an hour, and costs more."""


class Retried(NodeEvent, frozen=True, kw_only=True):
    reason: str
    attempt: int
    """The attempt that comes now, from 2 on."""
    model: str
    """The model that is tried now: the next in the role's list when the one before is given up."""
    delay_ms: int = 0


class NodeFinished(NodeEvent, frozen=True, kw_only=True):
    status: NodeStatus
    summary: str
    duration_ms: int


class Failed(RunEvent, frozen=True, kw_only=True):
    """Something went wrong that the user should read."""

    kind: str
    """The fault's name in `core/faults.toml`: `throttled`, `no_credentials`, …"""
    message: str
    advice: str
    """A sentence that says what to do next."""
    exit_code: int
    node: str | None = None
    role: str | None = None
