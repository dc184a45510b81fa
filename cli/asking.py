"""What the screen has done by a process of its own: Heddle's own commands, and their JSON read back."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from cli.screen import ROOT
from core.rosters import ModelLine
from core.text import sanitise_line
from core.ways import Tried, Way

T = TypeVar("T")


class AskFailed(Exception):
    """The command said something else than it was asked for; the message is its own sentence."""


async def ask(kind: type[T], *arguments: str) -> T:
    """Run `heddle ARGUMENTS --output json` and read what it prints.

    Raises:
        AskFailed: it printed no such thing.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(ROOT),
        *arguments,
        "--output",
        "json",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    try:
        out, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        raise
    try:
        return msgspec.json.decode(out, type=kind)
    except msgspec.DecodeError:
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        said = lines[-1].removeprefix("heddle: ") if lines else "The command ended without a word."
        raise AskFailed(sanitise_line(said)) from None


async def ask_connect(way: Way, *, save: bool) -> Tried:
    """Have a way tried, or remembered once it was."""
    given = {
        "--profile": way.profile,
        "--region": way.region,
        "--url": way.url,
        "--key-variable": way.key_variable,
        "--model": way.model,
    }
    words = [part for name, value in given.items() if value for part in (name, value)]
    words += ["--price", *way.price] if way.price is not None else []
    words += ["--free"] if way.free and way.kind == "endpoint" else []
    words += ["--save", "--untried"] if save else []
    try:
        return await ask(Tried, "connect", way.kind, *words)
    except AskFailed as error:
        return Tried(False, str(error))


async def ask_roles(roster: str) -> Sequence[ModelLine]:
    """A roster, role by role; none where it cannot be read."""
    try:
        lines = await ask(list[ModelLine], "models", "--offline", "--roster", roster)
        return [line for line in lines if not line.rung]
    except AskFailed:
        return ()


async def ask_models() -> Sequence[ModelLine]:
    """Every model that a role could have; none where that cannot be found out."""
    try:
        return await ask(list[ModelLine], "models", "--offline", "--all")
    except AskFailed:
        return ()


async def keep_roster(base: str, name: str, roles: Mapping[str, Sequence[str]]) -> str:
    """Keep a roster of the user's own and use it; what is wrong with it, if it cannot be."""
    changes = [f"{role}={','.join(models)}" for role, models in roles.items()]
    try:
        await ask(dict[str, object], "roster", "set", name, *changes, "--from", base, "--use")
    except AskFailed as error:
        return str(error)
    return ""
