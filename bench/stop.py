"""How soon everything is still after Esc: eight streaming nodes and a running command, in an engine of its own.

python bench/stop.py

The screen's side (this process), the engine and the endpoint are three processes, as in real life. From the moment
the stop is sent over the link: until the endpoint has seen every stream closed, until the last process of the
command is gone, and until the end of the run is on record and has reached the screen's side. The floor beside it
is one command and its answer over the same link when nothing works.
"""

import asyncio
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

NODES = 8
RUNS = 15
WORD_SECONDS = 0.02
"""Between two words of a stream: fifty tokens a second."""
STREAMS, CODES = "researcher", "fast_coder"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "project").mkdir()
        (folder / "project" / "app.py").write_text("VALUE = 1\n")
        mark = f"bench-stop-{os.getpid()}"
        settings = {"HEDDLE_HOME": str(folder / "home"), "AWS_EC2_METADATA_DISABLED": "true"}
        environment = {**os.environ, **settings}
        words = [sys.executable, __file__]
        with (
            _Program([*words, "endpoint", mark], environment) as endpoint,
            _Program(
                [*words, "engine", endpoint.told, str(folder / "s"), str(folder / "project")], environment
            ),
        ):
            asyncio.run(_measure(folder / "s", endpoint, mark))


class _Program:
    """Another process that says one line when it is ready; ended with the block."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )
        self.told = self.line()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def __enter__(self) -> "_Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


# -- the screen's side -------------------------------------------------------------------------------


async def _measure(socket: Path, endpoint: _Program, mark: str) -> None:
    from core.commands import RenameSession
    from core.link import LinkClient

    client = await LinkClient.connect(socket)
    records = client.records()
    floor: list[float] = []
    for number in range(RUNS):
        began = time.monotonic()
        await client.submit(RenameSession(title=f"Title {number}", by="bench"))
        await _until(records, lambda kind, _: kind == "SessionRenamed")
        floor.append(time.monotonic() - began)
    times = [await _once(client, records, endpoint, mark) for _ in range(RUNS)]
    await client.close()
    print(f"a command and its record over the link, nothing at work: {_told(floor)}")
    what = (f"all {NODES} streams closed", "the command and its children gone", "the end on record and here")
    for name, column in zip(what, zip(*times, strict=True), strict=True):
        print(f"from Esc until {name}: {_told(column)} (aim 100 ms)")


async def _once(client: Any, records: Any, endpoint: _Program, mark: str) -> tuple[float, float, float]:
    from core.commands import InterruptRun, SubmitRequest

    await client.submit(SubmitRequest(text="Look around"))
    streaming: set[str] = set()

    def all_at_work(kind: str, event: Any) -> bool:
        if kind == "TextDelta" and event.role == STREAMS:
            streaming.add(event.node)
        return len(streaming) == NODES and len(_running(mark)) >= 1

    await _until(records, all_at_work)
    gone = threading.Thread(target=lambda: times.append(_until_gone(mark)))
    times: list[float] = []
    began = time.monotonic()
    gone.start()
    await client.submit(InterruptRun())
    await _until(records, lambda kind, event: kind == "RunFinished" and event.status == "interrupted")
    ended = time.monotonic()
    await asyncio.to_thread(gone.join)
    closed = float(await asyncio.to_thread(endpoint.line))
    return closed - began, times[0] - began, ended - began


async def _until(records: Any, fits: Any) -> None:
    async for record in records:
        if fits(type(record.event).__name__, record.event):
            return
        if type(record.event).__name__ in ("CommandRefused", "Failed"):
            raise SystemExit(str(record.event))


def _running(mark: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and str(ROOT).encode() not in words and b"bench/stop.py" not in words:
            found.append(int(entry.name))
    return found


def _until_gone(mark: str) -> float:
    watched = _running(mark)
    while any(_alive(pid) for pid in watched):
        time.sleep(0.002)
    return time.monotonic()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _told(seconds: Any) -> str:
    ordered = sorted(each * 1000 for each in seconds)
    return f"median {ordered[len(ordered) // 2]:.0f} ms, longest {ordered[-1]:.0f} ms"


# -- the endpoint ------------------------------------------------------------------------------------


def endpoint(mark: str) -> None:
    """Streams words to whoever only looks, and lets the coder run a command that prints without end."""
    from tests.support.foreign_bedrock import BedrockWire, ForeignBedrock, Reply, event

    closed: list[float] = []
    turn = threading.Lock()

    class Wire(BedrockWire):
        def _wait(self, asked: Any, hold: threading.Event | None) -> None:
            while hold is not None and not select.select([self.connection], [], [], WORD_SECONDS)[0]:
                delta = {"contentBlockIndex": 0, "delta": {"text": "word "}}
                self._chunk(event("contentBlockDelta", delta))
            if hold is not None:
                note()

    def note() -> None:
        with turn:
            closed.append(time.monotonic())
            if len(closed) == NODES:
                print(closed[-1], flush=True)
                closed.clear()

    class Server(ForeignBedrock):
        wire = Wire  # type: ignore[assignment]

    with Server() as server:
        server.play("You are the researcher", Reply("I look ", hold=threading.Event()))
        command = f"sleep 1000 & while :; do echo {mark}; sleep 0.05; done # {mark}"
        server.play("You are the fast coder", Reply("I run it.", (("run_command", {"command": command}),)))
        print(server.url, flush=True)
        sys.stdin.read()


# -- the engine --------------------------------------------------------------------------------------


class Everybody:
    """A team of many who look, and one who runs something, all side by side."""

    roster = "bench"
    backend = "endpoint"
    roles = (STREAMS, CODES)

    def __init__(self, company: Any) -> None:
        self._company = company

    def find_model(self, name: str) -> str:
        return name

    async def work(self, run: Any) -> Any:
        """See `core.run.Team`."""
        from agents.board import Board
        from agents.layers import run_layers
        from core.run import Outcome

        board = Board(run)
        names = [STREAMS if number == 1 else f"{STREAMS}_{number}" for number in range(1, NODES + 1)]
        nodes = [self._node(board, STREAMS, name) for name in names]
        await run_layers(board, [[*nodes, self._node(board, CODES, CODES)]])
        return Outcome("done", "Done.")

    def _node(self, board: Any, role: str, name: str) -> Any:
        from agents.node import Assignment, NodeAgent

        async def prompt() -> str:
            return "Look around."

        assignment = Assignment(self._company.roster[role], prompt, lambda: "", place=name)
        return NodeAgent(self._company, board, assignment)


async def engine(url: str, socket: str, project: str) -> None:
    """Serve one session, as the real engine does."""
    from agents.aws import connect_rehearsal
    from agents.company import Company
    from agents.retry import Breaker, default_policy
    from agents.roster import load_roster
    from cli.world import keep_diagnostics
    from core.link import LinkServer
    from core.paths import find_home
    from core.prices import load_prices
    from core.session import Session, Settings

    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    home = find_home()
    home.state.mkdir(parents=True)
    keep_diagnostics(home)
    roster = load_roster("current", config=home.config, region="us-east-1", scope="geo")
    team: Any = Everybody(Company(roster, connect_rehearsal(url), default_policy(), Breaker()))
    settings = Settings(home=home, prices=load_prices(), allow_unconfined=True)
    place = Path(socket)
    session = await Session.open(settings, project=Path(project), team=team, socket=place)
    server = LinkServer(session, place)
    await server.serve()
    print("ready", flush=True)
    await session.closed.wait()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["endpoint", mark]:
            endpoint(mark)
        case ["engine", url, socket, project]:
            asyncio.run(engine(url, socket, project))
        case _:
            main()
