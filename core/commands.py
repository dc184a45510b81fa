"""What goes into a session: one closed union of frozen structs, imperative.

A command is answered by records only. One that cannot be carried out leaves `CommandRefused`.
"""

from functools import cache
from typing import Literal, TypeAlias

import msgspec

from core.events import Complexity, Pattern, Resolution, Verdict, snake_case


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=snake_case):
    pass


class SubmitRequest(_Command, frozen=True, kw_only=True):
    """Start a run. While another run works it is refused, or queued where that is asked for."""

    text: str
    pattern: Literal["auto", "graph", "swarm"] = "auto"
    budget_usd: str | None = None
    """The most that this run may cost, in decimal dollars."""
    asked_role: str | None = None
    """The role that is to do it alone (`@role`); None: whoever the router chooses."""
    complexity: Complexity | None = None
    """The class that the user gives it (`/complex`); None: as the router decides."""
    queue: bool = False
    """Wait for the end of the run that works now, instead of being refused."""


class WithdrawRequest(_Command, frozen=True, kw_only=True):
    """Take a queued request back before it begins."""

    id: str


class InterruptRun(_Command, frozen=True, kw_only=True):
    """Stop the run that works now; everything it did stays."""


class RetryRun(_Command, frozen=True, kw_only=True):
    """Submit the last request again, after a failure or an interruption."""


class ResumeRun(_Command, frozen=True, kw_only=True):
    """Go on with the last run at the node that it was in, after a failure, a stop or a budget."""

    budget_usd: str | None = None
    """The most that what is left may cost, in decimal dollars; None: what its request says."""
    answer: str | None = None
    """The answer to the question that the run ended at, since nobody was there."""


class OverrideRoute(_Command, frozen=True, kw_only=True):
    """Stop the run's work and begin it anew on another route. None: as it was routed."""

    complexity: Complexity | None = None
    pattern: Pattern | None = None
    asked_role: str | None = None
    """The role that is to work alone; empty: a team again. A class or a pattern by itself means a team, too."""
    by: str = "user"


class SendMessage(_Command, frozen=True, kw_only=True):
    """Say something to a node that works; it reads it with its next turn."""

    text: str
    node: str | None = None
    """None: whichever node works next."""
    by: str = "user"


class PauseNode(_Command, frozen=True, kw_only=True):
    """Let the node's call end, and make no further one until it is resumed."""

    node: str


class ResumeNode(_Command, frozen=True, kw_only=True):
    node: str


class StopNode(_Command, frozen=True, kw_only=True):
    """End one node at once; the run goes on without it as far as it can."""

    node: str


class RetryNode(_Command, frozen=True, kw_only=True):
    """Let a node that works begin its task anew, or one that ended do it again."""

    node: str
    model: str | None = None
    """The model that is to do it; None: the one that it had."""


class ChangeModel(_Command, frozen=True, kw_only=True):
    """Let a node go on with another model, from its next call on."""

    node: str
    model: str


class AnswerQuestion(_Command, frozen=True, kw_only=True):
    id: str
    answer: str
    by: str = "user"


class DecideChanges(_Command, frozen=True, kw_only=True):
    verdict: Verdict
    paths: tuple[str, ...] | None = None
    """None: every change that is still undecided."""
    hunks: tuple[str, ...] | None = None
    """Ids of hunks of the one path that is named; None: whole files."""
    comment: str = ""
    """Why, for the agents to read."""
    by: str = "user"


class ResolveConflict(_Command, frozen=True, kw_only=True):
    """Say which side stands where user and agents changed the same lines of a file."""

    path: str
    take: Resolution
    merged: bytes | None = None
    """The file that stands, for `merged`."""
    by: str = "user"


class DecideProposal(_Command, frozen=True, kw_only=True):
    """Approve or refuse what a node wants done in the user's own repository."""

    id: str
    verdict: Verdict
    comment: str = ""
    by: str = "user"


class RewindStage(_Command, frozen=True, kw_only=True):
    """Make the stage what it was at an earlier point; the work after it stays reachable."""

    commit: str
    by: str = "user"


class ApplyChanges(_Command, frozen=True, kw_only=True):
    """Write accepted changes into the project, in one transaction."""

    paths: tuple[str, ...] | None = None
    """None: every accepted change."""


class UndoApply(_Command, frozen=True, kw_only=True):
    """Restore what was there before the last apply that is not undone yet."""

    paths: tuple[str, ...] | None = None


class RenameSession(_Command, frozen=True, kw_only=True):
    title: str
    by: str = "user"


class RunShell(_Command, frozen=True, kw_only=True):
    """Run a command of the user's own in the sandbox, on the private copy; a run that works goes on."""

    command: str
    by: str = "user"


class StopShell(_Command, frozen=True, kw_only=True):
    """End such a command at once."""

    id: str


class KeepWorking(_Command, frozen=True, kw_only=True):
    """The front leaves on purpose: the run that works goes on without it, inside its budget."""


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
    | WithdrawRequest
    | ResumeRun
    | OverrideRoute
    | SendMessage
    | PauseNode
    | ResumeNode
    | StopNode
    | RetryNode
    | ChangeModel
    | ResolveConflict
    | DecideProposal
    | RewindStage
    | RenameSession
    | RunShell
    | KeepWorking
    | StopShell
)


def encode(command: Command) -> bytes:
    """One line of JSON, without the newline."""
    return msgspec.json.encode(command)


@cache
def _decoder() -> msgspec.json.Decoder[Command]:
    """Made when the first command comes: a screen sends them and reads none."""
    return msgspec.json.Decoder(Command)


def decode(line: bytes | str) -> Command:
    """Read one line.

    Raises:
        msgspec.DecodeError: the line is no command.
    """
    return _decoder().decode(line)
