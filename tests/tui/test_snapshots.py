"""Pictures of every state: at the three sizes in the dark theme, and in each other theme; of those with every ink larger."""

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Input

from core import events as e
from core.counterfactual import OneModel
from core.index import Spell
from core.money import to_pico
from core.preferences import Preferences
from core.prices import load_prices
from core.rosters import ModelLine
from core.spending import Elsewhere
from core.ways import Profile, Tried
from tests.support import recordings as tapes
from tests.support.shelves import Reel
from tests.tui.conftest import frozen
from tui.ink import _GROUNDS, _INKS, Palette
from tui.paint import plain
from tui.playing import AT_ONCE
from tui.replayapp import ReplayApp
from tui.sources import Rosters, Ways
from tui.theme import DARK
from tui.themes import THEMES

SIZES = {"80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
OTHERS = [name for name in THEMES if name != DARK.name]
looks = pytest.mark.parametrize(
    ("size", "theme"),
    [
        *(pytest.param(size, DARK.name, id=size) for size in SIZES),
        *(pytest.param("80x24", theme, id=theme.removeprefix("heddle-")) for theme in OTHERS),
    ],
)
STATES = {
    "empty": (tapes.empty, ()),
    "running": (tapes.running, ()),
    "feedback": (tapes.feedback, ("f3",)),
    "decide": (tapes.decide, ("f4",)),
    "confirm": (tapes.decided, ("f4", "w")),
    "finished": (tapes.decide, ("f5",)),
    "written": (tapes.applied, ()),
    "failed": (tapes.failed, ()),
    "question": (tapes.question, ()),
    "hunks": (tapes.hunks, ("f4", "right_square_bracket")),
    "pairs": (tapes.hunks, ("f4", "v")),
    "conflict": (tapes.hunks, ("f4", "p")),
    "seeking": (tapes.hunks, ("f4", "slash", *"self", "enter")),
    "network": (lambda: tapes.asked("network"), ()),
    "plan": (lambda: tapes.asked("plan"), ()),
    "budget": (lambda: tapes.asked("budget"), ()),
    "inbox": (tapes.waiting, ("f7",)),
    "proposal": (tapes.waiting, ("f7", "down", "enter")),
    "credits": (tapes.credited, ("f4", "b")),
    "queued": (tapes.waiting, ("f2",)),
    "node": (tapes.feedback, ("f3", "enter")),
    "prompt": (tapes.prompted, ("f3", "enter", "2")),
    "charges": (tapes.prompted, ("f3", "enter", "4")),
    "swarm": (tapes.swarm, ("f3",)),
    "shell": (tapes.shell, ()),
    "models": (tapes.feedback, ("f3", "m")),
    "timeline": (tapes.committed, ("f8", "enter")),
    "help": (tapes.decide, ("f1",)),
    "printing": (tapes.everyone, ()),
    "everyone": (tapes.everyone, ("f3", "l")),
    "unfolded": (tapes.everyone, ("f2", "ctrl+o", "up")),
    "routes": (tapes.running, ("f10",)),
    "comment": (tapes.hunks, ("f4", "c", *"why")),
    "finding": (tapes.hunks, ("f4", "slash", *"self")),
}


@pytest.fixture
def theme():
    return DARK.name


@pytest.fixture
def stage_of(stage_of, theme):
    return lambda *records, **more: stage_of(*records, **{"theme": theme} | more)


def compare(snap_compare, stage, caught_up, size, keys, then=None):
    async def before(pilot):
        await caught_up(pilot, stage)
        await pilot.press(*keys)
        await pilot.pause()
        if then is not None:
            await then(pilot)

    return snap_compare(stage.app, terminal_size=SIZES[size], run_before=before)


@looks
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare, stage_of, caught_up, state, size):
    records, keys = STATES[state]
    assert compare(snap_compare, stage_of(records()), caught_up, size, keys)


THEMED = ("decide", "everyone", "feedback", "seeking", "pairs", "question")
"""What has every ink that there is; drawn in each theme that is not the default."""


@pytest.mark.parametrize("theme", OTHERS)
@pytest.mark.parametrize("state", THEMED)
def test_theme(snap_compare, stage_of, caught_up, state):
    records, keys = STATES[state]
    assert compare(snap_compare, stage_of(records()), caught_up, "120x40", keys)


