"""A session: one conversation about one project. Commands go in, records come out."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, assert_never

import msgspec

from core import clock
from core.commands import (
    AnswerQuestion,
    ApplyChanges,
    CloseSession,
    Command,
    DecideChanges,
    InterruptRun,
    RetryRun,
    SubmitRequest,
    UndoApply,
)
from core.events import (
    ChangeDecided,
    CommandRefused,
    Confinement,
    Event,
    NoticeGiven,
    QuestionAnswered,
    SessionResumed,
    SessionStarted,
    snake_case,
)
from core.ledger import Budget
from core.log import Log
from core.money import to_pico
from core.past import Past
from core.paths import Home, make_private
from core.prices import PriceBook
from core.record import Record
from core.recorder import Recorder
from core.recovery import close_open_run
from core.review import Refusal, Review
from core.run import Run, Team
from core.sandbox import Sandbox, open_sandbox
from core.stage import Stage
from core.stage.apply import recover
from core.version import heddle_version
from core.working import RunWork


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a session needs to know besides its project."""

    home: Home
    prices: PriceBook
    budget_usd: str | None = None
    """The most that one run may cost, unless its request says otherwise."""
    allow_unconfined: bool = False
    """Whether commands may run without a sandbox when there is none."""
    interactive: bool = True
    """Whether somebody is there to answer questions."""


