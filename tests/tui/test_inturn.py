"""Keys that arrive in one piece, as over a slow line: each meets what the one before it opened."""

import time
from asyncio import BaseEventLoop

from textual import events

from core import commands as c
from tests.support import recordings as tapes

SIZE = (120, 40)


def burst(stage, *keys):
    for key in keys:
        name = {" ": "space", ",": "comma", "/": "slash"}.get(key, key)
        stage.app._driver.send_message(events.Key(name, key if len(key) == 1 else None))


async def test_a_word_to_a_node_is_no_row_of_commands(stage_of, caught_up, settled):
    """`s` would stop it, `p` pause it."""
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f3", "c", *"stop it, please", "enter")
        await settled(pilot, lambda: stage.commands)
        assert stage.commands == [c.SendMessage(text="stop it, please", node="fast_coder")]


async def test_a_machine_that_hardly_works_lets_no_key_go_early(stage_of, caught_up, settled, monkeypatch):
    """Each turn of its loop takes longer than a key may take; the line that `c` opens needs many."""
    monkeypatch.setattr("tui.inturn._LOOK_SECONDS", 0.001)
    turn, slow = BaseEventLoop._run_once, []

    def slowly(loop):
        if slow:
            time.sleep(slow.pop())
        turn(loop)

    monkeypatch.setattr(BaseEventLoop, "_run_once", slowly)
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        slow.extend([0.025] * 30)
        burst(stage, "f3", "c", *"stop it", "enter")
        await settled(pilot, lambda: stage.commands)
        assert stage.commands == [c.SendMessage(text="stop it", node="fast_coder")]


async def test_a_reason_decides_nothing_else(stage_of, caught_up, settled):
    """`a` would accept, `w` and `y` write."""
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f4", "c", *"always wary", "enter")
        await settled(pilot, lambda: stage.commands)
        [decided] = stage.commands
        assert (decided.verdict, decided.comment) == ("rejected", "always wary")


async def test_a_word_that_is_looked_for_is_no_row_of_commands(stage_of, caught_up, settled):
    stage = stage_of(tapes.hunks())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f4", "/", *"cache", "enter", "a")
        await settled(pilot, lambda: stage.commands)
        assert [decided.verdict for decided in stage.commands] == ["accepted"]
        assert not stage.screen.query("CommentLine")


async def test_a_screen_that_opens_takes_what_comes_after_its_key(stage_of, caught_up, settled):
    """In the help, `a` is nothing."""
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f4", "f1", "a", "escape", "r")
        await settled(pilot, lambda: stage.commands)
        assert [decided.verdict for decided in stage.commands] == ["rejected"]


async def test_a_yes_meets_its_question(stage_of, caught_up, settled):
    stage = stage_of(tapes.decided())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f4", "w", "y")
        await settled(pilot, lambda: stage.commands)
        assert [type(command) for command in stage.commands] == [c.ApplyChanges]


async def test_a_paste_waits_for_the_line_that_it_goes_into(stage_of, caught_up, settled):
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f3", "c")
        stage.app._driver.send_message(events.Paste("from the clipboard"))
        burst(stage, "enter")
        await settled(pilot, lambda: stage.commands)
        assert stage.commands == [c.SendMessage(text="from the clipboard", node="fast_coder")]


async def test_a_key_that_ends_the_program_leaves_no_error_behind(stage_of, caught_up):
    """It is still at work when the last screen is gone."""
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
    assert stage.app._screen_stack == []
    await stage.app._settle()
    assert not stage.app._under_way


async def test_a_decision_counts_for_what_the_key_before_it_brought_into_sight(stage_of, caught_up, settled):
    """No glide is under way when the next key comes."""
    body = "".join(f"@@ -{n},1 +{n},1 @@\n-a{n}\n+b{n}\n" for n in range(1, 4000, 20))
    tape = tapes.Tape().start().request()
    tape.node("fast_coder")
    tape.change("fast_coder", "a.py", f"--- a\n+++ b\n{body}")
    stage = stage_of(tape.records)
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        burst(stage, "f4", "end", "a", "home", "r")
        await settled(pilot, lambda: len(stage.commands) == 2)
        last, first = (int(command.hunks[0].removeprefix("h")) for command in stage.commands)
        assert last > 180
        assert first == 1
