"""`heddle rehearse`: a scenario on a fresh copy of the sample project, without AWS."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import usage
from cli.headless import Job, run_job
from cli.output import make_output
from cli.scripts import CONNECT_HINT, FIRST
from cli.world import World, make_team, price_book
from core.clock import now
from core.commands import SubmitRequest
from core.events import RunFinished
from core.money import show_usd
from core.session import Settings
from core.text import sanitise, sanitise_line

if TYPE_CHECKING:
    from agents.rehearsal import Script


KEPT_COPIES = 20
"""Copies of the sample project that stay; the sessions about older ones can still be read."""


def find_scripts(world: World) -> list["Script"]:
    """The user's own scripts (`rehearsals/` in the configuration folder), then the shipped ones.

    Raises:
        Stop: one of the user's is not valid.
    """
    from agents.rehearsal import ScriptError, load_script, shipped_scripts

    own = sorted((world.home.config / "rehearsals").glob("*.toml"))
    try:
        return [*(load_script(path) for path in own), *shipped_scripts()]
    except ScriptError as error:
        raise usage(str(error)) from error


def choose_script(world: World, name: str | None) -> tuple["Script", list["Script"]]:
    """The scenario of that name, or the script in that file; and all that the rehearsal then knows.

    Raises:
        Stop: there is none.
    """
    from agents.rehearsal import ScriptError, load_script

    scripts = find_scripts(world)
    if name is None:
        first = next((script for script in scripts if script.name == FIRST), scripts[0])
        return first, scripts
    if name.endswith(".toml"):
        try:
            script = load_script(Path(name))
        except (ScriptError, OSError) as error:
            raise usage(f"The script {name} cannot be used: {error}") from error
        return script, [script, *scripts]
    for script in scripts:
        if script.name == name:
            return script, scripts
    known = ", ".join(script.name for script in scripts)
    raise usage(f"There is no scenario called {name}. Choose one of: {known}; or name a .toml file.")


def fresh_sample(world: World) -> Path:
    """A new copy of the sample project."""
    from agents.rehearsal import copy_sample

    copies = world.home.state / "rehearsals"
    folder = copies / f"{now():%Y%m%d-%H%M%S-%f}" / "bookshelf"
    folder.parent.mkdir(parents=True, exist_ok=True)
    for old in sorted(copies.iterdir())[:-KEPT_COPIES]:
        shutil.rmtree(old, ignore_errors=True)
    return copy_sample(folder)


def rehearse(world: World, args: argparse.Namespace) -> int:
    """Play a scenario headless and print it with its cost."""
    from agents.aws import connect_rehearsal
    from agents.rehearsal import Rehearsal

    script, scripts = choose_script(world, args.scenario)
    prices = price_book(world)
    project = fresh_sample(world)
    settings = Settings(home=world.home, prices=prices, allow_unconfined=True, interactive=False)
    job = Job(SubmitRequest(text=script.request), project, apply_all=args.apply == "all")
    if args.output == "text":
        print(
            f"REHEARSAL: {script.title}. No model is called; costs are list prices, not billed.",
            file=sys.stderr,
        )
        print(f"> {sanitise(script.request)}\n", file=sys.stderr)
    with Rehearsal(scripts, speed=args.speed) as rehearsal:
        team = make_team(world, connect_rehearsal(rehearsal.url), prices, args.roster)
        code, id, end = asyncio.run(run_job(job, settings, team, lambda id: make_output(args.output, id)))
    if args.output == "text" and end is not None:
        _sum_up(id, end, project, args.apply == "all")
    return code


def _sum_up(id: str, end: RunFinished, project: Path, applied: bool) -> None:
    print(f"\ncost {show_usd(end.cost_usd)} (list price, not billed)")
    print(f"project {sanitise_line(str(project))}")
    if end.files and not applied:
        print(f"nothing is written yet: `heddle changes {id}` shows the {len(end.files)} changed files,")
        print(f"`heddle apply {id}` writes them, `heddle undo {id}` takes them back.")
    print(f"\n{CONNECT_HINT}")
