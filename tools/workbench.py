"""What a tool works with, and what it gives back."""

import math
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.events import GitAction, QuestionKind, TestOutcome
from core.limits import limits
from core.sandbox import Sandbox
from core.stage.stage import Stage


class Ask(Protocol):
    """Asks the user and waits for one of the choices. Raises `core.run.NeedsDecision` when nobody is there."""

    def __call__(
        self,
        text: str,
        choices: tuple[str, ...],
        *,
        kind: QuestionKind = "question",
        detail: str = "",
        node: str | None = None,
        role: str | None = None,
    ) -> Awaitable[str]: ...


@dataclass(frozen=True)
class Workbench:
    """One node's place of work."""

    stage: Stage
    sandbox: Sandbox
    stop: threading.Event
    """Set when the work should end now."""
    run: str
    node: str
    role: str
    ask: Ask | None = None
    """Called on the loop that the tool was called on. None: nobody can be asked."""
    tell: Callable[[str], None] | None = None
    """Hears what a command prints while it runs, in whole lines without secrets, in any thread."""
    until: float = math.inf
    """When work that Heddle does itself must have ended, on `time.monotonic`."""

    def timed(self) -> "Workbench":
        """The same, with as much time for such work as it may take from now on."""
        return replace(self, until=time.monotonic() + limits().tools.own_seconds)

    def check(self) -> None:
        """Called between two steps of such work.

        Raises:
            WorkEnded: it is to end now, or has taken too long.
        """
        if self.stop.is_set():
            raise WorkEnded("It was ended: the work was stopped.")
        if time.monotonic() > self.until:
            seconds = limits().tools.own_seconds
            raise WorkEnded(f"It was ended after {seconds:g} seconds. Ask for less at once.")


class ToolError(Exception):
    """The call cannot be carried out; the text is for the model, and says what to do instead."""


class WorkEnded(Exception):
    """Work that Heddle does itself was ended in the middle; the text is for the model, like a `ToolError`'s."""


@dataclass(frozen=True)
class TestFailure:
    """One failed test, as far as its runner told."""

    __test__ = False  # pytest takes every class of this name for tests
    test: str
    message: str
    file: str = ""
    """Relative to the project; empty when unknown."""
    line: int = 0
    """From 1; 0 when unknown."""
    trace: str = ""
    """What the runner told about it: the way to the project's own line, and the values there."""


@dataclass(frozen=True)
class TestReport:
    """What the project's tests did. `not_run` is neither good nor bad."""

    __test__ = False
    outcome: TestOutcome
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: tuple[TestFailure, ...] = ()
    text: str = ""
    """One line for people."""


@dataclass(frozen=True)
class GitWish:
    """What a node wants done in the user's own repository; the caller proposes it."""

    action: GitAction
    branch: str = ""
    message: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolResult:
    """What a call gave. `text` is what the model reads."""

    ok: bool
    text: str
    changed: tuple[str, ...] = field(default=())
    """Relative paths of the stage that the call changed; the caller records them."""
    tests: TestReport | None = None
    masked: Mapping[str, int] = field(default_factory=dict[str, int])
    """Secrets that were masked in the text, by kind."""
    wish: GitWish | None = None
    """What the user is to decide on."""
