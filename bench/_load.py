"""A stand-in for the engine: the real log, recorder and link of a session, and typists instead of models.

`python bench/_load.py SESSION ITEMS` writes a past of so many items, serves the session, and answers
requests: `stream NODES SECONDS` has nodes write 100 tokens a second each, `turn TOKENS` one node as fast as
the record takes it, `ask` asks a question, `records COUNT` writes so many deltas.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import events as e
from core.clock import now
from core.commands import AnswerQuestion, Command, SubmitRequest
from core.link import LinkServer
from core.log import Log
from core.paths import Home, find_home, make_private
from core.record import Record
from core.recorder import Recorder

RATE = 100
"""Tokens a second of one node."""
ROLES = (
    "senior_coder",
    "fast_coder",
    "test_engineer",
    "code_reviewer",
    "debugger",
    "documenter",
    "researcher",
    "architect",
)
MODEL = "amazon.nova-pro-v1:0"
_SENTENCE = "the shuttle carries the weft through the shed and the reed beats it up to the fell of the cloth"
WORDS = _SENTENCE.split(" ")
"""Without q, x, z and j: those are what a bench types."""


def prose(words: int) -> str:
    """Markdown of paragraphs, emphasis and lists."""
    text = itertools.islice(itertools.cycle(WORDS), words)
    parts = [f"**{word}**" if n % 17 == 0 else word for n, word in enumerate(text)]
    lines = [" ".join(parts[start : start + 50]) for start in range(0, words, 50)]
    return "\n\n".join(f"- {line}" if n % 3 == 2 else line for n, line in enumerate(lines))


def past_run(number: int) -> Iterator[e.Event]:
    """A finished run of twelve items."""
    run = f"p{number}"
    at = {"run": run, "node": "fast_coder", "role": "fast_coder"}
    yield e.RequestSubmitted(run=run, text=f"Past request {number}")
    yield e.NodeStarted(**at, model=MODEL)
    for step in range(4):
        yield e.TextFinished(**at, text=f"{prose(60)} end{number}", block=f"{run}.b{step}")
        call = f"{run}.t{step}"
        yield e.ToolStarted(**at, call=call, tool="read_file", arguments='{"path": "core/text.py"}')
        yield e.ToolFinished(**at, call=call, tool="read_file", ok=True, duration_ms=3, output=prose(30))
    yield _charge(at, f"{run}.c")
    yield e.NodeFinished(**at, status="done", summary="", duration_ms=900)
    yield _end(run)


def _charge(at: dict[str, str], call: str) -> e.ModelCalled:
    return e.ModelCalled(
        **at,
        call=call,
        model=MODEL,
        input_tokens=900,
        output_tokens=300,
        cache_read_tokens=0,
        cache_write_tokens=0,
        cost_usd="0.00168",
        latency_ms=800,
        estimated=False,
    )


def _end(run: str) -> e.RunFinished:
    return e.RunFinished(
        run=run, status="done", answer="", files=(), cost_usd="0.00168", by_role={}, by_model={}
    )


class Typists:
    """The session's port: takes requests, and writes what they ask for."""

    def __init__(self, session: str, log: Log) -> None:
        self.id = session
        self._log = log
        self._recorder = Recorder(log)
        self._runs = itertools.count(1)
        self._work: set[asyncio.Task[None]] = set()

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        return self._log.follow(after)

    async def close(self) -> None:
        await self._recorder.close()

    async def submit(self, command: Command) -> None:
        match command:
            case SubmitRequest():
                work = asyncio.create_task(self._answer(command.text))
                self._work.add(work)
                work.add_done_callback(self._work.discard)
            case AnswerQuestion():
                await self._recorder.emit(e.QuestionAnswered(id=command.id, answer=command.answer, by="user"))
            case _:
                pass

    async def _answer(self, text: str) -> None:
        run = f"r{next(self._runs)}"
        kind, *figures = text.split()
        nodes = int(figures[0]) if kind == "stream" else 1
        team = ROLES[:nodes]
        planned = tuple(e.PlannedNode(node=role, role=role, model=MODEL) for role in team)
        await self._recorder.emit(
            e.RequestSubmitted(run=run, text=text), e.GraphPlanned(run=run, nodes=planned, edges=())
        )
        if kind == "ask":
            await self._recorder.emit(
                e.QuestionAsked(id=f"q{run}", run=run, text="Go on?", choices=("yes", "no"))
            )
            return
        if kind == "records":
            await self._write_records(run, int(figures[0]))
            await self._recorder.emit(_end(run))
            return
        seconds = float(figures[1]) if kind == "stream" else 0.0
        tokens = int(seconds * RATE) if kind == "stream" else int(figures[0])
        await asyncio.gather(*(self._write(run, role, tokens, seconds) for role in team))
        await self._recorder.emit(_end(run))

    async def _write_records(self, run: str, count: int) -> None:
        """So many records, as work leaves them: deltas, finished texts, tools and charges."""
        at = {"run": run, "node": "fast_coder", "role": "fast_coder"}
        for number in range(count // 50):
            block = f"{run}.{number}"
            deltas = [e.TextDelta(**at, text="some words ", block=block) for _ in range(40)]
            whole = e.TextFinished(**at, text="some words " * 40, block=block)
            call = {"call": f"{block}.t", "tool": "read_file"}
            tools = [
                e.ToolStarted(**at, **call, arguments='{"path": "core/text.py"}'),
                e.ToolFinished(**at, **call, ok=True, duration_ms=3, output=prose(30)),
            ]
            await self._log.append([*deltas, whole, *tools * 3, *[_charge(at, f"{block}.c")] * 3])

    async def _write(self, run: str, role: str, tokens: int, seconds: float) -> None:
        at = {"run": run, "node": role, "role": role}
        await self._recorder.emit(e.NodeStarted(**at, model=MODEL))
        block, whole = f"{run}.{role}", prose(tokens).split(" ")
        begun = time.monotonic()
        for number, word in enumerate(whole, 1):
            await self._recorder.emit(e.TextDelta(**at, text=f"{word} ", block=block))
            wait = begun + number * seconds / len(whole) - time.monotonic()
            if wait > 0 or number % 20 == 0:
                await asyncio.sleep(max(0.0 if seconds else 0.02, wait))
        await self._recorder.emit(e.TextFinished(**at, text=" ".join(whole), block=block))
        await self._recorder.emit(_charge(at, f"{block}.c"))
        await self._recorder.emit(e.NodeFinished(**at, status="done", summary="", duration_ms=1))


class _Times:
    """When what is written happened: each run of the past twenty seconds after the one before it, the rest now."""

    def __init__(self) -> None:
        self.past = True
        self._begun = now() - timedelta(days=1)
        self._writes = itertools.count(-1)

    def __call__(self) -> datetime:
        seconds = 20 * max(0, next(self._writes))
        return self._begun + timedelta(seconds=seconds) if self.past else now()


async def write_past(home: Home, session: str, items: int) -> Log:
    """A log with a finished past, open for more."""
    make_private(home.sessions)
    times = _Times()
    log = await Log.open(
        home.session_log(session), session, create=True, clock=times, socket=home.runtime / f"{session}.sock"
    )
    await log.append(
        [
            e.SessionStarted(
                project=str(Path.cwd()),
                version="bench",
                roster="bench",
                backend="rehearsal",
                confinement="confined",
            )
        ]
    )
    for number in range(1, items // 12 + 1):
        await log.append(list(past_run(number)))
    times.past = False
    return log


async def serve(session: str, items: int) -> None:
    """Until this process is ended."""
    home = find_home()
    log = await write_past(home, session, items)
    make_private(home.runtime)
    server = LinkServer(Typists(session, log), home.runtime / f"{session}.sock")
    await server.serve()
    print(log.last, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
