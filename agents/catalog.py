"""The catalog of models (`agents/models.toml`): what each can do, and under which id a region reaches it."""

import datetime
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from agents.providers import split_provider
from core.prices import split_prefix

Scope = Literal["geo", "global"]


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    family: str
    window: int
    """Tokens of context."""
    output: int
    """Most tokens of one answer."""
    profiles: tuple[str, ...] = ()
    cache: Literal["claude", "nova", "none"] = "none"
    stream_tools: bool = True
    forced_tools: bool = True
    tool_choice: bool = True
    sampling: bool = True
    legacy: bool = False
    end_of_life: datetime.date | None = None


UNKNOWN = ModelCard(
    title="", family="unknown", window=128_000, output=4_096, forced_tools=False, sampling=False
)
"""What is assumed of a model that the catalog does not list: the least that every model can do."""


@cache
def _cards() -> dict[str, ModelCard]:
    text = (Path(__file__).parent / "models.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, ModelCard])


def card(model: str) -> ModelCard:
    """The card of a model, whatever its region prefix; `UNKNOWN` for one that is not listed."""
    return _cards().get(split_prefix(model)[1], UNKNOWN)


def title(model: str) -> str:
    """A short name for people."""
    return card(model).title or split_prefix(model)[1]


def geography(region: str) -> tuple[str, ...]:
    """The geographic profile prefixes that a region can use, the most fitting first."""
    if region.startswith("us-gov-"):
        return ("us-gov",)
    match region.partition("-")[0]:
        case "us" | "ca":
            return ("us",)
        case "eu":
            return ("eu",)
        case "ap":
            near = {
                "ap-northeast-1": "jp",
                "ap-northeast-3": "jp",
                "ap-southeast-2": "au",
                "ap-southeast-4": "au",
            }
            return (near[region], "apac") if region in near else ("apac",)
        case _:
            return ()


def invocation_id(entry: str, region: str, scope: Scope) -> str:
    """The id to call: a base id gets the prefix of the region and scope; anything else stays as written.

    Bedrock's ids come without their provider: it is what an id without one means.
    """
    provider, model = split_provider(entry)
    if provider != "bedrock":
        return entry
    if model.startswith("arn:") or split_prefix(model)[0]:
        return model
    prefixes = card(model).profiles
    if scope == "global" and "global" in prefixes:
        return f"global.{model}"
    for prefix in geography(region):
        if prefix in prefixes:
            return f"{prefix}.{model}"
    return f"global.{model}" if "global" in prefixes else model
