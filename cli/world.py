"""What a command works in: the user's folders and configuration, the project, and the team."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cli.errors import Stop, usage
from core.config import Config, load_config
from core.faults import EXIT_CONFIGURATION, Fault
from core.money import to_pico
from core.paths import Home, find_home, make_private

if TYPE_CHECKING:
    from agents.aws import Connection
    from agents.conductor import Conductor
    from agents.guard import RetryPolicy
    from agents.roster import Roster
    from core.event_base import BudgetScope
    from core.money import Pico
    from core.prices import PriceBook
    from core.session import Settings


class World(msgspec.Struct, frozen=True):
    """The user's side of a command."""

    home: Home
    config: Config
    environ: Mapping[str, str]


def find_world(environ: Mapping[str, str] = os.environ) -> World:
    """Read folders and configuration.

    Raises:
        BadConfig: the configuration cannot be used.
        Stop: the folders cannot be made.
    """
    home = find_home(environ)
    try:
        for folder in (home.data, home.state):
            make_private(folder)
    except OSError as error:
        raise Stop(
            f"Heddle cannot keep its sessions in {home.data}: {error.strerror}. "
            "Make that folder writable, or set HEDDLE_HOME to another one.",
            EXIT_CONFIGURATION,
        ) from error
    return World(home, load_config(home.config, environ), environ)


def keep_diagnostics(home: Home) -> None:
    """Warnings and errors go to the diagnostic log: nothing of them may reach the terminal."""
    logging.captureWarnings(True)
    handler: logging.Handler
    try:
        handler = logging.FileHandler(home.diagnostics, encoding="utf-8", delay=True)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def find_project(given: str | None) -> Path:
    """The project's folder.

    Raises:
        Stop: it is no folder that can be read.
    """
    path = Path(given).expanduser() if given else Path.cwd()
    if not path.exists():
        raise usage(f"There is no folder {path}. Give an existing one with --project.")
    if not path.is_dir():
        raise usage(f"{path} is not a folder. Give the project's folder with --project.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise usage(f"The folder {path} cannot be read. Check its permissions.")
    return Path(os.path.realpath(path))


def price_book(world: World) -> "PriceBook":
    """The shipped prices with the user's own rows over them.

    Raises:
        Stop: the user's price book is not valid.
    """
    from core.prices import load_prices

    try:
        book = load_prices(world.home.config / "prices.toml")
    except ValueError as error:
        raise Stop(f"{error}. Mend that file, then start again.", EXIT_CONFIGURATION) from error
    free = ("openai:",) if world.config.openai.bills_nothing else ()
    return msgspec.structs.replace(book, bases=world.config.profiles, free=free)


def find_roster(world: World, name: str | None, region: str) -> "Roster":
    """The roster by name, else the configured one.

    Raises:
        BadConfig: there is none of that name, or it is not valid.
    """
    from agents.catalog import load_catalog
    from agents.roster import load_roster, with_output_tokens

    config, folder = world.config, world.home.config
    catalog = load_catalog(folder, config.profiles)
    roster = load_roster(
        name or config.roster, config=folder, region=region, scope=config.scope, catalog=catalog
    )
    return with_output_tokens(roster, config.output_tokens)


def needs_aws(world: World, roster: str | None) -> bool:
    """Whether a roster, else the configured one, names models of Bedrock.

    Raises:
        BadConfig: it cannot be used.
    """
    return "bedrock" in find_roster(world, roster, "us-east-1").providers()


def connect_for(world: World, roster: str | None) -> "Connection":
    """The way to Bedrock where a roster, else the configured one, names models of it. No request is made.

    Raises:
        BadConfig: the roster cannot be used.
        Fault: no_credentials, no_region, bad_profile.
    """
    from agents.aws import connect, connect_nowhere, find_credentials

    if not needs_aws(world, roster):
        return connect_nowhere()
    if not find_credentials(world.environ):
        raise Fault("no_credentials")
    return connect(world.environ)


def make_team(
    world: World, connection: "Connection", prices: "PriceBook", roster: str | None = None
) -> "Conductor":
    """The team that answers requests.

    Raises:
        BadConfig: the roster cannot be used.
        Fault: a model of the roster has no price, or its endpoint no key.
    """
    from agents.conductor import Conductor
    from agents.endpoint import Endpoint, find_endpoint
    from core.history import PastNodes

    chosen = find_roster(world, roster, connection.region)
    for model in chosen.models():
        if not prices.knows(model):
            raise Fault("unpriced_model", model=model, region=connection.region)
    elsewhere = "openai" in chosen.providers() and connection.backend != "rehearsal"
    return Conductor(
        chosen,
        connection,
        policy=retry_policy(world.config),
        ask_above_usd=world.config.ask_above_usd,
        past=PastNodes(None if connection.backend == "rehearsal" else world.home),
        endpoint=find_endpoint(world.config.openai, world.environ) if elsewhere else Endpoint(),
    )


def with_budgets(settings: "Settings", config: Config) -> "Settings":
    """The settings with the configured budgets beside the run's own."""
    names = ("session_budget_usd", "node_budget_usd", "day_budget_usd")
    return msgspec.structs.replace(settings, **{name: getattr(config, name) for name in names})


def set_budgets(config: Config) -> "dict[BudgetScope, Pico]":
    """The budgets of a session and of a day, as they are set."""
    limits: dict[BudgetScope, str | None] = {
        "session": config.session_budget_usd,
        "day": config.day_budget_usd,
    }
    return {scope: to_pico(limit) for scope, limit in limits.items() if limit is not None}


def retry_policy(config: Config) -> "RetryPolicy":
    """The retry limits, with the user's own figures over them."""
    from agents.guard import default_policy

    own = {"attempts": config.retry_attempts, "base_seconds": config.retry_base_seconds}
    return msgspec.structs.replace(
        default_policy(), **{name: value for name, value in own.items() if value is not None}
    )
