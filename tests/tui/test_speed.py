"""What keeps the screen quick, as far as it can be counted instead of timed."""

import asyncio
from itertools import pairwise

from textual.css.stylesheet import Stylesheet

from core import events as e
from core.view.session import SessionView
from tests.support.ports import TapePort
from tui import pacing
from tui.chat import Chat
from tui.paint import plain
from tui.theme import LIGHT


def _count(monkeypatch, owner, name):
    """Have the calls of a method counted; returns the list that they go into."""
    calls, real = [], getattr(owner, name)

    def counted(self, *args, **kwargs):
        calls.append(args)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


async def test_the_sheets_are_read_again_for_other_colours_only(stage_of, caught_up, recordings, monkeypatch):
    again = _count(monkeypatch, Stylesheet, "reparse")
    stage = stage_of(recordings.applied())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        assert again == []
        before = stage.screen.query_one("#status").styles.background
        stage.app.theme = LIGHT.name
        await caught_up(pilot, stage)
        assert len(again) == 1
        assert stage.screen.query_one("#status").styles.background != before


# -- while text comes in -------------------------------------------------------------------------


def _delta(number, block="b1", text=None):
    node = {"run": "r1", "node": block, "role": "fast_coder"}
    return e.TextDelta(**node, block=block, text=text or f"word{number} ")


def _rows(stage):
    """What the chat shows now, row by row, as the screen has it."""
    chat = stage.screen.query_one(Chat)
    return [strip.text for strip in chat.render_lines(chat.region.size.region)]


async def _streaming(stage, pilot, caught_up, blocks=("b1",), words=400):
    stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"))
    stage.port.happen(*[_delta(n, block) for block in blocks for n in range(words)])
    await caught_up(pilot, stage)


async def test_a_word_more_has_one_row_drawn_however_long_the_answer_is(stage_of, caught_up, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await _streaming(stage, pilot, caught_up, words=3000)
        drawn = _count(monkeypatch, Chat, "render_line")
        stage.port.happen(_delta(0, text="on"))
        await caught_up(pilot, stage)
        assert len(drawn) <= 2
        assert "on" in "".join(_rows(stage)[-3:])


async def test_text_that_moves_up_is_not_composed_again(stage_of, caught_up, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await _streaming(stage, pilot, caught_up)
        before = _rows(stage)
        drawn = _count(monkeypatch, Chat, "render_line")
        stage.port.happen(_delta(0, text="long " * 20))
        await caught_up(pilot, stage)
        assert _rows(stage)[1:10] == before[1 + 2 : 10 + 2]
        assert len(drawn) <= 4


async def test_what_grew_out_of_sight_is_there_when_the_reader_scrolls_up(stage_of, caught_up, settled):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await _streaming(stage, pilot, caught_up, blocks=("b1", "b2"))
        stage.port.happen(*[_delta(n, "b1", f"late{n} ") for n in range(300)], _delta(0, "b2", "last"))
        await caught_up(pilot, stage)
        chat = stage.screen.query_one(Chat)
        bottom = _rows(stage)
        assert "last" in "".join(bottom)
        chat.scroll_relative(y=-3, animate=False, immediate=True)
        await settled(pilot)
        assert _rows(stage)[4:12] == bottom[1:9]
        seen = "".join(plain(chat.line(y)) for y in range(chat.virtual_size.height))
        assert "late299" in seen
        rows = _rows(stage)
        stage.port.happen(_delta(0, "b2", "more and more " * 30))
        await caught_up(pilot, stage)
        assert _rows(stage) == rows


async def test_the_rows_are_those_of_a_screen_that_draws_all_anew(stage_of, caught_up, settled):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        text = "# A title\n\nSome **bold** words\n\n```\ncode\n```\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"))
        for part in range(0, len(text), 7):
            stage.port.happen(_delta(0, "b1", text[part : part + 7]), _delta(0, "b2", "on and on "))
            await caught_up(pilot, stage)
        rows = _rows(stage)
        stage.screen.query_one(Chat).on_resize()
        stage.screen.query_one(Chat).rebuild()
        await settled(pilot)
        assert _rows(stage) == rows


def _ticking(stage):
    """Timers that go on and on."""
    nodes = [stage.app, stage.screen, *stage.screen.query("*")]
    timers = [timer for node in nodes for timer in node._timers]
    return [timer for timer in timers if timer._repeat is None and timer._active.is_set()]


async def test_a_clock_ticks_while_a_run_works_and_nothing_after_it(stage_of, caught_up, recordings):
    stage = stage_of(recordings.running())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        assert len(_ticking(stage)) == 1
        end = {"status": "done", "answer": "", "files": (), "cost_usd": "0", "by_role": {}, "by_model": {}}
        stage.port.happen(e.RunFinished(run="r1", **end))
        await caught_up(pilot, stage)
        assert _ticking(stage) == []


