"""What a sandbox is to those who use it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from core.events import Confinement
from core.sandbox.process import Ended


class NotAllowed(Exception):
    """Nothing was run: no sandbox, and nobody allowed running without. The text says what to do."""


class SandboxFailed(Exception):
    """The sandbox could not be set up, so that the command was not run. The text says why."""


class Sandbox(Protocol):
    """Runs commands on the stage."""

    @property
    def confinement(self) -> Confinement: ...

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
