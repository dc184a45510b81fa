"""`heddle`: the full screen. It paints first; the engine loads in a process of its own meanwhile."""

import argparse
import asyncio
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import Stop
from cli.world import World, find_project
from core.faults import EXIT_FAILED
from core.limits import limits

if TYPE_CHECKING:
    from core.link import LinkClient
    from core.port import SessionPort

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class EngineProcess:
    """The engine of one screen: started when first asked for, and again after it died."""

    world: World
    args: argparse.Namespace
    session: str | None
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _complaint: Path | None = field(default=None, init=False)

    async def connect(self) -> "SessionPort":
        """A port to the session; starts an engine where none runs.

        Raises:
            Stop: the engine could not start; the message is its own sentence.
        """
        from core.link import LinkClient
        from core.log import find_holder

        held = find_holder(self.world.home.session_log(self.session)) if self.session else None
        if held is not None and held.socket is not None:
            return await LinkClient.connect(held.socket)
        socket = self.world.home.runtime / f"{os.getpid()}-{secrets.token_hex(3)}.sock"
        self.start(socket)
        client = await self._wait_for(socket)
        self.session = client.id
        return client

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
        from core.link import LinkClient, LinkError

        end = asyncio.get_running_loop().time() + limits().link.engine_start_seconds
        while True:
            if self.process is not None and self.process.poll() is not None:
                raise Stop(self._last_words(), EXIT_FAILED)
            with suppress(LinkError):
                return await LinkClient.connect(socket, timeout=0.25)
            if asyncio.get_running_loop().time() > end:
                raise Stop("The engine did not come up in time. Try again; `heddle doctor` checks the rest.")

    def _last_words(self) -> str:
        text = self._complaint.read_text("utf-8", "replace").strip() if self._complaint else ""
        lines = text.splitlines()
        said = lines[-1].removeprefix("heddle: ") if lines else ""
        return (
            said or "The engine ended before it was ready; `heddle doctor` prints where its diagnostics are."
        )

    def end(self) -> None:
        """Let the engine end; it closes the session in good order."""
        if self._complaint is not None:
            self._complaint.unlink(missing_ok=True)
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(limits().link.engine_end_seconds)


def screen(world: World, args: argparse.Namespace) -> int:
    """Open the full screen and stay until the user leaves."""
    session = _session(world, args)
    if session is None:
        find_project(args.project)
    engine = EngineProcess(world, args, session)
    from cli.front import open_app

    try:
        return open_app(world, args, engine)
    finally:
        engine.end()


def _session(world: World, args: argparse.Namespace) -> str | None:
    if not args.session and not args.continue_:
        return None
    from cli.sessions import choose_session, latest_session

    if args.session:
        return choose_session(world, args.session)
    return latest_session(world, find_project(args.project))