async def test_ten_thousand_items_are_as_many_widgets_as_ten(stage_of, caught_up, monkeypatch):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.port.happen(e.RequestSubmitted(run="r1", text="Go"), e.NoticeGiven(text="One"))
        await caught_up(pilot, stage)
        few = len(stage.screen.query("*"))
        drawn = _count(monkeypatch, Chat, "draw_block")
        stage.port.happen(*[e.NoticeGiven(text=f"Notice {n}") for n in range(10_000)])
        await caught_up(pilot, stage)
        assert len(stage.screen.query("*")) == few
        assert stage.screen.query_one(Chat).drawn_items < 300
        assert len(drawn) < 2_000
        assert "Notice 9999" in "".join(_rows(stage))


async def test_a_past_that_comes_in_one_frame_is_shown(stage_of, caught_up):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        stage.port.happen(e.RequestSubmitted(run="r1", text="Tell me"), _delta(0, text="said"))
        stage.screen.remove_class("-fresh")
        stage.screen._compositor.reflow(
            stage.screen, stage.screen.size
        )  # somebody asks for a place meanwhile
        await caught_up(pilot, stage)
        assert "said" in "".join(_rows(stage))


async def test_a_key_is_painted_before_the_screen_rests_and_not_after_it(stage_of, caught_up, monkeypatch):
    stage = stage_of(frame=0)
    done, rest = [], pacing.sleep

    async def rests(seconds):
        done.append(seconds)
        await rest(0)

    monkeypatch.setattr(pacing, "sleep", rests)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await caught_up(pilot, stage)
        real = stage.app._display
        monkeypatch.setattr(stage.app, "_display", lambda *drawn: (done.append("painted"), real(*drawn)))
        done.clear()
        await pilot.press("x", "y", "z")
        assert done[0] == "painted"
        assert set(done) == {"painted", pacing.LEAST_SECONDS}
        assert all(one == "painted" or before == "painted" for before, one in pairwise(done))


# -- a past ----------------------------------------------------------------------------------------


class _Past:
    """What is on record, read as slowly as a test wants."""

    damaged = 0

    def __init__(self, records):
        self.records, self.more = records, asyncio.Event()

    async def __aiter__(self):
        for record in self.records:
            if record is self.records[-1]:
                await self.more.wait()
            yield record


async def test_an_opened_session_is_read_while_its_engine_starts(stage_of, settled, recordings):
    port, started = TapePort(recordings.applied()), asyncio.Event()

    async def connect():
        await started.wait()
        return port

    past = _Past(recordings.applied()[:-3])
    past.more.set()
    stage = stage_of(connect=connect, past=past)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.view.last == len(past.records) and stage.screen.feed.drawn)
        assert stage.screen.link.state == "starting"
        await settled(pilot, lambda: "you" in "".join(_rows(stage)))
        started.set()
        await settled(pilot, lambda: stage.screen.view.last == port.last and stage.screen.feed.drawn)
        assert stage.screen.link.state == "ready"
        live = SessionView()
        for record in recordings.applied():
            live.apply(record)
        assert stage.screen.view.transcript.items == live.transcript.items


async def test_records_are_followed_only_when_the_past_is_read(stage_of, settled, recordings):
    port, connects = TapePort(recordings.applied()), []

    async def connect():
        connects.append(port)
        return port

    past = _Past(recordings.applied()[:-3])
    stage = stage_of(connect=connect, past=past)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.view.last == len(past.records) - 1 and bool(connects))
        await pilot.press(*"go", "enter")
        await pilot.pause()
        assert port.commands == []
        past.more.set()
        await settled(pilot, lambda: stage.screen.view.last == port.last and bool(port.commands))


async def test_a_past_is_drawn_once_when_it_is_whole(stage_of, settled, recordings, monkeypatch):
    past = _Past(recordings.applied())
    stage = stage_of(past=past, frame=0)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.view.last == len(past.records) - 1)
        drawn = _count(monkeypatch, Chat, "draw_changes")
        assert stage.screen.query_one(Chat).drawn_items == 0
        past.more.set()
        await settled(pilot, lambda: stage.screen.query_one(Chat).drawn_items > 0)
        assert len(drawn) <= 2


async def test_of_long_answers_only_some_screens_are_drawn(stage_of, caught_up):
    stage = stage_of()
    async with stage.app.run_test(size=(120, 40)) as pilot:
        at = {"run": "r1", "node": "n", "role": "fast_coder"}
        words = "word " * 2_000
        stage.port.happen(
            e.RequestSubmitted(run="r1", text="Tell me"),
            *[e.TextFinished(**at, block=f"b{n}", text=f"{words} end{n}") for n in range(100)],
        )
        await caught_up(pilot, stage)
        chat = stage.screen.query_one(Chat)
        assert "end99" in "".join(_rows(stage))
        assert 0 < chat.drawn_items < 20
        chat.scroll_home(animate=False, immediate=True)
        await caught_up(pilot, stage)
        assert chat.drawn_items < 40
