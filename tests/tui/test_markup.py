"""Text that is not ours is never markup: not in a border, nor in a list of Textual's own either."""

import ast
from pathlib import Path

import pytest
from textual.command import CommandPalette

from core.ways import Tried
from tests.support import recordings as tapes
from tui.connecting import TryScreen
from tui.keymap import read_keys
from tui.picking import AskScreen, PickScreen, Row

EVIL = "[@click=app.quit]x[/] [red]y[/red] [$primary] \x1b[2J"
SHOWN = "[@click=app.quit]x[/] [red]y[/red] [$primary] ␛[2J"
ROOT = Path(__file__).parents[2]


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


async def tried():
    return Tried(False, EVIL, EVIL)


@pytest.mark.parametrize(
    "screen",
    [
        lambda: TryScreen(EVIL, tried, EVIL),
        lambda: PickScreen(EVIL, [Row(EVIL, EVIL, EVIL)], help=EVIL, moved=lambda _: EVIL),
        lambda: AskScreen(EVIL, EVIL, value="x", check=lambda _: EVIL),
    ],
)
async def test_a_dialogs_title_is_shown_as_it_is(stage_of, caught_up, settled, screen):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await stage.app.push_screen(screen())
        await settled(pilot, lambda: f"─ {SHOWN} ─" in texts(stage))
        assert "\x1b" not in texts(stage)


async def test_a_request_in_the_palette_is_shown_as_it_is(stage_of, caught_up, settled):
    stage = stage_of(tapes.empty(), suggestions=[EVIL])
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("ctrl+p", *"play [red")
        await settled(pilot, lambda: f"Play: {SHOWN}" in texts(stage))
        await pilot.press(*["backspace"] * 9, *"play")
        await settled(pilot, lambda: f"Play: {SHOWN}" in texts(stage))
        assert isinstance(stage.screen, CommandPalette)


async def test_a_key_that_looks_like_markup_is_shown_as_it_is(stage_of, caught_up, settled):
    keys = {"inbox": {"approve": "[", "refuse": "]", "mark": "/"}}
    stage = stage_of(tapes.waiting(), keymap=read_keys(keys))
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f7")
        await settled(pilot, lambda: "/ marks · [ approves · ] refuses" in texts(stage))


def test_no_border_takes_a_text_that_it_would_read_as_markup():
    unsafe = []
    for path in ROOT.glob("tui/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and "border_" in ast.unparse(node.targets[0]):
                value = ast.unparse(node.value)
                fixed = isinstance(node.value, ast.Constant) or value in ("_TITLE if typed else None",)
                if not fixed and not value.startswith("border_words("):
                    unsafe.append((path.name, ast.unparse(node)))
    assert unsafe == []
