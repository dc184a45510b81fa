"""`heddle cost`: what was spent, by what, what the month will cost, and what one model would have cost."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from cli.errors import usage
from cli.output import print_json
from cli.sessions import choose_session
from cli.world import World, find_project, find_roster, price_book
from core.clock import now
from core.counterfactual import ASSUMPTION, Comparison, compare
from core.events import ModelCalled, SessionStarted
from core.history import WINDOW, Projection, month_start, project_month
from core.index import ChargeRow, Index
from core.log import LogReader
from core.money import ZERO, Pico, show_usd, to_pico, to_usd
from core.record import Record
from core.text import sanitise_line

ANYWHERE = "us-east-1"
"""The region that a price is looked up for when none is set: list prices are the same in most."""


class Spent(msgspec.Struct, frozen=True):
    """What `heddle cost` has found."""

    by: str
    rows: list[ChargeRow]
    rehearsed: Pico
    """List prices of rehearsals, which nobody pays."""
    projection: Projection | None = None
    comparison: Comparison | None = None
    session: str = ""
    billed: bool = True

    @property
    def total(self) -> Pico:
        return Pico(sum(row.cost for row in self.rows))

    @property
    def estimated(self) -> bool:
        return any(row.estimated for row in self.rows)


def cost(world: World, args: argparse.Namespace) -> int:
    """Print what was spent."""
    if args.session:
        spent = _of_session(world, args)
    elif args.against:
        raise usage("--against compares one session: name it with --session, for example --session last.")
    else:
        spent = asyncio.run(_of_all(world, args))
    if args.output == "json":
        print_json(_as_data(spent))
    else:
        _print(spent)
    return 0


# -- all sessions ----------------------------------------------------------------------------------


async def _of_all(world: World, args: argparse.Namespace) -> Spent:
    """From the index, after it has caught up with the logs."""
    project = find_project(args.project) if args.project else None
    index = Index(world.home.index)
    await index.catch_up(world.home.sessions)
    by = args.by or "role"
    moment = now()
    month = await index.spent_since(f"{month_start(moment):%Y-%m-%dT%H:%M:%S}", project)
    window = await index.spent_since(f"{moment - WINDOW:%Y-%m-%dT%H:%M:%S}", project)
    rehearsed = await index.charges("project", project=project, billed=False)
    return Spent(
        by=by,
        rows=await index.charges(by, project=project, billed=True),
        rehearsed=Pico(sum(row.cost for row in rehearsed)),
        projection=project_month(moment, month, window),
    )


# -- one session -----------------------------------------------------------------------------------


def _of_session(world: World, args: argparse.Namespace) -> Spent:
    """From the session's own log."""
    id = choose_session(world, args.session)
    records = asyncio.run(read_log(world, id))
    calls = [record for record in records if isinstance(record.event, ModelCalled)]
    by = args.by or "role"
    return Spent(
        by=by,
        rows=_add_up(calls, _key(by, records)),
        rehearsed=ZERO,
        comparison=one_model(world, [_call(record) for record in calls], args.against),
        session=id,
        billed=not any(getattr(record.event, "backend", "") == "rehearsal" for record in records),
    )


async def read_log(world: World, session: str) -> list[Record]:
    """All records of a session.

    Raises:
        LogError: they cannot be read.
    """
    found: list[Record] = []
    async with await LogReader.open(world.home.session_log(session)) as reader:
        while batch := await reader.read(found[-1].seq if found else 0):
            found += batch
    return found


def _call(record: Record) -> ModelCalled:
    assert isinstance(record.event, ModelCalled)
    return record.event


def _key(by: str, records: list[Record]) -> Callable[[Record], str]:
    """What a call's record is added up by."""
    started = next((r.event for r in records if isinstance(r.event, SessionStarted)), None)
    keys: dict[str, Callable[[Record], str]] = {
        "role": lambda record: _call(record).role,
        "model": lambda record: _call(record).model,
        "day": lambda record: record.at[:10],
        "month": lambda record: record.at[:7],
        "session": lambda record: record.session,
        "project": lambda _record: started.project if started else "",
    }
    return keys[by]


_COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def _add_up(records: list[Record], key: Callable[[Record], str]) -> list[ChargeRow]:
    rows: dict[str, ChargeRow] = {}
    for record in records:
        call, name = _call(record), key(record)
        counts = {count: getattr(call, count) for count in _COUNTS}
        row = ChargeRow(name, to_pico(call.cost_usd), 1, **counts, estimated=call.estimated)
        rows[name] = _together(name, rows[name], row) if name in rows else row
    return sorted(rows.values(), key=lambda row: (-row.cost, row.key))


def _together(name: str, *rows: ChargeRow) -> ChargeRow:
    """The sum of some rows."""
    return ChargeRow(
        key=name,
        cost=Pico(sum(row.cost for row in rows)),
        calls=sum(row.calls for row in rows),
        **{count: sum(getattr(row, count) for row in rows) for count in _COUNTS},
        estimated=any(row.estimated for row in rows),
    )


def one_model(
    world: World, calls: list[ModelCalled], model: str | None = None, roster: str | None = None
) -> Comparison:
    """Calls beside the same ones on one model: the one named, else the senior coder's of the roster.

    Raises:
        Stop: no such model has a price.
    """
    return compare(calls, _find_model(world, model, roster), price_book(world))


