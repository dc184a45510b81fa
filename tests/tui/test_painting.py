"""What is painted in parts is what a whole painting would show, and how often that is done."""

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Size
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widget import Widget

from core import events as e
from core.record import Record
from core.view.session import SessionView
from tests.support import recordings as tapes
from tui import feed as feeding, pacing
from tui.chat import Chat
from tui.feed import Feed
from tui.pacing import Budget
from tui.prompt import Prompt
from tui.rail import Rail
from tui.theme import LIGHT

TEXT = "# A title\n\nSome **bold** words\n\n```\ncode\n```\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 漢 |\n\n"


def _cells(strip: Strip) -> list[tuple[str, str]]:
    """Each cell with what it looks like."""
    seen = []
    for text, style, _ in strip:
        look = f"{style.color} {style.bgcolor} {style.bold} {style.reverse}" if style else ""
        seen += [(sign, look) for sign in text]
    return seen


class Glass:
    """What stands on the terminal after all that was painted."""

    def __init__(self, app):
        self.rows, self.parts, self._real = [], 0, app._display
        app._display = self._display

    def _display(self, screen, update):
        if isinstance(update, LayoutUpdate):
            self.rows = [_joined(strips) for strips in update.strips]
        elif isinstance(update, ChopsUpdate):
            self.parts += 1
            for y, left, right in update.spans:
                pieces = [(x, strip) for x, strip in update.chops[y].items() if strip is not None]
                for (x, strip), end in ((piece, piece[0] + piece[1].cell_length) for piece in pieces):
                    if x < right and end > left:
                        self._put(y, x, strip.crop(0, min(end, right) - x))
        self._real(screen, update)

    def _put(self, y, x, strip):
        row = self.rows[y]
        self.rows[y] = Strip.join([row.crop(0, x), strip, row.crop(x + strip.cell_length)])

    def looks(self):
        return [_cells(row) for row in self.rows]


def _joined(strips):
    return Strip.join([strip for strip in strips if strip is not None])


def _counted(monkeypatch, owner, name):
    """Have the calls of a method written down, each with whose it was."""
    calls, real = [], getattr(owner, name)

    def counted(self, *args, **kwargs):
        calls.append((self, *args))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def _delta(text, block="b1"):
    return e.TextDelta(run="r1", node=block, role="fast_coder", block=block, text=text)


async def _agree(glass, stage):
    whole = [_cells(Strip.join([row])) for row in stage.screen._compositor.render_strips()]
    assert glass.looks() == whole


async def test_what_is_painted_in_parts_is_the_whole_screen(stage_of, caught_up, settled):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        glass = Glass(stage.app)
        stage.app.refresh(layout=True)
        await settled(pilot, lambda: bool(glass.rows))
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"))
        for turn in range(12):
            stage.port.happen(_delta(TEXT), _delta("on and on " * turn, "b2"))
            await pilot.press(*"ab", "left")
            await caught_up(pilot, stage)
            await _agree(glass, stage)
        stage.screen.query_one(Chat).scroll_relative(y=-7, animate=False, immediate=True)
        await settled(pilot)
        await _agree(glass, stage)
        await pilot.press("f2", "down", "shift+tab")
        await settled(pilot)
        await _agree(glass, stage)
        assert glass.parts > 20


