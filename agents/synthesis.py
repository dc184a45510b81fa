"""The answer to a request: by a template out of the board, or by the orchestrator, above the same checks."""

from agents.answers import NO_VERDICT
from agents.board import Board
from agents.company import Company
from agents.layers import run_layers
from agents.specialists import SYNTHESIS, Specialists
from core.events import NoticeGiven
from core.faults import Fault
from core.ledger import BudgetReached
from core.stage.outcome import name_some


def write_answer(board: Board) -> str:
    """The answer in Markdown, out of what stands on the board."""
    said = board.summaries.get(board.speaker, "").strip()
    return "\n\n".join(part for part in (said or _what_is_there(board), checks(board)) if part)


def _what_is_there(board: Board) -> str:
    """In the place of a node's words that never came."""
    files = sorted(board.run.files)
    return f"Changed before the work ended: {name_some(files)}." if files else "Nothing was changed."


async def write_by_orchestrator(company: Company, board: Board) -> str:
    """The answer in the orchestrator's words, above the checks as they are; by the template where it cannot.

    Raises:
        Interrupted: the user stopped the run.
    """
    found = checks(board)
    try:
        await run_layers(board, [[Specialists(company, board).synthesis(found)]])
    except (Fault, BudgetReached) as error:
        why = str(error).rstrip(".")
        await board.run.emit(NoticeGiven(text=f"The answer is put together from the reports, since {why}."))
        return write_answer(board)
    said = board.summaries.get(SYNTHESIS, "").strip()
    return "\n\n".join(part for part in (said, found) if part) if said else write_answer(board)


def checks(board: Board) -> str:
    """Tests that really ran, verdicts, documents, and what the user stopped, one line each."""
    documents = "" if board.speaker == "documenter" else _documents_line(board)
    lines = (_tests_line(board), _review_line(board), documents, _stopped_line(board), _unpaid_line(board))
    return "\n".join(f"- {line}" for line in lines if line)


def _tests_line(board: Board) -> str:
    report = board.tests
    if report is None or not board.run.files:
        return ""
    label = {"passed": "Tests", "failed": "Tests FAIL", "not_run": "Tests did not run"}[report.outcome]
    told = report.text
    for known in ("Tests passed ", "Tests failed ", "The tests were not run: "):
        told = told.removeprefix(known)
    return f"**{label}** {told}"


def _review_line(board: Board) -> str:
    verdict = board.verdict
    if verdict is None:
        return ""
    if board.unreviewed:
        return f"**Review** by one model family only. {board.unreviewed}"
    rounds = f" in round {board.round}" if board.round > 1 else ""
    if verdict.approved:
        both = " by both reviewers" if len(board.verdicts) > 1 else ""
        return f"**Review** approved{both}{rounds}."
    if verdict.must_fix == [NO_VERDICT]:
        return f"**Review** {NO_VERDICT}"
    points = "".join(f"\n  {number}. {point}" for number, point in enumerate(verdict.must_fix, 1))
    return f"**Review** not approved{rounds}:{points}"


def _documents_line(board: Board) -> str:
    text = board.summaries.get("documenter", "").strip()
    return f"**Documents**: {text}" if text else ""


def _stopped_line(board: Board) -> str:
    controls = board.run.controls
    stopped = ", ".join(node for node in controls.passed_over if node not in controls.unpaid)
    return f"**Stopped** by you: {stopped}. What was left of their part is not done." if stopped else ""


def _unpaid_line(board: Board) -> str:
    unpaid = ", ".join(node for node in board.run.controls.passed_over if node in board.run.controls.unpaid)
    return (
        f"**Budget** used up: {unpaid} ended early. What was left of their part is not done."
        if unpaid
        else ""
    )
