"""The meter: one model call from the reservation to its charge, and the text that it streams meanwhile."""

import json
from decimal import Decimal
from typing import Any, cast

from agents.model import NodeModel
from agents.translate import BlockEnd, BlockText, MessageEnd, Metadata, stream_part
from core.budgets import Held
from core.clock import monotonic_ms
from core.events import CallStarted, ModelCalled, TextDelta, TextDiscarded, TextFinished
from core.faults import Fault
from core.limits import limits
from core.money import ZERO, Pico, to_usd
from core.prices import PriceBook, UnpricedModel, Usage
from core.recovery import CHARACTERS_PER_TOKEN
from core.run import Run

LEAST_BYTES_PER_TOKEN = Decimal("2.5")
"""What is reserved for a prompt takes tokens to be this short; code and most languages have 3 to 4 bytes a
token. A prompt that is denser still costs more than was reserved. One call's excess over its reservation is
all by which a budget can be passed: the next call is refused then."""


def dearest(prices: PriceBook, model: str, prompt: int, output: int, *, hour: int = 0) -> Pico:
    """The dearest that a call can be: all of the prompt uncached, or all of it written to the cache.

    Args:
        hour: so many tokens of the prompt may be written for an hour.

    Raises:
        UnpricedModel: nobody knows what the model costs.
    """
    plain = prices.cost(model, Usage(input=prompt, output=output))
    usage = Usage(cache_write=prompt, cache_write_1h=min(hour, prompt), output=output)
    return max(plain, prices.cost(model, usage))


class Prompt:
    """How large a prompt is: our estimate, and the most that is reserved for. Both in tokens."""

    def __init__(self, messages: Any, system: Any = None, tools: Any = None) -> None:
        front = _written(system, tools) if tools else ""
        text = _written(_sent(messages), *(() if tools else (system,))) + front
        self.tokens = len(text) // CHARACTERS_PER_TOKEN + 1
        self.most = _most(text)
        self.front = _most(front) if front else 0
        """The most of tools and system prompt, which all calls of a node begin with; 0 for a node without tools."""


def _written(*parts: Any) -> str:
    return json.dumps(parts, default=str, ensure_ascii=False)


def _most(text: str) -> int:
    return int(len(text.encode("utf-8", "replace")) / LEAST_BYTES_PER_TOKEN) + 1


def _sent(part: Any) -> Any:
    """A part of a prompt as it goes out: what Strands keeps beside role and content of its messages stays here."""
    if not isinstance(part, list):
        return part
    messages = cast("list[Any]", part)
    return [
        {"role": each["role"], "content": each["content"]} if "role" in each else each for each in messages
    ]


