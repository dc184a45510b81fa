"""How a headless run shows itself: as text, as one JSON object, or as one record a line."""

import sys
from abc import ABC, abstractmethod
from typing import TextIO

import msgspec

from core.events import (
    ChangeApplied,
    ChangeMarkedStale,
    CommandRefused,
    Failed,
    FileChanged,
    GitProposed,
    HandedOff,
    ModelCalled,
    NodeFinished,
    NodeSkipped,
    NodeStarted,
    NoticeGiven,
    OverlapFound,
    QuestionAsked,
    Retried,
    RouteDecided,
    RouteOverridden,
    RunFinished,
    TestsFinished,
    ToolStarted,
    VerdictGiven,
    WorkEscalated,
)
from core.money import show_usd, to_pico, to_usd
from core.record import Record, encode_line
from core.text import clip, escape_json, sanitise, sanitise_line
from core.view.standing import escalation


class Output(ABC):
    """One way to show the records of a run."""

    @abstractmethod
    def show(self, record: Record) -> None: ...

    def one_end(self, record: Record) -> bool:
        """Whether this is the end of a run, of which only the one that was asked for is shown."""
        return isinstance(record.event, RunFinished)


class StreamJson(Output):
    """One record a line, in the flattened encoding."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def show(self, record: Record) -> None:
        print(encode_line(record), file=self._out, flush=True)
        _tell_refusal(record)

    def one_end(self, record: Record) -> bool:
        """Never: every record is shown."""
        return False


class Json(Output):
    """The `run_finished` object alone."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def show(self, record: Record) -> None:
        if isinstance(record.event, RunFinished):
            print(encode_line(record), file=self._out, flush=True)
        _tell_refusal(record)


def _tell_refusal(record: Record) -> None:
    """Why nothing was begun, which no record on stdout may say."""
    if isinstance(record.event, CommandRefused):
        print(f"heddle: {sanitise_line(record.event.reason)}", file=sys.stderr, flush=True)


class Text(Output):
    """The answer on stdout, progress on stderr."""

    def __init__(self, session: str, out: TextIO | None = None, progress: TextIO | None = None) -> None:
        self._session = session
        self._out = out or sys.stdout
        self._progress = progress or sys.stderr

    def show(self, record: Record) -> None:
        event = record.event
        if isinstance(event, RunFinished):
            self._finish(event)
            return
        line = progress_line(record)
        if line:
            print(line, file=self._progress, flush=True)

    def _finish(self, event: RunFinished) -> None:
        print(sanitise(event.answer), file=self._out, flush=True)
        print(f"\n{cost_line(event)}", file=self._progress, flush=True)


def cost_line(event: RunFinished) -> str:
    """What a run cost, by role, dearest first."""
    mark = "~" if event.estimated else ""
    parts = ", ".join(f"{role} {show_usd(cost)}" for role, cost in event.by_role.items())
    return f"{event.status} · cost {mark}{show_usd(event.cost_usd)}" + (f" ({parts})" if parts else "")


def expected_line(event: RouteDecided) -> str:
    """What a run will probably cost, from what to what, and how we know."""
    about = f"about {show_usd(event.expected_cost_usd)}"
    nodes = event.forecast
    if not nodes:
        return about
    low, high = (to_usd(sum(to_pico(getattr(n, f"{end}_usd")) for n in nodes)) for end in ("low", "high"))
    known = sum(node.samples > 0 for node in nodes)
    basis = "your own history" if known == len(nodes) else "shipped figures"
    if 0 < known < len(nodes):
        basis = f"your own history for {known} of {len(nodes)} nodes"
    return f"{about}, {show_usd(low)} to {show_usd(high)} by {basis}"


def progress_line(record: Record) -> str:
    """One line about an event that somebody who waits wants to see; empty for the others."""
    line = _line(record)
    return sanitise_line(clip(line, 300)) if line else ""


def _line(record: Record) -> str:  # noqa: PLR0912 (one case an event)
    match record.event:
        case RouteDecided() as event:
            return f"route   {event.complexity} · {event.pattern} · {expected_line(event)} · {event.reason}"
        case RouteOverridden() as event:
            wanted = (event.complexity, event.pattern, event.asked_role)
            return f"route   chosen by {event.by}: {' '.join(word for word in wanted if word)}"
        case QuestionAsked() as event:
            return f"asks    {event.text} ({', '.join(event.choices)})"
        case HandedOff() as event:
            return f"        {event.from_role} → {event.to_role}: {event.said}"
        case NodeStarted() as event:
            again = f" (round {event.round})" if event.round > 1 else ""
            return f"start   {event.node}{again} · {event.model}"
        case ToolStarted() as event:
            return f"tool    {event.node}: {event.tool} {event.arguments}"
        case TestsFinished() as event:
            return f"tests   {event.outcome}: {event.summary}"
        case VerdictGiven() as event:
            return f"review  {'approved' if event.approved else 'sent back: ' + ' '.join(event.must_fix)}"
        case FileChanged() as event:
            return f"change  {event.kind} {event.path} +{event.added_lines} −{event.removed_lines}"
        case GitProposed(action="create_branch") as event:
            return (
                f"git     {event.role} proposes the branch {event.branch} ({event.id}): see heddle proposals"
            )
        case GitProposed() as event:
            return f"git     {event.role} proposes a commit ({event.id}): see heddle proposals"
        case OverlapFound() as event:
            return f"warning two nodes wrote the same lines of {event.path}: {event.node} over {event.other_node}"
        case ModelCalled() as event:
            mark = "~" if event.estimated else ""
            return f"cost    {event.node} {mark}{show_usd(event.cost_usd)}"
        case NodeSkipped() as event:
            return f"skip    {event.node}: {event.reason}"
        case WorkEscalated() as event:
            return f"up      {escalation(event)}"
        case NodeFinished() as event:
            return f"end     {event.node} {event.status}"
        case Retried() as event:
            return f"retry   {event.node}, attempt {event.attempt}: {event.reason}"
        case Failed() as event:
            return f"failed  {event.message} {event.advice}"
        case NoticeGiven() as event:
            return f"note    {event.text}"
        case CommandRefused() as event:
            return f"refused {event.reason}"
        case ChangeApplied() as event:
            return f"applied {event.path}"
        case ChangeMarkedStale() as event:
            return f"stale   {event.path}: {event.reason}"
        case _:
            return ""


def make_output(kind: str, session: str) -> Output:
    """The output of that name: text, json or stream-json."""
    match kind:
        case "stream-json":
            return StreamJson()
        case "json":
            return Json()
        case _:
            return Text(session)


def print_json(value: object) -> None:
    """Plain data as JSON on stdout, with nothing in it that a terminal would obey."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode("utf-8")
    print(escape_json(text))
