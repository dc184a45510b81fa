"""Looking for a word in the diffs, by keys."""

import pytest

from tests.support import recordings as tapes


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.fixture
async def reading(stage_of, caught_up):
    stage = stage_of(tapes.hunks())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f4")
        yield stage, pilot, stage.screen.query_one("#diffs")


async def test_it_finds_while_one_types_and_goes_on_across_files_and_back(reading):
    stage, pilot, diffs = reading
    await pilot.press("slash", *"def")
    await pilot.pause()
    assert diffs.file.path == "app/cache.py"
    assert "“def” 1 of" in texts(stage)
    assert "in 3 files" in texts(stage)
    await pilot.press("enter")
    await pilot.pause()
    assert not stage.screen.query("#seek")
    assert stage.screen.focused is stage.screen.query_one("#patch")
    seen = [diffs.file.path]
    while seen[-1] == seen[0]:
        await pilot.press("N")
        seen.append(diffs.file.path)
    assert seen[-1] == "app/text.py"
    await pilot.press("P")
    assert diffs.file.path == "app/cache.py"


async def test_the_match_decides_which_hunk_a_key_is_for(reading):
    stage, pilot, diffs = reading
    await pilot.press("slash", *"monotonic", "enter")
    await pilot.pause()
    assert diffs.piece.id == "h3"
    await pilot.press("a")
    await pilot.pause()
    assert [command.hunks for command in stage.commands] == [("h3",)]


async def test_a_name_is_found_and_escape_forgets_the_word(reading):
    stage, pilot, diffs = reading
    await pilot.press("slash", *"logo")
    await pilot.pause()
    assert diffs.file.path == "logo.png"
    await pilot.press("escape")
    await pilot.pause()
    assert diffs.search is None
    assert "“logo”" not in texts(stage)
    assert stage.screen.focused is stage.screen.query_one("#patch")


async def test_nothing_found_is_said_and_the_word_stays_to_be_mended(reading):
    stage, pilot, diffs = reading
    await pilot.press("slash", *"zebra")
    await pilot.pause()
    assert "“zebra” is in no diff" in texts(stage)
    assert diffs.file.path == "app/cache.py"
    await pilot.press("enter", "slash")
    await pilot.pause()
    assert stage.screen.query_one("#seek").value == "zebra"


async def test_the_arrows_step_while_the_line_is_open_and_what_is_folded_unfolds(stage_of, caught_up):
    same = "".join(f" line {n}{' needle' if n == 20 else ''}\n" for n in range(1, 40))
    tape = tapes.Tape().start().request()
    tape.node("fast_coder")
    patch = f"--- a\n+++ b\n@@ -1,40 +1,41 @@\n+needle\n{same}+end needle\n"
    tape.change("fast_coder", "a.py", patch)
    stage = stage_of(tape.records)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f4", "slash", *"needle")
        await pilot.pause()
        assert "line 20" not in texts(stage)
        await pilot.press("down")
        await pilot.pause()
        assert "line 20 needle" in texts(stage)
        assert "2 of 3 here" in texts(stage)
        await pilot.press("up", "up")
        await pilot.pause()
        assert "3 of 3 here" in texts(stage)


async def test_what_was_found_is_marked_without_any_colour(reading):
    stage, pilot, _ = reading
    await pilot.press("slash", *"lock", "enter")
    await pilot.pause()
    patch = stage.screen.query_one("#patch")
    rows = [patch.line(y) for y in range(patch.virtual_size.height)]
    marked = [span.text for row in rows for span in row if "reverse" in span.ink]
    assert marked
    assert {text.lower() for text in marked} == {"lock"}
