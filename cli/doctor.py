"""`heddle doctor`: checks what a run needs, and says what to do about what is missing."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from cli.errors import Stop, explain
from cli.output import print_json
from cli.world import World, find_project, find_roster, price_book
from core.faults import EXIT_FAILED, Fault
from core.log import LogError, LogReader
from core.policy import PROJECT_FILE, policy_for
from core.text import sanitise_line
from core.version import heddle_version


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    check: str
    ok: bool
    text: str
    required: bool = True
    """Whether a run cannot do without it."""


def doctor(world: World, args: argparse.Namespace) -> int:
    """Print what was found; ends with 1 when something is missing that a run cannot do without."""
    findings = list(_findings(world, args))
    if args.output == "json":
        print_json(findings)
    else:
        for finding in findings:
            mark = "ok  " if finding.ok else ("MISS" if finding.required else "note")
            print(f"{mark}  {finding.check:<12} {sanitise_line(finding.text)}")
    return EXIT_FAILED if any(not finding.ok and finding.required for finding in findings) else 0


def _findings(world: World, args: argparse.Namespace) -> Iterator[Finding]:
    yield Finding("version", True, f"Heddle {heddle_version()}, Python {sys.version.split()[0]}")
    yield Finding("config", True, str(world.home.config / "config.toml"))
    yield Finding("prices", True, str(world.home.config / "prices.toml") + " (adds to the shipped book)")
    yield Finding("sessions", True, str(world.home.sessions))
    yield Finding("diagnostics", True, str(world.home.diagnostics))
    yield _check("project", lambda: _project(args.project))
    yield _writable(args.project)
    yield _check("prices", lambda: f"list prices of {price_book(world).date}")
    yield _check("region", _region)
    yield _check("credentials", lambda: _credentials(world))
    yield _check("roster", lambda: _roster(world, args.roster))
    yield _sandbox()
    yield from _bounds()
    yield _check("policy", lambda: _policy(args.project))
    yield _logs(world)


def _check(name: str, work: Callable[[], str], *, required: bool = True) -> Finding:
    try:
        return Finding(name, True, work(), required)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        return Finding(name, False, str(known), required)


def _project(given: str | None) -> str:
    project = find_project(given)
    kind = "a Git repository" if (project / ".git").exists() else "no Git repository (works as well)"
    empty = "" if any(project.iterdir()) else ", empty"
    return f"{project}: {kind}{empty}"


def _writable(given: str | None) -> Finding:
    project = Path(given or ".")
    if os.access(project, os.W_OK):
        return Finding("writable", True, "changes can be applied")
    return Finding("writable", False, "The project cannot be written: runs work, applying will fail.", False)


def _region() -> str:
    from agents.aws import connect

    connection = connect()
    return f"{connection.region}, through {connection.endpoint or 'AWS'}"


def _credentials(world: World) -> str:
    from agents.aws import find_credentials

    if not find_credentials(world.environ):
        raise Fault("no_credentials")
    return "found (they are tried with the first call)"


def _roster(world: World, name: str | None) -> str:
    roster = find_roster(world, name, os.environ.get("AWS_REGION", "us-east-1"))
    prices = price_book(world)
    missing = [model for model in roster.models() if not prices.knows(model)]
    if missing:
        raise Stop(f"No price is known for {', '.join(missing)}. Add a row to prices.toml.")
    return f"{roster.name}: {roster.title}"


def _sandbox() -> Finding:
    """Attacks that are really tried, since a program that is there need not hold."""
    from core.sandbox import probe
    from core.sandbox.battery import try_here

    found = probe()
    if not found.ok:
        advice = (
            "Install it (Debian: apt install bubblewrap). Until then commands and tests need --unconfined."
        )
        return Finding("sandbox", False, f"unconfined: {found.reason} {advice}", False)
    outcome = try_here()
    if outcome.failure:
        return Finding(
            "sandbox", True, f"confined: {found.reason}; no attack was tried: {outcome.failure}", False
        )
    tried = len(outcome.achieved)
    if not outcome.allowed:
        return Finding("sandbox", True, f"confined: {found.reason}; {tried} of {tried} attacks denied", False)
    names = ", ".join(f"{name} ({outcome.achieved[name]})" for name in outcome.allowed)
    return Finding(
        "sandbox", False, f"confined, but {len(outcome.allowed)} of {tried} attacks succeed: {names}", False
    )


def _bounds() -> Iterator[Finding]:
    """What keeps a confined command to its limits here."""
    from core.sandbox import probe
    from core.sandbox.battery import prepared
    from core.sandbox.bounds import try_bounds
    from core.sandbox.bubblewrap import Confined

    if not probe().ok:
        return
    with prepared() as ground:
        found = try_bounds(Confined(ground.stage.tree, ground.project, probe()))
    yield Finding("limits", not found.failure, found.told(), False)


def _policy(given: str | None) -> str:
    refused = policy_for(Path(given or ".").resolve()).refused
    return " ".join(refused) or f"policy.toml beside config.toml, and {PROJECT_FILE} in the project"


def _logs(world: World) -> Finding:
    bad = asyncio.run(_unreadable(world))
    if bad:
        return Finding("logs", False, " ".join(bad), False)
    count = len(list(world.home.sessions.glob("*.db")))
    return Finding("logs", True, f"{count} session{'' if count == 1 else 's'} can be read")


async def _unreadable(world: World) -> list[str]:
    bad: list[str] = []
    for path in sorted(world.home.sessions.glob("*.db")):
        try:
            async with await LogReader.open(path) as reader:
                await reader.read(0, 1)
        except LogError as error:
            bad.append(str(error))
    return bad
