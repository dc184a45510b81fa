"""Every action of the registry is driven by its own key, and does what it says.

One walk for each place: it presses the key of every action there, having made sure that its effect was not there
before. What the registry has and no walk drives fails.
"""

import pytest

from core import commands as c, events as e
from core.index import Asked
from core.preferences import Preferences
from core.rosters import ModelLine
from core.ways import Profile, Tried
from tests.support import recordings as tapes
from tests.support.shelves import Reel
from tui.actions import ACTIONS, SCOPE_TITLES
from tui.help import HelpScreen
from tui.inbox import InboxScreen
from tui.keeping import SessionsScreen
from tui.ledger import LedgerScreen
from tui.node import NodeScreen
from tui.playing import AT_ONCE
from tui.recall import RecallScreen
from tui.remodelling import ModelScreen
from tui.replay import ReplayScreen
from tui.replayapp import ReplayApp
from tui.rerouting import RoutesScreen
from tui.settings import SettingsScreen
from tui.sources import Rosters, Ways
from tui.themepick import ThemeScreen
from tui.timeline import TimelineScreen


class Walk:
    """One place, and the actions of it that were driven."""

    def __init__(self, app, pilot, settled, scope, port=None):
        self.app, self.pilot, self.settled, self.scope, self.port = app, pilot, settled, scope, port
        self.missing = {action.name for action in ACTIONS if action.scope == scope}

    @property
    def screen(self):
        return self.app.screen

    @property
    def board(self):
        return self.app.screen_stack[0]

    @property
    def sent(self):
        """The command that was given last."""
        return self.port.commands[-1] if self.port.commands else None

    @property
    def text(self):
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())

    def is_at(self, kind):
        return lambda: isinstance(self.screen, kind)

    def sends(self, command):
        return lambda: self.sent == command

    def shows(self, words):
        return lambda: words in " ".join(self.text.split())

    async def does(self, name, effect):
        """Press the action's key: only then is its effect there."""
        action = next(one for one in ACTIONS if (one.scope, one.name) == (self.scope, name))
        await self.pilot.pause()
        assert not effect(), f"{name}: it is so before the key is pressed"
        await self.pilot.press(*("5" if action.keys[0] == "0-9" else action.keys[0]).split())
        await self.settled(self.pilot, effect)
        self.missing.discard(name)

    async def press(self, *keys, until=lambda: True):
        """What leads to the next action, and is none that is looked at here."""
        await self.pilot.press(*keys)
        await self.settled(self.pilot, until)


async def walk_prompt(walk):
    prompt, chat = walk.board.query_one("#prompt"), walk.board.query_one("#chat")
    await walk.press(*"a")
    await walk.does("newline", lambda: prompt.text == "a\n")
    await walk.does("undo_typing", lambda: prompt.text == "a")
    await walk.does("redo_typing", lambda: prompt.text == "a\n")
    await walk.press(*"b")
    await walk.does("send", walk.sends(c.SubmitRequest(text="a\nb", queue=True)))
    await walk.press(*"now")
    await walk.does("steer", walk.sends(c.SendMessage(text="now")))
    await walk.does("shell", walk.shows("your command: it runs in the sandbox"))
    await walk.press("backspace")
    end = chat.max_scroll_y
    await walk.does("scroll_chat_up", lambda: chat.scroll_offset.y < end)
    await walk.does("scroll_chat_down", lambda: chat.scroll_offset.y == end)


async def walk_chat(walk):
    chat = walk.board.query_one("#chat")
    await walk.press("f2")
    last = chat.current
    await walk.does("previous_item", lambda: chat.current < last)
    await walk.does("next_item", lambda: chat.current == last)
    await walk.does("toggle_item", lambda: chat._turned == {last})
    await walk.does("to_prompt", lambda: walk.screen.focused.id == "prompt")