async def test_the_themed_states_have_every_ink(stage_of, caught_up, monkeypatch):
    drawn = set()
    real = Palette._style
    monkeypatch.setattr(Palette, "_style", lambda self, inks: drawn.update(inks.split()) or real(self, inks))
    for state in THEMED:
        records, keys = STATES[state]
        stage = stage_of(records())
        async with stage.app.run_test(size=SIZES["120x40"]) as pilot:
            await caught_up(pilot, stage)
            await pilot.press(*keys)
            await pilot.pause()
    assert {*_INKS, *_GROUNDS} - {""} <= drawn


@looks
@pytest.mark.parametrize("keys", ["slash c o", "ctrl+p"], ids=["commands", "palette"])
def test_what_is_found_by_name(snap_compare, stage_of, caught_up, settled, size, keys):
    stage = stage_of(tapes.decide())

    async def found(pilot):
        def shows(words):
            return any(words in strip.text for strip in pilot.app.screen._compositor.render_strips())

        if keys == "ctrl+p":
            pilot.app.screen.query_one(Input).cursor_blink = False
            await pilot.press(*"write the")
            await settled(pilot, lambda: shows("Write the accepted") and not shows("Stop the run"))
        else:
            await settled(pilot, lambda: shows("/connect"))

    assert compare(snap_compare, stage, caught_up, size, keys.split(), found)


@looks
@pytest.mark.parametrize(
    "keys", ["f9 down", "f12", "f12 down down enter x enter"], ids=["themes", "settings", "typed"]
)
def test_preferences(snap_compare, stage_of, caught_up, size, keys):
    """Over a file that has no machine's path in its name."""
    preferences = Preferences(Path("config"), {})
    stage = stage_of(tapes.decide(), sources={"preferences": preferences})
    assert compare(snap_compare, stage, caught_up, size, keys.split())


@looks
@pytest.mark.parametrize("state", ["ways", "asked", "roster"])
def test_connecting(snap_compare, stage_of, caught_up, settled, size, state):
    profiles = [Profile("default", "us-east-1", "access key"), Profile("work", "eu-west-1", "single sign-on")]
    said = "The single sign-on of the AWS profile work has expired, or was never made."
    expired = Tried(
        False, said, "Sign in with `aws sso login --profile work`, then try again: nothing is lost."
    )

    async def attempt(way):
        return expired

    async def lines(*_):
        models = [("router", "Nova Micro", "0.035", "0.14"), ("architect", "Claude Opus 5.5", "4", "20")]
        return [
            ModelLine(role, title, title, 1, entry, answer, 200_000, False, None, 64_000, True, True, True)
            for role, title, entry, answer in models
        ]

    async def keep(*_):
        return ""

    sources = {"ways": Ways(lambda: profiles, attempt, attempt), "rosters": Rosters(lines, lines, keep)}
    stage = stage_of(tapes.empty(), sources=sources)

    async def open_it(pilot):
        stage.screen.run_worker(stage.screen.run_action("roster" if state == "roster" else "connect"))
        await settled(pilot, lambda: bool(stage.screen.query("#picking")))
        if state == "asked":
            await pilot.press("down", "enter")
            await settled(pilot, lambda: bool(stage.screen.query("#typed")))
            await pilot.press("enter")
            await settled(
                pilot, lambda: bool(stage.screen.query("#trying.pane")) and stage.screen.tried == expired
            )

    assert compare(snap_compare, stage, caught_up, size, (), open_it)


@looks
def test_engine_died(snap_compare, stage_of, caught_up, settled, size):
    stage = stage_of(tapes.running())

    async def die(pilot):
        stage.port.lose(
            ConnectionError("The engine that runs this session is gone. Nothing recorded is lost.")
        )
        await settled(pilot, lambda: stage.screen.link.state == "lost")

    assert compare(snap_compare, stage, caught_up, size, (), die)


