"""Tool calls and thoughts unfold one by one, each in its own way."""

import pytest

from core import events as e
from core.view.items import ToolItem
from core.view.transcript import Transcript
from tests.support import recordings as tapes
from tui.edits import edited_lines
from tui.paint import plain
from tui.toolcards import draw_tool


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.fixture
def fold():
    """The one tool call of a tape, as the chat holds it."""

    def folded(tape):
        transcript = Transcript()
        for record in tape.records:
            transcript.apply(record)
        (item,) = (each for each in transcript.items if isinstance(each, ToolItem))
        return item

    return folded


@pytest.fixture
def records():
    tape = tapes.Tape().start().request().route().plan()
    tape.node("fast_coder")
    tape.tool("fast_coder", "read_file", '{"path":"a.py"}', "first output\nof two lines")
    tape.say("fast_coder", "I should look\nat the second line", kind="reasoning")
    tape.tool("fast_coder", "edit_file", '{"path":"a.py","old":"x = 1","new":"x = 2\\ny = 3"}', "Replaced 1.")
    tape.tool("fast_coder", "list_directory", "{}", "app/\nREADME.md (1,204)")
    return tape.records


async def test_the_keys_walk_over_what_folds_and_enter_opens_one(stage_of, caught_up, records):
    stage = stage_of(records)
    async with stage.app.run_test(size=(120, 50)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f2", "up", "enter")
        await pilot.pause()
        shown = texts(stage)
        assert "-x = 1" in shown
        assert "+y = 3" in shown
        assert "first output" not in shown
        assert "├ app/" not in shown
        await pilot.press("enter", "up", "space", "up", "enter")
        await pilot.pause()
        shown = texts(stage)
        assert "-x = 1" not in shown
        assert "at the second line" in shown
        assert "of two lines" in shown
        await pilot.press("escape", "z")
        assert stage.screen.query_one("#prompt").text == "z"
        assert stage.commands == []


async def test_a_click_opens_one_and_the_prompt_keeps_the_focus(stage_of, caught_up, records):
    stage = stage_of(records)
    async with stage.app.run_test(size=(120, 50)) as pilot:
        await caught_up(pilot, stage)
        row = next(y for y, line in enumerate(texts(stage).split("\n")) if "list_directory" in line)
        await pilot.click(offset=(10, row))
        await pilot.pause()
        assert "├ app/" in texts(stage)
        assert "└ README.md  1,204" in texts(stage)
        assert "first output" not in texts(stage)
        assert stage.screen.query_one("#prompt").has_focus
        await pilot.press("ctrl+o")
        await pilot.pause()
        assert "first output" in texts(stage)


def test_an_edit_is_told_by_its_arguments():
    assert edited_lines('{"edits":[{"old":"a","new":"b"},{"old":"c","new":""}]}') == ["-a", "+b", "-c"]
    assert edited_lines('{"path":"x","content":"one\\ntwo\\n"}') == ["+one", "+two"]
    assert edited_lines('{"path":"x","old":"cli') == []
    assert edited_lines('{"edits":"text"}') == []
    assert edited_lines('{"old":"\\u001b[2Jx"}') == ["-␛[2Jx"]


def test_hostile_arguments_stay_text():
    item = ToolItem("r1", "n", "r", "edit_file", "x", '{"old":"[bold]","new":"[/]"}', "ok", 1, "ok")
    assert [plain(line).strip() for line in draw_tool(item, 60, True)][1:] == ["-[bold]", "+[/]", "ok"]


def test_a_running_call_shows_the_end_of_what_it_has_printed(fold):
    tape = tapes.Tape().start().request().route().plan()
    tape.node("fast_coder")
    tape.tool("fast_coder", "run_command", '{"command":"make"}', end=False)
    (started,) = (record.event for record in tape.records if isinstance(record.event, e.ToolStarted))
    for number in range(9):
        tape.add(e.ToolOutput(**tape.at("fast_coder"), call=started.call, text=f"step {number}\x1b[2J\n"))
    item = fold(tape)
    assert [plain(line).strip() for line in draw_tool(item, 60)[1:]] == [f"step {n}␛[2J" for n in (6, 7, 8)]
    assert len(draw_tool(item, 60, full=True)) == 10
    end = e.ToolFinished(
        **tape.at("fast_coder"), call=started.call, tool="run_command", ok=True, duration_ms=9, output="all"
    )
    item = fold(tape.add(end))
    assert item.output == "all"
    assert len(draw_tool(item, 60)) == 1


def tool(name, output="", arguments="{}", state="ok"):
    return ToolItem("r1", "n", "r", name, "x", arguments, state, 31, output)


def drawn(*item, width=70):
    return [plain(line).rstrip() for line in draw_tool(tool(*item), width, True)]


def test_a_listing_is_a_tree_whose_branches_end_where_their_folder_does():
    output = "app/\n  core/\n    a.py (12)\n  b.py (1,204)\nREADME.md (9)\n(Ignored: .venv/.)"
    assert [line.removeprefix("      ") for line in drawn("list_directory", output)[1:]] == [
        "├ app/",
        "│ ├ core/",
        "│ │ └ a.py  12",
        "│ └ b.py  1,204",
        "└ README.md  9",
        "(Ignored: .venv/.)",
    ]


def test_hits_are_a_table_by_file():
    output = (
        "app/a.py:7: def health():\napp/a.py-8-     return 1\ntests/t.py:120: health()\n(Only the first 2.)"
    )
    assert [line.removeprefix("      ") for line in drawn("search_files", output)[1:]] == [
        "app/a.py",
        "   7 │ def health():",
        "   8 │     return 1",
        "tests/t.py",
        " 120 │ health()",
        "(Only the first 2.)",
    ]


def test_tests_say_which_failed_and_why():
    output = "Tests failed (pytest): 3 passed, 1 failed.\n- tests/t.py::test_a (tests/t.py:4): assert 1 == 2\n    > trace"
    assert [line.removeprefix("      ") for line in drawn("run_tests", output)[1:]] == [
        "✗ Tests failed (pytest): 3 passed, 1 failed.",
        "  ✗ tests/t.py::test_a (tests/t.py:4)  assert 1 == 2",
        "    > trace",
    ]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (("edit_file", "Replaced 1.", '{"old":"a\\nb","new":"c"}'), "+1 -2"),
        (("apply_patch", "Done.", '{"patch":"--- a/x\\n+++ b/x\\n@@ -1 +1 @@\\n-a\\n+b"}'), "+1 -1"),
        (("list_directory", "app/\n  a.py (3)\n(Ignored: x.)"), "2 entries"),
        (("search_files", "a.py:7: x\na.py-8- y\nb.py:1: x"), "2 hits in 2 files"),
        (("search_files", "No match."), "none"),
        (("run_tests", "Tests passed (pytest): 14 passed, 0 failed."), "14 passed"),
        (("run_tests", "Tests failed (pytest): 3 passed, 1 failed."), "3 passed, 1 failed"),
        (("run_tests", "The tests were not run: no tests were found."), "not run"),
        (("read_file", "1\timport json\n2\tx = 1"), "2 lines"),
        (("git_log", "1a2b3c4 2026-01-31 you  Begin\n"), "1 commit"),
        (("run_command", "Exit code 3.\nno", "{}", "failed"), "exit 3"),
        (("mcp_anything", "some text"), ""),
    ],
)
def test_a_folded_call_says_what_it_gave(item, said):
    line = plain(draw_tool(tool(*item), 80)[0])
    assert line.split("x", 1)[1].strip().removesuffix("31 ms").strip() == said