def _find_model(world: World, name: str | None, roster_name: str | None) -> str:
    """The id to price: from a base id, a whole id, or a part that means one model."""
    from agents.catalog import invocation_id

    region = world.environ.get("AWS_REGION") or world.environ.get("AWS_DEFAULT_REGION") or ANYWHERE
    roster = find_roster(world, roster_name, region)
    if name is None:
        return roster["senior_coder"].model
    book = price_book(world)
    if book.knows(name):
        return invocation_id(name, region, world.config.scope)
    for ids in (roster.models(), list(book.models)):
        found = [id for id in ids if name.lower() in id]
        if len(found) == 1:
            return invocation_id(found[0], region, world.config.scope)
    known = ", ".join(sorted(book.models))
    raise usage(f"{sanitise_line(name)} means no one model with a price. Name one of: {known}.")


# -- showing ---------------------------------------------------------------------------------------


def comparison_line(found: Comparison) -> str:
    """One line: theirs, ours, and the difference, also where we cost more."""
    from agents.catalog import title

    mark = "~" if found.estimated else ""
    percent = "" if found.percent is None else f": {found.percent:+d} %".replace("-", "−")
    result = "saved" if found.saved >= 0 else "cost more by"
    difference = show_usd(to_usd(abs(found.saved)))
    return (
        f"one warm {title(found.model)} would have cost {mark}{show_usd(to_usd(found.theirs))}, "
        f"we cost {mark}{show_usd(to_usd(found.ours))}{percent} ({result} {difference})"
    )


def _print(spent: Spent) -> None:
    if not spent.rows:
        print("No charges yet." if not spent.session else "This session has no charges.", file=sys.stderr)
    else:
        _print_table(spent)
    for line in _notes(spent):
        print(line)


def _print_table(spent: Spent) -> None:
    names = [sanitise_line(row.key) or "(unknown)" for row in spent.rows]
    width = max(len("sum"), len(spent.by), *map(len, names))
    heads = ("cost", "calls", "input", "cache read", "cache write", "output")
    print(f"{spent.by:<{width}}" + "".join(f"{head:>13}" for head in heads))
    for name, row in zip(names, spent.rows, strict=True):
        print(f"{name:<{width}}{_cells(row)}")
    print(f"{'sum':<{width}}{_cells(_together('sum', *spent.rows))}")


def _cells(row: ChargeRow) -> str:
    cost = ("~" if row.estimated else "") + show_usd(to_usd(row.cost))
    counts = (row.calls, row.input_tokens, row.cache_read_tokens, row.cache_write_tokens, row.output_tokens)
    return f"{cost:>13}" + "".join(f"{count:>13,}" for count in counts)


def _notes(spent: Spent) -> list[str]:
    """What stands below the table."""
    if spent.session:
        lines = [] if spent.billed else ["A rehearsal: list prices, not billed."]
        if spent.comparison is not None and spent.comparison.calls:
            lines += [comparison_line(spent.comparison), ASSUMPTION]
        return lines
    lines = [_projection_line(spent)] if spent.rows else []
    if spent.rehearsed:
        lines.append(
            f"Rehearsals are not counted: {show_usd(to_usd(spent.rehearsed))} at list price, not billed."
        )
    return lines


def _projection_line(spent: Spent) -> str:
    found = spent.projection
    if found is None:
        return "No projection for the month yet: the first charge is less than a day old."
    mark = "~" if found.estimated else ""
    return (
        f"{found.month} (UTC): {mark}{show_usd(to_usd(found.spent))} so far, about "
        f"{show_usd(to_usd(found.projected))} at its end if the rest goes on at the pace since "
        f"{found.since:%Y-%m-%d}, {show_usd(to_usd(found.daily))} a day."
    )


def _as_data(spent: Spent) -> dict[str, Any]:
    data: dict[str, Any] = {
        "by": spent.by,
        "rows": [_row_data(row) for row in spent.rows],
        "total_usd": to_usd(spent.total),
        "estimated": spent.estimated,
    }
    if spent.session:
        return {**data, "session": spent.session, "billed": spent.billed, "against": _against(spent)}
    return {**data, "rehearsed_usd": to_usd(spent.rehearsed), "projection": _projected(spent.projection)}


def _row_data(row: ChargeRow) -> dict[str, Any]:
    data = msgspec.structs.asdict(row)
    return {"key": data.pop("key"), "cost_usd": to_usd(data.pop("cost")), **data}


def _against(spent: Spent) -> dict[str, Any] | None:
    found = spent.comparison
    if found is None:
        return None
    return {
        "model": found.model,
        "cost_usd": to_usd(found.theirs),
        "ours_usd": to_usd(found.ours),
        "saved_usd": to_usd(found.saved),
        "percent": found.percent,
        "assumption": ASSUMPTION,
    }


def _projected(found: Projection | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "month": found.month,
        "spent_usd": to_usd(found.spent),
        "daily_usd": to_usd(found.daily),
        "since": found.since.isoformat(),
        "projected_usd": to_usd(found.projected),
    }
