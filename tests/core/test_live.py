"""What a call prints, from the thread that reads it onto the record: in order, bounded, and before its end."""

import asyncio

import pytest

from core.events import ToolOutput
from core.limits import limits
from core.live import LiveOutput
from core.log.errors import LogError
from core.run import Interrupted

PIECE = ToolOutput(run="r1", node="n", role="n", call="r1.1", text="")


async def test_all_that_another_thread_told_is_on_record_once_it_is_settled():
    written: list[str] = []

    async def emit(event: ToolOutput) -> None:
        await asyncio.sleep(0)
        written.append(event.text)

    live = LiveOutput(emit, PIECE)
    pieces = [f"{number}\n" for number in range(50)]
    await asyncio.to_thread(lambda: [live.tell(each) for each in pieces])
    await live.settle()
    assert written == pieces


async def test_no_more_is_written_than_the_limit():
    written: list[str] = []

    async def emit(event: ToolOutput) -> None:
        written.append(event.text)

    live, most = LiveOutput(emit, PIECE), limits().record.live_output_characters
    for _ in range(3):
        live.tell("x" * (most - 5))
    await live.settle()
    assert [len(each) for each in written] == [most - 5, 5]


async def test_a_run_that_is_over_is_no_fault_and_a_log_that_fails_is_one():
    fault: Exception = Interrupted()

    async def emit(_: ToolOutput) -> None:
        raise fault

    live = LiveOutput(emit, PIECE)
    live.tell("too late")
    await live.settle()
    fault = LogError("the disk is full")
    live.tell("lost")
    with pytest.raises(LogError):
        await live.settle()