async def walk_anywhere(walk):
    app, board, focused = walk.app, walk.board, lambda id: lambda: walk.screen.focused.id == id
    port, gone = walk.port, []
    app.exit = lambda *_, **more: gone.append(more.get("return_code", 0))
    for name, target in (("graph", "graph"), ("diffs", "patch"), ("cost", "cost"), ("chat", "prompt")):
        await walk.does(f"focus_{name}", focused(target))
    await walk.does("next_pane", focused("graph"))
    await walk.does("previous_pane", focused("prompt"))
    await walk.does("unfold", lambda: board.query_one("#chat")._full)
    kinds = {"inbox": InboxScreen, "timeline": TimelineScreen, "themes": ThemeScreen, "help": HelpScreen}
    kinds |= {"settings": SettingsScreen, "reroute": RoutesScreen, "recall": RecallScreen}
    for name, kind in (kinds | {"sessions": SessionsScreen}).items():
        await walk.does(name, walk.is_at(kind))
        await walk.press("escape", until=lambda: walk.screen is board)
    await walk.does("palette", lambda: type(walk.screen).__name__ == "CommandPalette")
    await walk.press("escape", until=lambda: walk.screen is board)
    await walk.does("copy_answer", walk.shows("Copied the answer"))
    await walk.does("copy_diff", walk.shows("Copied the diff of"))
    await walk.does("edit", walk.shows("An editor cannot be opened from here"))
    await walk.does("suspend", walk.shows("no shell behind this screen"))
    port.happen(e.ShellStarted(id="s1", command="make"))
    await walk.press(until=lambda: board.view.head.shells == ["s1"])
    await walk.does("end_command", walk.sends(c.StopShell(id="s1")))
    port.happen(e.ShellFinished(id="s1", outcome="stopped", output="", duration_ms=1))
    await walk.press(until=lambda: not board.view.head.shells)
    await walk.does("interrupt", walk.sends(c.InterruptRun()))
    await walk.does("detach", lambda: walk.sent == c.KeepWorking() and gone[-1] == -1)
    port.play(*tapes.interrupted()[-2:])
    await walk.press(until=lambda: not board.view.head.busy)
    await walk.does("take_up", walk.shows("take up an earlier request"))
    await walk.press("escape", until=lambda: walk.screen is board)
    await walk.does("retry", walk.sends(c.ResumeRun()))
    await walk.does("interrupt_or_quit", walk.shows("Press Ctrl+C again to quit"))
    left = len(gone)
    await walk.does("quit_now", lambda: len(gone) > left)


async def walk_diffs(walk):
    await walk.press("f4")
    diffs, view = walk.board.query_one("#diffs"), walk.board.query_one("#patch")

    def decided(verdict, *hunks, path="app/cache.py"):
        return walk.sends(c.DecideChanges(verdict=verdict, paths=(path,), hunks=hunks or None))

    await walk.does("reject", decided("rejected", "h1"))
    await walk.does("accept", decided("accepted", "h3"))
    await walk.does("undecide", decided("undecided", "h3"))
    await walk.does("accept_file", decided("accepted"))
    await walk.does("reject_file", decided("rejected"))
    await walk.does("accept_all", walk.sends(c.DecideChanges(verdict="accepted")))
    await walk.does("previous_hunk", lambda: diffs.piece.id == "h2")
    await walk.does("next_hunk", lambda: diffs.piece.id == "h3")
    rows = view.virtual_size.height
    await walk.does("toggle_context", lambda: view.virtual_size.height < rows)
    await walk.press("z")
    await walk.does("toggle_authors", walk.shows("senior_coder - value"))
    await walk.press("b")
    await walk.does("toggle_pairs", lambda: any(row.count("def get") > 1 for row in walk.text.split("\n")))
    await walk.press("v")
    await walk.does("comment", lambda: bool(walk.screen.query("#comment")))
    await walk.press("escape", until=lambda: walk.screen.focused is view)
    await walk.does("search", lambda: bool(walk.screen.query("#seek")))
    await walk.press(*"def", "enter", until=lambda: walk.screen.focused is view)
    here = walk.screen.query_one("#seek-state")._said
    await walk.does("next_match", lambda: walk.screen.query_one("#seek-state")._said != here)
    await walk.does("previous_match", lambda: walk.screen.query_one("#seek-state")._said == here)
    await walk.does("write", walk.shows("Write 1 file"))
    await walk.press("n")
    path = diffs.file.path
    await walk.does("next_file", lambda: diffs.file.path != path)
    await walk.does("previous_file", lambda: diffs.file.path == path)
    await walk.press("p", until=lambda: diffs.file.path == "app/page.py")
    await walk.does("take_mine", walk.sends(c.ResolveConflict(path="app/page.py", take="project")))
    await walk.does("take_theirs", walk.sends(c.ResolveConflict(path="app/page.py", take="stage")))
    walk.port.happen(e.ChangeApplied(path="app/cache.py", apply="a1"))
    await walk.press(until=lambda: any(f.place == "applied" for f in walk.board.view.changes.files.values()))
    await walk.does("undo", walk.shows("Take back"))


