"""What decides whether work is sound: tests that really ran, then the reviewers' verdicts."""

from agents.answers import NO_VERDICT, DesignVerdict, Verdict
from agents.board import Board
from agents.tooling import carry_out
from core.events import VerdictGiven

TESTER = "test_engineer"


async def ensure_tests(board: Board, by: str = TESTER) -> None:
    """Run the project's tests unless they ran on what is there now: only a real run decides.

    Reviewers side by side wait for the one run. Where only documents changed, no test could tell. `by` is the
    role whose part it is.
    """
    async with board.testing:
        if not board.code_changed or (board.tests is not None and board.tests_are_current):
            return
        await carry_out(board, by, by, "run_tests", {})


async def judge(board: Board, node: str, role: str, verdict: Verdict | None) -> None:
    """Put a reviewer's verdict on the board and on record; none at all is no approval."""
    given = verdict or Verdict(approved=False, must_fix=[NO_VERDICT])
    board.verdicts[node] = given
    board.verdict = together(list(board.verdicts.values()))
    await _record(board, node, role, given)


async def judge_design(board: Board, node: str, role: str, verdict: DesignVerdict | None) -> None:
    """Put the verdict on the design on the board and on record; one that cannot be read holds nobody up."""
    board.design_verdict = verdict or DesignVerdict(approved=False, risks=[NO_VERDICT])
    await _record(board, node, role, board.design_verdict)


async def _record(board: Board, node: str, role: str, verdict: Verdict | DesignVerdict) -> None:
    await board.run.emit(
        VerdictGiven(
            run=board.run.id,
            node=node,
            role=role,
            approved=verdict.approved,
            must_fix=tuple(verdict.must_fix),
            round=board.round,
            subject="design" if isinstance(verdict, DesignVerdict) else "change",
        )
    )


def together(verdicts: list[Verdict]) -> Verdict:
    """What several reviewers say: approved when all of them approve, and every point of any."""
    return Verdict(
        approved=all(verdict.approved for verdict in verdicts),
        must_fix=list(dict.fromkeys(point for verdict in verdicts for point in verdict.must_fix)),
        untested=list(dict.fromkeys(point for verdict in verdicts for point in verdict.untested)),
    )


def is_sound(board: Board) -> bool:
    """The reviewers approved, as far as the user let them judge, and no test failed."""
    if board.tests_failed:
        return False
    if not board.verdicts and "code_reviewer" in board.run.controls.passed_over.values():
        return True
    return board.verdict is not None and board.verdict.approved


def can_be_mended(board: Board) -> bool:
    """Whether there is anything that a coder could fix."""
    return board.tests_failed or (board.verdict is not None and board.verdict.must_fix != [NO_VERDICT])
