"""What is seen can be clicked: panes, tabs, files, hunks, nodes and footer; and the mouse can be switched off."""

from argparse import Namespace

import pytest

from tests.support import recordings as tapes


def lines(stage):
    return [strip.text for strip in stage.screen._compositor.render_strips()]


def place(stage, words, after=0):
    """Column and row where the words stand."""
    rows = lines(stage)
    y = next(y for y, line in enumerate(rows) if words in line[after:])
    return rows[y].index(words, after) + 1, y


async def test_a_pane_is_gone_to(stage_of, caught_up):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        for pane, target in (("cost", "#cost"), ("diffs", "#patch"), ("graph", "#graph")):
            await pilot.click(target, offset=(30, 2))
            await pilot.pause()
            assert f"#{stage.screen.focused.id}" == target, pane


async def test_a_node_is_chosen_and_a_second_click_opens_it(stage_of, caught_up, settled):
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3")
        await pilot.pause()
        for name in ("code_reviewer", "test_engineer"):
            region = stage.screen.query_one("#graph").region
            x, y = place(stage, name, region.x)
            await pilot.click(offset=(x + 2, y))
            await pilot.pause()
            assert stage.screen.query_one("#graph").node.name == name
        await pilot.click(offset=(x + 2, y))
        await settled(pilot, lambda: bool(stage.screen.query("#node")))


async def test_between_the_nodes_nothing_is_chosen(stage_of, caught_up):
    stage = stage_of(tapes.feedback())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3", "down")
        before = stage.screen.query_one("#graph").node.name
        graph = stage.screen.query_one("#graph")
        await pilot.click("#graph", offset=(graph.size.width - 1, graph.region.height - 2))
        await pilot.pause()
        assert stage.screen.query_one("#graph").node.name == before


async def test_a_file_and_a_hunk_are_gone_to(stage_of, caught_up):
    stage = stage_of(tapes.hunks())
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f4")
        await pilot.pause()
        left = stage.screen.query_one("#diffs").region.x
        await pilot.click(offset=place(stage, "hunk 2 of 3", left))
        await pilot.pause()
        assert stage.screen.query_one("#patch").piece == 1
        await pilot.click(offset=place(stage, "app/page.py", left))
        await pilot.pause()
        assert stage.screen.query_one("#diffs").file.path == "app/page.py"


@pytest.mark.parametrize("mouse", [True, False])
def test_the_mouse_is_the_terminals_when_it_is_switched_off(config_of, monkeypatch, mouse):
    from cli.front import open_app
    from cli.screen import EngineProcess, Engines
    from tui.app import HeddleApp

    given = {}
    monkeypatch.setattr(HeddleApp, "run", lambda self, **more: given.update(more))
    world = config_of(f"mouse = {str(mouse).lower()}\nreduced_motion = true\n")
    open_app(
        world,
        Namespace(command=None, roster=None, project=None, scenario=None),
        Engines(EngineProcess(world, Namespace(), None)),
    )
    assert given["mouse"] is mouse


@pytest.fixture
def config_of():
    """A world whose config.toml says this."""
    import os

    from cli.world import World
    from core.config import load_config
    from core.paths import find_home

    def make(text):
        home = find_home()
        home.config.mkdir(parents=True)
        (home.config / "config.toml").write_text(text)
        return World(home, load_config(home.config, os.environ), os.environ)

    return make


async def test_with_reduced_motion_no_clock_ticks_and_nothing_is_animated(stage_of, caught_up):
    for reduced in (False, True):
        stage = stage_of(tapes.running(), reduced_motion=reduced)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            assert (stage.screen._ticking is None) is reduced
            assert stage.app.animation_level == ("none" if reduced else "full")
