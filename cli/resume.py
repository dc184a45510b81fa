"""`heddle resume`: a run that broke off goes on at the node that it was in, headless."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from cli.budget import read_budget
from cli.cost import read_log
from cli.errors import Stop
from cli.headless import Job
from cli.run import carry_out
from cli.sessions import choose_session, latest_session
from cli.world import World, connect_for, find_project, make_team, price_book
from core.commands import ResumeRun
from core.events import RequestSubmitted, RunFinished, SessionResumed, SessionStarted
from core.faults import EXIT_FAILED
from core.record import Record

if TYPE_CHECKING:
    from agents.aws import Connection


def resume(world: World, args: argparse.Namespace) -> int:
    """Go on with the last run of a session, with the outputs and exit codes of `heddle run`."""
    given = args.session
    id = choose_session(world, given) if given else latest_session(world, find_project(args.project))
    records = asyncio.run(read_log(world, id))
    _check(id, records)
    budget: str | None = args.budget
    command = ResumeRun(budget_usd=budget, answer=args.answer)
    job = Job(command, find_project(None), id, apply_all=args.apply == "all")
    if _backend(records) == "rehearsal":
        return _in_the_rehearsal(world, args, job, budget)
    return _with(world, args, job, budget, connect_for(world, args.roster))


def _with(
    world: World, args: argparse.Namespace, job: Job, budget: str | None, connection: "Connection"
) -> int:
    team = make_team(world, connection, price_book(world), args.roster)
    return carry_out(world, args, job, team, budget or read_budget(world.config.budget_usd))


def _in_the_rehearsal(world: World, args: argparse.Namespace, job: Job, budget: str | None) -> int:
    """What was rehearsed goes on in the rehearsal: no model is called for it."""
    from agents.aws import connect_rehearsal
    from agents.rehearsal import Rehearsal
    from cli.rehearse import find_scripts

    with Rehearsal(find_scripts(world)) as rehearsal:
        return _with(world, args, job, budget, connect_rehearsal(rehearsal.url))


def _check(id: str, records: list[Record]) -> None:
    """Raises: Stop: nothing of the session is left to do, so that nothing is opened."""
    runs = [each.event for each in records if isinstance(each.event, RequestSubmitted | RunFinished)]
    if not runs:
        raise Stop(f"Session {id} has no run to go on with yet.", EXIT_FAILED)
    last = runs[-1]
    if isinstance(last, RunFinished) and last.status == "done":
        raise Stop(f"The last run of session {id} is done: there is nothing left of it.", EXIT_FAILED)


def _backend(records: list[Record]) -> str:
    events = (each.event for each in reversed(records))
    return next((each.backend for each in events if isinstance(each, SessionStarted | SessionResumed)), "")
