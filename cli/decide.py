"""`heddle accept | reject | apply | undo | resolve`: decisions from the command line."""

import argparse
import asyncio
import sys
from pathlib import Path

from cli.errors import Stop, tell_refusal, usage
from cli.listing import overlapping, read_past
from cli.naming import find_named
from cli.sessions import choose_session
from cli.world import World, price_book
from core import errands
from core.commands import (
    ApplyChanges,
    Command,
    DecideChanges,
    ResolveConflict,
    UndoApply,
)
from core.events import (
    ChangeApplied,
    ChangeDecided,
    ChangeMarkedStale,
    ChangeMerged,
    ChangeUndone,
    CommandRefused,
    ConflictFound,
    ConflictResolved,
    Event,
    Resolution,
    Verdict,
)
from core.faults import EXIT_FAILED, EXIT_NEEDS_DECISION
from core.past import Past
from core.session import Settings
from core.spelling import recorded
from core.text import sanitise, sanitise_line


def accept(world: World, args: argparse.Namespace) -> int:
    return _decide(world, args, "accepted")


def reject(world: World, args: argparse.Namespace) -> int:
    return _decide(world, args, "rejected")


def _paths(args: argparse.Namespace) -> tuple[str, ...] | None:
    return tuple(recorded(file) for file in args.files) or None


def _decide(world: World, args: argparse.Namespace, verdict: Verdict) -> int:
    session = choose_session(world, args.session)
    commands: list[Command] = [DecideChanges(verdict=verdict, comment=args.comment, by="cli")]
    if args.files:
        past = asyncio.run(read_past(world, session))
        commands = [*find_named(past, args.files).commands(verdict, args.comment)]
    return _report(asyncio.run(carry_out(world, session, commands)))


def apply(world: World, args: argparse.Namespace) -> int:
    """Accept what is undecided (of the named files) and write what is accepted."""
    session = choose_session(world, args.session)
    paths = _paths(args)
    past = asyncio.run(read_past(world, session))
    if not past.changes:
        raise Stop("There is nothing to apply: no change waits in this session.")
    _warn(past, paths)
    commands = [*_accepting(past, paths), ApplyChanges(paths=paths)]
    events = asyncio.run(carry_out(world, session, commands))
    return _report([event for event in events if not isinstance(event, ChangeDecided)])


def _warn(past: Past, paths: tuple[str, ...] | None) -> None:
    """Say, before anything is written, where two nodes wrote the same lines."""
    for path, overlaps in past.waiting.overlaps.items():
        if (
            path in past.changes
            and (paths is None or path in paths)
            and past.waiting.decided[path].verdict != "rejected"
        ):
            who = ", ".join(overlapping(one) for one in overlaps)
            print(f"warning: two nodes wrote the same lines of {sanitise_line(path)}: {who}", file=sys.stderr)


def _accepting(past: Past, paths: tuple[str, ...] | None) -> list[Command]:
    """What is to be accepted first: what is open. A file that is named counts whole, unless it is decided in part."""
    if paths is None:
        waits = "undecided" in past.verdicts.values()
        return [DecideChanges(verdict="accepted", by="cli")] if waits else []
    mixed = {path for path in paths if path in past.changes and past.waiting.decided[path].is_mixed}
    whole = tuple(path for path in paths if path not in mixed)
    commands: list[Command] = [DecideChanges(verdict="accepted", paths=whole, by="cli")] if whole else []
    for path in sorted(mixed):
        if ids := past.waiting.decided[path].with_verdict("undecided"):
            commands.append(DecideChanges(verdict="accepted", paths=(path,), hunks=ids, by="cli"))
    return commands


def undo(world: World, args: argparse.Namespace) -> int:
    """Restore what was there before the last apply."""
    session = choose_session(world, args.session)
    return _report(asyncio.run(carry_out(world, session, [UndoApply(paths=_paths(args))])))


def resolve(world: World, args: argparse.Namespace) -> int:
    """Say which side of a conflict stands."""
    session = choose_session(world, args.session)
    past = asyncio.run(read_past(world, session))
    path = recorded(args.file)
    if path not in past.waiting.conflicts:
        known = ", ".join(sanitise_line(each) for each in past.waiting.conflicts)
        there = f"In conflict: {known}." if known else "No file of this session is in conflict."
        raise usage(f"There is no conflict in {sanitise_line(path)}. {there}")
    merged = None if args.merged is None else _merged(args.merged)
    take: Resolution = "merged" if merged is not None else args.take
    return _report(
        asyncio.run(
            carry_out(world, session, [ResolveConflict(path=path, take=take, merged=merged, by="cli")])
        )
    )


def _merged(place: str) -> bytes:
    """The file that the user merged himself.

    Raises:
        Stop: it cannot be read, or holds conflict markers still.
    """
    try:
        data = Path(place).read_bytes()
    except OSError as error:
        raise usage(f"{sanitise_line(place)} cannot be read: {error.strerror}.") from error
    if any(line.startswith((b"<<<<<<< ", b">>>>>>> ")) for line in data.splitlines()):
        raise usage(f"{sanitise_line(place)} holds conflict markers still: settle them first.")
    return data


async def carry_out(world: World, session: str, commands: list[Command]) -> list[Event]:
    """Submit commands one after the other; returns what each of them came to."""
    settings = Settings(home=world.home, prices=price_book(world), interactive=False)
    return await errands.carry_out(settings, session, commands)


def _report(events: list[Event]) -> int:
    code = 0
    for event in events:
        match event:
            case ChangeDecided():
                hunk = "" if event.hunk is None else f"#{event.hunk}"
                print(f"{event.verdict} {sanitise_line(event.path)}{hunk}")
            case ChangeMerged():
                print(f"merged with your edits {sanitise_line(event.path)}")
            case ConflictResolved():
                print(f"resolved {sanitise_line(event.path)}: {event.take}. `heddle apply` writes it.")
            case ConflictFound():
                print(sanitise(event.text))
                print(
                    f"conflict: {sanitise_line(event.path)} was not written: you changed the same lines. "
                    "`heddle resolve SESSION FILE` takes --ours, --theirs or --merged PATH.",
                    file=sys.stderr,
                )
                code = EXIT_NEEDS_DECISION
            case ChangeApplied():
                print(f"applied {sanitise_line(event.path)}")
            case ChangeUndone():
                print(f"undone {sanitise_line(event.path)}")
            case ChangeMarkedStale():
                if event.hunk is None:
                    print(f"not applied: {sanitise_line(event.path)}: {event.reason}", file=sys.stderr)
                code = code or EXIT_FAILED
            case CommandRefused():
                code = tell_refusal(event.reason)
            case _:
                pass
    return code
