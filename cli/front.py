"""The screen and what it is given: the engine's port, past sessions, and what a newcomer should read."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.scripts import CONNECT_HINT, script_requests
from cli.world import World
from core.record import Record

if TYPE_CHECKING:
    from cli.screen import EngineProcess
    from core.index import SessionRow
    from core.port import SessionPort

_SIGNS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
)
"""Settings that say that somebody means to use AWS."""


def open_app(world: World, args: argparse.Namespace, engine: "EngineProcess") -> int:
    """Run the screen; returns its exit code."""
    from tui.app import HeddleApp

    async def connect() -> "SessionPort":
        """Once the first frame is out: the engine's start must not compete with it for the processor."""
        painted = asyncio.Event()
        app.call_after_refresh(painted.set)
        await painted.wait()
        return await engine.connect()

    app = HeddleApp(
        connect,
        browse=lambda: _browse(world),
        read=lambda session: _read(world, session),
        suggestions=suggestions(world, args),
        connect_hint=CONNECT_HINT,
        project=Path(args.project or ".").resolve().name,
        theme=world.config.theme,
    )
    app.run()
    return app.return_code or 0


def suggestions(world: World, args: argparse.Namespace) -> Sequence[str]:
    """The requests that the rehearsal knows, when it is what will open."""
    if args.command != "rehearse" and _means_aws(world.environ):
        return ()
    return script_requests(world.home.config / "rehearsals")


def _means_aws(environ: Mapping[str, str]) -> bool:
    """A cheap guess without boto3, for the first frame; the engine decides."""
    folder = Path("~/.aws").expanduser()
    files = [
        Path(environ.get("AWS_SHARED_CREDENTIALS_FILE", folder / "credentials")),
        Path(environ.get("AWS_CONFIG_FILE", folder / "config")),
    ]
    return any(environ.get(name) for name in _SIGNS) or any(file.is_file() for file in files)


async def _browse(world: World) -> "Sequence[SessionRow]":
    from cli.sessions import find_sessions

    return await find_sessions(world)


async def _read(world: World, session: str) -> AsyncIterator[Record]:
    from core.log import LogReader

    async with await LogReader.open(world.home.session_log(session), salvage=True) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                after = record.seq
                yield record
