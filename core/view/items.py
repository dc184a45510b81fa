"""What the chat is made of. Every text here is safe to draw; ids are exact, and never drawn."""

from typing import Literal, TypeAlias

import msgspec

from core.events import Complexity, DecidedBy, NodeStatus, Pattern, RunStatus, TestOutcome
from core.money import Pico
from core.view.pages import Pages

NodeState: TypeAlias = Literal["waiting", "running", "skipped"] | NodeStatus
ToolState: TypeAlias = Literal["running", "ok", "failed", "stopped"]
TextState: TypeAlias = Literal["growing", "finished", "discarded"]


class RequestItem(msgspec.Struct, gc=False):
    run: str
    text: str


class RouteItem(msgspec.Struct):
    run: str
    complexity: Complexity
    pattern: Pattern
    confidence: float
    reason: str
    decided_by: DecidedBy
    expected: Pico


class NodeItem(msgspec.Struct, gc=False):
    """A role begins a round of work; what it says and does follows."""

    run: str
    node: str
    role: str
    model: str
    round: int
    state: NodeState = "running"
    duration_ms: int = 0


class TextItem(msgspec.Struct):
    run: str
    node: str
    role: str
    kind: Literal["text", "reasoning"]
    parts: list[str]
    """The text in the pieces that it came in; one piece once it is finished."""
    state: TextState = "growing"
    reason: str = ""
    """Why it was discarded."""

    @property
    def text(self) -> str:
        return "".join(self.parts)


class ToolItem(msgspec.Struct, gc=False):
    run: str
    node: str
    role: str
    tool: str
    subject: str
    """What the call is about, on one line: a path, a command, a pattern."""
    arguments: str
    state: ToolState = "running"
    duration_ms: int = 0
    output: str = ""


class TestsItem(msgspec.Struct):
    run: str
    role: str
    outcome: TestOutcome
    passed: int
    failed: int
    summary: str


class VerdictItem(msgspec.Struct):
    run: str
    role: str
    approved: bool
    must_fix: tuple[str, ...]
    round: int


class HandoffItem(msgspec.Struct):
    run: str
    from_role: str
    to_role: str
    reason: str


class RetryItem(msgspec.Struct):
    run: str
    role: str
    reason: str
    attempt: int
    model: str


class QuestionItem(msgspec.Struct):
    id: str
    run: str
    text: str
    choices: tuple[str, ...]
    answer: str | None = None


class NoticeItem(msgspec.Struct, gc=False):
    text: str
    level: Literal["info", "warning"]


class FailureItem(msgspec.Struct):
    run: str
    role: str
    message: str
    advice: str


class WrittenItem(msgspec.Struct):
    """One apply: what it wrote into the project, and what of that was undone."""

    labels: list[str]
    undone: int = 0


class MessageItem(msgspec.Struct):
    """What the user said to a node that works."""

    run: str
    text: str
    to: str
    """The node that it is for, then the one that read it; empty: whichever works next."""
    read: bool = False


class ShellItem(msgspec.Struct):
    """A command of the user's own."""

    command: str
    state: ToolState = "running"
    note: str = ""
    """How it ended, in a few words; empty where its mark says it."""
    duration_ms: int = 0
    output: str = ""


class RunEndItem(msgspec.Struct, gc=False):
    run: str
    status: RunStatus
    answer: str
    """Empty when it is the text that a node has just said."""
    files: int
    cost: Pico
    expected: Pico | None
    estimated: bool


Item: TypeAlias = (
    RequestItem
    | RouteItem
    | NodeItem
    | TextItem
    | ToolItem
    | TestsItem
    | VerdictItem
    | HandoffItem
    | RetryItem
    | QuestionItem
    | NoticeItem
    | FailureItem
    | WrittenItem
    | MessageItem
    | ShellItem
    | RunEndItem
)


class Items(Pages[Item]):
    """The items of a transcript, oldest first."""

    def goes_on(self, item: Item) -> bool:
        match item:
            case TextItem():
                return item.state == "growing"
            case ToolItem() | ShellItem():
                return item.state == "running"
            case NodeItem():
                return item.state in ("waiting", "running")
            case _:
                return False


class Touched(msgspec.Struct, frozen=True):
    """One item that must be drawn again."""

    index: int
    how: Literal["added", "grown", "changed"]
    """`grown`: a text got one more part at its end, and nothing else changed."""


Touches = tuple[Touched, ...]
