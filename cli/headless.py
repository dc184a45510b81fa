"""A run without a screen: `heddle run`, and the rehearsal where there is no terminal."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cli.output import Output
from core.commands import ApplyChanges, DecideChanges, InterruptRun, SubmitRequest
from core.events import (
    ChangeApplied,
    ChangeMarkedStale,
    CommandRefused,
    Confinement,
    RequestSubmitted,
    RunFinished,
)
from core.faults import EXIT_FAILED
from core.run import Team
from core.sandbox import probe
from core.session import Session, Settings

THREADS = 64
"""Each model stream holds a thread: the default of six would make the seventh wait."""


@dataclass(frozen=True)
class Job:
    """What a headless run is to do."""

    request: SubmitRequest
    project: Path
    session: str | None = None
    apply_all: bool = False


async def run_job(
    job: Job, settings: Settings, team: Team, make_output: Callable[[str], Output]
) -> tuple[int, str, RunFinished | None]:
    """Carry a job out; returns exit code, session id and how the run ended."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    session = await Session.open(
        settings, project=job.project, session=job.session, team=team, confinement=await find_confinement()
    )
    watcher = Watcher(session, make_output(session.id), session.first_new)
    watching = asyncio.create_task(watcher.watch())
    try:
        async with _interruptible(session):
            await session.submit(job.request)
            await session.wait_idle()
        end = await watcher.until(RunFinished, CommandRefused)
        code = end.exit_code if isinstance(end, RunFinished) else EXIT_FAILED
        if job.apply_all and isinstance(end, RunFinished) and end.status == "done" and end.files:
            code = await _apply(session, watcher, code)
        return code, session.id, end if isinstance(end, RunFinished) else None
    finally:
        await session.close()
        with suppress(asyncio.CancelledError):
            await watching


async def find_confinement() -> Confinement:
    """Whether commands will run in a sandbox here; it is really started to know."""
    found = await asyncio.to_thread(probe)
    return "confined" if found.ok else "unconfined"


async def _apply(session: Session, watcher: "Watcher", code: int) -> int:
    await session.submit(DecideChanges(verdict="accepted", by="--apply all"))
    await session.submit(ApplyChanges())
    end = await watcher.until(ChangeApplied, ChangeMarkedStale, CommandRefused)
    return code if isinstance(end, ChangeApplied) else EXIT_FAILED


class Watcher:
    """Shows each record once, and waits for the events that end something."""

    def __init__(self, session: Session, output: Output, after: int) -> None:
        self._session = session
        self._output = output
        self._after = after
        self._seen: list[object] = []
        self._news = asyncio.Condition()

    async def watch(self) -> None:
        """Show records until the session is closed."""
        async for record in self._session.records(self._after):
            self._output.show(record)
            async with self._news:
                if not isinstance(record.event, RequestSubmitted):
                    self._seen.append(record.event)
                self._news.notify_all()

    async def until(self, *kinds: type) -> object:
        """Wait for the first event of these kinds that was not waited for yet."""
        async with self._news:
            while True:
                for place, event in enumerate(self._seen):
                    if isinstance(event, kinds):
                        del self._seen[: place + 1]
                        return event
                self._seen.clear()
                await self._news.wait()


@asynccontextmanager
async def _interruptible(session: Session) -> AsyncIterator[None]:
    """Ctrl+C and TERM stop the run in good order."""
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []

    def interrupt() -> None:
        tasks.append(loop.create_task(session.submit(InterruptRun())))

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
