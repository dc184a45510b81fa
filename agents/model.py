"""What the rest of the team needs of a model, whoever provides it."""

import threading
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from agents.cache_points import Kept
from agents.catalog import ModelCard
from agents.tool_input import ToolInput


class NodeModel(Protocol):
    """One model of one node. Each provider has an adapter of this form, which is a Strands model as well.

    Its stream speaks Strands' form of Converse events, ends within a tenth of a second when `cancel_signal`
    is set, really closing the connection, and raises what `agents/fault_rules.toml` understands.
    """

    @property
    def model_id(self) -> str:
        """The id that records, the price book and the breaker know it by."""
        ...

    @property
    def card(self) -> ModelCard:
        """What it can do."""
        ...

    @property
    def region(self) -> str:
        """Where it is called: a region, or an endpoint's address. For sentences about faults."""
        ...

    @property
    def tool_input(self) -> ToolInput:
        """The tool calls of the stream that runs, or ran last."""
        ...

    @property
    def output_tokens(self) -> int:
        """The `max_tokens` of the next call: always set."""
        ...

    @output_tokens.setter
    def output_tokens(self, value: int) -> None: ...

    kept: Kept
    """What of the next call's prompt is kept for an hour, where the provider has such a thing."""

    def tag(self, **metadata: str) -> None:
        """Add to what its requests say about who asks, where the provider takes such a thing."""
        ...

    def stream(
        self, *args: Any, cancel_signal: threading.Event | None = None, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Make one call, and give what it says piece by piece."""
        ...
