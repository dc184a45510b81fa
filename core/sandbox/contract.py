"""What a sandbox is to those who use it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.events import Confinement
from core.sandbox.grant import Grant
from core.sandbox.process import Ended
from core.sandbox.service import Service, Services


class NotAllowed(Exception):
    """Nothing was run: no sandbox, and nobody allowed running without. The text says what to do."""


class SandboxFailed(Exception):
    """The sandbox could not be set up, so that the command was not run. The text says why."""


class Sandbox(Protocol):
    """Runs commands on the stage."""

    @property
    def confinement(self) -> Confinement: ...

    @property
    def services(self) -> Services:
        """What was started to stay; whoever made the sandbox closes them."""
        ...

    def of(self, role: str) -> "Sandbox":
        """The same sandbox under the policy of a role."""
        ...

    def granting(self, grant: Grant) -> "Sandbox":
        """The same sandbox with what the user allowed for one command."""
        ...

    async def run(
        self,
        argv: Sequence[str],
        *,
        seconds: float,
        stop: threading.Event,
        on_output: Callable[[str], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """Run `argv` for at most `seconds`, in the project's folder, and leave no process behind.

        `stop` ends it within a tenth of a second. `on_output` gets what it prints, on the loop's
        thread. `environment` is added to the clean one. Raises `NotAllowed` and `SandboxFailed`.
        """
        ...

    def run_here(
        self,
        argv: Sequence[str],
        seconds: float,
        stopped: Callable[[], bool],
        tell: Callable[[bytes], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """Like `run`, in this thread: it waits for the command, and `tell` gets every byte in time."""
        ...

    def serve(
        self, argv: Sequence[str], *, environment: Mapping[str, str] = {}, readable: Sequence[Path] = ()
    ) -> Service:
        """Start a program that stays, with pipes, where commands run; waits until it is started.

        Where it is confined it cannot write the project's files. `readable` are folders that it may
        read although commands may not. Close what comes back, or keep it in `services`.
        Raises `NotAllowed` and `ServiceFailed`.
        """
        ...
