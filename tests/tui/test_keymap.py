"""The user's own keys: they do what the shipped ones did, everything shows them, and nothing loses a key."""

import pytest

from core import commands as c
from core.config import BadConfig
from tests.support import recordings as tapes
from tui.actions import ACTIONS
from tui.keymap import Keymap, can_change, read_keys


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"fly": "f5"}, "no action called fly.*heddle keys"),
        ({"moon": {"accept": "y"}}, "no place called moon"),
        ({"diffs": {"fly": "y"}}, "no action called fly in diffs"),
        ({"retry_node": "hyper+x"}, "'hyper.x', which is no key"),
        ({"retry_node": ""}, "'', which is no key"),
        ({"retry_node": []}, "has no key"),
        ({"help": "ctrl+i"}, "terminals send for Tab"),
        ({"help": "x"}, "what the prompt writes"),
        ({"recall": "ctrl+k"}, "what the prompt writes or edits with"),
        ({"help": "f3"}, "both anywhere.help and anywhere.focus_graph"),
        ({"diffs": {"accept": "r"}}, "both diffs.accept and diffs.reject"),
        ({"diffs": {"accept": "f1"}}, "both diffs.accept and anywhere.help"),
        ({"prompt": {"steer": "ctrl+r"}}, "both prompt.steer and anywhere.recall"),
        ({"take_up": "f11"}, "cannot be changed"),
        ({"choose": "y"}, "cannot be changed"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(table, words):
    with pytest.raises(BadConfig, match=words) as caught:
        read_keys(table)
    assert str(caught.value).startswith("The [keys] in config.toml cannot be used: ")
    assert str(caught.value).endswith(".")


def test_a_name_that_several_places_have_is_told_with_its_place():
    places = {(action.scope, action.name) for action in ACTIONS if can_change(action)}
    shared = [name for _, name in sorted(places)]
    name = next((name for name in shared if shared.count(name) > 1 and name != "send"), None)
    if name is None:
        scopes = {action.scope for action in ACTIONS if action.name == "retry"}
        assert scopes == {"anywhere"}
        return
    with pytest.raises(BadConfig, match="several places"):
        read_keys({name: "f20"})


def test_keys_are_read_as_people_write_them():
    keymap = read_keys({"help": ["F11", "Ctrl+L"], "diffs": {"accept": "y", "next_hunk": ">"}})
    keys = {(action.scope, action.name): action.keys for action in keymap.actions}
    assert keys["anywhere", "help"] == ("f11", "ctrl+l")
    assert keys["diffs", "next_hunk"] == ("greater_than_sign",)
    assert keymap.key("help") == "F11" and keymap.key("next_hunk", "diffs") == ">"


def test_two_actions_can_change_places():
    keymap = read_keys({"diffs": {"accept": "r", "reject": "a"}})
    assert keymap.key("accept", "diffs") == "r" and keymap.key("reject", "diffs") == "a"


async def test_the_new_key_does_it_the_old_one_does_not_and_everything_says_so(stage_of, caught_up):
    stage = stage_of(tapes.decide(), keymap=read_keys({"diffs": {"accept_all": "Y"}, "help": "f11"}))
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f4", "A")
        await pilot.pause()
        assert stage.commands == []
        await pilot.press("Y")
        await pilot.pause()
        assert stage.commands == [c.DecideChanges(verdict="accepted")]
        footer = texts(stage).split("\n")[-1]
        assert " Y accept all" in footer and " F11 help" in footer
        await pilot.press("f1")
        await pilot.pause()
        assert not stage.screen.query("#help")
        await pilot.press("f11")
        await pilot.pause()
        page = stage.screen.query_one("#help")
        lines = ["".join(span.text for span in page.line(y)) for y in range(page.virtual_size.height)]
        assert any(line.startswith("F11 ") and "Show every key" in line for line in lines)
        assert any(line.startswith("Y ") and "Accept everything" in line for line in lines)


async def test_places_changed_on_the_screen(stage_of, caught_up):
    keymap = read_keys({"diffs": {"accept_file": "x", "reject_file": "f"}})
    stage = stage_of(tapes.decide(), keymap=keymap)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f4", "x", "f")
        await pilot.pause()
        assert [command.verdict for command in stage.commands] == ["accepted", "rejected"]


async def test_the_prompt_reads_them_too(stage_of, caught_up):
    keymap = read_keys({"prompt": {"send": "ctrl+s", "steer": "alt+s", "newline": "enter"}})
    stage = stage_of(tapes.running(), keymap=keymap)
    async with stage.app.run_test() as pilot:
        await caught_up(pilot, stage)
        await pilot.press("a", "enter", "b", "ctrl+s")
        await pilot.pause()
        assert stage.commands == [c.SubmitRequest(text="a\nb", queue=True)]
        await pilot.press("c", "alt+s")
        await pilot.pause()
        assert stage.commands[1:] == [c.SendMessage(text="c")]
        assert "Ctrl+S queues" in texts(stage)


def test_without_a_table_every_key_is_the_shipped_one():
    keymap = Keymap()
    assert keymap.actions == ACTIONS and keymap.bindings == {}
    assert keymap.standing("prompt", "enter") == "enter"
