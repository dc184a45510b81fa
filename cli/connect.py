"""`heddle connect`: tries one way to models, says in plain words what came of it, and remembers it.

The screen's own dialogue is a front of this command. A key is never an argument and never written: only the
name of the variable that holds it is.
"""

import argparse
import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from cli.errors import Stop, explain, usage
from cli.output import print_json, show_usd
from cli.world import World, connect_for, find_roster, needs_aws, price_book
from core.config import OpenAI
from core.faults import EXIT_CONFIGURATION, Fault
from core.money import to_usd
from core.preferences import Preferences, write_whole
from core.prices import Price, PriceBook
from core.text import sanitise
from core.ways import (
    KEYS,
    OLLAMA,
    Tried,
    Way,
    comes_before,
    read_profiles,
    wrong_url,
    wrong_variable,
)

if TYPE_CHECKING:
    from agents.endpoint import Endpoint
    from agents.probing import Probe
    from agents.roster import Roster

_LOCAL = ("qwen3-coder:30b", "gpt-oss:20b")
"""What the shipped roster `local` names."""


def connect(world: World, args: argparse.Namespace) -> int:
    """List the ways there are, or try one of them; ends with 0 when it can be used."""
    if args.way is None:
        return _list(world, args)
    way = _way(args)
    untried = Tried(True, "")
    tried = untried if args.untried else asyncio.run(try_way(world, way))
    if tried.ok and args.save:
        tried = save_way(world, way, tried)
    if args.output == "json":
        print_json(tried)
    else:
        _print(tried, args.save)
    return 0 if tried.ok else EXIT_CONFIGURATION


def _way(args: argparse.Namespace) -> Way:
    price = tuple(args.price) if args.price else None
    if args.way == "endpoint" and not args.url:
        raise usage("Give the endpoint's address with --url, such as --url https://openrouter.ai/api/v1.")
    wrong = wrong_url(args.url) if args.url else ""
    wrong = wrong or (wrong_variable(args.key_variable) if args.key_variable else "")
    if wrong:
        raise usage(wrong)
    if args.save and args.way != "aws" and not args.model:
        raise usage(
            "Give the model that does the work with --model; without --save, those there are are listed."
        )
    return Way(
        kind=args.way,
        profile=args.profile or "",
        region=args.region or "",
        url=args.url or (OLLAMA if args.way == "ollama" else ""),
        key_variable=args.key_variable or "",
        model=args.model or "",
        free=args.free or args.way == "ollama",
        price=price,
    )


def _list(world: World, args: argparse.Namespace) -> int:
    profiles = read_profiles(world.environ)
    if args.output == "json":
        print_json(profiles)
        return 0
    for each in profiles:
        print(sanitise(f"aws --profile {each.name:<20} {each.how:<16} {each.region or 'no region'}"))
    if not profiles:
        print("There is no AWS profile; `aws configure sso` or `aws configure` makes one.")
    print("ollama                             models on this machine")
    print("endpoint --url URL                 any other that speaks OpenAI's chat completions")
    print("\n`heddle connect aws --profile NAME` tries one, and --save remembers it.")
    return 0


def _print(tried: Tried, saved: bool) -> None:
    print(sanitise(tried.said))
    for model in tried.models:
        print(sanitise(f"  {model}"))
    if tried.advice:
        print(sanitise(tried.advice))
    if tried.cost_usd != "0.00":
        print(f"Asking cost {show_usd(tried.cost_usd)}.")
    if tried.ok and not saved and not tried.models:
        print("Nothing was written: the same with --save remembers it.")


# -- trying ----------------------------------------------------------------------------------------


async def try_way(world: World, way: Way) -> Tried:
    """Ask for as little as there is, and tell what came of it."""
    try:
        return await (_try_aws(world, way) if way.kind == "aws" else _try_endpoint(world, way))
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        fault = (error.message, error.advice) if isinstance(error, Fault) else (str(known), "")
        return Tried(False, *fault)


async def _try_aws(world: World, way: Way) -> Tried:
    _become(way)
    name = world.config.roster if needs_aws(world, None) else "current"
    connection = connect_for(world, name)
    roster = find_roster(world, name, connection.region)
    probes = await _probe(world, roster, price_book(world))
    return _told_of_roles(roster, probes)


def _become(way: Way) -> None:
    """Have this process be one that uses the chosen profile and region."""
    if way.profile:
        for name in KEYS:
            os.environ.pop(name, None)
        os.environ["AWS_PROFILE"] = way.profile
    if way.region:
        os.environ["AWS_REGION"] = way.region


async def _probe(world: World, roster: "Roster", prices: PriceBook) -> "dict[str, Probe]":
    from agents.endpoint import Endpoint, find_endpoint
    from agents.probing import probe_all

    connection = connect_for(world, roster.name)
    elsewhere = "openai" in roster.providers()
    endpoint = find_endpoint(world.config.openai, world.environ) if elsewhere else Endpoint()
    return await probe_all(roster.models(), roster, connection, endpoint, prices)


