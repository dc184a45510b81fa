"""`heddle changes | accept | reject | apply | undo`: decisions from the command line."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cli.errors import Stop
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World, price_book
from core.commands import ApplyChanges, Command, DecideChanges, UndoApply
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeUndone,
    CommandRefused,
    Event,
    FileChanged,
)
from core.faults import EXIT_FAILED
from core.link import LinkClient
from core.log import LogBusy, LogReader
from core.past import Past
from core.port import SessionPort
from core.session import Session, Settings
from core.text import sanitise, sanitise_line


def changes(world: World, args: argparse.Namespace) -> int:
    """List the changes that wait, or print their diffs."""
    past = asyncio.run(_past(world, choose_session(world, args.session)))
    found = {path: change for path, change in past.changes.items() if not args.files or path in args.files}
    if args.output == "json":
        print_json([_as_data(change, past) for change in found.values()])
        return 0
    if not found:
        print("No change waits for a decision.", file=sys.stderr)
    for path, change in found.items():
        counts = f"+{change.added_lines} −{change.removed_lines}"
        print(
            f"{past.verdicts[path]:<10} {change.kind:<9}{counts:>12}  {sanitise_line(path)}  ({change.role})"
        )
        if args.diff or args.files:
            print(sanitise(change.patch))
    return 0


def _as_data(change: FileChanged, past: Past) -> dict[str, object]:
    return {
        "path": change.path,
        "kind": change.kind,
        "state": past.verdicts[change.path],
        "added_lines": change.added_lines,
        "removed_lines": change.removed_lines,
        "role": change.role,
        "run": change.run,
        "old_path": change.old_path,
        "binary": change.binary,
        "patch": change.patch,
    }


async def _past(world: World, session: str) -> Past:
    past = Past()
    async with await LogReader.open(world.home.session_log(session)) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                past.apply(record)
                after = record.seq
    return past


def accept(world: World, args: argparse.Namespace) -> int:
    return _decide(world, args, DecideChanges(verdict="accepted", paths=_paths(args), by="cli"))


def reject(world: World, args: argparse.Namespace) -> int:
    return _decide(world, args, DecideChanges(verdict="rejected", paths=_paths(args), by="cli"))


def _paths(args: argparse.Namespace) -> tuple[str, ...] | None:
    return tuple(args.files) or None


def _decide(world: World, args: argparse.Namespace, command: Command) -> int:
    session = choose_session(world, args.session)
    return _report(asyncio.run(_carry_out(world, session, [command])))


def apply(world: World, args: argparse.Namespace) -> int:
    """Accept what is undecided (or the named files) and write what is accepted."""
    session = choose_session(world, args.session)
    paths = _paths(args)
    past = asyncio.run(_past(world, session))
    if not past.changes:
        raise Stop("There is nothing to apply: no change waits in this session.")
    accepts = paths or tuple(path for path, verdict in past.verdicts.items() if verdict == "undecided")
    commands: list[Command] = [ApplyChanges(paths=paths)]
    if accepts:
        commands.insert(0, DecideChanges(verdict="accepted", paths=accepts, by="cli"))
    events = asyncio.run(_carry_out(world, session, commands))
    return _report([event for event in events if not isinstance(event, ChangeDecided)])


def undo(world: World, args: argparse.Namespace) -> int:
    """Restore what was there before the last apply."""
    session = choose_session(world, args.session)
    return _report(asyncio.run(_carry_out(world, session, [UndoApply(paths=_paths(args))])))


@dataclass(frozen=True)
class Way:
    """The way to a session: here, or in the engine that has it open."""

    port: SessionPort
    after: int
    """Place of the last record before our commands."""
    last: Callable[[], int | None]
    """Place of the last record now; None when only the other process knows."""


@asynccontextmanager
async def _way(world: World, session: str) -> AsyncIterator[Way]:
    settings = Settings(home=world.home, prices=price_book(world), interactive=False)
    try:
        here = await Session.open(settings, session=session)
        way = Way(here, here.last, lambda: here.last)
    except LogBusy as busy:
        if busy.socket is None:
            raise
        async with await LogReader.open(world.home.session_log(session)) as reader:
            after = await reader.last()
        way = Way(await LinkClient.connect(busy.socket, after), after, lambda: None)
    try:
        yield way
    finally:
        await way.port.close()


async def _carry_out(world: World, session: str, commands: list[Command]) -> list[Event]:
    """Submit commands one after the other; returns what each of them came to."""
    found: list[Event] = []
    async with _way(world, session) as way:
        after = way.after
        for command in commands:
            await way.port.submit(command)
            events, after = await _answer(way, after, command)
            found += events
            if any(isinstance(event, CommandRefused) for event in events):
                break
    return found


_ENDS = {
    DecideChanges: (ChangeDecided,),
    ApplyChanges: (ChangeApplied, ChangeMarkedStale),
    UndoApply: (ChangeUndone,),
}
_QUIET_SECONDS = 0.3
"""Over a link an answer of several records is taken to be whole when no more came for so long."""


async def _answer(way: Way, after: int, command: Command) -> tuple[list[Event], int]:
    """The events that answer a command, which are committed together, and the place of the last."""
    kinds = (*_ENDS[type(command)], CommandRefused)
    found: list[Event] = []
    records = way.port.records(after)
    while True:
        if found and way.last() == after:
            return found, after
        try:
            async with asyncio.timeout(_QUIET_SECONDS if found else None):
                record = await anext(records)
        except (TimeoutError, StopAsyncIteration):
            return found, after
        after = record.seq
        if isinstance(record.event, kinds):
            found.append(record.event)


def _report(events: list[Event]) -> int:
    code = 0
    for event in events:
        match event:
            case ChangeDecided():
                print(f"{event.verdict} {sanitise_line(event.path)}")
            case ChangeApplied():
                print(f"applied {sanitise_line(event.path)}")
            case ChangeUndone():
                print(f"undone {sanitise_line(event.path)}")
            case ChangeMarkedStale():
                print(f"not applied: {sanitise_line(event.path)}: {event.reason}", file=sys.stderr)
                code = EXIT_FAILED
            case CommandRefused():
                print(sanitise(event.reason), file=sys.stderr)
                code = EXIT_FAILED
            case _:
                pass
    return code
