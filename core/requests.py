"""Requests as they come: each begins a run, or waits for the end of the one that works."""

import secrets
from dataclasses import dataclass

from core.commands import SubmitRequest
from core.events import CommandRefused, NoticeGiven, RequestDequeued, RequestQueued
from core.queue import sentence
from core.refusal import Refusal
from core.run import Outcome, Team
from core.runs import Beginning, Runs, request_text
from core.sandbox.masking import mask
from core.sandbox.secrecy import own_secrets
from core.wish import as_asked


@dataclass(frozen=True)
class Requests:
    """The requests of one session. What is queued begins after the run that works: tell `runs` to `follow`."""

    runs: Runs

    async def submit(self, command: SubmitRequest, team: Team) -> None:
        """Begin a run, or queue the request where that is asked for; to be called in turn.

        With `queue` and no text, what waits already begins.

        Raises:
            Refusal: a run is at work, or the request cannot be worked on.
        """
        command, hint = as_asked(command, team.roles)
        await self._take(command, team)
        if hint:
            await self.runs.recorder.emit(NoticeGiven(text=hint))

    async def _take(self, command: SubmitRequest, team: Team) -> None:
        if not command.queue:
            await self.runs.start(command, team)
            return
        waits = self.runs.past.queue.next is not None
        if not self.runs.busy and not waits:
            await self.runs.start(command, team)
            return
        if command.text.strip() or self.runs.busy:
            await self._queue(command)
        if not self.runs.busy:
            await self._begin_next(team)

    async def _queue(self, command: SubmitRequest) -> None:
        text = request_text(command)
        self.runs.settings.budget(command.budget_usd)
        masked = mask(text, own_secrets())
        await self.runs.recorder.emit(
            RequestQueued(
                id=f"w{secrets.token_hex(4)}",
                text=masked.text,
                pattern=command.pattern,
                budget_usd=command.budget_usd,
                asked_role=command.asked_role,
                complexity=command.complexity,
            )
        )

    async def withdraw(self, id: str) -> None:
        """Take a queued request back; to be called in turn.

        Raises:
            Refusal: it does not wait.
        """
        if id not in self.runs.past.queue.requests:
            raise Refusal("That request does not wait any more: it has begun, or was withdrawn.")
        await self.runs.recorder.emit(RequestDequeued(id=id, reason="withdrawn"))

    async def _begin_next(self, team: Team) -> None:
        """Begin the request whose turn it is, if there is one."""
        waiting = self.runs.past.queue.next
        if waiting is None:
            return
        command = SubmitRequest(
            text=waiting.text,
            pattern=waiting.pattern,
            budget_usd=waiting.budget_usd,
            asked_role=waiting.asked_role,
            complexity=waiting.complexity,
        )
        try:
            command, _ = as_asked(
                command, team.roles
            )  # what was said to a node and nobody read was not read yet
            await self.runs.start(command, team, Beginning(queued=waiting.id))
        except Refusal as refusal:
            # The settings are others than when it was queued: it is said, and what comes after it can begin.
            await self.runs.recorder.emit(
                RequestDequeued(id=waiting.id, reason="withdrawn"),
                CommandRefused(command="submit_request", reason=f"{waiting.text}: {refusal}"),
            )

    async def follow(self, outcome: Outcome, team: Team) -> None:
        """Begin what waits, unless the user interrupted the run, or nobody is there."""
        if not self.runs.settings.interactive or self.runs.past.queue.next is None:
            return
        if outcome.status == "interrupted":
            text = sentence(len(self.runs.past.queue.requests), "the run was interrupted")
            await self.runs.recorder.emit(NoticeGiven(text=text))
            return
        await self._begin_next(team)
