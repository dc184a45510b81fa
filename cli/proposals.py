"""`heddle proposals`: what agents want done in your repository, and your decision on it."""

import argparse
import asyncio
import sys

from cli.decide import carry_out
from cli.errors import tell_refusal, usage
from cli.listing import read_past
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World
from core.commands import DecideProposal
from core.events import CommandRefused, Event, ProposalCarriedOut, ProposalDecided, ProposalFailed
from core.faults import EXIT_FAILED
from core.proposals import Proposed
from core.text import sanitise, sanitise_line

_PATHS = 4


def proposals(world: World, args: argparse.Namespace) -> int:
    """List the proposals of a session, or decide on one."""
    session = choose_session(world, args.session)
    if args.id is None and args.verdict is not None:
        raise usage("Say which proposal: heddle proposals SESSION ID --approve (or --refuse).")
    known = asyncio.run(read_past(world, session)).proposals.known
    if args.id is not None and args.id not in known:
        there = f"There are: {', '.join(known)}." if known else "This session has none."
        raise usage(f"There is no proposal {sanitise_line(args.id)}. {there}")
    if args.verdict is None:
        return _list([one for id, one in known.items() if args.id in (None, id)], args)
    command = DecideProposal(id=str(args.id), verdict=args.verdict, comment=args.comment, by="cli")
    return _report(asyncio.run(carry_out(world, session, [command])))


def _list(found: list[Proposed], args: argparse.Namespace) -> int:
    if args.output == "json":
        print_json([_as_data(one) for one in found])
        return 0
    if not found:
        print("No agent has proposed anything for your repository in this session.", file=sys.stderr)
    for one in found:
        _print(one, whole=args.id is not None)
    return 0


def _as_data(one: Proposed) -> dict[str, object]:
    event = one.event
    return {
        "id": event.id,
        "state": one.state,
        "action": event.action,
        "branch": event.branch,
        "message": event.message,
        "paths": event.paths,
        "hooks": event.hooks,
        "role": event.role,
        "run": event.run,
        "result": one.result,
    }


def _print(one: Proposed, *, whole: bool) -> None:
    event = one.event
    what = "branch" if event.action == "create_branch" else "commit"
    branch = f" {sanitise_line(event.branch)}" if event.branch else ""
    subject = sanitise_line(event.message.partition("\n")[0])
    print(f"{one.state:<9} {event.id:<8} {what}{branch}  {subject}  ({sanitise_line(event.role)})".rstrip())
    shown = event.paths if whole else event.paths[:_PATHS]
    more = len(event.paths) - len(shown)
    if shown:
        paths = ", ".join(map(sanitise_line, shown))
        print(f"          {paths}{f' and {more} more' if more else ''}")
    if whole and event.message:
        print("".join(f"\n    {line}" for line in sanitise(event.message).split("\n")))
    if whole and event.hooks:
        print(f"\nYour hooks run, with your rights: {', '.join(map(sanitise_line, event.hooks))}")
    if one.result:
        print(f"          {sanitise(one.result)}")


def _report(events: list[Event]) -> int:
    code = 0
    for event in events:
        match event:
            case ProposalDecided(verdict="rejected"):
                print(f"refused {event.id}")
            case ProposalCarriedOut():
                print(f"made {event.result}")
            case ProposalFailed():
                print(f"not made: {sanitise(event.reason)}", file=sys.stderr)
                code = EXIT_FAILED
            case CommandRefused():
                code = tell_refusal(event.reason)
            case _:
                pass
    return code
