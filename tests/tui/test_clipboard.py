"""Copying by OSC 52: exact bytes to the terminal, through tmux, up to what terminals take."""

import base64

import pytest

from tests.support import recordings as tapes
from tui.clipboard import MOST_BYTES, TooLong, clipboard_codes


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def held(code):
    return base64.b64decode(code.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode()


def test_the_code_holds_the_text():
    (code,) = clipboard_codes("grün\n\tund 10 €", {})
    assert code.startswith("\x1b]52;c;") and code.endswith("\x07") and held(code) == "grün\n\tund 10 €"


def test_through_tmux_it_is_wrapped_as_well():
    plain, wrapped = clipboard_codes("x", {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert wrapped == "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"


def test_what_is_pasted_into_a_shell_is_not_obeyed_there():
    (code,) = clipboard_codes("ls\x1b[201~\rrm -rf ~", {})
    assert held(code) == "ls␛[201~␍rm -rf ~"


def test_what_terminals_drop_is_refused():
    assert len(clipboard_codes("x" * MOST_BYTES, {})[0]) < 100_010
    with pytest.raises(TooLong, match="more than terminals take"):
        clipboard_codes("x" * (MOST_BYTES + 1), {})


@pytest.fixture
def told(stage_of, monkeypatch):
    """A screen, and what it writes to the terminal itself."""
    stage = stage_of(tapes.decide())
    codes = []
    monkeypatch.setattr(stage.app, "_tell_terminal", codes.append)
    return stage, codes


async def test_the_last_answer_and_the_diff_that_is_shown(told, caught_up):
    stage, codes = told
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("alt+c")
        await pilot.pause()
        assert held(codes[-1]).strip() == tapes.ANSWER.strip()
        assert "Copied the answer: " in texts(stage)
        await pilot.press("f4", "n", "alt+d")
        await pilot.pause()
        assert held(codes[-1]) == tapes.PATCH_TEST
        assert "Copied the diff of tests/test_health.py" in texts(stage)


async def test_what_is_too_long_is_said_and_nothing_is_written(told, caught_up, monkeypatch):
    stage, codes = told
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        before = list(codes)
        stage.screen.query_one("#prompt").text = "x" * (MOST_BYTES + 1)
        stage.screen.query_one("#prompt").select_all()
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert [code for code in codes if code not in before and "]52" in code] == []
        assert "more than terminals take" in texts(stage)


async def test_nothing_to_copy_is_said(stage_of, caught_up):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("alt+c")
        await pilot.pause()
        assert "Nothing was said yet" in texts(stage)
        await pilot.press("alt+d")
        await pilot.pause()
        assert "There is no diff yet" in texts(stage)
