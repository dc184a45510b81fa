"""Tokens of a call: estimated from its bytes, with the prefix cache counted as Bedrock counts it."""

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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

LOOK_BACK = 20
"""So many blocks before a cache point are compared with what is in the cache."""

Key: TypeAlias = tuple[str, bytes]
"""A model and the hash of a prefix."""


class _Prefix(msgspec.Struct, frozen=True):
    """What a prompt begins with, up to the end of one block."""

    size: int
    """Tokens."""
    key: Key
    block: int
    """The block's number."""


class _Point(_Prefix, frozen=True):
    """A cache point, and what stands before it."""

    ttl: str


class _Entry(msgspec.Struct, frozen=True):
    """A prefix that is in the cache."""

    until: float
    ttl: str
    """How long it stays from its last use on."""


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
    """Prefixes that models have read before. A prefix counts from its model's least size on.

    Billed as documented: everything up to the highest hit is read; from there to the last point that asks for an hour
    is written for an hour, the rest up to the last point for five minutes. Being used prolongs an entry by its own
    time, which no later point changes.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}

    def charge(self, model: str, body: Mapping[str, Any]) -> Prompt:
        """Read what is cached of the prompt, write what its cache points ask for."""
        self._forget()
        total, prefixes, points = _prefixes(model, body)
        hit = self._highest_hit(prefixes, points)
        read = hit.size if hit is not None else 0
        least = next(size for pattern, size in LEAST_CACHED if re.search(pattern, model))
        writes: dict[str, int] = {}
        end = read
        if hit is not None:
            self._keep(hit.key, self._entries[hit.key].ttl)
        for point in points:
            if point.size < least:
                continue
            if point.size > end:
                writes[point.ttl] = writes.get(point.ttl, 0) + point.size - end
                end = point.size
                self._keep(point.key, point.ttl)
            elif hit is not None:
                self._keep(point.key, self._entries.get(point.key, self._entries[hit.key]).ttl)
        return Prompt(total - end, read, end - read, tuple(writes.items()))

    def _highest_hit(self, prefixes: Sequence[_Prefix], points: Sequence[_Point]) -> _Prefix | None:
        """The longest prefix that is in the cache and near enough before a point."""
        hits = (
            prefix
            for prefix in reversed(prefixes)
            if prefix.key in self._entries
            and any(0 <= point.block - prefix.block <= LOOK_BACK for point in points)
        )
        return next(hits, None)

    def _keep(self, key: Key, ttl: str) -> None:
        self._entries[key] = _Entry(self._clock() + LIFETIMES[ttl], ttl)

    def _forget(self) -> None:
        now = self._clock()
        self._entries = {key: entry for key, entry in self._entries.items() if entry.until > now}


def _prefixes(model: str, body: Mapping[str, Any]) -> tuple[int, list[_Prefix], list[_Point]]:
    """All tokens, each block's end, and each cache point."""
    total = number = 0
    digest = blake2b(digest_size=16)
    prefixes: list[_Prefix] = []
    points: list[_Point] = []
    for block, ttl in _blocks(body):
        if ttl is not None:
            points.append(_Point(total, (model, digest.digest()), number, ttl))
            continue
        total += count(block)
        number += not block.startswith(_ROLE)
        digest.update(block.encode("utf-8", "surrogatepass") + b"\0")
        prefixes.append(_Prefix(total, (model, digest.digest()), number))
    return total, prefixes, points


_ROLE = '{"role": '
"""What a message begins with here: it counts as no block of its own."""


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
