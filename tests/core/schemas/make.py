"""Write the golden log of the current schema version: `python make.py VERSION`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from core.events import (
    ModelCalled,
    NodeFinished,
    NodeStarted,
    RequestSubmitted,
    RunFinished,
    SessionStarted,
    TextDelta,
    TextFinished,
)
from core.log import Log
from core.log.schema import known_version

NODE = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
EVENTS = (
    SessionStarted(
        project="/srv/shop", version="0.1.0", roster="current", backend="rehearsal", confinement="confined"
    ),
    RequestSubmitted(run="r1", text="Add a GET /health endpoint\nand test it"),
    NodeStarted(**NODE, model="amazon.nova-pro-v1:0"),
    TextDelta(**NODE, block="b1", text="Grüße, "),
    TextDelta(**NODE, block="b1", text="日本 👩‍💻"),
    TextFinished(**NODE, block="b1", text="Grüße, 日本 👩‍💻"),
    ModelCalled(
        **NODE,
        call="c1",
        model="amazon.nova-pro-v1:0",
        input_tokens=1200,
        output_tokens=80,
        cache_read_tokens=0,
        cache_write_tokens=0,
        cost_usd="0.001216",
        latency_ms=900,
        estimated=False,
    ),
    NodeFinished(**NODE, status="done", summary="Added the endpoint.", duration_ms=1500),
    RunFinished(
        run="r1",
        status="done",
        answer="There is a health endpoint now.",
        files=("api.py",),
        cost_usd="0.001216",
        by_role={"fast_coder": "0.001216"},
        by_model={"amazon.nova-pro-v1:0": "0.001216"},
    ),
)


async def make(path: Path) -> None:
    moment = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    async with await Log.open(path, "golden", create=True, clock=lambda: moment) as log:
        await log.append(EVENTS)
    path.with_name(path.name + ".lock").unlink()


if __name__ == "__main__":
    assert int(sys.argv[1]) == known_version()
    asyncio.run(make(Path(__file__).with_name(f"log-{known_version()}.db")))
