"""`heddle sessions` and `heddle show`: what there is, and reading it again."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cli.errors import usage
from cli.output import StreamJson, cost_line, print_json, progress_line
from cli.world import World, find_project
from core.events import RequestSubmitted, RunFinished
from core.index import Index, SessionRow, Sought
from core.log import LogReader
from core.money import show_usd, to_pico, to_usd
from core.record import Record
from core.text import sanitise, sanitise_line


async def find_sessions(
    world: World, project: Path | None = None, sought: Sought | None = None
) -> list[SessionRow]:
    """Sessions, the latest first, after the index has caught up with their logs."""
    index = Index(world.home.index)
    await index.catch_up(world.home.sessions)
    return await index.sessions(sought or Sought(project=project))


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
    rows = asyncio.run(find_sessions(world))
    return (
        _used_last(rows) if rows else max(ids, key=lambda id: world.home.session_log(id).stat().st_mtime_ns)
    )


def _used_last(rows: Sequence[SessionRow]) -> str:
    """One that was only opened and left again is passed over, where there is another."""
    return next((row for row in rows if row.status != "new" or row.title), rows[0]).id


def latest_session(world: World, project: Path) -> str:
    """The session of a project that was used last.

    Raises:
        Stop: it has none.
    """
    rows = asyncio.run(find_sessions(world, project))
    if not rows:
        raise usage(
            f"There is no session about {project} to continue yet. Leave --continue out to begin one;"
            " `heddle sessions` lists those about other projects, and --session opens one of them."
        )
    return _used_last(rows)


def list_sessions(world: World, args: argparse.Namespace) -> int:
    """Print a line each, the latest first; or do what the first word says with one of them."""
    from cli.keeping import ACTIONS, keep

    if args.words and args.words[0] in ACTIONS and args.search is None:
        return keep(world, args)
    rows = asyncio.run(find_sessions(world, sought=_sought(args)))
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


def _sought(args: argparse.Namespace) -> Sought:
    """What the options look for.

    Raises:
        Stop: a day or an amount is none.
    """
    for option in ("since", "until"):
        day = getattr(args, option)
        try:
            date.fromisoformat(day or "2026-01-01")
        except ValueError:
            raise usage(f"--{option} {sanitise_line(day)} is no day. Write it as 2026-01-31.") from None
    try:
        least = to_pico(args.over or "0")
    except ValueError as error:
        raise usage(f"--over is no amount in dollars: {error}. Write it as 0.50.") from None
    project = find_project(args.project) if args.project else None
    words = " ".join([*args.words, *([args.search] if args.search else [])])
    return Sought(words, project, args.since or "", args.until or "", least)


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
