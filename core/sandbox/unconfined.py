"""Running commands without a sandbox: only where somebody allowed it, and always said."""

import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from core.events import Confinement
from core.sandbox.contract import NotAllowed, SandboxFailed
from core.sandbox.environment import clean_environment
from core.sandbox.family import COOKIE
from core.sandbox.grant import Grant
from core.sandbox.output import Tap
from core.sandbox.packages import package_environment
from core.sandbox.process import Ended, Launch, in_thread, limited, supervise
from core.sandbox.service import Service, Services


class Unconfined:
    """Runs commands in the stage's tree as ordinary processes, with a clean environment."""

    confinement: Confinement = "unconfined"

    def __init__(self, tree: Path, *, allowed: bool, reason: str) -> None:
        self._tree = tree
        self._allowed = allowed
        self._reason = reason
        self.services = Services()

    def of(self, role: str) -> "Unconfined":
        """See `core.sandbox.contract.Sandbox`."""
        return self

    def granting(self, grant: Grant) -> "Unconfined":
        """See `core.sandbox.contract.Sandbox`."""
        return self

    async def run(
        self,
        argv: Sequence[str],
        *,
        seconds: float,
        stop: threading.Event,
        on_output: Callable[[str], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """See `core.sandbox.contract.Sandbox`."""
        self._check()
        tell = Tap.here(on_output)
        extra = dict(environment)
        return await in_thread(lambda stopped: self.run_here(argv, seconds, stopped, tell, extra), stop)

    def run_here(
        self,
        argv: Sequence[str],
        seconds: float,
        stopped: Callable[[], bool],
        tell: Callable[[bytes], None] | None = None,
        environment: Mapping[str, str] = {},
    ) -> Ended:
        """See `core.sandbox.contract.Sandbox`."""
        self._check()
        try:
            launch = self._launch(argv, environment)
            return supervise(launch, seconds=seconds, stopped=stopped, tell=tell)
        except OSError as error:
            raise SandboxFailed(f"The command could not be started: {error}") from error

    def serve(
        self, argv: Sequence[str], *, environment: Mapping[str, str] = {}, readable: Sequence[Path] = ()
    ) -> Service:
        """See `core.sandbox.contract.Sandbox`."""
        self._check()
        return Service(contextlib.nullcontext(self._launch(argv, environment)), self._tree)

    def _check(self) -> None:
        if not self._allowed:
            raise NotAllowed(
                f"Nothing was run: commands cannot be confined here, since {self._reason}. Install bubblewrap"
                " (for example: apt install bubblewrap), or start Heddle with --unconfined to run commands"
                " without a sandbox."
            )

    def _launch(self, argv: Sequence[str], environment: Mapping[str, str]) -> Launch:
        cookie = secrets.token_hex(16)
        clean = clean_environment(os.environ, home=os.environ.get("HOME") or "/", offline=False)
        clean |= package_environment(self._tree)
        return Launch(
            argv=limited(argv, processes=None),
            environment={**clean, **environment, COOKIE: cookie},
            folder=self._tree,
            shell=False,
            cookie=cookie,
            writes=self._tree,
        )
