"""`heddle models`: every role with its models, their prices and what they can do."""

import argparse
import os

import msgspec

from cli.output import print_json
from cli.world import World, find_roster, price_book
from core.prices import PriceBook, UnpricedModel, split_prefix


class ModelLine(msgspec.Struct, frozen=True):
    """One role and one of its models, as `heddle models` shows it."""

    role: str
    model: str
    title: str
    position: int
    """1 does the work, the next ones stand in."""
    input_usd: str | None
    """Dollars per million tokens, list price."""
    output_usd: str | None
    window: int
    legacy: bool
    end_of_life: str | None


def models(world: World, args: argparse.Namespace) -> int:
    """Print the roster. No request is made."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    roster = find_roster(world, args.roster, region)
    prices = price_book(world)
    lines = [
        _line(role.name, model, position, prices)
        for role in roster.roles.values()
        for position, model in enumerate(role.models, 1)
    ]
    if args.output == "json":
        print_json(lines)
        return 0
    print(
        f"{roster.name}: {roster.title} · region {region} · prices of {prices.date} in $ per million tokens\n"
    )
    for line in lines:
        print(_text(line))
    return 0


def _line(role: str, model: str, position: int, prices: PriceBook) -> ModelLine:
    from agents.catalog import card, title

    facts = card(model)
    try:
        row = prices.row(model)
        rates = row.region.get(split_prefix(model)[0], row)
    except UnpricedModel:
        rates = None
    return ModelLine(
        role=role,
        model=model,
        title=title(model),
        position=position,
        input_usd=rates.input if rates else None,
        output_usd=rates.output if rates else None,
        window=facts.window,
        legacy=facts.legacy,
        end_of_life=facts.end_of_life.isoformat() if facts.end_of_life else None,
    )


def _text(line: ModelLine) -> str:
    role = line.role if line.position == 1 else "  or"
    price = f"{line.input_usd} / {line.output_usd}" if line.input_usd else "no price: add one"
    end = f"  ends {line.end_of_life}" if line.end_of_life else ""
    legacy = "  Legacy: closed to new accounts" if line.legacy else ""
    return f"{role:<16}{line.title:<20}{price:>16}  {line.model}{end}{legacy}"
