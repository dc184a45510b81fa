"""`heddle models`: every role with its models, their prices, what they can do, and whether they can be called."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from cli.output import print_json
from cli.world import World, connect_for, find_roster, price_book
from core.faults import Fault
from core.money import show_usd, to_pico, to_usd
from core.prices import PriceBook, UnpricedModel, Usage
from core.rosters import Account, Check, ModelLine
from core.text import sanitise_line

if TYPE_CHECKING:
    from agents.aws import Connection
    from agents.catalog import ModelCard
    from agents.probing import Probe
    from agents.roster import Roster


_FEW = 1_000
"""Tokens of a small call."""


def models(world: World, args: argparse.Namespace) -> int:
    """Print the roster, or with `--all` every model that a role could have. Only `--check` calls models; without it AWS
    is asked what it says of the account, for nothing, unless `--offline`."""
    connection = connect_for(world, args.roster) if args.check else None
    environ = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    region = connection.region if connection is not None else environ
    roster = find_roster(world, args.roster, region)
    prices = price_book(world)
    probes: dict[str, Probe] = {}
    if connection is not None:
        probes = _probes(world, roster, connection, prices, quiet=args.output == "json")
    lines = [
        _line(role.name, model, position, prices, roster, probes.get(model), rung=rung)
        for role in roster.roles.values()
        for rung, ids in ((False, role.models), (True, role.rung))
        for position, model in enumerate(ids, 1)
    ]
    if args.all:
        lines = _all(roster, region, prices, lines)
    if not (args.check or args.offline):
        lines = _with_accounts(world, args.roster, roster, lines)
    if args.output == "json":
        print_json(lines)
    elif args.all:
        for line in lines:
            print(sanitise_line(_text(line, roster.card(line.model))))
    else:
        _print(lines, roster, region, prices)
    return next((probe.exit_code for probe in probes.values() if probe.exit_code), 0)


def _all(roster: "Roster", region: str, prices: PriceBook, known: list[ModelLine]) -> list[ModelLine]:
    """Every model once: those of the catalog, and what the roster names besides; the dearest first."""
    ids = [roster.find_model(base, region) or base for base in roster.catalog.cards]
    names = dict.fromkeys([*ids, *(line.model for line in known)])
    lines = [_line("", model, 1, prices, roster, None) for model in names]
    return sorted(lines, key=lambda line: -to_pico(line.output_usd or "0"))


def _probes(
    world: World, roster: "Roster", connection: "Connection", prices: PriceBook, *, quiet: bool
) -> "dict[str, Probe]":
    """Ask each model once, whatever it costs having been said.

    Raises:
        Fault: unpriced_model; nothing was asked.
    """
    from agents.endpoint import Endpoint, find_endpoint
    from agents.probing import dearest, probe_all

    names = roster.models()
    try:
        most = dearest(names, prices)
    except UnpricedModel as error:
        raise Fault("unpriced_model", model=error.model, region=connection.region) from error
    if not quiet:
        print(
            f"Asking {len(names)} models for one token each: {show_usd(to_usd(most))} at the most.",
            file=sys.stderr,
        )
    elsewhere = "openai" in roster.providers()
    endpoint = find_endpoint(world.config.openai, world.environ) if elsewhere else Endpoint()
    return asyncio.run(probe_all(names, roster, connection, endpoint, prices))


def _with_accounts(
    world: World, name: str | None, roster: "Roster", lines: list[ModelLine]
) -> list[ModelLine]:
    """The lines with what AWS says of this account, or why that is not known."""
    from agents.availability import NO_CREDENTIALS, ask_account

    connection, why = None, NO_CREDENTIALS
    try:
        connection = connect_for(world, name)
    except Fault as fault:
        why = why if fault.kind == "no_credentials" else fault.message.rstrip(".")
    known = ask_account({line.model for line in lines}, roster, connection, world.environ, why=why)
    return [msgspec.structs.replace(line, account=known[line.model]) for line in lines]


def _line(
    role: str,
    model: str,
    position: int,
    prices: PriceBook,
    roster: "Roster",
    probe: "Probe | None",
    *,
    rung: bool = False,
) -> ModelLine:
    facts = roster.card(model)
    return ModelLine(
        role=role,
        model=model,
        title=roster.catalog.title(model),
        position=position,
        input_usd=_per_million(prices, model, Usage(input=_FEW)),
        output_usd=_per_million(prices, model, Usage(output=_FEW)),
        window=facts.window,
        legacy=facts.legacy,
        end_of_life=facts.end_of_life.isoformat() if facts.end_of_life else None,
        output=facts.output,
        cache=facts.cache != "none",
        stream_tools=facts.stream_tools,
        forced_tools=facts.forced_tools and facts.tool_choice,
        check=_check(probe),
        rung=rung,
    )


def _per_million(prices: PriceBook, model: str, few: Usage) -> str | None:
    """The price of a million tokens where a call is small, with what the region adds; None: there is none."""
    return to_usd(prices.cost(model, few) * (1_000_000 // _FEW)) if prices.knows(model) else None


def _check(probe: "Probe | None") -> Check | None:
    if probe is None:
        return None
    done = probe.verdict == "callable"
    return Check(done, probe.verdict, probe.message, probe.advice, to_usd(probe.cost))


# -- for people ------------------------------------------------------------------------------------


def _print(lines: list[ModelLine], roster: "Roster", region: str, prices: PriceBook) -> None:
    print(
        f"{roster.name}: {roster.title} · region {region} · prices of {prices.date} in $ per million tokens\n"
    )
    for line in lines:
        print(sanitise_line(_text(line, roster.card(line.model))))
    checks = {line.model: line.check for line in lines if line.check is not None}
    if not checks:
        _print_accounts({line.model: line.account for line in lines if line.account is not None})
        return
    cost = to_usd(sum(to_pico(check.cost_usd) for check in checks.values()))
    able = sum(check.callable for check in checks.values())
    print(f"\n{able} of {len(checks)} models can be called. Asking them cost {show_usd(cost)}.")
    for model, check in checks.items():
        if not check.callable:
            print(sanitise_line(f"{model}: {check.verdict}. {check.message} {check.advice}"))


def _print_accounts(known: Mapping[str, Account]) -> None:
    """How many this account can call, and of the others why not, each reason once."""
    told = [account.able for account in known.values() if account.able is not None]
    print(f"\nThis account can call {sum(told)} of {len(told)} models, as AWS says." if told else "")
    for word, able in (("cannot be called", False), ("not known", None)):
        reasons: dict[str, list[str]] = {}
        for model, account in known.items():
            if account.able is able:
                reasons.setdefault(account.reason, []).append(model)
        for reason, models in reasons.items():
            who = "all of them" if len(models) == len(known) else ", ".join(models)
            print(sanitise_line(f"{word}: {reason} ({who})"))
    print("`heddle models --check` asks each for one token: that is the only proof.")


def _text(line: ModelLine, facts: "ModelCard") -> str:
    role = line.role if line.position == 1 else "  or"
    role = "  taking over" if line.rung and line.position == 1 else role
    price = f"{line.input_usd} / {line.output_usd}" if line.input_usd else "no price: add one"
    able = f"{_tokens(facts.window)} in, {_tokens(facts.output)} out"
    able += ", cache" if line.cache else ""
    able += "" if line.stream_tools else ", no streaming with tools"
    end = f"  ends {line.end_of_life}" if line.end_of_life else ""
    legacy = "  Legacy: closed to new accounts" if line.legacy else ""
    check = f"  {'ok' if line.check.callable else line.check.verdict.upper()}" if line.check else ""
    account = f"  {_ACCOUNT[line.account.able]}" if line.account else ""
    return f"{role:<16}{line.title:<20}{price:>16}  {able:<22}  {line.model}{end}{legacy}{check}{account}"


_ACCOUNT = {True: "ok for this account", False: "NOT FOR THIS ACCOUNT", None: "account: not known"}


def _tokens(count: int) -> str:
    return f"{count / 1_000_000:g}M" if count >= 1_000_000 else f"{count / 1000:.0f}K"