def _told_of_roles(roster: "Roster", probes: "dict[str, Probe]") -> Tried:
    """Whether every role has a model that can be called."""
    cost = to_usd(sum(probe.cost for probe in probes.values()))
    able = [model for model, probe in probes.items() if probe.verdict == "callable"]
    missing = [probe for probe in probes.values() if probe.verdict != "callable"]
    if not missing:
        return Tried(
            True, f"All {len(able)} models of the roster {roster.name} can be called.", cost_usd=cost
        )
    if not able and len({probe.kind for probe in missing}) == 1:
        return Tried(False, missing[0].message, missing[0].advice, cost)
    without = [role.name for role in roster.roles.values() if not set(role.models) & set(able)]
    said = f"{len(able)} of {len(probes)} models of the roster {roster.name} can be called."
    said += f" Without any: {', '.join(without)}." if without else " Every role has one."
    why = {probe.verdict: probe for probe in missing}
    advice = " ".join(f"{probe.message} {probe.advice}" for probe in why.values())
    return Tried(not without, said, advice, cost)


async def _try_endpoint(world: World, way: Way) -> Tried:
    """Without a model: which there are. With one: whether it answers."""
    from agents.endpoint import find_endpoint

    settings = OpenAI(base_url=way.url, key_variable=way.key_variable or None, free=way.free)
    endpoint = find_endpoint(settings, world.environ)
    if not way.model:
        models = await _offered(endpoint)
        said = f"{endpoint.host} answers. It offers {len(models)} models." if models else _silent(endpoint)
        return Tried(True, said, models=models)
    return await _ask(world, way, endpoint)


def _silent(endpoint: "Endpoint") -> str:
    return f"{endpoint.host} answers, and does not say which models it has."


async def _offered(endpoint: "Endpoint") -> tuple[str, ...]:
    """The names of an endpoint's models; none where it keeps no list.

    Raises:
        Fault: it cannot be reached, or refuses the key.
    """
    from openai import NotFoundError

    from agents.faults import understand

    try:
        return tuple(sorted([model.id async for model in endpoint.client().models.list()]))
    except NotFoundError:
        return ()
    except Exception as error:
        raise understand(error, region=endpoint.host) from error


async def _ask(world: World, way: Way, endpoint: "Endpoint") -> Tried:
    from agents.aws import connect_nowhere
    from agents.probing import probe_all

    model = f"openai:{way.model}"
    prices = _with_price(price_book(world), way, model)
    if not prices.knows(model):
        raise Fault("unpriced_model", model=model, region=endpoint.host)
    roster = find_roster(world, "local", "us-east-1")
    probe = (await probe_all([model], roster, connect_nowhere(), endpoint, prices))[model]
    if probe.verdict != "callable":
        return Tried(False, probe.message, probe.advice, to_usd(probe.cost))
    return Tried(True, f"{way.model} at {endpoint.host} answers.", cost_usd=to_usd(probe.cost))


def _with_price(book: PriceBook, way: Way, model: str) -> PriceBook:
    if way.price is not None:
        row = Price(input=way.price[0], output=way.price[1])
        return msgspec.structs.replace(book, models={**book.models, model: row})
    return msgspec.structs.replace(book, free=("openai:",) if way.free else ())


# -- remembering -----------------------------------------------------------------------------------


def save_way(world: World, way: Way, tried: Tried) -> Tried:
    """Write what was tried into the configuration, and a roster where it needs one.

    Raises:
        BadConfig: it cannot be written.
    """
    preferences = Preferences(world.home.config, {})
    if way.kind == "aws":
        roster = world.config.roster if needs_aws(world, None) else "current"
        values: dict[str, object] = {"aws.profile": way.profile or None, "aws.region": way.region or None}
    else:
        roster = _keep_roster(world, way)
        own = way.url != OLLAMA or bool(way.key_variable)
        values = {
            "openai.base_url": way.url if own else None,
            "openai.key_variable": way.key_variable or None,
            "openai.free": True if own and way.free else None,
        }
        if way.price is not None:
            _keep_price(world, f"openai:{way.model}", way.price)
    preferences.write({**values, "roster": roster})
    hidden = ", ".join(comes_before(os.environ)) if way.kind == "aws" and way.profile else ""
    said = f"{tried.said} Remembered in {preferences.path}, with the roster {roster}.".lstrip()
    if hidden and os.environ.get("AWS_PROFILE") != way.profile:
        said += f" {hidden} in your environment comes before it."
    return msgspec.structs.replace(tried, said=said, roster=roster)


def _keep_roster(world: World, way: Way) -> str:
    """The shipped roster where it has this model, else a file of the user's: one model for every role."""
    import tomlkit

    from agents.roster import role_names

    if way.kind == "ollama" and way.model in _LOCAL:
        return "local"
    document = tomlkit.document()
    document["title"] = f"{way.model} for every role"
    document["roles"] = {role: [f"openai:{way.model}"] for role in role_names()}
    _write(world, f"rosters/{way.kind}.toml", tomlkit.dumps(document))
    return way.kind


def _keep_price(world: World, model: str, price: tuple[str, str]) -> None:
    import tomlkit

    path = world.home.config / "prices.toml"
    document = tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
    if "models" not in document:
        document["models"] = tomlkit.table(is_super_table=True)
    document["models"][model] = {"input": price[0], "output": price[1]}  # type: ignore[index]
    _write(world, "prices.toml", tomlkit.dumps(document))


def _write(world: World, name: str, text: str) -> None:
    try:
        write_whole(world.home.config / name, text)
    except OSError as error:
        raise Stop(
            f"{world.home.config / name} cannot be written: {error.strerror}.", EXIT_CONFIGURATION
        ) from error
