"""The veil: no secret is in what goes to a model, wherever it came from. Every model call passes here."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
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
        for holder in _texts(messages):
            if hash(holder["text"]) in self._clean:
                continue
            if values is None:
                values = self._values()
            masked = mask(holder["text"], values)
            holder["text"] = masked.text
            found.update(masked.counts)
            self._clean.add(hash(masked.text))
        return found

    def _values(self) -> frozenset[str]:
        """Secrets that are known by themselves. Before there is a stage, no file of it can have been read."""
        stage = getattr(self._run, "stage", None)
        return own_secrets() if stage is None else known_values(stage.tree, stage.project)


def _texts(messages: Any) -> Iterator[dict[str, Any]]:
    """Every block with a text that a model did not write."""
    for message in messages:
        blocks = message.get("content") if message.get("role") == "user" else None
        for block in blocks or ():
            yield from _held(block)
            for inner in (block.get("toolResult") or {}).get("content") or ():
                yield from _held(inner)


def _held(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if isinstance(block, dict) and isinstance(block.get("text"), str):
        yield block
