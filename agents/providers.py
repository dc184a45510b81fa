"""The providers of models: one adapter and one line each.

A roster's entry names its provider before the first colon; `bedrock:` may be left out. Adapters are imported
when the first of their models is made, so that nobody waits for a provider that is not used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from agents.aws import Connection
    from agents.catalog import ModelCard
    from agents.endpoint import Endpoint
    from agents.model import NodeModel


@dataclass(frozen=True)
class Access:
    """The ways to models."""

    connection: "Connection"
    """To Bedrock, or to the rehearsal."""
    endpoint: "Endpoint"
    """To what speaks OpenAI's chat completions."""


@dataclass(frozen=True)
class Wanted:
    """One model that a node wants to call."""

    model: str
    """Its whole id, as records and the price book have it."""
    card: "ModelCard"
    """What it can do."""
    metadata: dict[str, str]
    """Who asks."""
    output_tokens: int


def make_model(access: Access, wanted: Wanted) -> "NodeModel":
    """The model behind an entry of a roster. No request is made.

    In a rehearsal every model is played over Bedrock's wire, so that none is really called.
    """
    rehearsed = access.connection.backend == "rehearsal"
    return PROVIDERS["bedrock" if rehearsed else split_provider(wanted.model)[0]](access, wanted)


def split_provider(entry: str) -> tuple[str, str]:
    """Split `openai:qwen3:8b` into the provider and the name that it knows the model by.

    Names hold colons too (`nova-lite-v1:0`): only what is a provider counts as one.
    """
    head, colon, rest = entry.partition(":")
    return (head, rest) if colon and head in PROVIDERS else ("bedrock", entry)


def _bedrock(access: Access, wanted: Wanted) -> "NodeModel":
    from agents.bedrock import StoppableBedrockModel

    model = StoppableBedrockModel(
        access.connection,
        wanted.model,
        wanted.card,
        metadata=wanted.metadata,
        output_tokens=wanted.output_tokens,
    )
    return cast("NodeModel", model)


def _openai(access: Access, wanted: Wanted) -> "NodeModel":
    from agents.compatible import CompatibleModel

    model = CompatibleModel(access.endpoint, wanted.model, wanted.card, output_tokens=wanted.output_tokens)
    return cast("NodeModel", model)


PROVIDERS: "dict[str, Callable[[Access, Wanted], NodeModel]]" = {
    "bedrock": _bedrock,
    "openai": _openai,
}
