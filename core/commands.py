"""What goes into a session: one closed union of frozen structs, imperative.

A command is answered by records only. One that cannot be carried out leaves `CommandRefused`.
"""

from typing import Literal, TypeAlias

import msgspec

from core.events import Verdict, snake_case


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=snake_case):
    pass


class SubmitRequest(_Command, frozen=True, kw_only=True):
    """Start a run. Refused while another run works."""

    text: str
    pattern: Literal["auto", "graph", "swarm"] = "auto"
    budget_usd: str | None = None
    """The most that this run may cost, in decimal dollars."""


class InterruptRun(_Command, frozen=True, kw_only=True):
    """Stop the run that works now; everything it did stays."""


class RetryRun(_Command, frozen=True, kw_only=True):
    """Submit the last request again, after a failure or an interruption."""


class AnswerQuestion(_Command, frozen=True, kw_only=True):
    id: str
    answer: str
    by: str = "user"


class DecideChanges(_Command, frozen=True, kw_only=True):
    verdict: Verdict
    paths: tuple[str, ...] | None = None
    """None: every change that is still undecided."""
    by: str = "user"


class ApplyChanges(_Command, frozen=True, kw_only=True):
    """Write accepted changes into the project, in one transaction."""

    paths: tuple[str, ...] | None = None
    """None: every accepted change."""


class UndoApply(_Command, frozen=True, kw_only=True):
    """Restore what was there before the last apply that is not undone yet."""

    paths: tuple[str, ...] | None = None


class CloseSession(_Command, frozen=True, kw_only=True):
    """Let calls under way finish, pause the run, and release the session."""


Command: TypeAlias = (
    SubmitRequest
    | InterruptRun
    | RetryRun
    | AnswerQuestion
    | DecideChanges
    | ApplyChanges
    | UndoApply
    | CloseSession
)


def encode(command: Command) -> bytes:
    """One line of JSON, without the newline."""
    return msgspec.json.encode(command)


_decoder = msgspec.json.Decoder(Command)


def decode(line: bytes | str) -> Command:
    """Read one line.

    Raises:
        msgspec.DecodeError: the line is no command.
    """
    return _decoder.decode(line)