async def test_a_letter_has_nothing_drawn_but_the_prompt(stage_of, caught_up, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"), _delta(TEXT))
        await caught_up(pilot, stage)
        await pilot.press("x")
        drawn = _counted(monkeypatch, Widget, "render_lines")
        looked = _counted(monkeypatch, Prompt, "get_component_rich_style")
        await pilot.press("y")
        assert [each for each, _ in drawn] == [stage.screen.query_one(Prompt)]
        assert looked == []


async def test_a_prompt_has_other_colours_at_once(stage_of, caught_up, settled, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        await pilot.press("x")
        prompt = stage.screen.query_one(Prompt)
        before = prompt._theme.base_style
        stage.app.theme = LIGHT.name
        await settled(pilot, lambda: prompt._theme.base_style != before)
        looked = _counted(monkeypatch, Prompt, "get_component_rich_style")
        prompt.add_class("-styled-anew")
        await pilot.press("y")
        assert looked


async def test_lines_stand_in_the_frame_that_textual_draws(stage_of, caught_up):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"), _delta(TEXT * 9))
        await caught_up(pilot, stage)
        chat = stage.screen.query_one(Chat)
        ours = chat.render_lines(chat.region.size.region)
        chat._styles_cache.clear()
        assert chat._edges is not None
        textuals = chat._compose_rows(0, chat.outer_size.height)
        assert [_cells(row) for row in ours] == [_cells(row) for row in textuals]


async def test_a_scrollbar_looks_as_textuals_and_is_drawn_where_it_changed(stage_of, caught_up, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"), _delta(TEXT * 30))
        await caught_up(pilot, stage)
        rail = stage.screen.query_one(Chat).vertical_scrollbar
        assert isinstance(rail, Rail)
        asked = _counted(monkeypatch, Widget, "refresh")
        for position in (300, 301.5, 290):
            asked.clear()
            rail.position = position
            assert 0 < len(asked[0][1:]) < rail.size.height
            ScrollBar._render_content(rail)
            textuals = [_cells(strip) for strip in rail._render_cache.lines]
            assert [_cells(rail.render_line(y)) for y in range(rail.size.height)] == textuals


async def test_a_scrollbar_that_gets_its_old_length_back_shows_where_it_is_now(
    stage_of, caught_up, monkeypatch
):
    stage = stage_of(tapes.decide())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        rail = stage.screen.query_one(Chat).vertical_scrollbar
        was, before = rail.size, [_cells(rail.render_line(y)) for y in range(rail.size.height)]
        with monkeypatch.context() as shorter:
            shorter.setattr(Rail, "size", Size(was.width, was.height - 3))
            rail.position = 0
        now = [_cells(rail.render_line(y)) for y in range(was.height)]
        assert now == [_cells(strip) for strip in rail._draw()] != before


# -- how often -----------------------------------------------------------------------------------


@pytest.fixture
def time(monkeypatch):
    """A clock that stands still; `time.at` is what it shows."""

    class Time:
        at = 100.0

    monkeypatch.setattr(pacing, "monotonic", lambda: Time.at)
    monkeypatch.setattr(feeding, "monotonic", lambda: Time.at)
    return Time


def test_text_and_keys_together_are_painted_thirty_times_a_second(time):
    budget, painted, text_at, key_at = Budget(), [], 100.0, 100.0
    while time.at < 110:
        if key_at <= time.at and not budget.rest_of_keys:
            painted.append("key")
            budget.spend()
            key_at = time.at + 0.07
        elif text_at <= time.at and not budget.rest:
            painted.append("text")
            budget.spend()
            text_at = time.at + budget.frame
        time.at += 0.001
    assert 280 <= len(painted) <= 303
    assert painted.count("key") == pytest.approx(10 / 0.071, abs=3)


def test_a_key_waits_for_nobody_unless_many_came_at_once(time):
    budget = Budget()
    for _ in range(4):
        assert budget.rest_of_keys == 0
        budget.spend()
    budget.spend()
    assert budget.rest_of_keys > 0
    time.at += 0.2
    assert budget.rest_of_keys == budget.rest == 0


def test_without_frames_there_is_no_limit(time):
    budget = Budget(0)
    for _ in range(100):
        budget.spend()
    assert budget.rest == budget.rest_of_keys == 0


async def test_what_comes_in_waits_for_a_painted_key_and_not_for_ever(time):
    waits, drawn, rest = [], [], 0.02

    async def one():
        yield Record(seq=1, session="s", at="2026-01-31T12:00:00.000000Z", event=e.NoticeGiven(text="x"))

    feed = Feed(
        SessionView(), drawn.append, lambda seconds, call: waits.append((seconds, call)), rest=lambda: rest
    )
    await feed.follow(one(), lambda record: None)
    for _ in range(20):
        seconds, call = waits.pop(0)
        time.at += seconds
        call()
        if drawn:
            break
    assert drawn
    assert time.at - 100.0 <= 3.1 * pacing.FRAME_SECONDS