@looks
@pytest.mark.parametrize("keys", [(), ("slash", *"cook"), ("j", "r")], ids=["all", "found", "resume"])
def test_sessions(snap_compare, stage_of, caught_up, settled, library, size, keys):
    stage = stage_of(tapes.empty(), library)

    async def listed(pilot):
        await settled(pilot, lambda: getattr(stage.screen, "ready", False))
        await pilot.press(*keys)
        said = "Nothing came of it." if "j" in keys else "The cookie was never set."
        preview = stage.screen.query_one("#preview")
        await settled(
            pilot, lambda: any(said in plain(preview.line(y)) for y in range(preview.virtual_size.height))
        )

    assert compare(snap_compare, stage, caught_up, size, ("f6",), listed)


@looks
def test_a_past_session(snap_compare, stage_of, caught_up, settled, library, size):
    stage = stage_of(tapes.empty(), library)

    async def read(pilot):
        await settled(pilot, lambda: getattr(stage.screen, "ready", False))
        await pilot.press("enter")
        await settled(
            pilot,
            lambda: (
                any("never set" in strip.text for strip in stage.screen._compositor.render_strips())
                and stage.screen.has_class("-past")
            ),
        )

    assert compare(snap_compare, stage, caught_up, size, ("f6",), read)


@looks
def test_replay(snap_compare, settled, size, theme):
    records = tapes.applied()
    app = ReplayApp(Reel(records), AT_ONCE, connect=None, frame=0.0, theme=theme)

    async def half(pilot):
        await settled(pilot, lambda: app.screen.loaded and not app.screen.playing)
        await pilot.press("5")
        wanted = app.screen.replay.position_at(app.screen.replay.length / 2)
        await settled(pilot, lambda: app.screen.replay.position == wanted)

    assert snap_compare(app, terminal_size=SIZES[size], run_before=half)


@looks
def test_a_request_typed_while_the_engine_starts(snap_compare, stage_of, settled, size):
    async def never():
        await asyncio.Event().wait()

    stage = stage_of(connect=never)

    async def typed(pilot):
        """The very first keys count: nothing is waited for."""
        await pilot.press(*tapes.HEALTH, "enter")
        await settled(pilot, lambda: bool(stage.screen.waiting))

    assert snap_compare(stage.app, terminal_size=SIZES[size], run_before=typed)


@looks
@pytest.mark.parametrize("keys", [("f5",), ("f5", "i"), ("f5", "l", "tab")], ids=["costs", "why", "ledger"])
def test_money(snap_compare, stage_of, caught_up, settled, size, keys):
    """With what comes from outside: other sessions, budgets, and one model alone."""

    async def elsewhere(session, all_logs):
        spell = Spell("2026-01-20T00:00:00.000000Z", to_pico("0.42"), True)
        return Elsewhere(frozen(), spell, spell, spell)

    async def one_model(roster):
        return OneModel("us.anthropic.claude-sonnet-5-5", load_prices())

    limits = {"session": to_pico("1"), "day": to_pico("2")}
    sources = {"elsewhere": elsewhere, "one_model": one_model, "budgets": limits}
    stage = stage_of(tapes.feedback(), sources=sources)

    async def told(pilot):
        outlook = pilot.app.screen_stack[0].outlook
        await settled(pilot, lambda: outlook.spending is not None and outlook.comparison is not None)

    assert compare(snap_compare, stage, caught_up, size, keys, told)


def test_too_small(snap_compare, stage_of, caught_up):
    stage = stage_of(tapes.decide())

    async def before(pilot):
        await caught_up(pilot, stage)

    assert snap_compare(stage.app, terminal_size=(20, 5), run_before=before)


def test_a_swarm_and_a_stale_file(snap_compare, stage_of, caught_up):
    tape = tapes.Tape().start().request("Why is the login slow?").route("MEDIUM")
    tape.plan(("researcher", "senior_coder", "code_reviewer"))
    tape.node("researcher")
    tape.charge("researcher", "researcher", 900, 80, cost="0.002")
    tape.leave("researcher")
    reason = "The query scans the whole table: an index is missing."
    tape.add(e.HandedOff(run="r1", from_role="researcher", to_role="senior_coder", reason=reason))
    tape.node("senior_coder")
    tape.change("senior_coder", "app/server.py", tapes.PATCH_APP)
    tape.add(
        e.ChangeMarkedStale(path="app/server.py", reason="you changed the file since the agents read it")
    )
    assert compare(snap_compare, stage_of(tape.records), caught_up, "200x60", ())
