"""The runs of a session: begun, stopped, asked, and ended on record whatever happened."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from core.budgets import Allowance
from core.commands import AnswerQuestion, ResumeRun, SubmitRequest
from core.decisions import Decisions
from core.events import (
    Event,
    ModelChanged,
    NodeStarted,
    NoticeGiven,
    QuestionAnswered,
    QuestionKind,
    RequestDequeued,
    RequestSubmitted,
)
from core.log import LogError
from core.money import Pico, to_usd
from core.past import Past
from core.recorder import Recorder
from core.recovery import end_run
from core.refusal import Refusal
from core.run import Outcome, Run, Team
from core.sandbox import Sandbox
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets
from core.settings import Settings
from core.stage import Stage
from core.stage.follow import Tell
from core.staging import Staging
from core.wish import wish_of, with_wish
from core.working import RunWork

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Beginning:
    """How a run begins, besides its request."""

    resumes: str | None = None
    """The run that it goes on with."""
    resumes_at: str | None = None
    """The node of that run that is to do its task again; None: where it broke off."""
    given: tuple[NodeStarted, str] | None = None
    """How that node started for the last time, and the model that it gets instead."""
    queued: str | None = None
    """The id that its request waited under."""
    unanswered: QuestionKind | None = None
    """The question that the run ended at which it goes on with."""
    answer: str | None = None
    """The answer to that question."""


FROM_THE_START = Beginning()


@dataclass
class Runs:
    """One run at a time. Those that begin and end one hold `turn`, so that both are one step for everybody."""

    session: str
    settings: Settings
    past: Past
    recorder: Recorder
    staging: Staging
    decisions: Decisions
    turn: asyncio.Lock
    give_up: Callable[[], None]
    """Called when the end of a run cannot be put on record."""
    follow: Callable[[Outcome, Team], Awaitable[None]] | None = field(default=None, init=False)
    """Called in turn after the end of each run: it may begin the next one."""
    _run: Run | None = field(default=None, init=False)
    _work: asyncio.Task[None] | None = field(default=None, init=False)
    _kept: Run | None = field(default=None, init=False)
    _fault: Exception | None = field(default=None, init=False)

    @property
    def busy(self) -> bool:
        """Whether a run is at work."""
        return self._run is not None

    @property
    def running(self) -> Run | None:
        """The run that works."""
        return self._run

    # -- beginning -------------------------------------------------------------------------------

    def last_request(self) -> SubmitRequest:
        """The request to try again.

        Raises:
            Refusal: there is none.
        """
        if not self.past.requests:
            raise Refusal("There is no request to try again yet.")
        last = self.past.requests[-1]
        request = SubmitRequest(
            text=last.text,
            pattern=last.pattern,
            budget_usd=last.budget_usd,
            asked_role=last.asked_role,
            complexity=last.complexity,
        )
        return with_wish(request, self.past.progress.wish or wish_of(request))

    async def resume(self, command: ResumeRun, team: Team) -> None:
        """Go on with the last run where it broke off; to be called in turn.

        Raises:
            Refusal: a run is at work, there is none that broke off, or no such answer to its question.
        """
        self._check_idle()
        if not self.past.requests:
            raise Refusal("There is no run to go on with yet.")
        if self.past.last_end == "done":
            raise Refusal("The last run is done: there is nothing left of it. Send a new request.")
        asked = self.past.asked
        if command.answer is not None:
            if asked is None:
                raise Refusal("The last run did not end at a question: leave the answer out.")
            if asked.choices and command.answer not in asked.choices:
                raise Refusal(f"{asked.text} Answer with one of these: {', '.join(asked.choices)}.")
        request = self.last_request()
        if command.budget_usd is not None:
            request = msgspec.structs.replace(request, budget_usd=command.budget_usd)
        unanswered = None if asked is None else asked.kind
        how = Beginning(self.past.requests[-1].run, answer=command.answer, unanswered=unanswered)
        await self.start(request, team, how)

    async def retry_node(self, node: str, model: str | None, team: Team) -> None:
        """Let a node of the last run do its task again, and all that came after it; to be called in turn.

        Raises:
            Refusal: a run is at work, or no such node has worked.
        """
        self._check_idle()
        last = self.past.progress.last_start(node)
        if last is None or not self.past.requests:
            raise Refusal(f"No node {node} has worked in the last run.")
        given = None if model is None or model == last.model else (last, model)
        resumes = self.past.requests[-1].run
        await self.start(self.last_request(), team, Beginning(resumes, node, given))

    async def start(self, command: SubmitRequest, team: Team, how: Beginning = FROM_THE_START) -> None:
        """Begin a run; to be called in turn.

        Raises:
            Refusal: a run is at work, or the request cannot be worked on.
        """
        self._check_idle()
        text = request_text(command)
        budget = self.settings.budget(command.budget_usd)
        billed = team.backend != "rehearsal"
        allowance = self.settings.allowance(
            budget, Pico(self.past.spent), billed=billed, raised_usd=self.past.budget_usd
        )
        masked = mask(text, own_secrets())
        command = msgspec.structs.replace(command, text=masked.text)
        run = self._run = self._new_run(command, allowance, how)
        try:
            await self._emit(*_dequeued(how), _request(run, command, how), *_other_model(run, how))
            await run.note_masked(masked.counts)
        except BaseException:
            self._run = None
            raise
        run.go_on(self.past.progress.resumed())
        run.given, run.unanswered = how.answer, how.unanswered
        self._work = asyncio.create_task(self._finish(run, team))

    def _check_idle(self) -> None:
        if self._run is not None:
            raise Refusal("A run is at work: wait for it or interrupt it, then send the request again.")

    def _new_run(self, command: SubmitRequest, allowance: Allowance, how: Beginning) -> Run:
        run = Run(
            id=f"r{self.past.runs + 1}",
            session=self.session,
            request=command.text,
            wish=wish_of(command),
            past=tuple(self.past.answers[: -1 if how.resumes else None]),
            allowance=allowance,
            prices=self.settings.prices,
            record=self._emit,
            settle=self._settle,
            interactive=self.settings.interactive,
            rejections=lambda: list(self.past.waiting.rejections.values()),
        )
        run.refused_before = self.past.waiting.all_refused
        run.refused = lambda: self.past.waiting.refused
        run.files.update(self.past.left_over(command.text, resumes=how.resumes is not None))
        return run

    async def _emit(self, *events: Event) -> None:
        """Put events of a run on record; when that fails, the run must not go on."""
        if not events:
            return
        try:
            await self.recorder.emit(*events)
        except LogError:
            self.stop()
            raise

    async def _settle(self) -> list[str]:
        """Carry out decisions between two tool calls."""
        if not self.decisions.wait:
            return []
        async with self.turn:
            return await self.decisions.carry_out()

    # -- meanwhile -------------------------------------------------------------------------------

    def stop(self) -> bool:
        """Stop the run that works; False when there is none."""
        if self._run is None:
            return False
        self._run.interrupt()
        return True

    def keep_working(self) -> NoticeGiven:
        """The front leaves on purpose; gives what there is to say of it.

        Raises:
            Refusal: no run is at work.
        """
        if self._run is None:
            raise Refusal("No run is at work that could go on.")
        self._kept = self._run
        return NoticeGiven(
            text="The screen was left on purpose: the run goes on without it, inside its budget."
        )

    @property
    def goes_on(self) -> bool:
        """The run that works was left at work on purpose."""
        return self._kept is not None and self._kept is self._run

    async def answer(self, command: AnswerQuestion) -> None:
        """Hand an answer to the run that asked.

        Raises:
            Refusal: the question does not wait, or this is no answer to it.
        """
        choices = None if self._run is None else self._run.choices(command.id)
        if self._run is None or choices is None:
            raise Refusal("That question does not wait for an answer any more.")
        if choices and command.answer not in choices:
            raise Refusal(f"Answer with one of these: {', '.join(choices)}.")
        self._run.answer(command.id, command.answer)
        await self._emit(QuestionAnswered(id=command.id, answer=command.answer, by=command.by))

    # -- ending ----------------------------------------------------------------------------------

    async def _prepare(self, tell: Tell) -> tuple[Stage, Sandbox]:
        async with self.turn:
            await self.decisions.finish_rewinding()
        return await self.staging.prepare(tell)

    async def _finish(self, run: Run, team: Team) -> None:
        outcome = await RunWork(run, team, self._prepare).outcome()
        try:
            async with self.turn:
                await self._end(run, outcome)
                if self.follow is not None:
                    await self.follow(outcome, team)
        except Exception as error:
            _log.warning("the end of run %s of %s is not on record", run.id, self.session, exc_info=True)
            self._fault = error
            self.give_up()

    async def _end(self, run: Run, outcome: Outcome) -> None:
        """Put the end on record. Who sees it may send the next command at once: that waits for its turn."""
        run.end()
        self._run = None
        await self.recorder.settle()
        await self._emit(*end_run(self.past, self.settings.prices, outcome))
        await self.decisions.carry_out()

    async def finished(self) -> None:
        """Return when no run is at work, and none follows."""
        while self._work is not None and not self._work.done():
            await asyncio.wait({self._work})

    async def wait_idle(self) -> None:
        """Wait until no run is at work.

        Raises:
            LogError: the end of the run could not be put on record.
        """
        await self.finished()
        if self._fault is not None:
            raise self._fault


def request_text(command: SubmitRequest) -> str:
    """What is asked.

    Raises:
        Refusal: nothing is.
    """
    text = command.text.strip()
    if not text:
        raise Refusal("The request is empty: say what should be done.")
    return text


def _request(run: Run, command: SubmitRequest, how: Beginning) -> RequestSubmitted:
    limit = run.budget.limit
    return RequestSubmitted(
        run=run.id,
        text=run.request,
        pattern=command.pattern,
        budget_usd=None if limit is None else to_usd(limit),
        asked_role=command.asked_role,
        complexity=command.complexity,
        resumes=how.resumes,
        resumes_at=how.resumes_at,
        queued=how.queued,
    )


def _dequeued(how: Beginning) -> tuple[RequestDequeued, ...]:
    return () if how.queued is None else (RequestDequeued(id=how.queued, reason="started"),)


def _other_model(run: Run, how: Beginning) -> tuple[ModelChanged, ...]:
    if how.given is None:
        return ()
    last, model = how.given
    return (
        ModelChanged(
            run=run.id,
            node=last.node,
            role=last.role,
            from_model=last.model,
            to_model=model,
            reason="You chose it, for the task that is done again.",
        ),
    )
