"""The Graph pattern: what comes before anyone builds, then rounds of coder → tests → review → documents.

Each round is one acyclic Strands graph. The way back to the coder is the conductor's: it starts the next round.
"""

from collections.abc import Sequence
from dataclasses import replace

from agents.board import Board
from agents.checks import can_be_mended, ensure_tests, is_sound
from agents.company import Company
from agents.entry import look
from agents.escalation import announce
from agents.evidence import LADDER, after_rounds, rejected
from agents.layers import joining, run_layers
from agents.lineup import Lineup, role_of
from agents.node import NodeAgent
from agents.preparation import Preparation
from agents.resuming import Rest, restore
from agents.rules import traits
from agents.specialists import CODERS, Specialists, of_two_families, why_not
from core.events import NoticeGiven
from core.limits import limits

NOTHING_CHANGED = "nothing was changed"
ONE_FAMILY = (
    "CRITICAL work takes two reviewers of different model families, and the roster names models of one family "
    "only for code_reviewer. One has reviewed it: what it says is for you to judge."
)


class GraphWork:
    """The work of one run in the Graph pattern. `roles` come in order (`agents.router.roles_for`)."""

    def __init__(self, company: Company, board: Board, roles: Sequence[str]) -> None:
        self._roster = company.roster
        self._board = board
        self._specialists = Specialists(company, board)
        seen = traits(board.run.request)
        two = bool(of_two_families(company.roster["code_reviewer"], company.roster)[1].models)
        board.unreviewed = ONE_FAMILY if board.critical and not two else ""
        lineup = Lineup.of(roles, twice=board.critical and two, documents_first=seen.documents)
        resumed = board.run.resumed
        self._rest: Rest | None = None
        if resumed is not None and resumed.plan is not None:
            restore(board, resumed)
            lineup = Lineup.read(resumed.plan, documents_first=seen.documents)
            self._rest = Rest(resumed, lineup)
            lineup = replace(lineup, climbed=self._rest.climbed)
        self._lineup = lineup
        board.alone = not lineup.checks and not lineup.plans
        self._rounds_of_coder = 0
        self._node = self._coder(lineup.worker)
        board.coder = lineup.worker if self._codes(lineup.worker) else ""
        board.speaker = lineup.worker

    async def work(self) -> None:
        """Work until the change is sound or the rounds are used up.

        What came of it stands on the board: plan, design, verdicts and tests.

        Raises:
            Fault, BudgetReached, Interrupted: what a node ended with.
            NeedsDecision: a plan waits for approval, and nobody is there to give it.
        """
        if self._board.unreviewed:
            await self._board.run.emit(NoticeGiven(text=self._board.unreviewed, level="warning"))
        await self._record_plan()
        if self._rest is None or not self._rest.built:
            await self._prepare()
        while not self._board.run.closing:
            await (self._rest_of_round(self._rest) if self._rest is not None else self._round())
            if self._is_over() or not await self._goes_on():
                await self._close()
                return

    # -- before the rounds ---------------------------------------------------------------------------

    async def _prepare(self) -> None:
        before = Preparation(self._board, self._specialists, self._lineup, self._rest)
        await before.plan()
        await before.design()

    async def _record_plan(self) -> None:
        await self._board.run.emit(self._lineup.planned(self._board.run.id, self._roster))

    # -- one round -----------------------------------------------------------------------------------

    async def _round(self) -> None:
        """The next round: the coder, then its checks, as far as each leaves something to do."""
        if self._rounds_of_coder:
            self._board.round += 1
        self._rounds_of_coder += 1
        await self._whole_round()

    async def _whole_round(self) -> None:
        self._board.verdicts.clear()
        await self._layers([[self._node], *self._check_layers()])

    async def _rest_of_round(self, rest: Rest) -> None:
        """What is left of the round in which an earlier run broke off."""
        self._rest = None
        self._rounds_of_coder = rest.rounds_of_coder
        if rest.took_over_from:
            self._board.round += 1
            self._node = self._specialists.coder(self._lineup.worker, took_over_from=rest.took_over_from)
        if not rest.rounds_of_coder:
            await self._round()
        elif self._lineup.worker not in rest.done:
            await self._whole_round()
        else:
            await self._rest_of_checks(rest)

    async def _rest_of_checks(self, rest: Rest) -> None:
        self._board.needs = await look(self._board.run)
        left = [[node for node in layer if node.name not in rest.done] for layer in self._check_layers()]
        while left:
            left[0] = joining(self._board, left[0], self._absence)
            if left[0]:
                await self._layers(left)
                return
            left.pop(0)

    async def _layers(self, layers: list[list[NodeAgent]]) -> None:
        await run_layers(self._board, layers, self._absence)
        if self._board.alone:
            await ensure_tests(self._board, self._lineup.worker)
        elif is_sound(self._board):
            await ensure_tests(self._board)

    def _check_layers(self) -> list[list[NodeAgent]]:
        reviewers = {node.name: node for node in self._specialists.reviewers()}
        return [
            [reviewers[name] if name in reviewers else self._specialists.check(name) for name in layer]
            for layer in self._lineup.check_layers()
        ]

    def _absence(self, node: str) -> str | None:
        """Why a node has nothing to do in this round, None: it has; asked when its turn comes."""
        board = self._board
        if board.sign is not None or self._coder_stopped:
            return ""
        if not board.run.files:
            return NOTHING_CHANGED
        match node:
            case "test_engineer":
                return self._no_tests()
            case "documenter":
                return self._no_documents()
            case _:
                return None

    @property
    def _coder_stopped(self) -> bool:
        """The user ended the coder: what there is stays, and nobody goes on with it."""
        return self._lineup.worker in self._board.run.controls.passed_over

    def _no_tests(self) -> str | None:
        """Tests are written where behaviour changed that none covers; later on, where a reviewer misses one."""
        board = self._board
        if "test_engineer" not in board.summaries:
            return None if board.needs.tests else board.needs.no_tests
        missing = board.verdict is not None and board.verdict.untested
        return None if missing else "the reviewer misses no test"

    def _no_documents(self) -> str | None:
        board = self._board
        if self._lineup.documents_first:
            return None
        if not is_sound(board):
            return ""
        return None if board.needs.documents else "nothing public changed"

    def _is_over(self) -> bool:
        board = self._board
        if self._coder_stopped or board.run.closing:
            return True
        if board.alone and not (board.coder and board.tests_failed):
            return True
        board.sign = board.sign or rejected(board, self._own_files)
        if board.sign is not None:
            return False
        done = is_sound(board) or not board.run.files or not can_be_mended(board)
        return done or board.round >= limits().run.rounds

    # -- the next one up -----------------------------------------------------------------------------

    async def _goes_on(self) -> bool:
        """Whether there is another round: the coder's own, or, on evidence, one of the next role up."""
        if self._board.sign is None and self._rounds_of_coder < limits().run.rounds_before_escalation:
            return True
        return not self._board.alone and await self._escalate()

    async def _escalate(self) -> bool:
        """Hand the coder's place to the next role up the ladder, and say before what that costs; False at its end."""
        lower = self._lineup.worker
        higher = LADDER.get(lower)
        if higher is None:
            return False
        self._board.sign = self._board.sign or after_rounds(self._board, self._rounds_of_coder)
        await announce(self._board, self._node, self._roster[higher].taking_over, self._board.sign)
        self._board.round += 1
        self._board.coder = self._board.speaker = higher
        self._lineup = self._lineup.led_by(higher)
        self._node = self._specialists.coder(higher, took_over_from=lower)
        self._rounds_of_coder = 0
        await self._record_plan()
        return True

    async def _close(self) -> None:
        """Say of those who never had their turn why not."""
        board = self._board
        why = "you stopped the coder" if self._coder_stopped else why_not(board)
        if board.run.closing:
            why = "you wanted the run to finish"
        told = {*board.summaries, *board.skipped, *board.run.controls.passed_over}
        for name in (name for layer in self._lineup.check_layers() for name in layer):
            if name not in told:
                board.leave_out(name, role_of(name), why)
        await board.tell_left_out()

    @property
    def _own_files(self) -> list[str]:
        """What the coder of now has written."""
        files = self._board.run.files
        return [path for path, change in files.items() if change.role == self._lineup.worker]

    def _coder(self, worker: str) -> NodeAgent:
        if not self._codes(worker):
            return self._specialists.lone(worker)
        return self._specialists.coder(worker, climbed=self._lineup.climbed)

    def _codes(self, worker: str) -> bool:
        """Whether a role gets a coder's part: an architect that works alone designs."""
        return worker in CODERS and not (self._board.alone and worker == "architect")
