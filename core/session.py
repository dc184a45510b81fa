"""A session: one conversation about one project. Commands go in, records come out."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import assert_never

from core import clock
from core.commands import (
    AnswerQuestion,
    ApplyChanges,
    ChangeModel,
    CloseSession,
    Command,
    DecideChanges,
    DecideProposal,
    InterruptRun,
    KeepWorking,
    OverrideRoute,
    PauseNode,
    RenameSession,
    ResolveConflict,
    ResumeNode,
    ResumeRun,
    RetryNode,
    RetryRun,
    RewindStage,
    RunShell,
    SendMessage,
    StopNode,
    StopShell,
    SubmitRequest,
    UndoApply,
    WithdrawRequest,
)
from core.decisions import Decisions
from core.events import (
    CommandRefused,
    Confinement,
    Event,
    NoticeGiven,
    RunFinished,
    SessionRenamed,
    SessionResumed,
    SessionStarted,
    StagePrepared,
    snake_case,
)
from core.git.locking import clear_locks
from core.log import Log, LogError
from core.past import Past
from core.paths import make_private
from core.proposing import Proposing
from core.queue import sentence
from core.record import Record
from core.recorder import Recorder
from core.recovery import close_open_run
from core.refusal import Refusal
from core.requests import Requests
from core.run import Team
from core.run_commands import RunCommands
from core.runs import Runs
from core.settings import Settings, new_session_id
from core.shell import Shell
from core.spelling import real, recorded
from core.stage import StageError
from core.stage.apply import ApplyError, recover
from core.stage_commands import StageCommands
from core.staging import Staging
from core.steering import Steering
from core.text import clip
from core.version import heddle_version
from core.watching import Watching
from core.winding import Winding

__all__ = ["Session", "Settings", "new_session_id"]

_log = logging.getLogger(__name__)

TITLE_CHARACTERS = 200


class Session:
    """The session in this process: it owns the log, the stage and the run that works.

    Requests, decisions, applies and the end of a run take turns, so that each of them meets the state
    that is on record. Interruptions and answers do not wait for their turn.
    """

    def __init__(
        self, id: str, project: Path, log: Log, past: Past, settings: Settings, team: Team | None
    ) -> None:
        self.id = id
        self.project = project
        self._log = log
        self._past = past
        self._settings = settings
        self._team = team
        self._turn = asyncio.Lock()
        self._recorder = Recorder(log, self._committed)
        self._staging = Staging(id, project, settings.home, allow_unconfined=settings.allow_unconfined)
        self._decisions = Decisions(self._staging, past, self._emit)
        self._runs = Runs(
            session=id,
            settings=settings,
            past=past,
            recorder=self._recorder,
            staging=self._staging,
            decisions=self._decisions,
            turn=self._turn,
            give_up=self._close_soon,
        )
        steering = Steering(team, settings.prices, lambda: self._runs.running, lambda: past.progress.plan)
        requests = Requests(self._runs)
        self.winding = Winding(self._runs, past, self._recorder)
        self._runs.follow = requests.follow
        self._run_commands = RunCommands(self._runs, requests, steering, team, self._turn, self._check_open)
        busy = lambda: self._runs.busy  # noqa: E731
        self._proposing = Proposing(
            self._staging, past, self._emit, self._decisions, busy, lambda: self._closing is not None
        )
        self._stage_commands = StageCommands(
            self._decisions, self._proposing, self._turn, busy, self._check_open
        )
        self._shell = Shell(self._staging, past, self._emit, lambda: self._runs.busy, self._check_open)
        self._watching = Watching(self._staging, past, self._emit, self._turn, lambda: self._runs.busy)
        self._commands: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Task[None] | None = None
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
        record_log = await Log.open(home.session_log(id), id, create=session is None, socket=socket)
        try:
            past = await _read_past(record_log)
            given = os.path.realpath(project or Path.cwd())
            folder = Path(real(past.project) if past.project else given)
            opened = cls(id, folder, record_log, past, settings, team)
            await opened._begin(confinement)
        except BaseException:
            await record_log.close()
            raise
        return opened

    async def _begin(self, confinement: Confinement) -> None:
        sentences = await asyncio.to_thread(self._recover)
        greeting = [] if self._team is None else [self._greeting(self._team, confinement)]
        notices = [NoticeGiven(text=sentence, level="warning") for sentence in sentences]
        await self._emit(*greeting, *close_open_run(self._past, self._settings.prices), *notices)
        await self._decisions.catch_up()
        await self._proposing.catch_up()
        waiting = len(self._past.queue.requests)
        if waiting and self._team is not None:
            await self._emit(NoticeGiven(text=sentence(waiting, "the session was opened again")))
        if self._past.waiting.changes:
            self._watching.wake()
        if self._settings.watch:
            self._watching.begin()

    def _recover(self) -> list[str]:
        try:
            return [*recover(self._staging.journals), *clear_locks(self.project)]
        except (OSError, ApplyError) as error:
            return [f"What an interrupted apply left behind could not be looked at: {error}."]

    def _greeting(self, team: Team, confinement: Confinement) -> SessionStarted | SessionResumed:
        version = heddle_version()
        if self._past.project:
            return SessionResumed(
                version=version, roster=team.roster, backend=team.backend, confinement=confinement
            )
        return SessionStarted(
            project=recorded(str(self.project)),
            version=version,
            roster=team.roster,
            backend=team.backend,
            confinement=confinement,
        )

    async def close(self) -> None:
        """Interrupt the run that works, commit everything and release the log. Closing twice does no harm."""
        self._close_soon()
        await self.closed.wait()

    def _close_soon(self) -> None:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())

    async def _close(self) -> None:
        try:
            self._runs.stop()
            async with self._turn:  # what is being carried out is carried out; nothing begins after it
                self._runs.stop()
            await self._runs.finished()
            await self._shell.close()
            await self._watching.close()
            await self._staging.close()
            await self._recorder.close()
        finally:
            try:
                await self._log.close()
            finally:
                self.closed.set()

    @property
    def goes_on(self) -> bool:
        """The front has left a run at work on purpose, and it still works."""
        return self._runs.goes_on

    def _check_open(self) -> None:
        if self._closing is not None:
            raise Refusal("The session is being closed.")

    # -- records ---------------------------------------------------------------------------------

    def records(self, after: int = 0) -> AsyncIterator[Record]:
        """Every record after a place in the log, then each new one; ends when the session is closed."""
        return self._log.follow(after)

    @property
    def last(self) -> int:
        """Place of the last record."""
        return self._log.last

    def _committed(self, record: Record) -> None:
        self._past.apply(record)
        if isinstance(record.event, StagePrepared | RunFinished):
            self._watching.wake()

    async def _emit(self, *events: Event) -> None:
        await self._recorder.emit(*events)

    # -- commands --------------------------------------------------------------------------------

    async def submit(self, command: Command) -> None:
        """Hand in a command; what comes of it is on record. A caller that is cancelled stops nothing.

        Raises:
            LogError: nothing can be put on record: the session is closed or its disk is full.
        """
        task = asyncio.create_task(self._submit(command))
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)
        await asyncio.shield(task)

    async def _submit(self, command: Command) -> None:
        try:
            await self._carry_out(command)
        except LogError:
            raise
        except (Refusal, StageError, ApplyError, OSError) as error:
            await self._refuse(command, str(error))
        except Exception as error:
            _log.exception("a command met an error that nobody expected")
            name = type(error).__name__
            await self._refuse(command, f"Something went wrong inside Heddle ({name}: {error}). Try again.")

    async def _refuse(self, command: Command, reason: str) -> None:
        await self._emit(CommandRefused(command=snake_case(type(command).__name__), reason=reason))

    async def _carry_out(self, command: Command) -> None:
        match command:
            case (
                SubmitRequest()
                | WithdrawRequest()
                | RetryRun()
                | ResumeRun()
                | InterruptRun()
                | OverrideRoute()
                | SendMessage()
                | PauseNode()
                | ResumeNode()
                | StopNode()
                | RetryNode()
                | ChangeModel()
                | AnswerQuestion()
            ):
                await self._run_commands.carry_out(command)
            case (
                DecideChanges()
                | ApplyChanges()
                | UndoApply()
                | ResolveConflict()
                | DecideProposal()
                | RewindStage()
            ):
                await self._stage_commands.carry_out(command)
            case RunShell() | StopShell():
                await self._shell.carry_out(command)
            case RenameSession():
                await self._emit(SessionRenamed(title=_title(command.title), by=command.by))
            case KeepWorking():
                await self._emit(self._runs.keep_working())
            case CloseSession():
                self._close_soon()
            case _:
                assert_never(command)

    async def wait_idle(self) -> None:
        """Wait until no run is at work.

        Raises:
            LogError: the end of the run could not be put on record; the session is being closed.
        """
        await self._runs.wait_idle()


def _title(title: str) -> str:
    """A session's title on one line.

    Raises:
        Refusal: there is nothing in it.
    """
    said = clip(" ".join(title.split()), TITLE_CHARACTERS)
    if not said:
        raise Refusal("The title is empty: say what the session should be called.")
    return said


async def _read_past(record_log: Log) -> Past:
    past = Past()
    after = 0
    while batch := await record_log.read(after):
        for record in batch:
            past.apply(record)
            after = record.seq
    return past
