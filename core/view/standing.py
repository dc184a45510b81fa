"""The items of the chat that one event makes by itself."""

from core.events import (
    ChangeMarkedStale,
    CommandRefused,
    Failed,
    GitProposed,
    HandedOff,
    NodeSkipped,
    NoticeGiven,
    ProposalCarriedOut,
    ProposalDecided,
    ProposalFailed,
    RequestSubmitted,
    Retried,
    RouteOverridden,
    SessionResumed,
    StagePrepared,
    TestsFinished,
    VerdictGiven,
    WorkEscalated,
)
from core.money import show_usd
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
from core.wish import as_typed

Standing = (
    RequestSubmitted
    | StagePrepared
    | SessionResumed
    | HandedOff
    | TestsFinished
    | VerdictGiven
    | Retried
    | RouteOverridden
    | Failed
    | NoticeGiven
    | CommandRefused
    | ChangeMarkedStale
    | NodeSkipped
    | WorkEscalated
    | GitProposed
    | ProposalDecided
    | ProposalCarriedOut
    | ProposalFailed
)


def item_of(event: Standing) -> Item:
    """The item of an event that stands alone."""
    line = sanitise_line
    match event:
        case RequestSubmitted():
            return RequestItem(event.run, sanitise(as_typed(event)))
        case StagePrepared():
            took = (
                f"{event.duration_ms} ms" if event.duration_ms < 1000 else f"{event.duration_ms / 1000:.1f} s"
            )
            return NoticeItem(f"Private copy ready: {event.files:,} files in {took}", "info")
        case SessionResumed():
            return NoticeItem("Session opened again", "info")
        case HandedOff():
            return HandoffItem(event.run, line(event.from_role), line(event.to_role), line(event.said))
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
        case RouteOverridden():
            return NoticeItem(f"You chose {line(_route(event))}: the work begins anew on it.", "info")
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
        case NodeSkipped():
            return NoticeItem(f"{line(event.node)} is not needed: {line(event.reason)}", "info")
        case WorkEscalated():
            return NoticeItem(line(escalation(event)), "warning")
        case GitProposed() | ProposalDecided() | ProposalCarriedOut() | ProposalFailed():
            return _proposal(event)


def _proposal(event: GitProposed | ProposalDecided | ProposalCarriedOut | ProposalFailed) -> NoticeItem:
    """A step of a proposal for the user's repository."""
    line = sanitise_line
    match event:
        case GitProposed(action="create_branch"):
            text = f"{line(event.role)} proposes the branch {line(event.branch)}. It waits for your decision."
        case GitProposed():
            files = "1 file" if len(event.paths) == 1 else f"{len(event.paths)} files"
            subject = line(event.message.partition("\n")[0])
            text = (
                f"{line(event.role)} proposes a commit of {files}: “{subject}”. It waits for your decision."
            )
        case ProposalDecided(verdict="accepted"):
            text = "You approved the proposal: it is being made."
        case ProposalDecided():
            why = f" Why: {line(event.comment)}" if event.comment else ""
            text = f"You refused the proposal.{why}"
        case ProposalCarriedOut():
            text = f"Made in your repository: {line(event.result)}"
        case ProposalFailed():
            return NoticeItem(f"The proposal was not made: {sanitise(event.reason)}", "warning")
    return NoticeItem(text, "info")


def escalation(event: WorkEscalated) -> str:
    """An escalation in one sentence, with what it costs."""
    cost = f"about {show_usd(event.reread_usd)}" if event.reread_usd else "at a price that nobody knows"
    return (
        f"The work goes from {event.role} to {event.to_role} ({event.to_model}), since {event.detail}. It reads "
        f"anew at most {event.reread_tokens:,} tokens, {cost}: its prompt cache is cold."
    )


def _route(event: RouteOverridden) -> str:
    alone = f"{event.asked_role} alone" if event.asked_role else event.pattern
    return " ".join(part for part in (event.complexity, alone) if part)
