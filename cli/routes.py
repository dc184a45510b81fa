"""`heddle routes`: how often which rule, the router or you decided a route, and what you overrode."""

import argparse
import asyncio
import sys
from typing import Any

import msgspec

from cli.output import print_json
from cli.world import World, find_project
from core.index import Index, OverrideCount, RouteCount
from core.text import sanitise_line


class Routes(msgspec.Struct, frozen=True):
    """What `heddle routes` has found."""

    rows: list[RouteCount]
    overrides: list[OverrideCount]
    rehearsed: int
    """Routes of rehearsals, whose router is played."""
    unread: int = 0
    """Sessions whose log could not be read to its end."""

    @property
    def total(self) -> int:
        return sum(row.routes for row in self.rows)


def routes(world: World, args: argparse.Namespace) -> int:
    """Print how routes were decided."""
    found = asyncio.run(_find(world, args))
    if args.output == "json":
        print_json(_as_data(found))
        return 0
    if found.rows:
        _print(found)
    else:
        print("No route has been decided yet.", file=sys.stderr)
    for line in _notes(found):
        print(line)
    return 0


async def _find(world: World, args: argparse.Namespace) -> Routes:
    """From the index, after it has caught up with the logs."""
    project = find_project(args.project) if args.project else None
    index = Index(world.home.index)
    done = await index.catch_up(world.home.sessions)
    rehearsed = await index.routes(project, billed=False)
    return Routes(
        rows=await index.routes(project, billed=True),
        overrides=await index.overrides(project, billed=True),
        rehearsed=sum(row.routes for row in rehearsed),
        unread=len(done.damaged),
    )


def _as_data(found: Routes) -> dict[str, Any]:
    return {
        "routes": found.total,
        "rows": [msgspec.structs.asdict(row) for row in found.rows],
        "overrides": [msgspec.structs.asdict(row) for row in found.overrides],
        "rehearsed": found.rehearsed,
    }


# -- for people ------------------------------------------------------------------------------------

_COLUMNS = {
    "routes": "routes",
    "simple": "SIMPLE",
    "medium": "MEDIUM",
    "complex": "COMPLEX",
    "critical": "CRITICAL",
    "swarms": "swarm",
    "overridden": "overridden",
    "escalated": "went up",
}


def decider(by: str | None, rule: str) -> str:
    """Who decided a route, in words: the router, a rule or the user."""
    match by:
        case None:
            return "not decided yet"
        case "model":
            return "the router"
        case "user":
            return f"you: {sanitise_line(rule).replace('_', ' ') or 'override'}"
        case _:
            return f"rule: {sanitise_line(rule).replace('_', ' ') or 'no name'}"


def _print(found: Routes) -> None:
    names = [decider(row.decided_by, row.rule) for row in found.rows]
    width = max(len("decided by"), *map(len, names))
    print(f"{'decided by':<{width}}" + "".join(f"{head:>11}" for head in _COLUMNS.values()))
    for name, row in zip(names, found.rows, strict=True):
        print(f"{name:<{width}}" + "".join(f"{getattr(row, column):>11,}" for column in _COLUMNS))
    sums = [sum(getattr(row, column) for row in found.rows) for column in _COLUMNS]
    print(f"{'sum':<{width}}" + "".join(f"{count:>11,}" for count in sums))
    if found.overrides:
        _print_overrides(found.overrides)


def _print_overrides(overrides: list[OverrideCount]) -> None:
    ways = [
        f"{_route(row.from_complexity, row.from_pattern)} ({decider(row.decided_by, row.rule)})"
        for row in overrides
    ]
    wanted = [
        f"@{sanitise_line(row.role)}" if row.role else _route(row.complexity, row.pattern)
        for row in overrides
    ]
    first, second = max(map(len, [*ways, "you overrode"])), max(map(len, [*wanted, "with"]))
    print(f"\n{'you overrode':<{first}}  {'with':<{second}}{'times':>8}")
    for way, wish, row in zip(ways, wanted, overrides, strict=True):
        print(f"{way:<{first}}  {wish:<{second}}{row.times:>8,}")


def _route(complexity: str | None, pattern: str | None) -> str:
    return " ".join(part for part in (complexity, pattern) if part) or "a route"


def _notes(found: Routes) -> list[str]:
    """What stands below the tables."""
    lines: list[str] = []
    if found.rehearsed:
        count = f"{found.rehearsed:,} route{'s' * (found.rehearsed > 1)}"
        lines.append(f"Rehearsals are not counted: {count} by a router that is played.")
    if found.unread:
        lines.append(
            f"{found.unread:,} sessions could not be read to their end, and count as far as they go."
        )
    return lines
