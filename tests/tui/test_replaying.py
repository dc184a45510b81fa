"""The replay: the same pictures as live, forwards and back, and every key of it."""

import asyncio
import re
from datetime import datetime

import pytest

from tests.support import recordings as tapes
from tests.support.shelves import Reel
from tui import playing
from tui.playing import AT_ONCE
from tui.replay import ReplayScreen
from tui.replayapp import ReplayApp
from tui.scrub import Scrub


def texts(stage):
    """Everything that is on the screen, as text."""
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


def app_of(records, damaged=0):
    """The application with nothing but a replay, which goes to its end at once."""
    return ReplayApp(Reel(records, damaged), AT_ONCE, connect=None, frame=0.0)


async def come_to(pilot, settled, position):
    """Seek, and wait until that is drawn."""
    screen = pilot.app.screen
    screen.pause()
    screen.seek(position)
    await settled(pilot, lambda: screen.replay.position == position and not screen.playing)


def picture(app):
    """The screen as SVG without what only one of them has: the status line, the prompt or scrub bar, the footer."""
    for part in ("#status", "#entry", ".scrub", "#footer"):
        for widget in app.screen.query(part):
            widget.styles.visibility = "hidden"
    return lambda: re.sub(r"terminal-\d+-", "terminal-", app.export_screenshot(simplify=True))


def is_bare(stage):
    """What is to be hidden is off the screen."""
    rows = texts(stage).split("\n")
    return not rows[0].strip() and not rows[-1].strip() and "What should be done" not in texts(stage)


async def live_picture(stage_of, caught_up, settled, records, size):
    moment = datetime.fromisoformat(records[-1].at)
    stage = stage_of(records, frame=0.0, clock=lambda: moment, suggestions=(), connect_hint="", project="")
    async with stage.app.run_test(size=size) as pilot:
        await caught_up(pilot, stage)
        stage.screen.set_focus(None)
        stage.screen._count()  # the clock's tick: it draws what passes, which a replay does with each step
        shot = picture(stage.app)
        await settled(pilot, lambda: is_bare(stage))
        return shot()


class _Halting(Reel):
    """A tape of which the last records come when `more` is set."""

    def __init__(self, records):
        super().__init__(records)
        self.more = asyncio.Event()

    async def __aiter__(self):
        for number, record in enumerate(self._records):
            if number == len(self._records) - 3:
                await self.more.wait()
            yield record


async def test_a_long_tape_that_is_wanted_at_its_end_has_a_picture_before(settled, monkeypatch):
    monkeypatch.setattr(playing, "_SLICE_SECONDS", -1.0)
    monkeypatch.setattr(playing, "_PICTURE_SECONDS", -1.0)
    records = tapes.applied()
    tape = _Halting(records)
    app = ReplayApp(tape, AT_ONCE, connect=None, frame=0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: app.screen.replay.position == len(records) - 3)
        assert not app.screen.loaded
        await settled(pilot, lambda: "fast_coder" in texts(app))
        tape.more.set()
        await settled(pilot, lambda: app.screen.replay.position == len(records) and not app.screen.playing)
        early = texts(app)
    whole = ReplayApp(Reel(records), AT_ONCE, connect=None, frame=0.0)
    async with whole.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: bool(whole.screen.loaded and not whole.screen.playing))
        assert texts(whole) == early


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("feedback", (200, 60)),
        ("question", (120, 40)),
        ("applied", (200, 60)),
        ("failed", (120, 40)),
        ("hostile", (200, 60)),
        ("swarm", (120, 40)),
    ],
)
async def test_the_live_screen_and_the_replayed_one_are_the_same_picture(
    stage_of, caught_up, settled, kind, size
):
    records = getattr(tapes, kind)()
    half = len(records) // 2
    wanted = {
        place: await live_picture(stage_of, caught_up, settled, records[:place], size)
        for place in (half, len(records))
    }
    app = app_of(records)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: app.screen.loaded and not app.screen.playing)
        app.screen.set_focus(None)
        shot = picture(app)
        for place in (len(records), half, 3, half, len(records)):
            await come_to(pilot, settled, place)
            if place in wanted:
                await settled(pilot, lambda place=place: shot() == wanted[place])


@pytest.fixture
async def replaying(settled):
    """A replay of a long run with everything in it, at its begin, and its pilot."""
    app = app_of(MIXED)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: app.screen.loaded and not app.screen.playing)
        await pilot.press("home")
        await settled(pilot, lambda: app.screen.replay.position == 0)
        yield app.screen, pilot


def mixed():
    from core import events as e

    tape = tapes.Tape(records=tapes.applied())
    tape.request("And now the login", "r2").node("researcher")
    tape.charge("researcher", "researcher", 10, 10, cost="0.000001")
    tape.add(e.HandedOff(run="r2", from_role="researcher", to_role="fast_coder", reason="it is clear now"))
    tape.tool("fast_coder", "run_command", "{}", "no", ok=False)
    tape.charge("architect", "architect", 10, 10, cost="2.00")
    return tape.finish().records


MIXED = mixed()


