"""`heddle run`: one request, headless."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from cli.errors import Stop, usage
from cli.headless import Job, run_job
from cli.output import make_output
from cli.sessions import choose_session, latest_session
from cli.world import World, find_project, make_team, needs_aws, price_book, with_budgets
from core.commands import SubmitRequest
from core.events import ModelCalled, RunFinished
from core.faults import EXIT_CREDENTIALS, fault_kinds
from core.money import to_pico
from core.session import Settings

if TYPE_CHECKING:
    from agents.aws import Connection


def run(world: World, args: argparse.Namespace) -> int:
    """Carry out one request and end with the exit codes of docs/contract.md."""
    text = args.request if args.request != "-" else sys.stdin.read()
    if not text.strip():
        raise usage('The request is empty. Say what should be done: heddle run "Add a GET /health endpoint".')
    project = find_project(args.project)
    budget = _budget(args.budget or world.config.budget_usd)
    session = _session(world, args)
    prices = price_book(world)
    team = make_team(world, _connect(world, args.roster), prices, args.roster)
    settings = Settings(
        home=world.home,
        prices=prices,
        budget_usd=budget,
        allow_unconfined=args.unconfined,
        interactive=False,
    )
    request = SubmitRequest(text=text, pattern=args.pattern, budget_usd=budget)
    job = Job(request, project, session, apply_all=args.apply == "all")
    code, id, end = asyncio.run(
        run_job(job, with_budgets(settings, world.config), team, lambda id: make_output(args.output, id))
    )
    if args.output == "text" and end is not None:
        print(_beside_one_model(world, id, end, args.roster), file=sys.stderr, end="")
        print(_what_next(id, end, applied=args.apply == "all"), file=sys.stderr)
    return code


def _connect(world: World, roster: str | None) -> "Connection":
    from agents.aws import connect, connect_nowhere, find_credentials

    if not needs_aws(world, roster):
        return connect_nowhere()
    if not find_credentials(world.environ):
        kind = fault_kinds()["no_credentials"]
        raise Stop(f"{kind.message} {kind.advice}", EXIT_CREDENTIALS)
    return connect(world.environ)


def _budget(dollars: str | None) -> str | None:
    if dollars is None:
        return None
    try:
        amount = to_pico(dollars.removeprefix("$"))
    except ValueError as error:
        raise usage(f"The budget {error}.") from error
    if amount <= 0:
        raise usage("The budget must be more than 0 dollars, such as 0.50.")
    return dollars.removeprefix("$")


def _session(world: World, args: argparse.Namespace) -> str | None:
    if args.session:
        return choose_session(world, args.session)
    if args.continue_:
        return latest_session(world, find_project(args.project))
    return None


def _beside_one_model(world: World, session: str, end: RunFinished, roster: str | None) -> str:
    """A line about what one model would have cost; nothing when there was nothing to compare."""
    from cli.cost import comparison_line, one_model, read_log

    events = [record.event for record in asyncio.run(read_log(world, session))]
    calls = [e for e in events if isinstance(e, ModelCalled) and e.run == end.run]
    found = one_model(world, calls, roster=roster)
    return f"{comparison_line(found)}\n" if found.calls else ""


def _what_next(id: str, end: RunFinished, *, applied: bool) -> str:
    if not end.files:
        return f"session {id} · no file was changed"
    names = ", ".join(end.files[:6]) + (" …" if len(end.files) > 6 else "")
    if applied and end.status == "done":
        return f"session {id} · applied: {names} · `heddle undo {id}` takes it back"
    return (
        f"session {id} · {len(end.files)} changed, nothing written yet: {names}\n"
        f"see them with `heddle changes {id}`, write them with `heddle apply {id}`"
    )
