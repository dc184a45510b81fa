"""Going on with a run that broke off: the board as it was, and what of the graph is still to be done."""

from collections.abc import Sequence

from agents.answers import NO_VERDICT, DesignVerdict, Verdict
from agents.board import Board
from agents.checks import together
from agents.lineup import Lineup
from agents.specialists import CODERS
from core.events import VerdictGiven
from core.resumed import ResumedRun
from tools.workbench import TestReport


def restore(board: Board, resumed: ResumedRun) -> None:
    """Put on the board what the broken-off run had found: summaries, verdicts, tests, round, and who handed over."""
    board.round = resumed.round
    for done in resumed.finished:
        board.summaries[done.node] = done.summary
    board.plan = board.summaries.get("orchestrator", "")
    board.design = _design(resumed)
    _restore_verdicts(board, resumed.verdicts)
    if resumed.tests is not None:
        tests = resumed.tests
        board.tests = TestReport(tests.outcome, tests.passed, tests.failed, text=tests.summary)
        board.changed_since_tests = set(resumed.changed_since_tests)
    board.handed = list(dict.fromkeys(each.reason for each in resumed.handoffs if " → " in each.reason))
    board.finished(*_givers(resumed))


def _restore_verdicts(board: Board, verdicts: Sequence[VerdictGiven]) -> None:
    for given in verdicts:
        points = list(given.must_fix)
        if given.subject == "design":
            risks = [] if given.approved or points else [NO_VERDICT]
            board.design_verdict = DesignVerdict(approved=given.approved, must_fix=points, risks=risks)
    last = max((given.round for given in verdicts if given.subject == "change"), default=0)
    given_last = {
        given.node: Verdict(approved=given.approved, must_fix=list(given.must_fix))
        for given in verdicts
        if given.subject == "change" and given.round == last
    }
    if given_last:
        board.verdict = together(list(given_last.values()))
    if last == board.round:
        board.verdicts.update(given_last)


def _design(resumed: ResumedRun) -> str:
    """What the architect said last before anybody built."""
    found = ""
    for done in resumed.finished:
        if done.node == "architect":
            found = done.summary
        elif done.node in CODERS:
            break
    return found


def _givers(resumed: ResumedRun) -> list[tuple[str, str]]:
    """Who had handed the work to the node that was at it; else whoever finished last."""
    to = [each for each in resumed.handoffs if (each.to_node or each.to_role) == resumed.node]
    given = dict.fromkeys((each.from_node or each.from_role, each.from_role) for each in to)
    if given:
        return list(given)
    last = [done for done in resumed.finished if done.role != "router"][-1:]
    return [(done.node, done.role) for done in last]


class Rest:
    """How far the graph had come."""

    def __init__(self, resumed: ResumedRun, lineup: Lineup) -> None:
        self._resumed = resumed
        coders = [(done.node, done.round) for done in resumed.finished if done.node in CODERS]
        if lineup.designs:
            coders = [each for each in coders if each[0] != "architect"]
        others = [index for index, (node, _) in enumerate(coders) if node != lineup.worker]
        own = coders[others[-1] + 1 :] if others else coders
        if lineup.worker in resumed.unfinished:
            own.append((lineup.worker, resumed.round))
        self.rounds_of_coder = len({number for _, number in own})
        """In how many rounds the coder of now has worked."""
        self.took_over_from = coders[others[-1]][0] if others and not own else ""
        """The role that the coder of now has yet to take over from; empty when it has begun already."""
        self.climbed = bool(others)
        """Lower roles had been in the coder's place before."""
        self.built = bool(coders or own)
        """Somebody had begun to build: plan and design are done, and approved where that was asked for."""
        self.done = frozenset(done.node for done in resumed.finished if done.round == resumed.round)
        """Nodes that came to their end in the round that broke off."""

    def count(self, node: str) -> int:
        """How often a node has come to its end."""
        return sum(done.node == node for done in self._resumed.finished)
