"""The catalog of models (`agents/models.toml`): what each can do, and under which id a region reaches it."""

import datetime
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from agents.providers import split_provider
from core.config import BadConfig
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
    cache_hour: bool = False
    """Cache points may ask for an hour instead of five minutes."""
    stream_tools: bool = True
    forced_tools: bool = True
    tool_choice: bool = True
    sampling: bool = True
    thinks: bool = False
    """It always thinks, and says what it thinks, and what it writes between tool calls, only when asked to."""
    legacy: bool = False
    end_of_life: datetime.date | None = None


UNKNOWN = ModelCard(
    title="", family="unknown", window=128_000, output=4_096, forced_tools=False, sampling=False
)
"""What is assumed of a model that the catalog does not list: the least that every model can do."""


UNKNOWN_ELSEWHERE = msgspec.structs.replace(UNKNOWN, family="openai", window=32_768)
"""What is assumed of a model behind an OpenAI-compatible endpoint."""


class Catalog(msgspec.Struct, frozen=True):
    """All models that are known: the shipped ones, with the user's own over them."""

    cards: dict[str, ModelCard]
    bases: dict[str, str] = {}
    """Ids that are another name of a model, such as application inference profiles, and that model's id."""

    def base(self, model: str) -> str:
        """The id of the model behind an id."""
        return self.bases.get(model, model)

    def card(self, model: str) -> ModelCard:
        """The card of a model, whatever its region prefix; what can be assumed of one that is not listed."""
        assumed = UNKNOWN if split_provider(model)[0] == "bedrock" else UNKNOWN_ELSEWHERE
        return self.cards.get(split_prefix(self.base(model))[1], assumed)

    def title(self, model: str) -> str:
        """A short name for people."""
        return self.card(model).title or split_provider(split_prefix(model)[1])[1]


@cache
def _shipped() -> dict[str, ModelCard]:
    return _read(Path(__file__).parent / "models.toml")


def _read(path: Path) -> dict[str, ModelCard]:
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, ModelCard])


def load_catalog(config: Path | None = None, bases: Mapping[str, str] | None = None) -> Catalog:
    """The shipped cards, with those of the user's `models.toml` over them.

    Raises:
        BadConfig: the user's file is not valid; the sentence names it.
    """
    own = config / "models.toml" if config is not None else None
    if own is None or not own.is_file():
        return Catalog(_shipped(), dict(bases or {}))
    try:
        return Catalog({**_shipped(), **_read(own)}, dict(bases or {}))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError, OSError) as error:
        raise BadConfig(f"The model file {own} is not valid: {error}. Mend it, then start again.") from error


def card(model: str) -> ModelCard:
    """The shipped card of a model."""
    return Catalog(_shipped()).card(model)


def title(model: str) -> str:
    """A short name for people, by the shipped cards."""
    return Catalog(_shipped()).title(model)


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
