"""Tokens of a call: estimated from its bytes, with the prefix cache counted as Bedrock counts it."""

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

BYTES_PER_TOKEN = 4
LIFETIMES = {"5m": 300.0, "1h": 3600.0}
LEAST_CACHED: tuple[tuple[str, int], ...] = (
    (r"claude-(opus|sonnet|haiku)-5-5|claude-fable|claude-opus-5(?!-)", 512),
    (r"claude-(opus-4-[567]|haiku-4-5)", 4096),
    (r"claude-haiku", 2048),
    (r"nova-(micro|lite)", 1536),
    (r"", 1024),
)
"""Fewest tokens of a prefix that a model caches: the first pattern that its id contains."""

Key: TypeAlias = tuple[str, bytes]
"""A model and the hash of a prefix."""


class Prompt(msgspec.Struct, frozen=True):
    """How a call's prompt was charged, in tokens."""

    input: int
    cache_read: int = 0
    cache_write: int = 0
    writes: tuple[tuple[str, int], ...] = ()
    """Tokens written per lifetime (`5m`, `1h`)."""


def count(text: str) -> int:
    """Tokens of a text, roughly."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / BYTES_PER_TOKEN)


def count_prompt(body: Mapping[str, Any]) -> int:
    """Tokens of everything that a Converse body sends to the model."""
    return sum(count(block) for block, _ in _blocks(body))


class PrefixCache:
    """Prefixes that models have read before. A prefix counts from its model's least size on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[Key, float] = {}

    def charge(self, model: str, body: Mapping[str, Any]) -> Prompt:
        """Read what is cached of the prompt, write what its cache points ask for."""
        self._forget()
        total, prefixes, points = _prefixes(model, body)
        asked = max((size for size, _, _ in points), default=0)
        read = max((size for size, key in prefixes if size <= asked and key in self._until), default=0)
        least = next(size for pattern, size in LEAST_CACHED if re.search(pattern, model))
        writes: dict[str, int] = {}
        end = read
        for size, key, ttl in points:
            if size < least:
                continue
            self._keep(key, ttl)
            if size > end:
                writes[ttl] = writes.get(ttl, 0) + size - end
                end = size
        return Prompt(total - end, read, end - read, tuple(writes.items()))

    def _keep(self, key: Key, ttl: str) -> None:
        self._until[key] = self._clock() + LIFETIMES[ttl]

    def _forget(self) -> None:
        now = self._clock()
        self._until = {key: until for key, until in self._until.items() if until > now}


def _prefixes(
    model: str, body: Mapping[str, Any]
) -> tuple[int, list[tuple[int, Key]], list[tuple[int, Key, str]]]:
    """All tokens, each block's end as (tokens so far, key), and each cache point with its lifetime."""
    total = 0
    digest = blake2b(digest_size=16)
    prefixes: list[tuple[int, Key]] = []
    points: list[tuple[int, Key, str]] = []
    for block, ttl in _blocks(body):
        if ttl is not None:
            points.append((total, (model, digest.digest()), ttl))
            continue
        total += count(block)
        digest.update(block.encode("utf-8", "surrogatepass") + b"\0")
        prefixes.append((total, (model, digest.digest())))
    return total, prefixes, points


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The prompt in the order in which it is cached; a cache point is `("", lifetime)`."""
    parts = [*((body.get("toolConfig") or {}).get("tools") or []), *(body.get("system") or [])]
    for message in body.get("messages") or []:
        parts += [{"role": message["role"]}, *message["content"]]
    for part in parts:
        if "cachePoint" in part:
            yield "", part["cachePoint"].get("ttl", "5m")
        else:
            yield json.dumps(part, ensure_ascii=False, sort_keys=True), None
