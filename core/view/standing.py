"""The items of the chat that one event makes by itself."""

from core.events import (
    ChangeMarkedStale,
    CommandRefused,
    Failed,
    HandedOff,
    NoticeGiven,
    RequestSubmitted,
    Retried,
    SessionResumed,
    StagePrepared,
    TestsFinished,
    VerdictGiven,
)
from core.text import sanitise, sanitise_line
from core.view.items import (
    FailureItem,
    HandoffItem,
    Item,
    NoticeItem,
    RequestItem,
    RetryItem,
    TestsItem,
    VerdictItem,
)

Standing = (
    RequestSubmitted
    | StagePrepared
    | SessionResumed
    | HandedOff
    | TestsFinished
    | VerdictGiven
    | Retried
    | Failed
    | NoticeGiven
    | CommandRefused
    | ChangeMarkedStale
)


def item_of(event: Standing) -> Item:
    """The item of an event that stands alone."""
    line = sanitise_line
    match event:
        case RequestSubmitted():
            return RequestItem(event.run, sanitise(event.text))
        case StagePrepared():
            took = (
                f"{event.duration_ms} ms" if event.duration_ms < 1000 else f"{event.duration_ms / 1000:.1f} s"
            )
            return NoticeItem(f"Private copy ready: {event.files:,} files in {took}", "info")
        case SessionResumed():
            return NoticeItem("Session opened again", "info")
        case HandedOff():
            return HandoffItem(event.run, line(event.from_role), line(event.to_role), line(event.reason))
        case TestsFinished():
            return TestsItem(
                event.run,
                line(event.role),
                event.outcome,
                event.passed,
                event.failed,
                sanitise(event.summary),
            )
        case VerdictGiven():
            must_fix = tuple(line(point) for point in event.must_fix)
            return VerdictItem(event.run, line(event.role), event.approved, must_fix, event.round)
        case Retried():
            return RetryItem(
                event.run, line(event.role), line(event.reason), event.attempt, line(event.model)
            )
        case Failed():
            return FailureItem(
                event.run, line(event.role or ""), sanitise(event.message), sanitise(event.advice)
            )
        case NoticeGiven():
            return NoticeItem(sanitise(event.text), event.level)
        case CommandRefused():
            return NoticeItem(sanitise(event.reason), "warning")
        case ChangeMarkedStale():
            return NoticeItem(f"{line(event.path)}: {line(event.reason)}", "warning")
