"""The screen before its engine is there, and after it is gone."""

import asyncio

from core import commands as c, events as e
from tests.support import recordings as tapes
from tests.support.ports import TapePort

GONE = "The engine that runs this session is gone. Nothing that was recorded is lost."


class Engine:
    """Lets a test decide when an engine is ready, and gives a new port each time."""

    def __init__(self, *ports):
        self.ports = list(ports)
        self.opened = []
        self.ready = asyncio.Event()

    async def connect(self):
        await self.ready.wait()
        port = self.ports.pop(0)
        if isinstance(port, Exception):
            raise port
        self.opened.append(port)
        return port


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


async def test_what_is_sent_before_the_engine_is_ready_is_queued_and_goes_out_once(stage_of, settled):
    engine = Engine(TapePort(tapes.empty()))
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"fix it", "enter")
        await settled(pilot, lambda: "queued" in texts(stage))
        assert "starting the engine" in texts(stage)
        engine.ready.set()
        await settled(pilot, lambda: bool(engine.opened and engine.opened[0].commands))
        assert engine.opened[0].commands == [c.SubmitRequest(text="fix it")]
        engine.opened[0].happen(e.RequestSubmitted(run="r1", text="fix it"))
        await settled(pilot, lambda: stage.screen.view.head.busy)
        assert list(stage.screen.waiting) == []
        assert texts(stage).count("fix it") == 1


async def test_several_requests_wait_for_their_turn(stage_of, settled):
    engine = Engine(TapePort(tapes.empty()))
    engine.ready.set()
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: bool(engine.opened))
        port = engine.opened[0]
        await pilot.press("1", "enter", "2", "enter", "3", "enter")
        await settled(pilot, lambda: len(port.commands) == 1)
        for number in ("1", "2", "3"):
            run = f"r{number}"
            await settled(pilot, lambda n=number: port.commands[-1].text == n)
            finished = tapes.Tape(run=run).finish().records[0].event
            port.happen(e.RequestSubmitted(run=run, text=number), finished)
        await settled(pilot, lambda: not stage.screen.waiting)
        assert [command.text for command in port.commands] == ["1", "2", "3"]


async def test_an_engine_that_dies_in_a_run_is_said_and_one_key_goes_on(stage_of, settled):
    first = TapePort(tapes.running())
    second = TapePort([*tapes.running(), *tapes.interrupted()[len(tapes.running()) :]])
    engine = Engine(first, second)
    engine.ready.set()
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.view.head.busy)
        first.lose(ConnectionError(GONE))
        await settled(pilot, lambda: stage.screen.link.state == "lost")
        assert GONE[:40] in texts(stage)
        assert "Ctrl+T" in texts(stage) and "queues a request" not in texts(stage)
        assert "engine is gone" in texts(stage)
        await pilot.press("ctrl+t")
        await settled(pilot, lambda: bool(second.commands))
        assert second.commands == [c.ResumeRun()]
        assert stage.screen.view.last == second.last
        assert GONE[:40] not in texts(stage)


async def test_no_record_is_taken_in_twice_after_a_new_connection(stage_of, settled):
    first, second = TapePort(tapes.decide()), TapePort(tapes.decide())
    engine = Engine(first, second)
    engine.ready.set()
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.view.last == first.last)
        items = len(stage.screen.view.transcript.items)
        cost = stage.screen.view.costs.session.total.cost
        first.lose(ConnectionError(GONE))
        await settled(pilot, lambda: stage.screen.link.state == "lost")
        await pilot.press("ctrl+t")
        await settled(pilot, lambda: stage.screen.link.state == "ready")
        assert len(stage.screen.view.transcript.items) == items
        assert stage.screen.view.costs.session.total.cost == cost
        assert second.commands == []


async def test_an_engine_that_does_not_start_says_why(stage_of, settled):
    engine = Engine(RuntimeError("No credentials: run \x1b[31maws configure sso."), TapePort(tapes.empty()))
    engine.ready.set()
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: "No credentials" in texts(stage))
        assert "\x1b" not in stage.screen.link.reason
        await pilot.press("ctrl+t")
        await settled(pilot, lambda: stage.screen.link.state == "ready")


async def test_requests_that_a_dead_engine_never_took_come_back(stage_of, settled):
    port = TapePort(tapes.empty())
    engine = Engine(port)
    engine.ready.set()
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: bool(engine.opened))
        await pilot.press(*"one", "enter", *"two", "enter")
        await settled(pilot, lambda: len(port.commands) == 1)
        port.lose(ConnectionError(GONE))
        await settled(pilot, lambda: stage.screen.link.state == "lost")
        assert stage.screen.query_one("#prompt").text == "one\ntwo"
        assert list(stage.screen.waiting) == []


async def test_leaving_closes_the_port(stage_of, caught_up):
    stage = stage_of(tapes.empty())
    async with stage.app.run_test() as pilot:
        await caught_up(pilot, stage)
    assert stage.port.closed


class DamagedPast:
    """A log of which two records cannot be read."""

    damaged = 2

    async def __aiter__(self):
        for record in tapes.applied():
            yield record


async def test_a_damaged_past_is_shown_and_why_no_engine_serves_it_comes_first(stage_of, settled):
    engine = Engine(RuntimeError("The session log is damaged: nothing was changed."))
    stage = stage_of(connect=engine.connect, past=DamagedPast())
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: "2 records of this session cannot be read" in texts(stage))
        assert stage.screen.view.last == tapes.applied()[-1].seq
        engine.ready.set()
        await settled(pilot, lambda: "The session log is damaged: nothing was changed." in texts(stage))
        assert "Ctrl+T starts it again" in texts(stage)


async def test_what_is_decided_while_the_engine_starts_is_sent_in_order_when_it_is_there(stage_of, settled):
    port = TapePort(tapes.failed())
    engine = Engine(port)
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.link.state == "starting")
        await stage.screen.send(c.ResumeRun())
        await stage.screen.send(c.InterruptRun())
        await settled(pilot, lambda: "as soon as the engine is there" in texts(stage))
        assert port.commands == []
        engine.ready.set()
        await settled(pilot, lambda: stage.screen.link.state == "ready")
        assert port.commands == [c.ResumeRun(), c.InterruptRun()]


async def test_what_nobody_came_to_take_is_said_and_not_sent_to_the_next_engine(stage_of, settled):
    port = TapePort(tapes.failed())
    engine = Engine(ConnectionError(GONE), port)
    stage = stage_of(connect=engine.connect)
    async with stage.app.run_test(size=(120, 40)) as pilot:
        await settled(pilot, lambda: stage.screen.link.state == "starting")
        await stage.screen.send(c.InterruptRun())
        engine.ready.set()
        await settled(pilot, lambda: stage.screen.link.state == "lost")
        await stage.screen.send(c.InterruptRun())
        await settled(pilot, lambda: "The engine is gone. Nothing was changed." in texts(stage))
        await pilot.press("ctrl+t")
        await settled(pilot, lambda: stage.screen.link.state == "ready")
        assert port.commands == []
