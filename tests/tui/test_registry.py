"""Every action has a key, a palette entry and a help line, and each of them leads somewhere."""

import pytest

from tests.support import recordings as tapes
from tui.actions import ACTIONS, SCOPE_TITLES, key_name
from tui.help import HelpPage
from tui.palette import ActionProvider


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


async def test_every_action_has_a_key_a_palette_entry_and_a_help_line(stage_of, caught_up):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        entries = [(text, keys) for text, keys, _ in ActionProvider(stage.screen)._entries()]
        await pilot.press("f1")
        await pilot.pause()
        page = stage.screen.query_one(HelpPage)
        lines = ["".join(span.text for span in page.line(y)) for y in range(page.virtual_size.height)]
        helped = " ".join(" ".join(lines).split())
        for action in stage.app.keymap.actions:
            assert action.keys and all(action.keys), action.name
            shown = [keys for text, keys in entries if text == action.help]
            assert any(key_name(action.keys[0]) in keys for keys in shown), action.name
            assert action.help in helped, action.name
            assert SCOPE_TITLES[action.scope] in lines, action.scope


def test_a_key_has_a_name_that_people_know():
    for action in ACTIONS:
        for key in action.keys:
            name = key_name(key)
            assert "_" not in name.removesuffix("+_") and name.strip(), key


OPENED = {"inbox": "#inbox", "timeline": "#timeline", "settings": "#settings"}


@pytest.mark.parametrize("scope", OPENED)
async def test_what_is_done_elsewhere_is_gone_to(stage_of, caught_up, settled, tmp_path, scope):
    from core.preferences import Preferences

    stage = stage_of(tapes.committed(), sources={"preferences": Preferences(tmp_path, {})})
    action = next(action for action in ACTIONS if action.scope == scope and not action.palette)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        work = stage.screen
        await work.perform(action)
        await settled(pilot, lambda: bool(stage.screen.query(OPENED[scope])))
        assert f"{key_name(action.keys[0])} · {action.help}" in "".join(
            span.text for span in work.bar_content()
        )


async def test_what_the_prompt_does_is_said_there(stage_of, caught_up):
    stage = stage_of(tapes.running())
    action = next(action for action in ACTIONS if action.name == "steer")
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f3")
        await stage.screen.perform(action)
        await pilot.pause()
        assert stage.screen.focused.id == "prompt"
        assert "In the prompt: Ctrl+S" in texts(stage)


def test_the_footer_says_first_what_is_wanted_next():
    from tui.actions import offered

    facts = {"idle", "files", "open"}
    assert offered(("diffs", "anywhere"), facts)[0].name == "accept"
    assert "write" not in {action.name for action in offered(("diffs", "anywhere"), facts)}
    assert offered(("diffs", "anywhere"), facts | {"ready"})[0].name == "write"
    assert offered(("diffs", "anywhere"), facts | {"written"})[0].name == "undo"
    assert offered(("anywhere",), {"written", "ready"})[0].name not in ("write", "undo")
