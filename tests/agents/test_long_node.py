"""A node of very many turns: it grows neither slower, nor deeper, nor forgetful; and two edits of one turn do not race."""

import sys
from functools import partialmethod
from itertools import pairwise

import agents.guard
import agents.tooling
from core.events import FileChanged, ToolFinished
from core.limits import limits
from tests.support.foreign_bedrock import Reply
from tests.support.waiting import LONG

RESEARCHER = "You are the researcher"
SENIOR = "You are the senior coder"
EARLY, LATE = 10, 285
"""Turns whose work is compared."""


class Work:
    """What each turn of a node takes, counted and not timed."""

    def __init__(self, monkeypatch, works):
        self.depths, self.calls, self.records = [], {}, []
        self._turn = 0
        self._works = works
        self._attempt, self._carry_out = agents.guard.Guard._attempt, agents.tooling.carry_out
        monkeypatch.setattr(agents.guard.Guard, "_attempt", partialmethod(_within, self))
        monkeypatch.setattr(agents.tooling, "carry_out", self.carry_out)

    async def attempt(self, guard, *given):
        """A call of a model: the turn before it has ended."""
        sys.setprofile(None)
        self.records.append(len(self._works.told.events))
        self._turn += 1
        if self._turn in (EARLY, LATE):
            self.calls[self._turn] = 0
            sys.setprofile(self._count)
        async for event in self._attempt(guard, *given):
            yield event

    def _count(self, _frame, event, _arg):
        """Every function that the loop's thread calls in this turn, Strands' and ours."""
        self.calls[self._turn] += event == "call"

    async def carry_out(self, *given, **more):
        frame, count = sys._getframe(), 0
        while frame is not None:
            frame, count = frame.f_back, count + 1
        self.depths.append(count)
        return await self._carry_out(*given, **more)


async def _within(guard, work, *given):
    async for event in work.attempt(guard, *given):
        yield event


async def test_three_hundred_turns_in_a_row(works, foreign, monkeypatch):
    """Strands' loop recurses: left alone, each turn is deeper than the one before, and the 321st is the last. It also
    copies and traces the whole conversation for each call, which took twelve times as many calls at the end."""
    allowed, segments = limits().run.node_turns, limits().run.node_segments
    turns = allowed * segments
    assert turns == 300
    foreign.play(RESEARCHER, *[Reply("", (("read_file", {"path": "app.py"}),))] * (turns - 1), Reply("Seen."))
    monkeypatch.setattr(foreign, "objection", lambda _asked: None)  # it looks through the whole conversation
    work = Work(monkeypatch, works)
    works.patience = LONG
    told = await works()
    assert (told.end.status, told.end.answer, len(told.calls)) == ("done", "Seen.", turns)
    assert all(call.ok and not call.estimated for call in told.calls)

    first = work.depths[:allowed]
    assert first[-1] > first[0]
    for number in range(1, segments):
        segment = work.depths[number * allowed : (number + 1) * allowed]
        assert segment == first[: len(segment)], number

    assert work.calls[LATE] < 1.6 * work.calls[EARLY], work.calls
    grown = {after - before for before, after in pairwise(work.records[2:])}
    assert max(grown) <= 6, "a turn leaves as many records as any other"
    sizes = [asked.size for asked in foreign.requests]
    more = [after - before for before, after in pairwise(sizes)]
    assert max(more[1:]) < 1.5 * min(more[1:]), "each request says once more what is new, and nothing twice"

    last = foreign.requests[-1]
    assert last.turn == turns - 1 and "What does app.py do?" in str(last.messages[0])


async def test_two_edits_of_one_turn_do_not_race(works, foreign):
    """Strands runs the tools of a turn at once, unless told otherwise."""
    edits = tuple(
        ("edit_file", {"path": "app.py", "old": f"VALUE = {n}\n", "new": f"VALUE = {n + 1}\n"})
        for n in range(1, 6)
    )
    foreign.play(SENIOR, Reply("I edit.", edits), Reply("Done."))
    told = await works("@senior_coder Count up to six")
    assert [each.ok for each in told.of(ToolFinished) if each.tool == "edit_file"] == [True] * 5
    assert "+VALUE = 6" in told.of(FileChanged)[-1].patch
