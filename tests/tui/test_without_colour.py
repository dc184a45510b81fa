"""No state is told by its colour alone: what looks alike without colours has the same colour as well."""

from itertools import combinations
from typing import get_args

import pytest

from core.events import ChangeKind, RunStatus, Verdict
from core.view.items import ToolState
from core.view.session import SessionView
from tests.support import recordings as tapes
from tui.verdicts import KIND_LETTERS, VERDICTS, file_state
from tui.wording import RUN_WORDS, STATE_MARKS, TOOL_MARKS

TABLES = {
    "nodes": {state: (mark, ink) for state, (mark, ink) in STATE_MARKS.items()},
    "tools": {state: (mark, ink) for state, (mark, ink) in TOOL_MARKS.items()},
    "runs": {state: (words, ink) for state, (words, ink) in RUN_WORDS.items()},
    "kinds of change": {kind: (letter, ink) for kind, (letter, ink) in KIND_LETTERS.items()},
    "verdicts": {verdict: (mark, ink) for verdict, (mark, ink, _) in VERDICTS.items()},
}


@pytest.mark.parametrize("table", TABLES)
def test_a_colour_tells_nothing_that_its_sign_does_not(table):
    states = TABLES[table]
    assert all(sign.strip() for sign, _ in states.values())
    alike = [
        (one, other)
        for one, other in combinations(states, 2)
        if states[one][0] == states[other][0] and states[one][1] != states[other][1]
    ]
    assert alike == []


def test_the_tables_have_every_state():
    assert set(TABLES["tools"]) == set(get_args(ToolState))
    assert set(TABLES["runs"]) == set(get_args(RunStatus))
    assert set(TABLES["kinds of change"]) == set(get_args(ChangeKind))
    assert set(TABLES["verdicts"]) == set(get_args(Verdict))


def test_every_state_of_a_file_has_a_mark_and_words():
    told = {}
    for tape in (tapes.hunks, tapes.decide, tapes.decided, tapes.applied):
        view = SessionView()
        for record in tape():
            view.apply(record)
            for file in view.changes.files.values():
                mark, ink, words = file_state(file)
                assert words
                told.setdefault((mark, words), set()).add(ink)
    assert len(told) >= 4
    assert [state for state, inks in told.items() if len(inks) > 1] == []
