"""Strands' BedrockModel, made to stop at once and to ask of each model family only what it accepts."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Any

from strands.models.bedrock import BedrockModel
from strands.models.model import CacheConfig

from agents.aws import Connection
from agents.cache_points import BRIEFLY, Kept, for_claude, for_nova
from agents.catalog import ModelCard
from agents.stopping import Abort, abortable
from agents.tool_input import ToolInput
from agents.translate import readable
from core.limits import limits

_SCHEMA_KEYS = ("type", "properties", "required")
_POLL_SECONDS = 0.02
_SHOWN = {"type": "adaptive", "display": "summarized"}
"""What these models do anyway, and shown: left out, nothing comes between two tool calls. With it in a request, Strands
can also ask to have thoughts dropped that the service takes for those of another conversation."""


class StoppableBedrockModel(BedrockModel):
    """One model of one node. Its requests carry who asks; its stream ends when the run is stopped."""

    def __init__(
        self,
        connection: Connection,
        model: str,
        card: ModelCard,
        *,
        metadata: dict[str, str],
        output_tokens: int,
    ) -> None:
        self.card = card
        self.region = connection.region
        self.tool_input = ToolInput()
        self.kept = BRIEFLY
        super().__init__(
            boto_session=connection.session,  # type: ignore[arg-type]
            boto_client_config=connection.client_config(),
            endpoint_url=connection.endpoint,
            **_settings(model, self.card, metadata, output_tokens),
        )

    @property
    def model_id(self) -> str:
        return str(self.config.get("model_id"))

    @property
    def output_tokens(self) -> int:
        """The `max_tokens` of the next call."""
        return int(self.config.get("max_tokens") or limits().run.output_tokens)

    @output_tokens.setter
    def output_tokens(self, value: int) -> None:
        self.update_config(max_tokens=value)

    def tag(self, **metadata: str) -> None:
        """Add to the request's metadata."""
        arguments = dict(self.config.get("additional_args") or {})
        arguments["requestMetadata"] = {**arguments.get("requestMetadata", {}), **metadata}
        self.update_config(additional_args=arguments)

    def _converse(self, converse_method: Any, request: dict[str, Any]) -> Any:
        """Strands' request, in whichever of its variants, without what this family refuses."""
        return super()._converse(converse_method, fit_request(request, self.card, self.kept))

    def _stream(self, callback: Any, *args: Any, **kwargs: Any) -> None:
        with abortable(next((arg for arg in args if isinstance(arg, Abort)), None)):
            super()._stream(callback, *args, **kwargs)

    async def stream(  # type: ignore[override]
        self, *args: Any, cancel_signal: threading.Event | None = None, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Stream as Strands does, but really close the connection when `cancel_signal` is set."""
        self.tool_input = ToolInput()
        abort = Abort()
        watch = asyncio.ensure_future(_link(cancel_signal, abort)) if cancel_signal else None
        try:
            async for chunk in super().stream(*args, cancel_signal=abort, **kwargs):
                for passed in self.tool_input.pass_on(readable(chunk)):
                    yield passed
        except Exception:
            if not (cancel_signal is not None and cancel_signal.is_set()):
                raise
        finally:
            abort.abort()
            if watch is not None:
                watch.cancel()


async def _link(cancel_signal: threading.Event, abort: Abort) -> None:
    while not cancel_signal.is_set():
        await asyncio.sleep(_POLL_SECONDS)
    abort.abort()


def _settings(model: str, facts: ModelCard, metadata: dict[str, str], output_tokens: int) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "model_id": model,
        "max_tokens": min(output_tokens, facts.output),
        "streaming": facts.stream_tools,
        "additional_args": {"requestMetadata": metadata},
        "context_window_limit": facts.window,
    }
    if facts.cache == "claude":
        settings["cache_config"] = CacheConfig(strategy="anthropic", tools_ttl=True)
    if facts.thinks:
        settings["additional_request_fields"] = {"thinking": dict(_SHOWN)}
    return settings


def fit_request(request: dict[str, Any], facts: ModelCard, kept: Kept = BRIEFLY) -> dict[str, Any]:
    """A Converse request without what a model family is known to refuse, and with its cache points."""
    fitted = dict(request)
    if fitted.get("toolConfig"):
        fitted["toolConfig"] = _fit_tools(fitted["toolConfig"], facts)
    if facts.family != "claude":
        fitted.pop("outputConfig", None)
    if facts.cache == "nova":
        return for_nova(fitted)
    return for_claude(fitted, kept) if facts.cache == "claude" else fitted


def _fit_tools(config: dict[str, Any], facts: ModelCard) -> dict[str, Any]:
    choice = config.get("toolChoice") or {}
    if not facts.tool_choice:
        return {key: value for key, value in config.items() if key != "toolChoice"}
    if not facts.forced_tools and "auto" not in choice:
        config = {**config, "toolChoice": {"auto": {}}}
    if facts.family == "nova":
        config = {**config, "tools": [_flat_tool(tool) for tool in config["tools"]]}
    return config


def _flat_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """Nova accepts only type, properties and required at the top of a schema, and no alternatives below it."""
    spec = tool.get("toolSpec")
    if not spec:
        return tool
    schema = {key: value for key, value in spec["inputSchema"]["json"].items() if key in _SCHEMA_KEYS}
    if "properties" in schema:
        schema["properties"] = {name: _flat(value) for name, value in schema["properties"].items()}
    return {"toolSpec": {**spec, "inputSchema": {"json": schema}}}


def _flat(schema: dict[str, Any]) -> dict[str, Any]:
    """One property without `anyOf`: its first alternative that is not null, under its own description."""
    real = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if not real:
        return schema
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    return {**real[0], **rest}
