"""How soon each tool is still after a stop: in the midst of work that would take minutes.

python bench/stop_tools.py [CASE …]

From the moment that the node is stopped until its call has returned, and with it the last process and thread of its
own: the cases are those of tests/tools/research/test_stopping.py, which sees to it that none is left.
"""

import asyncio
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pygit2

from core.sandbox import open_sandbox
from core.stage import Stage
from tests.tools.research.test_stopping import CASES, Long, build, children, prepare, threads_at_work
from tools.registry import call
from tools.workbench import Workbench

RUNS = 7
SERVICES = ("searxng", "stackexchange", "pypi", "npm", "osv")


async def allow(_text: str, choices: tuple[str, ...], **_about: Any) -> str:
    """A user who allows what is asked."""
    return choices[0]


def settle(folder: Path) -> tuple[Workbench, str]:
    """A workbench over a project in which everything takes minutes, and an address that never answers."""
    silent = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: [silent.accept() for _ in iter(int, 1)], daemon=True).start()
    host = f"127.0.0.1:{silent.getsockname()[1]}"
    os.environ["HEDDLE_HOME"] = str(folder / "home")
    from core.paths import find_home

    find_home().config.mkdir(parents=True)
    hosts = "\n".join(f'{each} = "http://{host}/{each}"' for each in SERVICES)
    (find_home().config / "research.toml").write_text(f'private = ["{host}"]\n[hosts]\n{hosts}\n')
    project = folder / "project"
    pygit2.init_repository(str(project))
    build(project)
    (project / "src").mkdir()
    (project / "src" / "app.py").write_text("x = 1\n")
    stage = Stage.create(project, folder / "stage")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    bench = Workbench(stage, sandbox, threading.Event(), "r1", "senior_coder", "senior_coder", allow)
    return bench, f"http://{host}"


async def once(case: Long, bench: Workbench, url: str) -> float:
    """Seconds until it is still."""
    arguments = prepare(case, bench, url)
    before = children()
    work = asyncio.ensure_future(call(case.tool, arguments, bench))
    for _ in range(60):
        await asyncio.sleep(0.01)
        if children() - before or threads_at_work():
            break
    await asyncio.sleep(0.05)
    if work.done():
        raise SystemExit(f"{case.tool} ended by itself: {(await work).text}")
    started = time.monotonic()
    bench.stop.set()
    await work
    while threads_at_work() or children() - before:
        await asyncio.sleep(0.001)
    bench.stop.clear()
    return time.monotonic() - started


async def measure(folder: Path) -> None:
    bench, url = settle(folder)
    for name, case in CASES.items():
        if case.locked or (sys.argv[1:] and name not in sys.argv[1:]):
            continue
        times = sorted([1000 * await once(case, bench, url) for _ in range(RUNS)])
        print(
            f"{name:22} median {times[RUNS // 2]:4.0f} ms, longest {times[-1]:4.0f} ms (aim 100 ms)",
            flush=True,
        )
    bench.sandbox.services.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as top:
        asyncio.run(measure(Path(top)))
