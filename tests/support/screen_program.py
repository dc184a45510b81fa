"""The screen over a tape, as a program of its own: `python screen_program.py RECORDING`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cli.crash import write_report
from core.index import Asked
from core.paths import find_home
from tests.support import recordings
from tests.support.ports import TapePort
from tui.app import HeddleApp
from tui.sources import Sources
from tui.theme import DARK
from tui.themes import fit_theme


async def recall() -> Sequence[Asked]:
    """Ctrl+R breaks the screen, where a test wants that."""
    secret = os.environ.get("BREAKS")
    if secret:
        raise RuntimeError("broken on purpose")
    return ()


def main() -> int:
    port = TapePort(getattr(recordings, sys.argv[1])())

    async def connect() -> TapePort:
        return port

    more = {"clock": lambda: recordings.START} if os.environ.get("ASKED_NOW") else {}
    app = HeddleApp(
        connect,
        sources=Sources(recall=recall),
        project="tasks-api",
        theme=fit_theme(DARK.name, os.environ),
        report=lambda error: write_report(find_home(), error),
        **more,
    )
    app.run()
    print(f"sent: {[type(command).__name__ for command in port.commands]}")
    print(f"asked: {[len(getattr(command, 'text', '')) for command in port.commands]}")
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main())
