"""What decides whether work is sound: tests that really ran, then the reviewer's verdict."""

from agents.answers import NO_VERDICT, Verdict
from agents.board import Board
from agents.tooling import carry_out
from core.events import VerdictGiven

TESTER = "test_engineer"


async def ensure_tests(board: Board) -> None:
    """Run the project's tests unless they ran on what is there now: only a real run decides."""
    if not board.run.files or (board.tests is not None and board.tests_are_current):
        return
    await carry_out(board, TESTER, TESTER, "run_tests", {})


async def judge(board: Board, node: str, role: str, verdict: Verdict | None) -> None:
    """Put the reviewer's verdict on the board and on record; none at all is no approval."""
    board.verdict = verdict or Verdict(approved=False, must_fix=[NO_VERDICT])
    await board.run.emit(
        VerdictGiven(
            run=board.run.id,
            node=node,
            role=role,
            approved=board.verdict.approved,
            must_fix=tuple(board.verdict.must_fix),
            round=board.round,
        )
    )


def is_sound(board: Board) -> bool:
    """The reviewer approved and no test failed."""
    return board.verdict is not None and board.verdict.approved and not board.tests_failed


def can_be_mended(board: Board) -> bool:
    """Whether there is anything that a coder could fix."""
    return board.tests_failed or (board.verdict is not None and board.verdict.must_fix != [NO_VERDICT])
