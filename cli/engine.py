"""`heddle engine`: the process behind a screen. It loads Strands, runs the session and serves it on a socket."""

import argparse
import asyncio
import gc
import signal
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.headless import THREADS, find_confinement
from cli.rehearse import choose_script, fresh_sample
from cli.world import World, find_project, make_team, needs_aws, price_book, with_budgets
from core.limits import limits
from core.link import LinkServer
from core.run import Team
from core.session import Session, Settings

if TYPE_CHECKING:
    from agents.aws import Connection


_BY_ITSELF = 2
"""Place of the first reason to end that is none any more as soon as a screen is there."""


@dataclass(frozen=True)
class Backing:
    """What models a session works with, and on which project."""

    connection: "Connection"
    project: Path
    rehearsal: bool


def engine(world: World, args: argparse.Namespace) -> int:
    """Serve one session until its screen is gone."""
    with ExitStack() as stack:
        backing = _backing(world, args, stack)
        prices = price_book(world)
        team = make_team(world, backing.connection, prices, args.roster)
        settings = Settings(
            home=world.home,
            prices=prices,
            budget_usd=args.budget or world.config.budget_usd,
            allow_unconfined=args.unconfined or backing.rehearsal,
            watch=True,
        )
        gc.freeze()
        asyncio.run(_serve(args, backing.project, with_budgets(settings, world.config), team))
    return 0


def _backing(world: World, args: argparse.Namespace, stack: ExitStack) -> Backing:
    """Real models where there are credentials, else the rehearsal on a fresh sample."""
    from agents.aws import ENDPOINT, connect, connect_nowhere, connect_rehearsal, find_credentials

    wanted = args.rehearse is not None
    if not wanted and not needs_aws(world, args.roster):
        return Backing(connect_nowhere(), find_project(args.project), rehearsal=False)
    if not wanted and (find_credentials(world.environ) or world.environ.get(ENDPOINT)):
        return Backing(connect(world.environ), find_project(args.project), rehearsal=False)
    from agents.rehearsal import Rehearsal

    _, scripts = choose_script(world, args.rehearse or None)
    rehearsal = stack.enter_context(Rehearsal(scripts, speed=args.speed))
    project = find_project(args.project) if args.session else fresh_sample(world)
    return Backing(connect_rehearsal(rehearsal.url), project, rehearsal=True)


async def _serve(args: argparse.Namespace, project: Path, settings: Settings, team: Team) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    socket = Path(args.socket)
    session = await Session.open(
        settings,
        project=project,
        session=args.session,
        team=team,
        confinement=await find_confinement(),
        socket=socket,
    )
    server = LinkServer(session, socket)
    await server.serve()
    try:
        await _until_over(session, server)
    finally:
        await server.close(session.last)
        await session.close()


async def _until_over(session: Session, server: LinkServer) -> None:
    """Wait for the session's end, a signal, or a screen that does not come back."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    left = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, left.set)
    while True:
        works = session.closed.wait(), over.wait(), _deserted(session, server), _left(left, server)
        told = await _first(*works) < _BY_ITSELF
        left.clear()
        over.clear()  # a second signal ends what is waited for now
        back = server.arrival() if told else server.presence()
        if await _first(back, session.winding.down(), session.closed.wait(), over.wait()):
            return
        session.winding.up()


async def _first(*works: Coroutine[Any, Any, object]) -> int:
    """Wait for one of them, and let go of the others; gives its place."""
    waits = [asyncio.ensure_future(work) for work in works]
    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    return next(place for place, wait in enumerate(waits) if wait in done)


async def _left(left: asyncio.Event, server: LinkServer) -> None:
    """Return when the screen that began this has left, and no other one looks at the session any more."""
    await left.wait()
    await server.deserted(0)


async def _deserted(session: Session, server: LinkServer) -> None:
    """Return when no screen comes back; a run that was left at work on purpose works to its end first."""
    while True:
        await server.deserted(limits().link.deserted_seconds)
        if not session.goes_on:
            return
        await session.wait_idle()
