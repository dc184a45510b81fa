"""What a session knows of its own past: a fold over its records, for resuming."""

from core.events import (
    CallStarted,
    ChangeApplied,
    ChangeDecided,
    ChangeUndone,
    ChangeWithdrawn,
    Event,
    FileChanged,
    ModelCalled,
    NodeFinished,
    NodeStarted,
    RequestSubmitted,
    RunFinished,
    SessionStarted,
    TextDelta,
    Verdict,
)
from core.record import Record
from core.run import PastRun


class Past:
    """The state of a session after its records so far."""

    def __init__(self) -> None:
        self.project: str = ""
        self.runs = 0
        self.requests: list[RequestSubmitted] = []
        self.answers: list[PastRun] = []
        self.open_run: RequestSubmitted | None = None
        self.open_nodes: dict[str, NodeStarted] = {}
        self.open_calls: dict[str, CallStarted] = {}
        self.heard: dict[str, int] = {}
        """Characters streamed by each node since its last call went out."""
        self.charges: list[ModelCalled] = []
        """Charges of the last run."""
        self.changes: dict[str, FileChanged] = {}
        """Changes that are neither applied nor withdrawn, by path."""
        self.verdicts: dict[str, Verdict] = {}
        self.applied: dict[str, FileChanged] = {}

    def apply(self, record: Record) -> None:
        """Take one record in."""
        self.note(record.event)

    def note(self, event: Event) -> None:
        """Take one event in. Events that say nothing about resuming are passed over."""
        match event:
            case SessionStarted():
                self.project = event.project
            case RequestSubmitted():
                self._begin(event)
            case RunFinished():
                self._end(event)
            case NodeStarted():
                self.open_nodes[event.node] = event
            case NodeFinished():
                self.open_nodes.pop(event.node, None)
            case CallStarted():
                self.open_calls[event.call] = event
                self.heard[event.node] = 0
            case ModelCalled():
                self.open_calls.pop(event.call, None)
                self.charges.append(event)
            case TextDelta():
                self.heard[event.node] = self.heard.get(event.node, 0) + len(event.text)
            case FileChanged() | ChangeWithdrawn() | ChangeDecided() | ChangeApplied() | ChangeUndone():
                self._change(event)
            case _:
                pass

    def _begin(self, event: RequestSubmitted) -> None:
        self.runs += 1
        self.requests.append(event)
        self.open_run = event
        self.open_nodes.clear()
        self.open_calls.clear()
        self.charges = []

    def _end(self, event: RunFinished) -> None:
        if self.open_run is not None:
            self.answers.append(PastRun(self.open_run.text, event.answer))
        self.open_run = None

    def _change(
        self, event: FileChanged | ChangeWithdrawn | ChangeDecided | ChangeApplied | ChangeUndone
    ) -> None:
        match event:
            case FileChanged():
                self.changes[event.path] = event
                self.verdicts[event.path] = "undecided"
            case ChangeWithdrawn():
                self.changes.pop(event.path, None)
                self.verdicts.pop(event.path, None)
            case ChangeDecided():
                self.verdicts[event.path] = event.verdict
            case ChangeApplied():
                change = self.changes.pop(event.path, None)
                self.verdicts.pop(event.path, None)
                if change is not None:
                    self.applied[event.path] = change
            case ChangeUndone():
                change = self.applied.pop(event.path, None)
                if change is not None:
                    self.changes[event.path] = change
                    self.verdicts[event.path] = "undecided"
