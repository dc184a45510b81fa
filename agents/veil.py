"""The veil: no secret is in what goes to a model, wherever it came from. Every model call passes here."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.run import Run
from core.sandbox.masking import mask
from core.sandbox.secrecy import known_values, own_secrets


class Veil:
    """Masks the messages of one node in place, so that the history stays the same from call to call."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._clean: set[int] = set()
        """Hashes of texts that hold no secret, or not any more."""

    async def cover(self, messages: Any) -> None:
        """Mask what models are told: requests, diffs, reports, results of tools. Their own words stay."""
        found = await asyncio.to_thread(self._cover, messages)
        await self._run.note_masked(found)

    def _cover(self, messages: Any) -> Counter[str]:
        found: Counter[str] = Counter()
        values: frozenset[str] | None = None
        for place in _texts(messages):
            if hash(place.text) in self._clean:
                continue
            if values is None:
                values = secrets_of(self._run)
            masked = mask(place.text, values)
            place.put(masked.text)
            found.update(masked.counts)
            self._clean.add(hash(masked.text))
        return found


def secrets_of(run: Run) -> frozenset[str]:
    """Secrets that are known by themselves. Before there is a stage, no file of it can have been read."""
    stage = getattr(run, "stage", None)
    return own_secrets() if stage is None else known_values(stage.tree, stage.project)


def _texts(messages: Any) -> Iterator["_Place"]:
    """Every text in what a model did not write, wherever it stands: also inside results that are JSON."""
    for message in messages:
        blocks = message.get("content") if message.get("role") == "user" else None
        for block in blocks or ():
            yield from _held(block)
            for inner in (block.get("toolResult") or {}).get("content") or ():
                yield from _held(inner)


def _held(block: Any) -> Iterator["_Place"]:
    if isinstance(block, dict):
        if isinstance(block.get("text"), str):
            yield _Place(block, "text")
        if "json" in block:
            yield from _inside(block, "json")


def _inside(holder: Any, key: Any) -> Iterator["_Place"]:
    """The texts of a JSON value, which `holder` has under `key`."""
    value = holder[key]
    if isinstance(value, str):
        yield _Place(holder, key)
    elif isinstance(value, dict):
        for name in list(value):
            yield from _inside(value, name)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _inside(value, index)


@dataclass(frozen=True)
class _Place:
    """Where a text stands, so that it can be replaced."""

    holder: Any
    key: Any

    @property
    def text(self) -> str:
        return str(self.holder[self.key])

    def put(self, text: str) -> None:
        self.holder[self.key] = text
