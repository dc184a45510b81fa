"""A budget that would be crossed: in the bar, in the inbox and at its node; every choice is one key away."""

import pytest

from core import commands as c, events as e
from tests.support import recordings as tapes
from tui.bar import Bar

TEXT = "The next call of fast_coder could cross the budget of $0.05."
CHOICES = ("raise it to $0.10", "go on with Nova Lite", "finish now", "stop")
OTHER = e.QuestionAsked(id="q8", run="r1", text="Which port?", choices=("8080", "9090"))


def crossing():
    tape = tapes.Tape(records=tapes.running())
    at = tape.at("fast_coder")
    tape.add(
        OTHER,
        e.NodePaused(**at, reason="Its next call could cross the budget of $0.05.", by="heddle"),
        e.QuestionAsked(**at, id="q9", text=TEXT, choices=CHOICES, kind="budget", detail="left: $0.01"),
    )
    return tape.records


@pytest.mark.parametrize("number", range(4))
async def test_each_choice_is_reached_through_the_inbox(number, stage_of, caught_up):
    """It is the second question that waits: the bar goes to the one that was chosen."""
    stage = stage_of(crossing())
    async with stage.app.run_test(size=(140, 44)) as pilot:
        await caught_up(pilot, stage)
        assert stage.screen.query_one(Bar).question.id == "q8"
        await pilot.press("f7", "down", "enter")
        await pilot.pause()
        bar = stage.screen.query_one(Bar)
        assert (bar.question.id, bar.has_focus) == ("q9", True)
        shown = "".join(span.text for line in bar.compose_lines(120) for span in line)
        assert "The budget" in shown and TEXT in shown and "left: $0.01" in shown
        await pilot.press(str(number + 1))
        await pilot.pause()
        assert stage.commands == [c.AnswerQuestion(id="q9", answer=CHOICES[number])]


async def test_the_node_says_why_it_waits_and_the_question_goes_when_it_is_answered(stage_of, caught_up):
    stage = stage_of(crossing())
    async with stage.app.run_test(size=(140, 44)) as pilot:
        await caught_up(pilot, stage)
        node = stage.screen.view.graph.nodes["fast_coder"]
        assert node.paused == "Its next call could cross the budget of $0.05."
        assert [entry.key for entry in stage.screen.view.inbox if entry.kind == "question"] == ["q8", "q9"]
        at = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
        stage.port.happen(e.QuestionAnswered(id="q9", answer=CHOICES[0], by="user"))
        stage.port.happen(e.BudgetRaised(**at, scope="run", from_usd="0.05", to_usd="0.10"))
        stage.port.happen(e.NodeResumed(**at, by="heddle"))
        await caught_up(pilot, stage)
        assert node.paused == ""
        assert stage.screen.query_one(Bar).question.id == "q8"
