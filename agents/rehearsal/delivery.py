"""How a performance reaches the client: at a model's pace, whole or broken as a fault asks."""

import asyncio
from collections.abc import Sequence

from agents.rehearsal import frames, http
from agents.rehearsal.faults import HTTP_FAULTS, STREAM_FAULTS
from agents.rehearsal.performance import Performance, Step
from agents.rehearsal.script import Fault, Turn

_LEAST_SLEEP = 0.005
"""Shorter waits are joined to the next one, in seconds."""


class Delivery:
    """One answer on one connection. Every method says whether the connection can go on."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        turn: Turn,
        speed: float,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = turn
        self._speed = speed

    async def stream(self, performance: Performance, fault: Fault | None) -> bool:
        """Answer ConverseStream."""
        await self._wait(self._turn.latency_ms / 1000)
        steps = _kept(performance.steps, fault)
        self._writer.write(http.stream_head(frames.CONTENT_TYPE))
        await self._pace(steps)
        if fault is None or fault.kind in ("no_stop", "no_usage", "empty", "bad_json"):
            return await self._end()
        return await self._break(fault, performance.steps[len(steps)])

    async def send(self, performance: Performance, fault: Fault | None) -> bool:
        """Answer Converse."""
        await self._wait(performance.latency_ms / 1000)
        body = performance.body()
        if fault is not None and fault.kind == "no_usage":
            del body["usage"]
        whole = http.answer(200, body)
        if fault is None or fault.kind in ("no_usage", "bad_json"):
            self._writer.write(whole)
            await self._writer.drain()
            return True
        return await self._break_whole(whole, fault)

    async def _pace(self, steps: Sequence[Step]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for step in steps:
            if self._speed > 0:
                due += step.tokens / self._turn.tokens_per_second / self._speed
                if due - loop.time() > _LEAST_SLEEP:
                    await self._writer.drain()
                    await asyncio.sleep(due - loop.time())
            self._writer.write(http.chunk(frames.event(step.name, step.payload)))
        await self._writer.drain()

    async def _end(self) -> bool:
        self._writer.write(http.LAST_CHUNK)
        await self._writer.drain()
        return True

    async def _break(self, fault: Fault, following: Step) -> bool:
        frame = frames.event(following.name, following.payload)
        if fault.kind in STREAM_FAULTS:
            name, kind = STREAM_FAULTS[fault.kind]
            said = {"message": fault.message or HTTP_FAULTS[kind].message}
            self._writer.write(http.chunk(frames.exception(name, said)))
            return await self._end()
        if fault.kind == "bad_crc":
            self._writer.write(http.chunk(frame[:-1] + bytes([frame[-1] ^ 0xFF])))
            return await self._end()
        if fault.kind == "cut":
            self._writer.write(http.chunk(frame)[: len(frame) // 2])
            await self._writer.drain()
        return await self._vanish(fault)

    async def _break_whole(self, whole: bytes, fault: Fault) -> bool:
        if fault.kind in ("bad_crc", "empty"):
            self._writer.write(http.answer_bytes(200, b"" if fault.kind == "empty" else b'{"output":'))
            await self._writer.drain()
            return True
        self._writer.write(whole[: len(whole) // 2])
        await self._writer.drain()
        return await self._vanish(fault)

    async def _vanish(self, fault: Fault) -> bool:
        if fault.kind == "stall":
            await self._stall(fault.seconds)
        if fault.kind == "reset":
            http.reset(self._writer)
        return False

    async def _stall(self, seconds: float) -> None:
        """Say nothing more, until the client gives up or the time is over."""
        try:
            await asyncio.wait_for(self._reader.read(1), seconds)
        except TimeoutError:
            return

    async def _wait(self, seconds: float) -> None:
        if self._speed > 0 and seconds > 0:
            await asyncio.sleep(seconds / self._speed)


def _kept(steps: Sequence[Step], fault: Fault | None) -> Sequence[Step]:
    """The events that arrive before the fault."""
    if fault is None or fault.kind == "bad_json":
        return steps
    if fault.kind == "empty":
        return ()
    if fault.kind == "no_usage":
        return steps[:-1]
    whole = len(steps) - 2
    if fault.after is not None:
        return steps[: min(fault.after, whole)]
    return steps[:whole] if fault.kind == "no_stop" else steps[: whole // 2]
