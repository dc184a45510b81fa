"""The user's own keys: they do what the shipped ones did, everything shows them, and nothing loses a key."""

import ast
import re
from pathlib import Path

import pytest
from textual._xterm_parser import XTermParser

from core import commands as c
from core.config import BadConfig
from tests.support import recordings as tapes
from tui.actions import ACTIONS
from tui.keyboard import teach_keys
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
        ({"help": "alt+f"}, "terminals send for Ctrl.Right too"),
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
    assert [action.keys for action in keymap.actions] == [action.keys for action in ACTIONS]
    assert keymap.bindings == {}
    assert keymap.standing("prompt", "enter") == "enter"


ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?<![\w+])(F\d{1,2}|(Ctrl|Alt|Shift)\+\S|Tab|Space|Backspace|PgUp|PgDn)(?!\w)")
NAMES_KEYS = {"actions.py", "keymap.py"}


def sentences(path):
    """Every text of a module that is no comment on it."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def test_no_sentence_names_a_key_that_may_be_another():
    paths = [*ROOT.glob("tui/*.py"), *ROOT.glob("core/**/*.py"), ROOT / "cli" / "scripts.py"]
    found = [
        (path.name, text)
        for path in paths
        if path.name not in NAMES_KEYS
        for text in sentences(path)
        if NAMED.search(text)
    ]
    assert found == []


def test_every_key_that_a_sentence_asks_for_is_there():
    keymap = Keymap()
    asked = [
        text for path in ROOT.glob("tui/*.py") for text in sentences(path) if re.search(r"\{[a-z_]+", text)
    ]
    assert len(asked) > 20
    for text in asked:
        assert "{" not in keymap.fill(text) or path_like(text), text


def path_like(text):
    """A docstring's example is no sentence for the screen."""
    return "$" in text or "(?" in text


REBOUND = {
    "focus_diffs": "alt+4",
    "retry": "alt+t",
    "interrupt": "alt+i",
    "quit_now": "alt+q",
    "interrupt_or_quit": "alt+c",
    "copy_answer": "alt+a",
    "next_pane": "alt+n",
    "help": "f11",
    "prompt": {"send": "alt+s"},
    "inbox": {"approve": "y", "leave": "z", "mark": "m", "go": "g"},
    "cost": {"explain": "w"},
    "ledger": {"next_column": "f13", "export": "f14"},
    "diffs": {"accept": "y", "accept_all": "Y", "next_match": "s"},
    "sessions": {"put_back": "b"},
}


async def test_every_sentence_follows_the_users_keys(stage_of, caught_up, settled, library):
    stage = stage_of(tapes.decide(), library=library, keymap=read_keys(REBOUND))
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        await settled(pilot, lambda: "Next: Alt+4 reads the changes" in texts(stage))
        await pilot.press("alt+4", "w")
        await settled(pilot, lambda: "y accepts this hunk, Y accepts everything" in texts(stage))
        await pilot.press("slash", *"health", "enter")
        await settled(pilot, lambda: " s next P back" in texts(stage))
        await pilot.press("f2", "alt+c")
        await settled(pilot, lambda: "Press Alt+C again to quit. Alt+I stops a run" in texts(stage))
        await pilot.press("f7")
        await settled(
            pilot, lambda: "m marks · y approves · r refuses · g goes there · z goes back" in texts(stage)
        )
        await pilot.press("z", "f5", "l")
        await settled(
            pilot, lambda: "F13 sorts · Ctrl+R turns round · F14 exports · Esc goes back" in texts(stage)
        )
        await pilot.press("escape", "f11")
        page = stage.screen.query_one("#help")
        lines = "\n".join(
            "".join(span.text for span in page.line(y)) for y in range(page.virtual_size.height)
        )
        assert "Delete this session; b takes that back" in lines
        assert "Alt+I Alt+I" in lines and "Leave the replay; Alt+I does too" in lines
        await pilot.press("f11")
        await settled(pilot, lambda: not stage.screen.query("#help"))
        await pilot.press("f6")
        await settled(pilot, lambda: stage.screen.query("#sessions") and stage.screen.ready)
        await pilot.press("d")
        await settled(pilot, lambda: "b takes that back; its log is kept aside" in texts(stage))


@pytest.mark.parametrize(
    ("tape", "words"),
    [
        (tapes.empty, ("F11 shows every key", "↑ ↓ Alt+S, or click", "press Alt+S to play")),
        (tapes.running, ("Alt+S queues a request",)),
        (tapes.failed, ("Next: Alt+T goes on where it broke off",)),
        (tapes.question, ("Alt+N goes there",)),
        (tapes.shell, ("running, Alt+I stops it", " Alt+I end command ")),
    ],
)
async def test_every_state_says_the_users_keys(stage_of, caught_up, tape, words):
    stage = stage_of(tape(), keymap=read_keys(REBOUND))
    async with stage.app.run_test(size=(200, 60)) as pilot:
        await caught_up(pilot, stage)
        for said in words:
            assert said in texts(stage)


async def test_the_key_that_quits_does_so_in_a_dialog_and_the_shipped_one_no_longer(
    stage_of, caught_up, settled
):
    stage = stage_of(tapes.decide(), keymap=read_keys({"quit_now": "alt+q", "copy_diff": "ctrl+q"}))
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f1", "ctrl+q")
        assert stage.app.is_running and stage.screen.query("#help")
        await pilot.press("alt+q")
        await settled(pilot, lambda: not stage.app.is_running)


@pytest.mark.parametrize(("sent", "key"), [("4", "alt+4"), ("0", "alt+0"), ("-", "alt+-"), ("=", "alt+=")])
def test_alt_with_a_digit_is_what_the_table_calls_it(sent, key):
    teach_keys()
    (pressed,) = XTermParser(False).feed(f"\x1b{sent}")
    assert (pressed.key,) == read_keys({"help": key}).keys("help")
