"""Commands of the user's own in the prompt and in the chat, and going back to an earlier request."""

import pytest

from core import commands as c, events as e
from core.view.items import ShellItem
from tests.support import recordings as tapes
from tui.keymap import Keymap
from tui.paint import plain
from tui.toolcards import SHELL_LINES, draw_shell, shell_folds


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def begun(tape, command, id="s1"):
    tape.add(e.ShellStarted(id=id, command=command))
    return tape


def ended(tape, output, code=0, id="s1"):
    tape.add(e.ShellFinished(id=id, outcome="exited", output=output, duration_ms=40, exit_code=code))
    return tape


async def test_an_exclamation_mark_runs_a_command_and_is_shown_while_it_is_typed(stage_of, caught_up):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("!", "l", "s")
        await pilot.pause()
        assert "your command: it runs in the sandbox" in texts(stage)
        await pilot.press("enter")
        await pilot.pause()
        assert stage.commands == [c.RunShell(command="ls")]
        assert "your command" not in texts(stage)


async def test_escape_ends_the_command_before_it_stops_the_run(stage_of, caught_up):
    stage = stage_of(begun(tapes.Tape().start().request(), "sleep 9").records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        assert "running, Esc stops it" in texts(stage)
        assert "end command" in texts(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.commands == [c.StopShell(id="s1")]


async def test_what_it_printed_is_in_the_chat_as_it_was_printed(stage_of, caught_up):
    tape = begun(tapes.Tape().start(), "git status")
    ended(tape, "On branch [bold]main\n\x1b[31mred", 1)
    stage = stage_of(tape.records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        shown = texts(stage)
        assert "! git status" in shown
        assert "exit code 1" in shown
        assert "On branch [bold]main" in shown
        assert "␛[31mred" in shown


async def test_what_it_prints_is_shown_as_it_comes_and_its_end_takes_its_place(stage_of, caught_up):
    stage = stage_of(begun(tapes.Tape().start(), "make").records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        stage.port.happen(e.ShellOutput(id="s1", text="compiling [a]\n\x1b[2J"))
        stage.port.happen(e.ShellOutput(id="s1", text="linking\n"))
        await caught_up(pilot, stage)
        rows = texts(stage).split("\n")
        at = next(n for n, row in enumerate(rows) if "! make" in row)
        assert "running, Esc stops it" in rows[at]
        assert "compiling [a]" in rows[at + 1] and "␛[2Jlinking" in rows[at + 2]
        stage.port.happen(
            e.ShellFinished(id="s1", outcome="exited", output="all of it", duration_ms=4, exit_code=0)
        )
        await caught_up(pilot, stage)
        assert "all of it" in texts(stage) and "linking" not in texts(stage)


async def test_a_command_that_its_engine_took_along_does_not_run_for_ever(stage_of, caught_up):
    tape = begun(tapes.Tape().start(), "sleep 9")
    tape.add(e.SessionResumed(version="1", roster="current", backend="rehearsal", confinement="confined"))
    stage = stage_of(tape.records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        assert "running, Esc" not in texts(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert stage.commands == []


def test_the_end_of_a_long_output_is_shown_and_the_rest_unfolds():
    output = "\n".join(f"line {n}" for n in range(40))
    item = ShellItem("make", "ok", "", 5, output)
    folded = [plain(line) for line in draw_shell(item, 60, Keymap())]
    assert folded[1:3] == [f"  … {40 - SHELL_LINES} lines before", "  line 28"]
    assert folded[-1] == "  line 39"
    assert len(draw_shell(item, 60, Keymap(), True)) == 41
    one_more = ShellItem("make", "ok", "", 5, "\n".join("a" * (SHELL_LINES + 1)))
    assert plain(draw_shell(one_more, 60, Keymap())[1]) == "  … 1 line before"
    assert shell_folds(item)
    assert not shell_folds(ShellItem("ls", "ok", "", 5, "a\nb"))


# -- going back to an earlier request --------------------------------------------------------------


def with_a_step():
    tape = tapes.Tape().start().request("first thing").route().plan()
    who = tape.node("fast_coder")
    tape.add(e.StageCommitted(**who, commit="c1", paths=("a.py",), message="edit_file"))
    return tape.leave("fast_coder").finish()


@pytest.mark.parametrize(
    ("keys", "sent"), [(("enter",), [c.RewindStage(commit="start")]), (("down", "enter"), [])]
)
async def test_escape_twice_goes_back_to_a_request_and_takes_the_private_copy_along(
    stage_of, caught_up, keys, sent
):
    stage = stage_of(with_a_step().records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("escape", "escape")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert "Rewind to before it" in texts(stage)
        await pilot.press(*keys)
        await pilot.pause()
        assert stage.commands == sent
        assert stage.screen.query_one("#prompt").text == "first thing"


async def test_escape_leaves_prompt_and_copy_as_they_are(stage_of, caught_up):
    stage = stage_of(with_a_step().records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("escape", "escape")
        await pilot.pause()
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert stage.commands == []
        assert stage.screen.query_one("#prompt").text == ""