async def walk_finding(walk):
    await walk.press("f4", "slash", *"def", until=walk.shows("“def” 1 of"))
    first = walk.screen.query_one("#seek-state")._said
    await walk.does("step_found", lambda: walk.screen.query_one("#seek-state")._said != first)
    await walk.does("keep_found", lambda: walk.screen.focused.id == "patch")
    await walk.press("slash", until=lambda: bool(walk.screen.query("#seek")))
    await walk.does("forget_found", lambda: "“def”" not in walk.text)


async def walk_reason(walk):
    await walk.press("f4", "c", *"no", until=lambda: bool(walk.screen.query("#comment")))
    await walk.does("leave_reason", lambda: not walk.screen.query("#comment"))
    assert not walk.port.commands
    await walk.press("c", *"no", until=lambda: bool(walk.screen.query("#comment")))
    wanted = c.DecideChanges(verdict="rejected", paths=("app/cache.py",), hunks=("h1",), comment="no")
    await walk.does("give_reason", walk.sends(wanted))


async def walk_question(walk):
    await walk.does("choose", walk.sends(c.AnswerQuestion(id="q1", answer="start it")))


async def walk_sessions(walk):
    await walk.press("f6", until=lambda: getattr(walk.screen, "ready", False))
    screen = walk.screen

    def at(id):
        return lambda: screen.sessions.entry is not None and screen.sessions.entry.id == id

    await walk.press(until=at("login"))
    for key, id in (("last", "store"), ("first", "login"), ("next", "store"), ("previous", "login")):
        await walk.does(f"{key}_session", at(id))
    await walk.does("page_down", at("store"))
    await walk.does("page_up", at("login"))
    for name in ("rename", "export"):
        await walk.does(name, lambda: bool(screen.query("#asked")))
        await walk.press("escape", until=lambda: not screen.query("#asked"))
    await walk.does("search", lambda: screen.focused.id == "sought")
    await walk.press("escape", until=lambda: screen.focused is screen.sessions)
    await walk.does("read", lambda: walk.screen.has_class("-past"))
    await walk.press("escape", until=lambda: walk.screen is screen)
    await walk.does("replay", walk.is_at(ReplayScreen))
    await walk.press("q", until=lambda: walk.screen is screen)
    await walk.does("delete", walk.shows("is deleted. u takes that back"))
    await walk.does("put_back", walk.shows("is back."))
    await walk.does("leave", lambda: walk.screen is walk.board)
    await walk.press("f6", until=lambda: getattr(walk.screen, "ready", False))
    await walk.press("end", until=lambda: walk.screen.sessions.entry.id == "store")
    await walk.does("resume", walk.shows("Its last run broke off"))