def new_session_id(now: datetime) -> str:
    """Sorts by time, is short enough to type, and does not collide: `20260131-1200-k3f9`."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return f"{now:%Y%m%d-%H%M%S}-" + "".join(secrets.choice(alphabet) for _ in range(4))


class Session:
    """The session in this process: it owns the log, the stage and the run that works."""

    def __init__(
        self, id: str, project: Path, log: Log, past: Past, settings: Settings, team: Team | None
    ) -> None:
        self.id = id
        self.project = project
        self._log = log
        self._past = past
        self._settings = settings
        self._team = team
        self._recorder = Recorder(log)
        self._stage: Stage | None = None
        self._review: Review | None = None
        self._sandbox: Sandbox | None = None
        self._run: Run | None = None
        self._work: asyncio.Task[None] | None = None
        self._unsettled: list[ChangeDecided] = []
        self._turn = asyncio.Lock()
        self.first_new = log.last
        """Place of the last record before this opening."""
        self.closed = asyncio.Event()
        """Set once the session is closed, by whoever closed it."""

    # -- opening and closing ---------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        project: Path | None = None,
        session: str | None = None,
        team: Team | None = None,
        confinement: Confinement = "unconfined",
        socket: Path | None = None,
    ) -> "Session":
        """Open a session, or begin one for a project.

        Without a team only decisions can be taken: no request is answered.

        Raises:
            LogBusy, LogTooNew, LogDamaged: the log cannot be opened; nothing was changed.
        """
        home = settings.home
        make_private(home.sessions)
        id = session or new_session_id(clock.now())
        fresh = session is None
        record_log = await Log.open(home.session_log(id), id, create=fresh, socket=socket)
        try:
            past = await _read_past(record_log)
            folder = Path(past.project) if past.project else (project or Path.cwd())
            opened = cls(id, Path(os.path.realpath(folder)), record_log, past, settings, team)
            await opened._begin(fresh, confinement)
        except BaseException:
            await record_log.close()
            raise
        return opened

    async def _begin(self, fresh: bool, confinement: Confinement) -> None:
        sentences = await asyncio.to_thread(recover, self._settings.home.journals(self.project))
        if self._team is not None:
            kind = SessionStarted if fresh else SessionResumed
            facts: dict[str, Any] = {
                "version": heddle_version(),
                "roster": self._team.roster,
                "backend": self._team.backend,
                "confinement": confinement,
            }
            await self._emit(kind(**({"project": str(self.project)} if fresh else {}), **facts))
        for event in close_open_run(self._past, self._settings.prices):
            await self._emit(event)
        for sentence in sentences:
            await self._emit(NoticeGiven(text=sentence, level="warning"))

    async def close(self) -> None:
        """Interrupt the run that works, commit everything and release the log."""
        if self._run is not None:
            self._run.stop.set()
        if self._work is not None:
            with suppress(asyncio.CancelledError):
                await self._work
        await self._recorder.close()
        await self._log.close()
        self.closed.set()

    # -- records ---------------------------------------------------------------------------------

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        """Every record after a place in the log, then each new one; ends when the session is closed."""
        return self._log.follow(after)

    @property
    def last(self) -> int:
        """Place of the last record."""
        return self._log.last

    async def _emit(self, *events: Event) -> None:
        for event in events:
            self._past.note(event)
        await self._recorder.emit(*events)

    # -- commands --------------------------------------------------------------------------------

    async def submit(self, command: Command) -> None:
        """Hand in a command; what comes of it is on record."""
        try:
            await self._carry_out(command)
        except Refusal as refusal:
            name = snake_case(type(command).__name__)
            await self._emit(CommandRefused(command=name, reason=str(refusal)))

    async def _carry_out(self, command: Command) -> None:
        match command:
            case SubmitRequest():
                await self._start(command)
            case RetryRun():
                await self._retry()
            case InterruptRun():
                self._interrupt()
            case AnswerQuestion():
                await self._answer(command)
            case DecideChanges():
                await self._decide(command)
            case ApplyChanges():
                await self._review_step(lambda review: review.apply(command.paths))
            case UndoApply():
                await self._review_step(lambda review: review.undo(command.paths))
            case CloseSession():
                self._later(self.close())
            case _:
                assert_never(command)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        self._closing = asyncio.get_running_loop().create_task(work)

    async def _retry(self) -> None:
        if not self._past.requests:
            raise Refusal("There is no request to try again yet.")
        last = self._past.requests[-1]
        await self._start(SubmitRequest(text=last.text, pattern=last.pattern, budget_usd=last.budget_usd))

    def _interrupt(self) -> None:
        if self._run is None:
            raise Refusal("No run is at work.")
        self._run.stop.set()

    async def _answer(self, command: AnswerQuestion) -> None:
        if self._run is None or not self._run.answer(command.id, command.answer):
            raise Refusal("That question does not wait for an answer any more.")
        await self._emit(QuestionAnswered(id=command.id, answer=command.answer, by=command.by))

    async def _start(self, command: SubmitRequest) -> None:
        team = self._team
        if team is None:
            raise Refusal("This session was opened for decisions only.")
        if self._run is not None:
            raise Refusal("A run is at work: wait for it or interrupt it (Esc), then send the request again.")
        text = command.text.strip()
        if not text:
            raise Refusal("The request is empty: say what should be done.")
        work = RunWork(
            session=self.id,
            number=self._past.runs + 1,
            command=msgspec.structs.replace(command, text=text),
            past=tuple(self._past.answers),
            budget=self._budget(command),
            prices=self._settings.prices,
            record=self._emit,
            settle=self._settle,
            interactive=self._settings.interactive,
        )
        self._run = await work.begin(self._open_stage, self._open_sandbox)
        self._work = asyncio.create_task(self._finish(work, team))

    def _budget(self, command: SubmitRequest) -> Budget:
        dollars = command.budget_usd or self._settings.budget_usd
        try:
            return Budget(to_pico(dollars) if dollars is not None else None)
        except ValueError as error:
            raise Refusal(f"The budget is no amount in dollars: {error}.") from error

    async def _finish(self, work: RunWork, team: Team) -> None:
        try:
            await work.work(team)
        finally:
            self._run = None
            await self._settle()

    async def wait_idle(self) -> None:
        """Wait until no run is at work."""
        if self._work is not None:
            await asyncio.wait({self._work})

    # -- stage and decisions ---------------------------------------------------------------------

    async def _open_stage(self) -> Stage:
        if self._stage is None:
            self._stage = await asyncio.to_thread(self._make_stage)
        else:
            await asyncio.to_thread(self._stage.refresh)
        return self._stage

    def _make_stage(self) -> Stage:
        folder = self._settings.home.stage(self.id)
        if folder.exists():
            stage = Stage.open(folder)
            stage.refresh()
            return stage
        make_private(folder.parent)
        return Stage.create(self.project, folder)

    def _open_sandbox(self, stage: Stage) -> Sandbox:
        if self._sandbox is None:
            self._sandbox = open_sandbox(
                stage.tree, self.project, allow_unconfined=self._settings.allow_unconfined
            )
        return self._sandbox

    async def _reviewer(self) -> Review:
        if self._review is None:
            stage = self._stage or await self._open_stage()
            self._review = Review(stage, self._settings.home.journals(self.project), self._past)
        return self._review

    async def _decide(self, command: DecideChanges) -> None:
        review = await self._reviewer()
        events = review.decide(command.verdict, command.paths, command.by)
        await self._emit(*events)
        self._unsettled += [event for event in events if isinstance(event, ChangeDecided)]
        if self._run is None:
            await self._settle()

    async def _settle(self) -> list[str]:
        """Carry out decisions in the stage; during a run this happens between two tool calls."""
        async with self._turn:
            decisions, self._unsettled = self._unsettled, []
            if not decisions:
                return []
            review = await self._reviewer()
            return await asyncio.to_thread(review.settle, decisions)

    async def _review_step(self, step: Any) -> None:
        if self._run is not None:
            raise Refusal("A run is at work: apply or undo when it is finished, or interrupt it first (Esc).")
        review = await self._reviewer()
        async with self._turn:
            events = await asyncio.to_thread(step, review)
        await self._emit(*events)


async def _read_past(record_log: Log) -> Past:
    past = Past()
    after = 0
    while batch := await record_log.read(after):
        for record in batch:
            past.apply(record)
            after = record.seq
    return past