async def test_it_is_played_in_its_own_time_and_then_stands_still(stage_of, settled):
    app = app_of(tapes.decide()[:12])
    async with app.run_test(size=(120, 40)) as pilot:
        screen = app.screen
        await settled(pilot, lambda: screen.loaded and not screen.playing)
        await pilot.press("home")
        await settled(pilot, lambda: screen.replay.position == 0)
        screen.speed = 16.0
        screen.action_play_pause()
        assert screen.playing
        await settled(pilot, lambda: screen.replay.position == 12 and not screen.playing)
        assert screen._wake is None
        assert screen._ticking is None


async def test_space_stands_still_without_a_timer_and_plays_on(replaying, settled):
    screen, pilot = replaying
    screen.speed = 0.5
    await pilot.press("space")
    assert screen.playing
    assert screen._wake is not None
    assert "▶ 0.5×" in "\n".join(strip.text for strip in screen._compositor.render_strips())
    await pilot.press("space")
    assert not screen.playing
    assert screen._wake is None


async def test_a_step_is_a_record_or_a_whole_text(replaying, settled):
    screen, pilot = replaying
    places = [0]
    for _ in range(14):
        await pilot.press("right")
        await settled(pilot, lambda: screen.replay.position > places[-1])
        places.append(screen.replay.position)
    assert places[-1] > 14
    for place in reversed(places[:-1]):
        await pilot.press("left")
        await settled(pilot, lambda place=place: screen.replay.position == place)


@pytest.mark.parametrize(
    ("key", "kind"), [("d", "decision"), ("f", "failure"), ("o", "handoff"), ("c", "spike")]
)
async def test_jumps_go_to_the_next_one_and_back(replaying, settled, key, kind):
    screen, pilot = replaying
    marks = [mark.position for mark in screen.replay.marks if mark.kind == kind]
    assert marks
    for place in marks:
        await pilot.press(key)
        await settled(pilot, lambda place=place: screen.replay.position == place)
    await pilot.press(key)
    await settled(pilot, lambda: f"No further {kind}" in line(screen))
    await pilot.press("end")
    await settled(pilot, lambda: screen.replay.position == len(MIXED))
    await pilot.press(key.upper())
    await settled(pilot, lambda: screen.replay.position == marks[-1])
    assert "No further" not in line(screen)


def line(screen):
    return "".join(span.text for span in screen.bar_content() or [])


async def test_digits_and_clicks_go_to_a_part_of_it(replaying, settled):
    screen, pilot = replaying
    await pilot.press("5")
    half = screen.replay.position_at(screen.replay.length * 0.5)
    await settled(pilot, lambda: screen.replay.position == half)
    scrub = next(one for one in screen.query(Scrub) if one.display)
    await pilot.click(scrub, offset=(1, 1))
    await settled(pilot, lambda: screen.replay.position <= 1)
    await pilot.click(scrub, offset=(scrub.size.width - 2, 1))
    await settled(pilot, lambda: screen.replay.position == len(MIXED))


async def test_speeds_go_up_to_at_once_and_down_again(replaying):
    screen, pilot = replaying
    screen.speed = 8.0
    await pilot.press("plus")
    assert screen.speed == 16.0
    await pilot.press("plus", "plus")
    assert screen.speed == AT_ONCE
    await pilot.press("minus")
    assert screen.speed == 16.0
    screen.speed = 0.5
    await pilot.press("minus")
    assert screen.speed == 0.5


async def test_nothing_can_be_decided_and_escape_leads_to_the_bar_and_out(replaying, settled):
    screen, pilot = replaying
    await pilot.press("end")
    await settled(pilot, lambda: screen.replay.position == len(MIXED))
    await pilot.press("f4", "a")
    await settled(pilot, lambda: "past session" in line(screen) or bool(screen.view.changes.files))
    assert screen.link is None
    await pilot.press("escape")
    assert isinstance(screen.focused, Scrub)
    await pilot.press("escape")
    await settled(pilot, lambda: not pilot.app.is_running or pilot.app._exit)


async def test_the_scrub_bar_stays_where_one_pane_is_open(replaying, settled):
    screen, pilot = replaying
    await pilot.press("end")
    await pilot.resize_terminal(80, 24)
    await settled(pilot, lambda: sum(one.size.height == 3 for one in screen.query(Scrub)) == 1)
    await pilot.press("f3")
    await pilot.pause()
    drawn = "\n".join(strip.text for strip in screen._compositor.render_strips())
    assert f"of {len(MIXED)}" in drawn
    assert "━" in drawn


async def test_it_is_opened_from_the_list_and_goes_back_to_it(stage_of, library, caught_up, settled):
    stage = stage_of(tapes.empty(), library)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("f6")
        await settled(pilot, lambda: getattr(stage.app.screen, "ready", False))
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(stage.app.screen, ReplayScreen) and stage.app.screen.loaded)
        await pilot.press("end")
        await settled(pilot, lambda: "The cookie was never set." in texts(stage))
        await pilot.press("q")
        await settled(pilot, lambda: not isinstance(stage.app.screen, ReplayScreen))
        assert stage.app.screen.query("#sessions")


async def test_damage_of_the_log_is_said(settled):
    app = app_of(tapes.decide(), damaged=3)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: "3 records of this session cannot be read" in line(app.screen))
