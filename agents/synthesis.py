"""The answer to a request, by a template: what was done, how it was checked, and what waits."""

from agents.answers import NO_VERDICT
from agents.board import Board


def write_answer(board: Board) -> str:
    """The answer in Markdown, out of what stands on the board."""
    said = board.summaries.get(board.speaker, "").strip()
    parts = [said or "Nothing was changed."]
    checks = [line for line in (_tests_line(board), _review_line(board), _documents_line(board)) if line]
    if checks:
        parts.append("\n".join(f"- {line}" for line in checks))
    return "\n\n".join(parts)


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
    rounds = f" in round {board.round}" if board.round > 1 else ""
    if verdict.approved:
        return f"**Review** approved{rounds}."
    if verdict.must_fix == [NO_VERDICT]:
        return f"**Review** {NO_VERDICT}"
    points = "".join(f"\n  {number}. {point}" for number, point in enumerate(verdict.must_fix, 1))
    return f"**Review** not approved{rounds}:{points}"


def _documents_line(board: Board) -> str:
    text = board.summaries.get("documenter", "").strip()
    return f"**Documents** {text}" if text else ""
