"""The recorder: order holds, deltas are joined, and nobody who goes away takes a record along."""

import asyncio
import gc
import time

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from core.events import Event, NoticeGiven, TextDelta, TextFinished, ToolOutput
from core.limits import limits
from core.record import Record
from core.recorder import Recorder
from tests.support.waiting import SOON


class Tape:
    """A log in memory that takes as many turns of the loop for an append as it is told."""

    def __init__(self, turns: int = 0) -> None:
        self.batches: list[list[Event]] = []
        self.turns = turns
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault: Exception | None = None

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.batches for event in batch]

    async def append(self, events) -> list[Record]:
        for _ in range(self.turns):
            await asyncio.sleep(0)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        first = len(self.events) + 1
        self.batches.append(list(events))
        return [Record(seq, "s", "", event) for seq, event in enumerate(events, first)]


def delta(text: str, block: str = "b1") -> TextDelta:
    return TextDelta(run="r1", node=block, role="coder", text=text, block=block)


def notice(text: str) -> NoticeGiven:
    return NoticeGiven(text=text)


async def test_deltas_are_joined_and_written_before_what_comes_after_them():
    tape = Tape()
    recorder = Recorder(tape)
    for letter in "hello":
        await recorder.emit(delta(letter))
    await recorder.emit(delta("x", "b2"))
    assert not tape.batches
    await recorder.emit(notice("after"))
    assert tape.batches == [[delta("hello"), delta("x", "b2"), notice("after")]]
    await recorder.close()
    assert len(tape.batches) == 1


async def test_deltas_alone_are_written_after_a_while_and_not_more_often():
    tape = Tape()
    recorder = Recorder(tape)
    begun = time.monotonic()
    async with asyncio.timeout(SOON):
        while len(tape.batches) < 4:
            await recorder.emit(delta("x"))
            await asyncio.sleep(0)
    assert time.monotonic() - begun >= 4 / limits().record.deltas_per_second
    await recorder.close()


async def test_what_is_given_later_does_not_overtake_what_waits_for_the_disk():
    tape = Tape()
    recorder = Recorder(tape)
    tape.gate.clear()
    first = asyncio.create_task(recorder.emit(notice("first")))
    await asyncio.sleep(0)
    second = asyncio.create_task(recorder.emit(notice("second")))
    await asyncio.sleep(0)
    await recorder.emit(delta("third"))
    tape.gate.set()
    await asyncio.gather(first, second, recorder.flush())
    assert tape.events == [notice("first"), notice("second"), delta("third")]
    await recorder.close()


async def test_a_caller_that_is_cancelled_takes_nothing_back():
    tape, heard = Tape(), []
    recorder = Recorder(tape, lambda record: heard.append(record.event))
    tape.gate.clear()
    await recorder.emit(delta("text"))
    writing = asyncio.create_task(recorder.emit(notice("kept")))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    tape.gate.set()
    await recorder.settle()
    assert tape.events == heard == [delta("text"), notice("kept")]
    await recorder.close()


async def test_only_what_is_committed_is_heard_of():
    tape, heard = Tape(), []
    recorder = Recorder(tape, heard.append)
    tape.fault = OSError("full")
    with pytest.raises(OSError, match="full"):
        await recorder.emit(notice("lost"))
    assert not heard
    tape.fault = None
    await recorder.emit(notice("kept"))
    assert [record.event for record in heard] == [notice("kept")]


async def test_deltas_that_could_not_be_written_are_told_to_the_next_one():
    tape = Tape()
    recorder = Recorder(tape)
    tape.fault = OSError("full")
    await recorder.emit(delta("lost"))
    with pytest.raises(OSError, match="full"):
        async with asyncio.timeout(SOON):
            while True:
                await asyncio.sleep(0)
                await recorder.emit(delta("x"))
    tape.fault = None
    await recorder.emit(delta("y"), notice("again"))
    assert tape.events[-1] == notice("again")


async def test_closing_writes_what_waits_and_leaves_no_task_behind(caplog):
    tape = Tape()
    recorder = Recorder(tape)
    await recorder.emit(delta("text"))
    await asyncio.sleep(0)
    await recorder.close()
    assert tape.events == [delta("text")] and asyncio.all_tasks() == {asyncio.current_task()}
    failing = Recorder(tape)
    await failing.emit(delta("lost"))
    tape.fault = OSError("full")
    await failing.close()
    gc.collect()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert "never retrieved" not in caplog.text


steps = st.lists(
    st.tuples(st.sampled_from(["delta", "finish", "notice", "turn", "tick"]), st.integers(0, 2)), max_size=40
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(steps=steps, turns=st.integers(0, 3))
def test_order_and_text_hold_whatever_is_given_and_whenever(steps, turns):
    asyncio.run(_play(steps, turns))


async def _play(steps, turns):
    tape = Tape(turns)
    recorder = Recorder(tape)
    recorder._pause = 0
    writers, given_order, said = [], [], dict.fromkeys("012", "")
    for number, (what, node) in enumerate(steps):
        block = str(node)
        match what:
            case "delta":
                said[block] += chr(97 + number % 26)
                await recorder.emit(delta(chr(97 + number % 26), block))
            case "turn":
                await asyncio.sleep(0)
            case "tick":
                await recorder.flush()
            case _:
                end = TextFinished(run="r1", node=block, role="coder", text=said[block], block=block)
                event = end if what == "finish" else notice(str(number))
                given_order.append(event)
                writers.append(asyncio.create_task(recorder.emit(event)))
                await asyncio.sleep(0)
    await asyncio.gather(*writers)
    await recorder.close()
    assert [event for event in tape.events if not isinstance(event, TextDelta)] == given_order
    heard = dict.fromkeys("012", "")
    for event in tape.events:
        if isinstance(event, TextDelta):
            heard[event.block] += event.text
        elif isinstance(event, TextFinished):
            assert heard[event.block] == event.text
    assert heard == said


async def test_what_a_call_prints_is_joined_like_text_and_apart_from_it():
    tape = Tape()
    recorder = Recorder(tape)
    printed = ToolOutput(run="r1", node="b1", role="coder", call="b1", text="x")
    for _ in range(3):
        await recorder.emit(printed)
        await recorder.emit(delta("y"))
    await recorder.emit(notice("after"))
    assert tape.batches == [[msgspec.structs.replace(printed, text="xxx"), delta("yyy"), notice("after")]]
    await recorder.close()
