"""`heddle`: the full screen. It paints first; the engine loads in a process of its own meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import Stop
from cli.world import World, find_project, find_world
from core.faults import EXIT_FAILED
from core.ways import use_aws

if TYPE_CHECKING:
    import argparse

    from core.link import LinkClient
    from core.port import SessionPort

ROOT = Path(__file__).resolve().parent.parent
_TRY_SECONDS, _ATTACH_SECONDS = 0.25, 1.0
"""For one try to reach an engine that comes up, and one that may be about to end."""


class EngineProcess:
    """The engine of one screen: started when first asked for, and again after it died."""

    def __init__(self, world: World, args: "argparse.Namespace", session: str | None) -> None:
        self.world, self.args, self.session = world, args, session
        self.process: subprocess.Popen[bytes] | None = None
        self._complaint: Path | None = None

    async def connect(self) -> "SessionPort":
        """A port to the session; starts an engine where none runs.

        Raises:
            Stop: the engine could not start; the message is its own sentence.
        """
        if (client := await self._attach()) is not None:
            return client
        socket = self.world.home.runtime / f"{os.getpid()}-{os.urandom(3).hex()}.sock"
        self.start(socket)
        client = await self._wait_for(socket)
        self.session = client.id
        return client

    async def _attach(self) -> "LinkClient | None":
        """A port to the engine that has the session, once it is not just about to end; None: none has it."""
        from core.limits import limits
        from core.link import LinkClient, LinkError
        from core.log import find_holder

        end = asyncio.get_running_loop().time() + limits().link.connect_seconds
        while self.session and (held := find_holder(self.world.home.session_log(self.session))) is not None:
            if held.socket is None:
                return None
            try:
                return await LinkClient.connect(held.socket, timeout=_ATTACH_SECONDS)
            except LinkError:
                if asyncio.get_running_loop().time() > end:
                    raise
        return None

    def start(self, socket: Path) -> None:
        """Start the engine; what it says on stderr is kept for the case that it cannot."""
        self._complaint = self.world.home.state / f"engine-{os.getpid()}.err"
        with self._complaint.open("wb") as complaint:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(ROOT), "engine", *self._arguments(socket)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaint,
                start_new_session=True,
                env={**os.environ, "PYTHONHASHSEED": "0"},
            )

    def _arguments(self, socket: Path) -> list[str]:
        args = self.args
        given = {
            "--socket": str(socket),
            "--project": args.project,
            "--session": self.session,
            "--roster": args.roster,
            "--budget": args.budget,
            "--speed": str(args.speed),
        }
        found = [part for name, value in given.items() if value is not None for part in (name, value)]
        if args.command == "rehearse":
            found += ["--rehearse", *([args.scenario] if args.scenario else [])]
        return [*found, *(["--unconfined"] if args.unconfined else [])]

    async def _wait_for(self, socket: Path) -> "LinkClient":
        from core.limits import limits
        from core.link import LinkClient, LinkError

        end = asyncio.get_running_loop().time() + limits().link.engine_start_seconds
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise Stop(self._last_words(), EXIT_FAILED)
            with suppress(LinkError):
                return await LinkClient.connect(socket, timeout=_TRY_SECONDS)
            if asyncio.get_running_loop().time() > end:
                raise Stop("The engine did not come up in time. Try again; `heddle doctor` checks the rest.")

    def _last_words(self) -> str:
        text = self._complaint.read_text("utf-8", "replace").strip() if self._complaint else ""
        lines = text.splitlines()
        said = lines[-1].removeprefix("heddle: ") if lines else ""
        return (
            said or "The engine ended before it was ready; `heddle doctor` prints where its diagnostics are."
        )

    def let_go(self) -> None:
        """Leave the engine at work: it ends by itself after the run."""
        self.process = None

    def end(self) -> None:
        """Let the engine end; it closes the session in good order, where no other screen is there."""
        if self._complaint is not None:
            self._complaint.unlink(missing_ok=True)
        if self.process is None or self.process.poll() is not None:
            return
        from core.limits import limits

        self.process.send_signal(signal.SIGHUP)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(limits().link.engine_end_seconds)


class Engines:
    """The engine of the session that is open on the screen; it changes when another one is gone on with."""

    def __init__(self, current: EngineProcess) -> None:
        self.current = current

    async def connect(self) -> "SessionPort":
        """A port to the session that the screen began with."""
        return await self.current.connect()

    def resume(self, session: str, rehearsed: bool) -> "Callable[[], Awaitable[SessionPort]]":
        """How to connect to a past session: the engine before it is ended first, and once only."""
        before = self.current
        args = copy(before.args)
        args.command, args.scenario = ("rehearse" if rehearsed else "screen"), None
        args.project = args.session = None
        self.current = after = EngineProcess(before.world, args, session)

        async def connect() -> "SessionPort":
            await asyncio.to_thread(before.end)
            return await after.connect()

        return connect


def screen(world: World, args: "argparse.Namespace") -> int:
    """Open the full screen and stay until the user leaves; begin anew when other models were connected."""
    from cli.front import open_app
    from tui.preferring import BEGIN_ANEW

    while True:
        session = _session(world, args)
        if session is None:
            find_project(args.project)
        engines = Engines(EngineProcess(world, args, session))
        try:
            code = open_app(world, args, engines)
        finally:
            engines.current.end()
        if code != BEGIN_ANEW:
            return code
        world = _anew(world, args)


def _anew(world: World, args: "argparse.Namespace") -> World:
    """Read the configuration again: the next session works with what it says, and on the user's own project."""
    args.command = args.scenario = args.session = args.roster = None
    args.continue_ = False
    fresh = find_world(world.environ)
    for name in ("AWS_PROFILE", "AWS_REGION"):
        if world.environ.get(name) == getattr(world.config.aws, name.removeprefix("AWS_").lower()):
            os.environ.pop(name, None)
    use_aws(fresh.config, os.environ)
    return fresh


def _session(world: World, args: "argparse.Namespace") -> str | None:
    if not args.session and not args.continue_:
        return None
    from cli.sessions import choose_session, latest_session

    if args.session:
        return choose_session(world, args.session)
    return latest_session(world, find_project(args.project))
