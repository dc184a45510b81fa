"""The user's own commands: run in the sandbox on the private copy, beside whatever the team does."""

import asyncio
import codecs
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from core.clock import monotonic_ms
from core.commands import RunShell, StopShell
from core.events import Event, ShellFinished, ShellOutput, ShellStarted
from core.limits import limits
from core.live import LiveOutput, Tell
from core.log import LogError
from core.past import Past
from core.refusal import Refusal
from core.sandbox import Ended, NotAllowed, Sandbox, SandboxFailed
from core.sandbox.masking import mask
from core.sandbox.secrecy import known_values, own_secrets
from core.sandbox.veil import Veil
from core.stage import Stage, StageError
from core.stage.steps import Who, take_step
from core.staging import Staging
from core.text import clip

ShellCommand: TypeAlias = RunShell | StopShell
USER = "user"
"""The node and role that what they change stands under."""
_LOOK_SECONDS = 0.05
_log = logging.getLogger(__name__)


@dataclass
class Shell:
    """Carries out what the user types after a `!`.

    Such a command takes no turn: it waits for the stage's lock alone, and nobody waits for its end.
    """

    staging: Staging
    past: Past
    emit: Callable[..., Awaitable[None]]
    busy: Callable[[], bool]
    """Whether a run is at work: then the stage is taken as it is, and does not follow the project."""
    check_open: Callable[[], None]
    """Raises a `Refusal` once the session is being closed."""
    _stops: dict[str, threading.Event] = field(default_factory=dict[str, threading.Event], init=False)
    _work: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False)

    async def carry_out(self, command: ShellCommand) -> None:
        """Begin a command, or end one.

        Raises:
            Refusal: there is nothing to run, or to end.
        """
        match command:
            case RunShell():
                self.check_open()
                await self._begin(checked(command.command), command.by)
            case StopShell():
                if command.id not in self._stops:
                    raise Refusal("That command does not run any more.")
                self._stops[command.id].set()
            case _:
                assert_never(command)

    async def close(self) -> None:
        """End all of them and wait until that is on record."""
        for stop in self._stops.values():
            stop.set()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _begin(self, text: str, by: str) -> None:
        id = f"s{secrets.token_hex(4)}"
        self._stops[id] = threading.Event()  # before anybody sees the record: who does may end it at once
        try:
            await self.emit(ShellStarted(id=id, command=mask(text, own_secrets()).text, by=by))
        except BaseException:
            del self._stops[id]
            raise
        task = asyncio.create_task(self._run(id, text))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _run(self, id: str, text: str) -> None:
        events = await self._outcome(id, text, self._stops[id])
        del self._stops[id]
        try:
            await self.emit(*events)
        except LogError as error:
            _log.warning("the end of the user's command is not on record: %s", error)

    async def _outcome(self, id: str, text: str, stop: threading.Event) -> list[Event]:
        """What there is to say of the command once it has ended; never raises for what it does."""
        started = monotonic_ms()
        try:
            stage, sandbox = await self.staging.at_hand(follow=not self.busy())
            live = LiveOutput(self.emit, ShellOutput(id=id, text=""))
            events = await asyncio.to_thread(self._in_thread, id, text, stop, stage, sandbox, live.tell)
            await live.settle()
            return events
        except (NotAllowed, SandboxFailed, StageError, LogError, OSError) as error:
            said = str(error)
        except Exception as error:
            _log.exception("the user's command met an error that nobody expected")
            said = f"Something went wrong inside Heddle ({type(error).__name__}: {error}). Try again."
        took = monotonic_ms() - started
        return [ShellFinished(id=id, outcome="not_run", output=said, duration_ms=took)]

    def _in_thread(
        self, id: str, text: str, stop: threading.Event, stage: Stage, sandbox: Sandbox, tell: Tell
    ) -> list[Event]:
        """Run it alone on the stage, so that what changed is its own doing."""
        while not stage.lock.acquire(timeout=_LOOK_SECONDS):
            if stop.is_set():
                return [ShellFinished(id=id, outcome="stopped", output="", duration_ms=0)]
        try:
            mark = stage.mark()
            seen = _Seen(stage, tell)
            ended = sandbox.run_here(
                ["sh", "-c", text], limits().sandbox.shell_seconds, stop.is_set, seen.add
            )
            tell(seen.veil.rest())
            changed = stage.changed_since(mark)
            who = Who(self.past.requests[-1].run if self.past.requests else "r0", USER, USER)
            step = take_step(stage, changed, who, text, set()) if changed else []
        finally:
            stage.lock.release()
        return [_finished(id, ended, stage), *step]


class _Seen:
    """Tells what a command prints, in the thread that reads it, and without secrets."""

    def __init__(self, stage: Stage, tell: Tell) -> None:
        self.veil = Veil(known_values(stage.tree, stage.project))
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, data: bytes) -> None:
        self._tell(self.veil.add(self._decoder.decode(data)))


def checked(text: str) -> str:
    """A command that a shell can be given.

    Raises:
        Refusal: there is none.
    """
    text = text.strip()
    if not text:
        raise Refusal("There is no command after the `!`. Write one, such as `!git status`.")
    if "\0" in text:
        raise Refusal("The command holds a character that no command can hold (NUL). Write it without.")
    return text


def _finished(id: str, ended: Ended, stage: Stage) -> ShellFinished:
    output = "\n".join(part for part in (ended.output.rstrip("\n"), ended.excess) if part)
    output = mask(output, known_values(stage.tree, stage.project)).text
    return ShellFinished(
        id=id,
        outcome=ended.reason,
        output=clip(output, limits().record.tool_output_characters),
        duration_ms=ended.duration_ms,
        exit_code=ended.exit_code if ended.reason == "exited" else None,
    )
