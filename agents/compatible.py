"""Strands' OpenAIModel over any compatible endpoint, made to stop at once and to tell a whole answer from half a one."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from strands.models.openai import OpenAIModel

from agents.cache_points import BRIEFLY
from agents.catalog import ModelCard
from agents.chunks import ChatStream
from agents.endpoint import Endpoint
from agents.faults import understand
from agents.providers import split_provider
from agents.tool_input import ToolInput
from agents.translate import readable, without_reasoning
from core.faults import Fault

_POLL_SECONDS = 0.02
_END = object()


class CompatibleModel(OpenAIModel):
    """One model of one node behind an OpenAI-compatible endpoint (`agents.model.NodeModel`)."""

    def __init__(self, endpoint: Endpoint, model: str, card: ModelCard, *, output_tokens: int) -> None:
        self.model_id = model
        self.card = card
        self.region = endpoint.host
        self.tool_input = ToolInput()
        self.kept = BRIEFLY
        self._endpoint = endpoint
        self._answer: ChatStream | None = None
        self._length = min(output_tokens, card.output)
        super().__init__(client=self, model_id=split_provider(model)[1], context_window_limit=card.window)

    @property
    def output_tokens(self) -> int:
        """The limit of the next answer."""
        return self._length

    @output_tokens.setter
    def output_tokens(self, value: int) -> None:
        self._length = value

    def tag(self, **metadata: str) -> None:
        """Nothing: these endpoints take no word about who asks."""

    # -- the client, as Strands sees it --------------------------------------------------------------

    @property
    def chat(self) -> "CompatibleModel":
        return self

    @property
    def completions(self) -> "CompatibleModel":
        return self

    async def create(self, **request: Any) -> AsyncIterator[Any]:
        """Strands' request without what this model refuses, and its answer as Strands should read it."""
        client: Any = self._endpoint.client()
        asked = fit_chat(request, self.card) | {self._endpoint.length_name: self._length}
        self._answer = ChatStream(await client.chat.completions.create(**asked))
        return self._answer.events()

    # -- the stream ----------------------------------------------------------------------------------

    async def stream(  # type: ignore[override]
        self, messages: Any, *args: Any, cancel_signal: threading.Event | None = None, **kwargs: Any
    ) -> AsyncGenerator[Any, None]:
        """Stream as Strands does, but close the connection when `cancel_signal` is set.

        Raises:
            Fault: what went wrong, without the key.
        """
        self.tool_input = ToolInput()
        chunks = super().stream(without_reasoning(messages), *args, **kwargs)
        try:
            async with aclosing(_until(cancel_signal, chunks)) as stream:
                async for chunk in stream:
                    for passed in self.tool_input.pass_on(readable(chunk)):
                        yield passed
        except Exception as error:
            if cancel_signal is None or not cancel_signal.is_set():
                raise self._told(error) from None
        finally:
            await self._close()

    async def _close(self) -> None:
        """Whatever happened, the connection does not wait for an answer that nobody reads."""
        answer, self._answer = self._answer, None
        if answer is not None:
            await answer.close()

    def _told(self, error: Exception) -> Fault:
        fault = understand(error, model=self.model_id, region=self.region)
        return Fault(fault.kind, self._endpoint.hide(fault.detail), model=self.model_id, region=self.region)


def fit_chat(request: dict[str, Any], card: ModelCard) -> dict[str, Any]:
    """A chat request without what endpoints are known to refuse: no empty list of tools, plain text as text."""
    fitted = {**request, "messages": [_plain(message) for message in request["messages"]]}
    if not fitted.get("tools"):
        fitted.pop("tools", None)
        fitted.pop("tool_choice", None)
    elif not card.tool_choice:
        fitted.pop("tool_choice", None)
    elif not card.forced_tools and "tool_choice" in fitted:
        fitted["tool_choice"] = "auto"
    return fitted


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    parts = message.get("content")
    if not isinstance(parts, list) or any(part.get("type") != "text" for part in parts):
        return message
    return {**message, "content": "\n\n".join(part["text"] for part in parts)}


async def _until(
    stop: threading.Event | None, chunks: AsyncGenerator[Any, None]
) -> AsyncGenerator[Any, None]:
    """The chunks, read by a task that is cancelled when `stop` is set; what waits for the network ends then."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    reader = asyncio.create_task(_read(chunks, queue))
    watch = asyncio.create_task(_cancel_at(stop, reader)) if stop is not None else None
    try:
        while (chunk := await queue.get()) is not _END:
            yield chunk
        await asyncio.wait({reader})
        if not reader.cancelled():
            reader.result()
    finally:
        reader.cancel()
        if watch is not None:
            watch.cancel()
        with suppress(BaseException):
            await asyncio.shield(asyncio.wait({reader}))


async def _read(chunks: AsyncGenerator[Any, None], queue: asyncio.Queue[Any]) -> None:
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                queue.put_nowait(chunk)
    finally:
        queue.put_nowait(_END)


async def _cancel_at(stop: threading.Event, reader: asyncio.Task[None]) -> None:
    while not stop.is_set():
        await asyncio.sleep(_POLL_SECONDS)
    reader.cancel()
