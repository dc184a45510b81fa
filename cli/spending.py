"""What the screen is told of money besides its session, in threads of their own: the screen never waits."""

import asyncio
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import Stop
from cli.world import World, price_book
from core.clock import now
from core.config import BadConfig
from core.counterfactual import OneModel
from core.paths import make_private

if TYPE_CHECKING:
    from core.spending import Elsewhere

_ROSTERS = Path(__file__).resolve().parent.parent / "agents" / "rosters"
_ROLE = "senior_coder"
"""Whose model a team is compared with."""


async def elsewhere(world: World, session: str, all_logs: bool) -> "Elsewhere | None":
    """What all sessions but this one were billed, today and this month."""

    def read() -> "Elsewhere | None":
        from core.spending import read_elsewhere

        return asyncio.run(read_elsewhere(world.home, session, now(), all_logs=all_logs))

    return await asyncio.to_thread(read)


async def one_model(world: World, roster: str) -> OneModel | None:
    """The senior coder's model of a roster; None where there is none that has a price."""
    return await asyncio.to_thread(_one_model, world, roster)


def _one_model(world: World, roster: str) -> OneModel | None:
    import tomllib

    from agents.catalog import invocation_id
    from cli.cost import ANYWHERE

    region = world.environ.get("AWS_REGION") or world.environ.get("AWS_DEFAULT_REGION") or ANYWHERE
    for name in (roster, world.config.roster):
        for folder in (world.home.config / "rosters", _ROSTERS):
            try:
                entry = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))["roles"][_ROLE][0]
                model, prices = invocation_id(str(entry), region, world.config.scope), price_book(world)
            except (OSError, ValueError, LookupError, TypeError, BadConfig, Stop):
                continue
            return OneModel(model, prices) if prices.knows(model) else None
    return None


def export(world: World, name: str, text: str) -> Path:
    """Write a file that was not there before: never into the project, which only an apply may touch.

    Raises:
        OSError: it cannot be written.
    """
    folder = make_private(world.home.exports)
    stem, dot, ending = name.rpartition(".")
    for number in count(1):
        path = folder / (name if number == 1 else f"{stem}-{number}{dot}{ending}")
        try:
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            continue
        return path
    raise AssertionError("numbers do not end")