async def walk_replay(walk):
    screen = walk.screen
    position = lambda: screen.replay.position  # noqa: E731
    await walk.does("begin", lambda: position() == 0)
    await walk.does("step_on", lambda: position() == 1)
    await walk.does("step_back", lambda: position() == 0)
    for kind in ("decision", "failure", "handoff", "spike"):
        here = position()
        await walk.does(f"next_{kind}", lambda here=here: position() > here)
        first = position()
        last = next(mark.position for mark in reversed(screen.replay.marks) if mark.kind == kind)
        if last == first:
            await walk.press("end", until=lambda: position() == len(screen.replay.records))
            await walk.does(f"last_{kind}", lambda last=last: position() == last)
        else:
            await walk.press(
                ACTION_KEYS["replay", f"next_{kind}"], until=lambda first=first: position() > first
            )
            await walk.does(f"last_{kind}", lambda first=first: position() == first)
        await walk.press("home", until=lambda: position() == 0)
    await walk.does("go_to_part", lambda: position() > 1)
    await walk.does("end", lambda: position() == len(screen.replay.records))
    await walk.does("slower", lambda: screen.speed != AT_ONCE)
    await walk.does("faster", lambda: screen.speed == AT_ONCE)
    await walk.press(*["minus"] * 9, "home", until=lambda: position() == 0)
    await walk.does("play_pause", lambda: screen.playing)
    await walk.does("leave_replay", lambda: walk.app._exit or walk.app.screen is not screen)


async def walk_graph(walk):
    pane = walk.board.query_one("#graph")
    await walk.press("f3")
    await walk.does("next_node", lambda: pane.node.name == "test_engineer")
    await walk.does("previous_node", lambda: pane.node.name == "fast_coder")
    await walk.does("pause", walk.sends(c.PauseNode(node="fast_coder")))
    await walk.does("stop_node", walk.sends(c.StopNode(node="fast_coder")))
    await walk.does("retry_node", walk.sends(c.RetryNode(node="fast_coder")))
    await walk.does("toggle_list", lambda: pane.as_list)
    for name, kind in (("open_node", NodeScreen), ("change_model", ModelScreen)):
        await walk.does(name, walk.is_at(kind))
        await walk.press("escape", until=lambda: walk.screen is walk.board)
    await walk.does("say", lambda: bool(walk.screen.query("#asking")))


async def walk_timeline(walk):
    await walk.press("f8", "down", until=walk.is_at(TimelineScreen))
    await walk.does("rewind", walk.shows("Rewind to this point?"))


async def walk_cost(walk):
    pane = walk.board.query_one("#cost")
    await walk.press("f5")
    await walk.does("explain", lambda: pane._why)
    await walk.does("widen", lambda: pane._whole)
    await walk.does("export_ledger", lambda: "/written/heddle-" in "".join(walk.text.split()))
    await walk.does("ledger", walk.is_at(LedgerScreen))


async def walk_ledger(walk):
    await walk.press("f5", "l", until=walk.is_at(LedgerScreen))
    ledger = walk.screen._ledger
    before = ledger.by
    await walk.does("next_column", lambda: ledger.by != before)
    await walk.does("previous_column", lambda: ledger.by == before)
    order = list(ledger.shown)
    await walk.does("turn_round", lambda: ledger.shown != order)
    await walk.does("export", lambda: "/written/heddle-" in "".join(walk.text.split()))
    await walk.does("close", lambda: walk.screen is walk.board)


async def walk_inbox(walk):
    await walk.press("f7", until=walk.is_at(InboxScreen))
    found = walk.screen.query_one("#inbox")
    await walk.does("mark", lambda: len(found.marked) == 1)
    await walk.does("refuse", walk.sends(c.AnswerQuestion(id="q1", answer="9090")))
    await walk.does("approve", walk.sends(c.DecideProposal(id="g1", verdict="accepted")))
    await walk.press("end", *["down"] * 9)
    await walk.does("mark_alike", lambda: len(found.marked) > 1)
    await walk.does("leave", lambda: walk.screen is walk.board)
    await walk.press("f7", "down", "down", until=walk.is_at(InboxScreen))
    await walk.does("go", lambda: walk.screen is walk.board and walk.screen.focused.id == "patch")


