"""What the first frame is made of is made once, and is nothing else than it would be made twice."""

import asyncio

import pytest

from tests.tui.conftest import SUGGESTIONS, settle
from tui.app import HeddleApp
from tui.work import WorkScreen


async def starting():
    """The engine takes its time."""
    await asyncio.Event().wait()


@pytest.fixture
def app():
    return HeddleApp(starting, suggestions=SUGGESTIONS, project="api")


def styles_of(node):
    parts = {name: dict(part.base.get_rules()) for name, part in node._component_styles.items()}
    return repr((dict(node.styles.base.get_rules()), parts))


@pytest.mark.parametrize("size", [(50, 10), (80, 24), (120, 40), (200, 60)])
async def test_every_part_is_styled_as_it_is_mounted(app, size):
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        parts = list(app.screen.walk_children(with_self=True))
        first = {node: styles_of(node) for node in parts}
        app.stylesheet.update(app.screen)
        assert {node: styles_of(node) for node in parts} == first


async def test_no_part_is_styled_again_before_it_appears(app, monkeypatch):
    styled = []
    plain = app.stylesheet.update_nodes
    monkeypatch.setattr(
        app.stylesheet,
        "update_nodes",
        lambda nodes, **more: plain(styled.append(list(nodes)) or styled[-1], **more),
    )
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        whole = [
            nodes for nodes in styled if app.query_one("#prompt") in nodes and app.query_one("#tabs") in nodes
        ]
        assert not whole


class Early(WorkScreen):
    """Somebody goes to the diffs before anything was painted."""

    made = 0

    def on_mount(self):
        self.made = len(self.query("#diffs > *"))
        self.call_next(self.focus_pane, "diffs")


@pytest.mark.parametrize(("width", "made"), [(80, 0), (120, 0), (160, 3)])
async def test_diffs_that_nobody_sees_are_made_when_they_are_asked_for(app, width, made):
    app.get_default_screen = lambda: Early(starting, clock=app.clock)
    async with app.run_test(size=(width, 40)) as pilot:
        await settle(pilot)
        assert app.screen.made == made
        assert app.focused is app.query_one("#patch")
        assert [part.id for part in app.query_one("#diffs").children] == ["files", "patch", "seek-state"]
