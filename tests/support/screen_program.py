"""The screen over a tape, as a program of its own: `python screen_program.py RECORDING`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.record import Record
from tests.support import recordings
from tests.support.ports import TapePort
from tui.app import HeddleApp


def main() -> int:
    port = TapePort(getattr(recordings, sys.argv[1])())

    async def connect() -> TapePort:
        return port

    async def read(session: str) -> AsyncIterator[Record]:
        for record in recordings.applied():
            yield record

    app = HeddleApp(connect, read=read, project="tasks-api")
    app.run()
    print(f"sent: {[type(command).__name__ for command in port.commands]}")
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
