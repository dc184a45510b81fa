"""How long a list of very many changed files takes to open: read, folded and listed.

`bench/diffs.py` measures the screen with as many.

Usage: python bench/changes.py [FILES]
"""

import asyncio
import contextlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from cli.main import main as heddle
from core.clock import now
from core.events import FileChanged, Hunk, SessionStarted
from core.log import Log, LogReader
from core.paths import find_home, make_private
from core.settings import new_session_id
from core.view.session import SessionView

T = TypeVar("T")
PATCH = "diff --git a/f b/f\n--- a/f\n+++ b/f\n" + "".join(
    f"@@ -{at},3 +{at},3 @@ def here():\n before = 1\n-    old = {at}\n+    new = {at}\n after = 2\n"
    for at in range(1, 40, 10)
)
HUNKS = tuple(
    Hunk(id=f"{at:08x}", old_start=at + 1, old_lines=1, new_start=at + 1, new_lines=1, role="fast_coder")
    for at in range(1, 40, 10)
)


def changes(files: int) -> list[FileChanged]:
    """Changes of four hunks each."""
    who = {"run": "r1", "node": "fast_coder", "role": "fast_coder"}
    return [
        FileChanged(
            **who,
            path=f"pkg{number // 100}/file{number}.py",
            kind="modified",
            added_lines=4,
            removed_lines=4,
            patch=PATCH,
            hunks=HUNKS,
        )
        for number in range(files)
    ]


async def write(files: int) -> str:
    """A session with so many changes that wait."""
    home = find_home()
    make_private(home.sessions)
    id = new_session_id(now())
    log = await Log.open(home.session_log(id), id, create=True)
    started = SessionStarted(
        project=str(Path.cwd()), version="0", roster="current", backend="rehearsal", confinement="confined"
    )
    await log.append([started])
    made = changes(files)
    for at in range(0, files, 500):
        await log.append(made[at : at + 500])
    await log.close()
    return id


def timed(act: Callable[[], T]) -> tuple[float, float, T]:
    """Seconds by the clock, seconds of processor time, and what came of it."""
    start, cpu = time.perf_counter(), time.process_time()
    found = act()
    return time.perf_counter() - start, time.process_time() - cpu, found


async def read(session: str) -> SessionView:
    view, after = SessionView(), 0
    async with await LogReader.open(find_home().session_log(session)) as reader:
        while batch := await reader.read(after):
            for record in batch:
                view.apply(record)
                after = record.seq
    return view


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as name:
        os.environ["HEDDLE_HOME"] = name
        session = asyncio.run(write(files))
        _, folded, view = timed(lambda: asyncio.run(read(session)))
        with contextlib.redirect_stdout(io.StringIO()):
            _, listed, _ = timed(lambda: heddle(["changes", session]))
            _, as_json, _ = timed(lambda: heddle(["changes", session, "--output", "json"]))
        _, inbox, _ = timed(lambda: view.inbox)
    print(f"{files:,} changed files, processor time:")
    rows = {
        "read and folded, as the screen does": folded,
        "heddle changes": listed,
        "heddle changes --output json": as_json,
        "the inbox": inbox,
    }
    for what, seconds in rows.items():
        print(f"{what:>30}: {seconds * 1000:7.0f} ms")


main()