async def walk_settings(walk):
    async def to(name):
        await walk.press("home")
        while walk.screen.setting.name != name:
            await walk.press("down")

    await walk.press("f12", until=walk.is_at(SettingsScreen))
    await to("bell")
    first = walk.screen.setting.value
    await walk.does("change_setting", lambda: walk.screen.setting.value != first)
    await walk.does("reset_setting", lambda: walk.screen.setting.value == first)
    await walk.does("find_setting", lambda: bool(walk.screen.query("#seek")))
    await walk.press("escape", until=lambda: walk.screen.focused.id == "picks")
    await walk.does("leave_settings", lambda: walk.screen is walk.board)
    for name, title in (("connect", "connect real models"), ("roster", "dollars per million tokens")):
        await walk.press("f12", until=walk.is_at(SettingsScreen))
        await walk.does(name, walk.shows(title))
        await walk.press("escape", until=lambda: walk.screen is walk.board)


ACTION_KEYS = {(action.scope, action.name): action.keys[0] for action in ACTIONS}
SIZE = (120, 40)
LINE = ModelLine("router", "m", "M", 1, "1", "2", 200_000, False, None, 64_000, True, True, True)


def working():
    """A run at work with an answer, tool calls, changes, and steps of the private copy."""
    return (
        tapes.Tape(records=tapes.feedback())
        .add(
            e.StageCommitted(
                run="r1", node="fast_coder", role="fast_coder", commit="c1", paths=("a",), message="edit"
            )
        )
        .records
    )


PLACES = {
    "prompt": (walk_prompt, working),
    "chat": (walk_chat, working),
    "anywhere": (walk_anywhere, tapes.running),
    "diffs": (walk_diffs, tapes.hunks),
    "finding": (walk_finding, tapes.hunks),
    "reason": (walk_reason, tapes.hunks),
    "question": (walk_question, tapes.question),
    "sessions": (walk_sessions, tapes.empty),
    "graph": (walk_graph, tapes.feedback),
    "timeline": (walk_timeline, tapes.committed),
    "cost": (walk_cost, tapes.decide),
    "ledger": (walk_ledger, tapes.decide),
    "inbox": (walk_inbox, tapes.waiting),
    "settings": (walk_settings, tapes.decide),
}


def sources_in(folder):
    """Everything that the screen may ask for."""

    async def asked():
        return [Asked("an earlier request", tapes.SESSION, "2026-01-30T00:00:00Z", "/p")]

    async def lines(*_):
        return [LINE]

    async def attempt(*_):
        return Tried(True, "It works.")

    async def keep(*_):
        return ""

    return {
        "recall": asked,
        "preferences": Preferences(folder, {}),
        "rosters": Rosters(lines, lines, keep),
        "ways": Ways(lambda: [Profile("default", "us-east-1", "access key")], attempt, attempt),
        "export": lambda name, text: folder / "written" / name,
    }


@pytest.mark.parametrize("scope", [scope for scope in SCOPE_TITLES if scope != "replay"])
async def test_every_action_does_by_its_key_what_it_says(
    stage_of, library, caught_up, settled, tmp_path, scope, monkeypatch
):
    monkeypatch.setattr("tui.leaving.shell_behind", lambda: False)  # else the tests would be stopped
    walk_there, records = PLACES[scope]
    stage = stage_of(records(), library, sources=sources_in(tmp_path))
    async with stage.app.run_test(size=SIZE) as pilot:
        await caught_up(pilot, stage)
        walk = Walk(stage.app, pilot, settled, scope, stage.port)
        await walk_there(walk)
        assert not walk.missing


async def test_every_action_of_a_replay_does_by_its_key_what_it_says(settled):
    from tests.tui.test_replaying import MIXED

    app = ReplayApp(Reel(MIXED), AT_ONCE, connect=None, frame=0.0)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, lambda: app.screen.loaded and not app.screen.playing)
        walk = Walk(app, pilot, settled, "replay")
        await walk_replay(walk)
        assert not walk.missing
