"""Draw the README's picture again: a real run of the first scenario, on the real screen.

The scenario is played over the rehearsal's wire into a session of its own; then the screen draws that session's
records. Run it as `make pictures`.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PICTURES = ROOT / "docs" / "pictures"
SIZE = (150, 46)

if TYPE_CHECKING:
    from core.record import Record


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["HEDDLE_HOME"] = home
        records = play()
        asyncio.run(draw(records, PICTURES / "heddle.svg"))


def play() -> list["Record"]:
    """The records of the first scenario."""
    import argparse

    from cli.rehearse import rehearse
    from cli.world import find_world
    from core.log import LogReader

    world = find_world()
    args = argparse.Namespace(scenario=None, output="json", apply="none", speed=4.0, roster=None)
    rehearse(world, args)

    async def read() -> list["Record"]:
        path = next(world.home.sessions.glob("*.db"))
        async with await LogReader.open(path) as reader:
            return await reader.read(0, 10_000)

    return asyncio.run(read())


class RecordedPort:
    """A session that is over: its records, and nobody to take commands."""

    id = "picture"

    def __init__(self, records: list["Record"]) -> None:
        self._records = records

    async def submit(self, command: object) -> None:
        return

    async def records(self, after: int = 0) -> AsyncIterator["Record"]:
        for record in self._records:
            if record.seq > after:
                yield record
        await asyncio.Event().wait()

    async def close(self) -> None:
        return


async def draw(records: list["Record"], path: Path) -> None:
    """Draw the screen after these records."""
    from tui.app import HeddleApp

    async def connect() -> RecordedPort:
        return RecordedPort(records)

    app = HeddleApp(connect)
    async with app.run_test(size=SIZE) as pilot:
        for _ in range(20):
            await pilot.pause(0.05)
        path.write_text(app.export_screenshot(title="heddle"))
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
