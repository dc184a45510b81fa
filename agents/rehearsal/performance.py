"""A reply as Bedrock sends it: the events of a stream, or the one body of a call without one."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from agents.rehearsal.reply import Reply, ToolUse
from agents.rehearsal.tokens import Prompt, count

_PIECE = re.compile(r".{1,12}(?<=\s)|\S{1,12}|.", re.DOTALL)
"""About three tokens: what a model's stream carries in one event."""


class Step(msgspec.Struct, frozen=True):
    """One event of a stream, and how many tokens a model needs for it."""

    name: str
    payload: Mapping[str, Any]
    tokens: int = 0


class Performance(msgspec.Struct, frozen=True):
    """All events of a reply in order."""

    steps: tuple[Step, ...]
    content: tuple[Mapping[str, Any], ...]
    """The message's blocks, as a call without a stream gets them."""
    stop_reason: str
    usage: Mapping[str, Any]
    latency_ms: int

    def body(self) -> dict[str, Any]:
        """What Converse answers."""
        return {
            "output": {"message": {"role": "assistant", "content": list(self.content)}},
            "stopReason": self.stop_reason,
            "usage": self.usage,
            "metrics": {"latencyMs": self.latency_ms},
        }


def perform(
    reply: Reply, prompt: Prompt, *, max_tokens: int | None, signed: bool, broken: bool
) -> Performance:
    """Lay a reply out.

    `max_tokens` cuts it off as a model does; `signed` adds a signature to reasoning, as Claude
    does; `broken` leaves tool arguments as JSON that cannot be parsed.
    """
    blocks, output, stop_reason = _limit(_blocks(reply, broken), max_tokens, reply.stop_reason)
    usage = _usage(reply, prompt, output)
    latency_ms = reply.turn.latency_ms + round(1000 * output / reply.turn.tokens_per_second)
    steps = [Step("messageStart", {"role": "assistant"})]
    for index, block in enumerate(blocks):
        steps += _block_steps(index, block, signed)
    steps.append(Step("messageStop", {"stopReason": stop_reason}))
    steps.append(Step("metadata", {"usage": usage, "metrics": {"latencyMs": latency_ms}}))
    content = tuple(_content(block, signed) for block in blocks)
    return Performance(tuple(steps), content, stop_reason, usage, latency_ms)


class _Block(msgspec.Struct, frozen=True):
    kind: str
    pieces: tuple[str, ...]
    tool: ToolUse | None = None


def _blocks(reply: Reply, broken: bool) -> list[_Block]:
    blocks = [
        _Block(kind, _cut(text)) for kind, text in (("reasoning", reply.reasoning), ("text", reply.text))
    ]
    for tool in reply.tools:
        written = json.dumps(tool.arguments, ensure_ascii=False)
        blocks.append(_Block("tool", _cut(written[:-1] if broken else written), tool))
    return [block for block in blocks if block.pieces]


def _cut(text: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(text))


def _limit(
    blocks: Sequence[_Block], max_tokens: int | None, stop_reason: str
) -> tuple[list[_Block], int, str]:
    """Keep what fits into `max_tokens`; gives the blocks, their tokens, and why the reply stops."""
    kept: list[_Block] = []
    used = 0
    for block in blocks:
        pieces: list[str] = []
        for piece in block.pieces:
            if max_tokens is not None and used + count(piece) > max_tokens:
                cut = msgspec.structs.replace(block, pieces=tuple(pieces))
                return [*kept, *([cut] if pieces else [])], used, "max_tokens"
            used += count(piece)
            pieces.append(piece)
        kept.append(block)
    return kept, used, stop_reason


def _block_steps(index: int, block: _Block, signed: bool) -> Iterator[Step]:
    place = {"contentBlockIndex": index}
    if block.tool is not None:
        start = {"toolUse": {"toolUseId": block.tool.id, "name": block.tool.name}}
        yield Step("contentBlockStart", {"start": start, **place})
    for piece in block.pieces:
        yield Step("contentBlockDelta", {"delta": _delta(block.kind, piece), **place}, count(piece))
    if block.kind == "reasoning" and signed:
        yield Step("contentBlockDelta", {"delta": {"reasoningContent": {"signature": _SIGNATURE}}, **place})
    yield Step("contentBlockStop", place)


_SIGNATURE = "rehearsal"


def _delta(kind: str, piece: str) -> dict[str, Any]:
    if kind == "tool":
        return {"toolUse": {"input": piece}}
    return {"reasoningContent": {"text": piece}} if kind == "reasoning" else {"text": piece}


def _content(block: _Block, signed: bool) -> dict[str, Any]:
    written = "".join(block.pieces)
    if block.tool is not None:
        use = {"toolUseId": block.tool.id, "name": block.tool.name, "input": _parsed(written)}
        return {"toolUse": use}
    if block.kind == "reasoning":
        said = {"text": written} | ({"signature": _SIGNATURE} if signed else {})
        return {"reasoningContent": {"reasoningText": said}}
    return {"text": written}


def _parsed(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return {}


def _usage(reply: Reply, prompt: Prompt, output: int) -> dict[str, Any]:
    """Computed from what was really sent, unless the script says otherwise."""
    given = reply.turn.usage
    read = prompt.cache_read if given.cache_read is None else given.cache_read
    write = prompt.cache_write if given.cache_write is None else given.cache_write
    sent = prompt.input if given.input is None else given.input
    said = output if given.output is None else given.output
    usage: dict[str, Any] = {
        "inputTokens": sent,
        "outputTokens": said,
        "totalTokens": sent + said + read + write,
    }
    usage |= {"cacheReadInputTokens": read, "cacheWriteInputTokens": write}
    writes = prompt.writes if given.cache_write is None else (("5m", write),)
    details = [{"ttl": ttl, "inputTokens": size} for ttl, size in writes if size]
    return usage | ({"cacheDetails": details} if details else {})