class Call:
    """One attempt at one model call of one node."""

    def __init__(self, run: Run, node: str, role: str, model: NodeModel) -> None:
        self._run = run
        self._who = {"run": run.id, "node": node, "role": role}
        self._model = model
        self._id = run.number()
        self._started = monotonic_ms()
        self._prompt_tokens = self._hour = 0
        self._budgets = run.budgets(node)
        self._held = Held(ZERO)
        self._open = False
        self._metadata: Metadata | None = None
        self._characters = 0
        self._blocks: dict[int, tuple[str, list[str], bool]] = {}
        self._shown: list[str] = []
        self.usage: Usage | None = None
        """What the provider reported, once the call is charged; None when it did not."""
        self.cost = ZERO
        """What the call was charged."""
        self.stopped_by: str | None = None
        """The stop reason that the stream ended with; None while it has not ended properly."""

    # -- money -----------------------------------------------------------------------------------

    async def reserve(self, prompt: Prompt, output_tokens: int, *, hour: int = 0) -> None:
        """Set the worst case aside, with a smaller `max_tokens` where the budget cannot pay for all of it.

        Args:
            hour: so many tokens of the prompt may be written to the cache for an hour.

        Raises:
            BudgetReached: not even `limits().run.least_output_tokens` can be paid.
            Fault: unpriced_model, spend_unreadable.
        """
        self._hour = hour
        try:
            whole = self._worst(prompt.most, output_tokens)
            least = self._worst(prompt.most, min(output_tokens, limits().run.least_output_tokens))
        except UnpricedModel as error:
            raise Fault("unpriced_model", model=error.model) from error
        self._held = await self._budgets.reserve(least, whole)
        self._model.output_tokens = self._payable(prompt.most, output_tokens, whole)
        self._prompt_tokens = prompt.tokens
        self._open = True
        await self._run.emit(
            CallStarted(
                **self._who,
                call=self._id,
                model=self._model.model_id,
                input_tokens=prompt.tokens,
                reserved_usd=to_usd(self._held.amount),
                window_tokens=self._model.card.window,
            )
        )

    def _worst(self, prompt: int, output: int) -> Pico:
        return dearest(self._run.prices, self._model.model_id, prompt, output, hour=self._hour)

    def _payable(self, prompt: int, wanted: int, whole: Pico) -> int:
        """How many tokens of output the reservation can pay, at most those that are wanted."""
        if self._held.amount >= whole:
            return wanted
        base = self._worst(prompt, 0)
        return int((self._held.amount - base) * wanted // max(1, whole - base))

    # -- the stream ------------------------------------------------------------------------------

    async def take(self, event: Any) -> None:
        """Take in one event of the stream."""
        match stream_part(event):
            case BlockText(index, text, reasoning):
                await self._text(index, text, reasoning)
            case BlockEnd(index):
                await self._end_block(index)
            case MessageEnd(reason):
                self.stopped_by = reason
            case Metadata() as metadata:
                self._metadata = metadata
            case None:
                pass

    async def _text(self, index: int, text: str, reasoning: bool) -> None:
        if index not in self._blocks:
            block = self._run.number()
            self._blocks[index] = (block, [], reasoning)
            self._shown.append(block)
        block, parts, reasoning = self._blocks[index]
        parts.append(text)
        self._characters += len(text)
        await self._run.emit(
            TextDelta(**self._who, text=text, block=block, kind="reasoning" if reasoning else "text")
        )

    async def _end_block(self, index: int) -> None:
        if index not in self._blocks:
            return
        block, parts, reasoning = self._blocks.pop(index)
        kind = "reasoning" if reasoning else "text"
        await self._run.emit(TextFinished(**self._who, text="".join(parts), block=block, kind=kind))

    # -- the end ---------------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        """Nothing was heard of the model."""
        return self._output == 0 and self._metadata is None

    @property
    def _output(self) -> int:
        """Characters that the model has written, as text or as arguments of tools."""
        return self._characters + self._model.tool_input.characters

    async def discard(self, reason: str) -> None:
        """What this attempt has written does not count."""
        for block in self._shown:
            await self._run.emit(TextDiscarded(**self._who, block=block, reason=reason))
        self._blocks.clear()

    async def keep_partial(self) -> None:
        """Close the blocks that were never closed, with the text that they have."""
        for index in list(self._blocks):
            await self._end_block(index)

    async def charge(self, *, ok: bool) -> None:
        """Put the one charge of this call on record, if it went out. Without reported usage it is an estimate."""
        if not self._open:
            return
        self._open = False
        reported = self._metadata is not None and self._metadata.reported
        usage = self._metadata.usage if self._metadata is not None and reported else self._estimate()
        self.usage = usage if reported else None
        tier = self._metadata.tier if self._metadata is not None else "default"
        cost = self._run.prices.cost(self._model.model_id, usage, tier=tier)
        self.cost = cost
        await self._budgets.settle(self._held, cost if reported else max(cost, self._held.amount))
        await self._run.emit(
            ModelCalled(
                **self._who,
                call=self._id,
                model=self._model.model_id,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_read_tokens=usage.cache_read,
                cache_write_tokens=usage.cache_write,
                cache_write_1h_tokens=usage.cache_write_1h,
                cost_usd=to_usd(cost),
                latency_ms=monotonic_ms() - self._started,
                estimated=not reported,
                ok=ok,
            )
        )

    async def release(self) -> None:
        """The request was refused before any model worked: it costs nothing."""
        self._metadata = Metadata(Usage(), reported=True)
        await self.charge(ok=False)

    def _estimate(self) -> Usage:
        return Usage(input=self._prompt_tokens, output=-(-self._output // CHARACTERS_PER_TOKEN))
