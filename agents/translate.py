"""Strands' and Bedrock's dictionaries, read in one place: nothing after this page sees their keys."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from core.prices import Usage


class BlockText(msgspec.Struct, frozen=True):
    """A piece of text or reasoning in the content block `index`."""

    index: int
    text: str
    reasoning: bool = False


class BlockEnd(msgspec.Struct, frozen=True):
    index: int


class MessageEnd(msgspec.Struct, frozen=True):
    reason: str


class Metadata(msgspec.Struct, frozen=True):
    usage: Usage
    reported: bool
    """False when the stream ended without any usage in it."""
    tier: str = "default"


StreamPart = BlockText | BlockEnd | MessageEnd | Metadata | None


def stream_part(event: Mapping[str, Any]) -> StreamPart:
    """What a stream event of Strands says; None for one that says nothing to us."""
    chunk = event.get("event")
    if not isinstance(chunk, Mapping):
        return None
    if "contentBlockDelta" in chunk:
        return _delta(chunk["contentBlockDelta"])
    if "contentBlockStop" in chunk:
        return BlockEnd(_index(chunk["contentBlockStop"]))
    if "messageStop" in chunk:
        return MessageEnd(str(chunk["messageStop"].get("stopReason", "")))
    if "metadata" in chunk:
        return _metadata(chunk["metadata"])
    return None


def _index(block: Mapping[str, Any]) -> int:
    return int(block.get("contentBlockIndex") or 0)


def _delta(block: Mapping[str, Any]) -> StreamPart:
    delta = block.get("delta") or {}
    if "text" in delta:
        return BlockText(_index(block), str(delta["text"]))
    reasoning = delta.get("reasoningContent")
    if isinstance(reasoning, Mapping) and reasoning.get("text"):
        return BlockText(_index(block), str(reasoning["text"]), reasoning=True)
    return None


def _metadata(metadata: Mapping[str, Any]) -> Metadata:
    raw = metadata.get("usage") or {}
    tier = (metadata.get("serviceTier") or {}).get("type") or "default"
    usage = read_usage(raw)
    return Metadata(usage, reported=bool(usage.prompt or usage.output), tier=str(tier))


def read_usage(raw: Mapping[str, Any]) -> Usage:
    """Token counts of a call. Some families count cache tokens into the input as well: told by the total."""
    read = int(raw.get("cacheReadInputTokens") or 0)
    write = int(raw.get("cacheWriteInputTokens") or 0)
    entry, output = int(raw.get("inputTokens") or 0), int(raw.get("outputTokens") or 0)
    if (read or write) and 0 < int(raw.get("totalTokens") or 0) <= entry + output:
        entry = max(0, entry - read - write)
    hour = sum(
        int(part.get("inputTokens") or 0) for part in raw.get("cacheDetails") or () if part.get("ttl") == "1h"
    )
    return Usage(
        input=entry, output=output, cache_read=read, cache_write=write, cache_write_1h=min(hour, write)
    )


def readable(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """A chunk of Bedrock's stream whose text can be stored and sent again."""
    block = chunk.get("contentBlockDelta") or {}
    text = (block.get("delta") or {}).get("text")
    if not isinstance(text, str) or text.isascii():
        return chunk
    return {"contentBlockDelta": {**block, "delta": {"text": whole_characters(text)}}}


def whole_characters(text: str) -> str:
    """Text with halves of surrogate pairs replaced: they are no characters."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def without_reasoning(messages: Iterable[Any]) -> list[Any]:
    """A conversation without reasoning blocks: they are bound to the model that wrote them."""
    return [{**message, "content": _no_reasoning(message["content"])} for message in messages]


def _no_reasoning(blocks: list[Any]) -> list[Any]:
    kept = [block for block in blocks if "reasoningContent" not in block]
    return kept if kept or not blocks else [{"text": "(thought, and said nothing)"}]


def has_tool_call(message: Mapping[str, Any]) -> bool:
    return any("toolUse" in block for block in message.get("content") or ())


def text_of(message: Mapping[str, Any]) -> str:
    """The text blocks of a message, joined."""
    parts = [str(block["text"]) for block in message.get("content") or () if "text" in block]
    return "\n\n".join(part for part in parts if part.strip())
