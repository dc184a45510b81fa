"""The chat as a fold over records: requests, routes, what nodes say and do, and how runs end."""

from sys import intern
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
from core.money import Pico, to_pico
from core.record import Record
from core.text import sanitise, sanitise_line, sanitise_name
from core.view.items import (
    Item,
    Items,
    MessageItem,
    NodeItem,
    QuestionItem,
    RouteItem,
    RunEndItem,
    TextItem,
    ToolItem,
    Touched,
    Touches,
    WrittenItem,
)
from core.view.shells import LIVE_CHARACTERS, Shells
from core.view.standing import item_of
from core.view.subject import tool_subject

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_Silent = (
    SessionStarted
    | GraphPlanned
    | CallStarted
    | ModelCalled
    | FileChanged
    | ChangeWithdrawn
    | ChangeDecided
    | SessionRenamed
    | RequestQueued
    | RequestDequeued
    | BudgetRaised
    | NodePaused
    | NodeResumed
    | PromptGiven
    | ModelChanged
    | ChangeMerged
    | ConflictFound
    | ConflictResolved
    | ProjectChanged
    | OverlapFound
    | StageCommitted
    | StageRewound
    | StageProgressed
)
"""Events that say nothing here."""
_SILENT = frozenset(get_args(_Silent))


def _is_silent(event: Event) -> "TypeIs[_Silent]":
    """One look into a set: `isinstance` asks each class of a union in turn."""
    return type(event) in _SILENT


