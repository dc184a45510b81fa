"""The chunks of a chat completion as Strands should read them: with a proper end, whole usage, and one call per index.

Endpoints that call themselves compatible differ: some count every tool call as number 0, leave out their
ids, end an answer with calls as if it had none, or put the usage where Strands does not look.
"""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from core.faults import Fault


class ChatStream:
    """One streamed answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._usage: Any = None
        self._finished = self._refused = False
        self._ids: dict[int, str] = {}
        """The tool call at each index that goes on."""
        self._at: dict[int, int] = {}
        """The index that goes on, by the endpoint's own."""

    async def close(self) -> None:
        """End the answer, read to its end or not."""
        await self._answer.close()

    async def events(self) -> AsyncIterator[Any]:
        """The events, and the usage as the last one.

        Raises:
            Fault: broken_stream, when it ended without saying why.
        """
        async for event in self._answer:
            self._usage = getattr(event, "usage", None) or self._usage
            if not getattr(event, "choices", None) or self._finished:
                continue
            choice = event.choices[0]
            if choice.delta is None:
                choice.delta = SimpleNamespace(content=None, tool_calls=None)
            self._number_calls(choice.delta)
            self._refused |= bool(getattr(choice.delta, "refusal", None))
            self._end(choice)
            yield event
        if not self._finished:
            raise Fault("broken_stream", "it ended without a finish reason")
        if self._usage is not None:
            yield SimpleNamespace(choices=[], usage=_whole(self._usage))

    def _end(self, choice: Any) -> None:
        """What an answer ended with: one that holds calls wants them answered, one that refuses is none."""
        if not choice.finish_reason:
            return
        self._finished = True
        if self._refused:
            choice.finish_reason = "content_filter"
        elif self._ids and choice.finish_reason in ("stop", "function_call"):
            choice.finish_reason = "tool_calls"

    def _number_calls(self, delta: Any) -> None:
        """Give each call an index and an id of its own."""
        for call in getattr(delta, "tool_calls", None) or ():
            call.function = call.function or SimpleNamespace(name=None, arguments=None)
            theirs = call.index if isinstance(call.index, int) else 0
            begins = bool(call.function.name)
            at = self._at.get(theirs)
            if at is None or (begins and call.id and call.id != self._ids[at]):
                at = self._at[theirs] = len(self._ids)
                self._ids[at] = call.id or f"call_{at}"
            call.index, call.id = at, self._ids[at]


def _whole(usage: Any) -> SimpleNamespace:
    """A usage whose figures are all there."""
    prompt, output = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    details = getattr(usage, "prompt_tokens_details", None)
    read = _count(details, "cached_tokens") or _count(usage, "prompt_cache_hit_tokens")
    return SimpleNamespace(
        prompt_tokens=prompt,
        completion_tokens=output,
        total_tokens=prompt + output,
        prompt_tokens_details=SimpleNamespace(
            cached_tokens=min(read, prompt), cache_write_tokens=_count(details, "cache_write_tokens")
        ),
    )


def _count(figures: Any, name: str) -> int:
    value = getattr(figures, name, None)
    return value if isinstance(value, int) and value > 0 else 0
