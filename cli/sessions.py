"""`heddle sessions` and `heddle show`: what there is, and reading it again."""

import argparse
import asyncio
import sys
from pathlib import Path

from cli.errors import usage
from cli.output import StreamJson, cost_line, print_json, progress_line
from cli.world import World, find_project
from core.events import RequestSubmitted, RunFinished
from core.index import Index, SessionRow
from core.log import LogReader
from core.money import show_usd, to_usd
from core.record import Record
from core.text import sanitise, sanitise_line


async def find_sessions(world: World, project: Path | None = None, query: str = "") -> list[SessionRow]:
    """Sessions, the latest first, after the index has caught up with their logs."""
    index = Index(world.home.index)
    await index.catch_up(world.home.sessions)
    return await index.sessions(project, query)


def choose_session(world: World, given: str) -> str:
    """The session that an id, the start of one, or `last` means.

    Raises:
        Stop: there is none, or there are several.
    """
    ids = sorted(path.stem for path in world.home.sessions.glob("*.db"))
    if given in ids:
        return given
    if given == "last":
        return _last(world, ids)
    found = [id for id in ids if id.startswith(given)] if given else []
    if len(found) == 1:
        return found[0]
    if found:
        raise usage(f"{given} is the start of several sessions: {', '.join(found[:5])}. Write more of it.")
    raise usage(f"There is no session {sanitise_line(given)}. `heddle sessions` lists those that there are.")


def _last(world: World, ids: list[str]) -> str:
    if not ids:
        raise usage('There is no session yet. Begin one: heddle run "…", or heddle.')
    return max(ids, key=lambda id: world.home.session_log(id).stat().st_mtime_ns)


def latest_session(world: World, project: Path) -> str:
    """The session of a project that was used last.

    Raises:
        Stop: it has none.
    """
    rows = asyncio.run(find_sessions(world, project))
    if not rows:
        raise usage(
            f"There is no session about {project} to continue yet. Leave --continue out to begin one."
        )
    return rows[0].id


def list_sessions(world: World, args: argparse.Namespace) -> int:
    """Print a line each, the latest first."""
    project = find_project(args.project) if args.project else None
    rows = asyncio.run(find_sessions(world, project, args.query or ""))
    if args.output == "json":
        print_json([_as_data(row) for row in rows])
        return 0
    if not rows:
        print("No sessions yet.", file=sys.stderr)
    for row in rows:
        mark = "~" if row.estimated else ""
        cost = mark + show_usd(to_usd(row.cost))
        title = sanitise_line(row.title) or "(no request yet)"
        print(f"{row.id}  {row.status:<14}{cost:>10}  {title}  [{sanitise_line(row.project)}]")
    return 0


def _as_data(row: SessionRow) -> dict[str, object]:
    return {
        "session": row.id,
        "project": row.project,
        "title": row.title,
        "started": row.started,
        "last_at": row.last_at,
        "runs": row.runs,
        "status": row.status,
        "cost_usd": to_usd(row.cost),
        "estimated": row.estimated,
    }


def show_session(world: World, args: argparse.Namespace) -> int:
    """Print a session's transcript, or its records."""
    id = choose_session(world, args.session)
    asyncio.run(_show(world.home.session_log(id), args.output))
    return 0


async def _show(path: Path, output: str) -> None:
    async with await LogReader.open(path) as reader:
        after = 0
        while batch := await reader.read(after):
            for record in batch:
                after = record.seq
                _print(record, output)


def _print(record: Record, output: str) -> None:
    if output == "stream-json":
        StreamJson().show(record)
        return
    event = record.event
    if isinstance(event, RequestSubmitted):
        print(f"\n> {sanitise(event.text)}\n")
    elif isinstance(event, RunFinished):
        print(f"\n{sanitise(event.answer)}\n\n{cost_line(event)}")
    elif line := progress_line(record):
        print(f"  {line}")
