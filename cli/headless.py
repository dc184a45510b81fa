"""A run without a screen: `heddle run`, and the rehearsal where there is no terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.errors import Stop
from cli.output import Output
from cli.signals import Signals, obeyed, reader_watched
from core.commands import ApplyChanges, DecideChanges, InterruptRun, ResumeRun, SubmitRequest
from core.events import (
    ChangeMarkedStale,
    CommandRefused,
    Confinement,
    RequestSubmitted,
    RunFinished,
)
from core.faults import EXIT_FAILED
from core.log import LogError
from core.run import Team
from core.sandbox import probe
from core.session import Session, Settings

THREADS = 64
"""Each model stream holds a thread: the default of six would make the seventh wait."""


@dataclass(frozen=True)
class Job:
    """What a headless run is to do."""

    request: SubmitRequest | ResumeRun
    project: Path
    session: str | None = None
    apply_all: bool = False


async def run_job(
    job: Job, settings: Settings, team: Team, make_output: Callable[[str], Output]
) -> tuple[int, str, RunFinished | None]:
    """Carry a job out; returns exit code, session id and how the run ended.

    Raises:
        BrokenPipeError, Stop: what was to be shown cannot be written any more; the run was stopped.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    session = await Session.open(
        settings, project=job.project, session=job.session, team=team, confinement=await find_confinement()
    )
    begun = asyncio.Event()

    async def stop() -> None:
        await begun.wait()  # before there is a run, nothing could be stopped, and it would begin all the same
        await session.submit(InterruptRun())

    watcher = Watcher(session, make_output(session.id), session.first_new, stop)
    watching = asyncio.create_task(watcher.watch())
    try:
        with obeyed(stop) as signals, reader_watched(watcher.desert):
            try:
                await session.submit(job.request)
            finally:
                begun.set()
            code, end = await _carry_out(job, session, watcher, signals)
        return code, session.id, end
    finally:
        await session.close()
        with suppress(asyncio.CancelledError):
            await watching


async def _carry_out(
    job: Job, session: Session, watcher: "Watcher", signals: Signals
) -> tuple[int, RunFinished | None]:
    await session.wait_idle()
    end = await watcher.until(RunFinished, CommandRefused)
    if not isinstance(end, RunFinished):
        return EXIT_FAILED, None
    if signals.first is not None and (end.status == "interrupted" or job.apply_all):
        return signals.exit_code, end
    if job.apply_all and end.status == "done" and end.files:
        return await _apply(session, watcher, end.exit_code), end
    return end.exit_code, end


async def find_confinement() -> Confinement:
    """Whether commands will run in a sandbox here; it is really started to know."""
    found = await asyncio.to_thread(probe)
    return "confined" if found.ok else "unconfined"


async def _apply(session: Session, watcher: "Watcher", code: int) -> int:
    await session.submit(DecideChanges(verdict="accepted", by="--apply all"))
    await session.submit(ApplyChanges())
    told = await watcher.all_until(session.last)
    return (
        EXIT_FAILED if any(isinstance(event, ChangeMarkedStale | CommandRefused) for event in told) else code
    )


class Watcher:
    """Shows each record once, and waits for the events that end something."""

    def __init__(
        self, session: Session, output: Output, after: int, stop: Callable[[], Awaitable[None]]
    ) -> None:
        self._session = session
        self._stop = stop
        self._output = output
        self._after = after
        self._opened = session.last
        """What stands before this place is how an earlier run ended, which the opening of the session put on record."""
        self._seen: list[object] = []
        self._shown = after
        """Place of the last record that was shown."""
        self._news = asyncio.Condition()
        self._fault: Exception | None = None

    async def watch(self) -> None:
        """Show records until the session is closed. When nobody reads them any more, the run is stopped."""
        async for record in self._session.records(self._after):
            try:
                if record.seq > self._opened or not self._output.one_end(record):
                    self._output.show(record)
            except (OSError, ValueError) as error:  # a file that is full, gone, or closed
                await self._give_up(error)
                return
            async with self._news:
                self._shown = record.seq
                if record.seq > self._opened and not isinstance(record.event, RequestSubmitted):
                    self._seen.append(record.event)
                self._news.notify_all()

    async def desert(self) -> None:
        """Nobody reads what is shown any more: stop the run."""
        await self._give_up(BrokenPipeError())

    async def _give_up(self, error: OSError | ValueError) -> None:
        why = error.strerror if isinstance(error, OSError) else error
        sentence = f"What the run says cannot be written: {why}. The run was stopped."
        async with self._news:
            self._fault = error if isinstance(error, BrokenPipeError) else Stop(sentence)
            self._news.notify_all()
        with suppress(LogError):  # the session is being closed: nothing works any more
            await self._stop()

    async def until(self, *kinds: type) -> object:
        """Wait for the first event of these kinds that was not waited for yet.

        Raises:
            BrokenPipeError, Stop: records cannot be shown any more.
        """
        async with self._news:
            while True:
                if self._fault is not None:
                    raise self._fault
                for place, event in enumerate(self._seen):
                    if isinstance(event, kinds):
                        del self._seen[: place + 1]
                        return event
                self._seen.clear()
                await self._news.wait()

    async def all_until(self, place: int) -> list[object]:
        """Every event up to a place in the log that was not waited for yet.

        Raises:
            BrokenPipeError, Stop: records cannot be shown any more.
        """
        async with self._news:
            while self._fault is None and self._shown < place:
                await self._news.wait()
            if self._fault is not None:
                raise self._fault
            return self._seen
