"""`heddle rewind`: the points of a session's stage, and the way back to one."""

import argparse
import asyncio
import sys

from cli.decide import carry_out
from cli.errors import tell_refusal
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World
from core.commands import RewindStage
from core.event_base import START
from core.events import ChangeWithdrawn, CommandRefused, Event, FileChanged, StageCommitted, StageRewound
from core.log import LogReader
from core.text import sanitise_line
from core.view.timeline import Timeline

_SHOWN = 12
"""Characters of a commit's id."""
_PATHS = 4
"""Paths of a step on its line."""


def rewind(world: World, args: argparse.Namespace) -> int:
    """List the points of a session's stage, or rewind it to one."""
    session = choose_session(world, args.session)
    if args.point is None:
        return _list(asyncio.run(_read_timeline(world, session)), args.output)
    events = asyncio.run(carry_out(world, session, [RewindStage(commit=args.point, by="cli")]))
    return _report(events, args.output)


async def _read_timeline(world: World, session: str) -> Timeline:
    timeline = Timeline()
    async with await LogReader.open(world.home.session_log(session)) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                after = record.seq
                if isinstance(record.event, StageCommitted | StageRewound):
                    timeline.apply(record.event, record.at)
    return timeline


def _list(timeline: Timeline, output: str) -> int:
    if output == "json":
        points = [
            {
                "commit": point.commit,
                "at": point.at,
                "run": point.run,
                "role": point.role,
                "message": point.message,
                "paths": list(point.labels),
                "here": point.commit == timeline.here,
            }
            for point in timeline.points
        ]
        print_json(points)
        return 0
    if not timeline.points:
        print("No step of a node is in this session's history yet.", file=sys.stderr)
        return 0
    print(f"  {START:<{_SHOWN}}  before all work")
    for point in timeline.points:
        mark = "*" if point.commit == timeline.here else " "
        more = "" if len(point.labels) <= _PATHS else f" and {len(point.labels) - _PATHS} more"
        paths = ", ".join(point.labels[:_PATHS])
        print(f"{mark} {point.commit[:_SHOWN]}  {point.run} {point.role}  {point.message}: {paths}{more}")
    return 0


def _report(events: list[Event], output: str) -> int:
    refused = [event for event in events if isinstance(event, CommandRefused)]
    if refused:
        return max(tell_refusal(event.reason) for event in refused)
    (done,) = (event for event in events if isinstance(event, StageRewound))
    told = [event for event in events if isinstance(event, FileChanged | ChangeWithdrawn)]
    changed = [event.path for event in told if isinstance(event, FileChanged) and not _is_outside(event)]
    withdrawn = [event.path for event in told if event.path not in changed]
    if output == "json":
        data = {"commit": done.commit, "from_commit": done.from_commit}
        print_json(data | {"changed": changed, "withdrawn": withdrawn})
        return 0
    print(f"rewound to {done.commit[:_SHOWN]}")
    for path in changed:
        print(f"  differs again  {sanitise_line(path)}")
    for path in withdrawn:
        print(f"  as in the project  {sanitise_line(path)}")
    print(f"The way back: heddle rewind SESSION {done.from_commit[:_SHOWN]}")
    return 0


def _is_outside(change: FileChanged) -> bool:
    """All of it was rejected, and is not in the private copy."""
    return bool(change.hunks) and all(hunk.rejected for hunk in change.hunks)
