"""`heddle roster set`: a roster of the user's own, made of another one and what differs from it."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cli.errors import Stop, usage
from cli.output import print_json
from cli.world import World, find_roster, price_book
from core.faults import EXIT_CONFIGURATION, Fault
from core.preferences import Preferences, write_whole
from core.prices import split_prefix
from core.text import sanitise_line

if TYPE_CHECKING:
    from agents.roster import Roster

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_SHIPPED = Path(__file__).parents[1] / "agents" / "rosters"


class Kept(msgspec.Struct, frozen=True):
    """What was written, as `heddle roster set` shows it."""

    name: str
    path: str
    used: bool


def set_roster(world: World, args: argparse.Namespace) -> int:
    """Write the roster; nothing is written that could not be used.

    Raises:
        Stop: a name, a role or a model that there is not.
        Fault: a model has no price, so that no budget could hold.
    """
    import tomlkit

    if not _NAME.fullmatch(args.name):
        raise usage("A roster's name has letters, digits, - and _ only, such as mine.")
    base = find_roster(world, args.base or _known(world, args.name), _region())
    document = tomlkit.parse(_text(world, base.name))
    roles = _changed(world, base, args.changes)
    if args.changes or base.name != args.name:
        document["title"] = f"{args.name}, from {base.name}" if base.name != args.name else document["title"]
    for role, models in roles.items():
        document["roles"][role] = models  # type: ignore[index]
    path = world.home.config / "rosters" / f"{args.name}.toml"
    try:
        write_whole(path, tomlkit.dumps(document))
    except OSError as error:
        raise Stop(f"{path} cannot be written: {error.strerror}.", EXIT_CONFIGURATION) from error
    if args.use:
        Preferences(world.home.config, {}).write({"roster": args.name})
    return _told(Kept(args.name, str(path), args.use), args)


def _told(kept: Kept, args: argparse.Namespace) -> int:
    if args.output == "json":
        print_json(kept)
    else:
        used = "used from the next start on" if kept.used else f"`--roster {kept.name}` or `--use` uses it"
        print(sanitise_line(f"Written to {kept.path}: {used}."))
    return 0


def _region() -> str:
    from cli.roster import region

    return region()


def _known(world: World, name: str) -> str:
    """The roster to begin with: the one of that name, else the configured one."""
    from agents.roster import roster_names

    return name if name in roster_names(world.home.config) else world.config.roster


def _text(world: World, name: str) -> str:
    for folder in (world.home.config / "rosters", _SHIPPED):
        path = folder / f"{name}.toml"
        if path.is_file():
            return path.read_text("utf-8")
    raise usage(f"There is no roster called {name}.")


def _changed(world: World, base: "Roster", changes: list[str]) -> dict[str, list[str]]:
    """The roles that get other models, each model checked."""
    prices = price_book(world)
    found: dict[str, list[str]] = {}
    for change in changes:
        role, sign, names = change.partition("=")
        if role not in base.roles:
            raise usage(f"There is no role {role}. There are: {', '.join(base.roles)}.")
        models = [_model(base, name.strip()) for name in names.split(",") if name.strip()]
        if not sign or not models:
            raise usage(f"Write {role}=MODEL; `heddle models --all` lists the models.")
        for model in models:
            if not prices.knows(model):
                raise Fault("unpriced_model", model=model, region=_region())
        found[role] = models
    return found


def _model(base: "Roster", name: str) -> str:
    """The name to write: that of the model itself, so that every region finds its own way to it."""
    model = base.find_model(name, _region()) or name
    plain = split_prefix(model)[1]
    return plain if plain in base.catalog.cards else model
