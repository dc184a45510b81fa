"""`heddle run`: one request, headless."""

import argparse
import asyncio
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.budget import read_budget
from cli.errors import usage
from cli.headless import Job, run_job
from cli.output import make_output
from cli.sessions import choose_session, latest_session
from cli.world import World, connect_for, find_project, make_team, price_book, with_budgets
from core.commands import SubmitRequest
from core.events import Event, ModelCalled, RunFinished
from core.past import Past
from core.refusal import Refusal
from core.session import Settings
from core.text import sanitise_line
from core.wish import as_asked

if TYPE_CHECKING:
    from agents.conductor import Conductor


def run(world: World, args: argparse.Namespace) -> int:
    """Carry out one request and end with the exit codes of docs/contract.md."""
    text = args.request if args.request != "-" else sys.stdin.read()
    if not text.strip():
        raise usage('The request is empty. Say what should be done: heddle run "Add a GET /health endpoint".')
    project = find_project(args.project)
    budget = read_budget(args.budget or world.config.budget_usd)
    session = _session(world, args)
    team = make_team(world, connect_for(world, args.roster), price_book(world), args.roster)
    request = SubmitRequest(text=text, pattern=args.pattern, budget_usd=budget)
    _check_words(request, team.roles)
    job = Job(request, project, session, apply_all=args.apply == "all")
    return carry_out(world, args, job, team, budget)


def carry_out(world: World, args: argparse.Namespace, job: Job, team: "Conductor", budget: str | None) -> int:
    """Carry a job out, show it as it is asked for, and say at its end what to do next."""
    from cli.cost import read_log

    settings = Settings(
        home=world.home,
        prices=price_book(world),
        budget_usd=budget,
        allow_unconfined=args.unconfined,
        interactive=False,
    )
    code, id, end = asyncio.run(
        run_job(job, with_budgets(settings, world.config), team, lambda id: make_output(args.output, id))
    )
    if args.output == "text" and end is not None:
        events = [record.event for record in asyncio.run(read_log(world, id))]
        print(_beside_one_model(world, events, end, args.roster), file=sys.stderr, end="")
        print(_what_next(id, end, events, applied=args.apply == "all"), file=sys.stderr)
    return code


def _check_words(request: SubmitRequest, roles: Sequence[str]) -> None:
    """Raises: Stop: the request asks for a route that cannot be."""
    try:
        as_asked(request, roles)
    except Refusal as refusal:
        raise usage(str(refusal)) from None


def _session(world: World, args: argparse.Namespace) -> str | None:
    if args.session:
        return choose_session(world, args.session)
    if args.continue_:
        return latest_session(world, find_project(args.project))
    return None


def _beside_one_model(world: World, events: Sequence[Event], end: RunFinished, roster: str | None) -> str:
    """A line about what one model would have cost; nothing when there was nothing to compare."""
    from cli.cost import comparison_line, one_model

    calls = [e for e in events if isinstance(e, ModelCalled) and e.run == end.run]
    found = one_model(world, calls, roster=roster)
    return f"{comparison_line(found)}\n" if found.calls else ""


def _what_next(id: str, end: RunFinished, events: Sequence[Event], *, applied: bool) -> str:
    """What became of the files, and what to type next."""
    lines = [_files(id, end, applied=applied and end.status == "done")]
    past = Past()
    for event in events:
        past.note(event)
    if end.status == "needs_decision" and past.asked is not None:
        choices = " | ".join(shlex.quote(choice) for choice in past.asked.choices)
        lines.append(f"answer and go on with `heddle resume {id} --answer {choices}`")
    elif end.status in ("failed", "interrupted", "budget"):
        more = " --budget USD" if end.status == "budget" else ""
        lines.append(f"go on where it broke off with `heddle resume {id}{more}`")
    return "\n".join(lines)


def _files(id: str, end: RunFinished, *, applied: bool) -> str:
    if not end.files:
        return f"session {id} · no file was changed"
    names = ", ".join(map(sanitise_line, end.files[:6])) + (" …" if len(end.files) > 6 else "")
    if applied:
        return f"session {id} · applied: {names} · `heddle undo {id}` takes it back"
    return (
        f"session {id} · {len(end.files)} changed, nothing written yet: {names}\n"
        f"see them with `heddle changes {id}`, write them with `heddle apply {id}`"
    )