class Transcript:
    """The items of the chat, oldest first. An item never moves and never goes."""

    def __init__(self) -> None:
        self.items = Items()
        self._blocks: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._nodes: dict[tuple[str, str], int] = {}
        self._questions: dict[str, int] = {}
        self._applies: dict[str, int] = {}
        self._messages: dict[str, int] = {}
        self._shells = Shells(self.items)
        self._open: dict[int, Item] = {}
        self._expected: dict[str, Pico] = {}

    def apply(self, record: Record) -> Touches:
        """Take one record in and say what must be drawn again."""
        event = record.event
        if _is_silent(event):
            return ()
        match event:
            case TextDelta():
                return self._grow(event)
            case TextFinished() | TextDiscarded():
                finished = isinstance(event, TextFinished)
                return self._finish_text(event) if finished else self._discard_text(event)
            case ToolStarted():
                return self._start_tool(event)
            case ToolOutput() | ToolFinished():
                return self._grow_tool(event) if isinstance(event, ToolOutput) else self._finish_tool(event)
            case NodeStarted():
                return self._start_node(event)
            case NodeFinished():
                return self._finish_node(event)
            case RunFinished():
                return self._finish_run(event)
            case RouteDecided():
                return self._route(event)
            case QuestionAsked() | QuestionAnswered():
                return self._ask(event) if isinstance(event, QuestionAsked) else self._answer(event)
            case SessionResumed():
                return (*self._shells.lose(), *self._add(item_of(event)))
            case MessageSent() | MessageDelivered():
                return self._message(event)
            case ShellStarted() | ShellOutput() | ShellFinished():
                return self._shells.apply(event)
            case ChangeApplied() | ChangeUndone():
                return self._written(event) if isinstance(event, ChangeApplied) else self._undone(event)
            case (
                RequestSubmitted()
                | StagePrepared()
                | HandedOff()
                | TestsFinished()
                | VerdictGiven()
                | Retried()
                | RouteOverridden()
                | Failed()
                | NoticeGiven()
                | CommandRefused()
                | ChangeMarkedStale()
                | NodeSkipped()
                | WorkEscalated()
                | GitProposed()
                | ProposalDecided()
                | ProposalCarriedOut()
                | ProposalFailed()
            ):
                return self._add(item_of(event))
        assert_never(event)

    def _add(self, item: Item) -> Touches:
        self.items.append(item)
        return (Touched(len(self.items) - 1, "added"),)

    # -- texts -----------------------------------------------------------------------------------

    def _block(self, event: TextDelta | TextFinished) -> tuple[int, TextItem, bool]:
        index = self._blocks.get(event.block)
        if index is not None and isinstance(item := self.items[index], TextItem):
            return index, item, False
        item = TextItem(intern(event.run), intern(event.node), sanitise_name(event.role), event.kind, [])
        index = self._blocks[event.block] = len(self.items)
        self.items.append(item)
        self._open[index] = item
        return index, item, True

    def _grow(self, event: TextDelta) -> Touches:
        index, item, added = self._block(event)
        if item.state != "growing":
            return ()
        item.parts.append(sanitise(event.text))
        return (Touched(index, "added" if added else "grown"),)

    def _finish_text(self, event: TextFinished) -> Touches:
        index, item, added = self._block(event)
        item.parts = [sanitise(event.text)]
        item.state = "finished"
        self._open.pop(index, None)
        return (Touched(index, "added" if added else "changed"),)

    def _discard_text(self, event: TextDiscarded) -> Touches:
        index = self._blocks.get(event.block)
        if index is None or not isinstance(item := self.items[index], TextItem):
            return ()
        item.state, item.reason = "discarded", sanitise_line(event.reason)
        self._open.pop(index, None)
        return (Touched(index, "changed"),)

    # -- tools and nodes -------------------------------------------------------------------------

    def _start_tool(self, event: ToolStarted) -> Touches:
        subject = intern(tool_subject(event.arguments))
        item = ToolItem(
            intern(event.run),
            intern(event.node),
            sanitise_name(event.role),
            sanitise_name(event.tool),
            subject,
            intern(sanitise(event.arguments)),
        )
        index = self._calls[event.call] = len(self.items)
        self._open[index] = item
        return self._add(item)

    def _grow_tool(self, event: ToolOutput) -> Touches:
        index = self._calls.get(event.call)
        if index is None or not isinstance(item := self.items[index], ToolItem) or item.state != "running":
            return ()
        item.output = (item.output + sanitise(event.text))[-LIVE_CHARACTERS:]
        return (Touched(index, "changed"),)

    def _finish_tool(self, event: ToolFinished) -> Touches:
        index = self._calls.pop(event.call, None)
        if index is None or not isinstance(item := self.items[index], ToolItem):
            return ()
        item.state = "ok" if event.ok else "failed"
        item.duration_ms, item.output = event.duration_ms, sanitise(event.output)
        self._open.pop(index, None)
        return (Touched(index, "changed"),)

    def _start_node(self, event: NodeStarted) -> Touches:
        item = NodeItem(
            intern(event.run),
            intern(event.node),
            sanitise_name(event.role),
            sanitise_name(event.model),
            event.round,
        )
        index = self._nodes[event.run, event.node] = len(self.items)
        self._open[index] = item
        return self._add(item)

    def _finish_node(self, event: NodeFinished) -> Touches:
        index = self._nodes.get((event.run, event.node))
        if index is None or not isinstance(item := self.items[index], NodeItem):
            return ()
        item.state, item.duration_ms = event.status, event.duration_ms
        self._open.pop(index, None)
        return (Touched(index, "changed"), *self._settle(event.run, event.node))

    def _settle(self, run: str, node: str | None = None) -> Touches:
        """Close what a node or a run that has ended left open."""
        touched: list[Touched] = []
        for index, item in list(self._open.items()):
            if not isinstance(item, TextItem | ToolItem | NodeItem):
                continue
            if item.run == run and node in (None, item.node):
                _stop(item)
                del self._open[index]
                touched.append(Touched(index, "changed"))
        return tuple(touched)

    # -- runs, questions, applies ----------------------------------------------------------------

    def _route(self, event: RouteDecided) -> Touches:
        expected = self._expected[event.run] = to_pico(event.expected_cost_usd)
        reason = sanitise_line(event.reason)
        return self._add(
            RouteItem(
                event.run,
                event.complexity,
                event.pattern,
                event.confidence,
                reason,
                event.decided_by,
                expected,
            )
        )

    def _finish_run(self, event: RunFinished) -> Touches:
        settled = self._settle(event.run)
        answer = sanitise(event.answer).strip()
        item = RunEndItem(
            event.run,
            event.status,
            "" if answer == self._last_words(event.run) else answer,
            len(event.files),
            to_pico(event.cost_usd),
            self._expected.get(event.run),
            event.estimated,
        )
        return (*settled, *self._add(item))

    def _last_words(self, run: str) -> str:
        for item in reversed(self.items):
            if isinstance(item, TextItem) and item.state == "finished":
                return item.text.strip() if item.run == run else ""
        return ""

    def _ask(self, event: QuestionAsked) -> Touches:
        choices = tuple(sanitise_line(choice) for choice in event.choices)
        self._questions[event.id] = len(self.items)
        return self._add(QuestionItem(event.id, event.run, sanitise(event.text), choices))

    def _answer(self, event: QuestionAnswered) -> Touches:
        index = self._questions.get(event.id)
        if index is None or not isinstance(item := self.items[index], QuestionItem):
            return ()
        item.answer = sanitise_line(event.answer)
        return (Touched(index, "changed"),)

    def _message(self, event: MessageSent | MessageDelivered) -> Touches:
        if isinstance(event, MessageSent):
            self._messages[event.id] = len(self.items)
            return self._add(MessageItem(event.run, sanitise(event.text), sanitise_line(event.node or "")))
        index = self._messages.get(event.id)
        if index is None or not isinstance(item := self.items[index], MessageItem):
            return ()
        item.read, item.to = True, sanitise_line(event.node)
        return (Touched(index, "changed"),)

    def _written(self, event: ChangeApplied) -> Touches:
        index = self._applies.get(event.apply)
        if index is None or not isinstance(item := self.items[index], WrittenItem):
            self._applies[event.apply] = len(self.items)
            return self._add(WrittenItem([sanitise_line(event.path)]))
        item.labels.append(sanitise_line(event.path))
        return (Touched(index, "changed"),)

    def _undone(self, event: ChangeUndone) -> Touches:
        index = self._applies.get(event.apply)
        if index is None or not isinstance(item := self.items[index], WrittenItem):
            return ()
        item.undone += 1
        return (Touched(index, "changed"),)


def _stop(item: TextItem | ToolItem | NodeItem) -> None:
    match item:
        case TextItem():
            item.state = "finished"
        case ToolItem():
            item.state = "stopped"
        case NodeItem():
            item.state = "interrupted"
