"""The cache alarm: a node whose prompt cache is written more than it is read pays for caching and gets nothing."""

from dataclasses import dataclass, field
from typing import Any

from agents.cache_points import BRIEFLY, Kept
from core.clock import monotonic_ms
from core.limits import limits
from core.prices import Usage


@dataclass(frozen=True)
class _Asked:
    """One call, as far as it decides what the next one finds in the cache."""

    model: str
    system: Any
    tools: Any
    messages: list[Any]
    at_ms: int
    kept: Kept


@dataclass
class CacheAlarm:
    """Weighs the cache writes of one node's calls against its reads, and rings once."""

    _last: _Asked | None = None
    _calls: int = 0
    _read: int = 0
    _written: int = 0
    _causes: dict[str, int] = field(default_factory=dict)
    _rung: bool = False

    def weigh(self, model: str, prompt: Any, usage: Usage, kept: Kept = BRIEFLY) -> str | None:
        """Take in a call that was made; gives the sentence when writes outrun reads.

        The first call has nothing to read, so it does not count. In a conversation that grows steadily, reads
        pass writes at the fourth call at the latest: so the alarm waits for `limits().cache.alarm_calls`.

        Args:
            model: the id that was called.
            prompt: what was asked, with `messages`, `system_prompt` and `tool_specs`.
            usage: what it reported.
            kept: what of it was to be kept for an hour.
        """
        messages = list(prompt.messages)
        asked = _Asked(model, prompt.system_prompt, prompt.tool_specs, messages, monotonic_ms(), kept)
        before, self._last = self._last, asked
        if self._rung or before is None:
            return None
        self._calls += 1
        self._read += usage.cache_read
        self._written += usage.cache_write
        if usage.cache_write > usage.cache_read:
            cause = _cause(before, asked)
            self._causes[cause] = self._causes.get(cause, 0) + 1
        if self._calls + 1 < limits().cache.alarm_calls or self._written <= self._read:
            return None
        self._rung = True
        return self._sentence()

    def _sentence(self) -> str:
        cause = max(self._causes, key=lambda each: self._causes[each])
        return (
            f"the prompt cache costs more than it saves: {self._written:,} tokens written and {self._read:,} read "
            f"in {self._calls + 1} calls; {cause}."
        )


def _cause(before: _Asked, asked: _Asked) -> str:
    """Why a call did not find what the one before it had left in the cache, as far as can be seen from here."""
    if asked.model != before.model:
        return "the model was changed, and each has a cache of its own"
    if asked.system != before.system:
        return "the system prompt differs from call to call"
    if asked.tools != before.tools:
        return "the tools differ from call to call"
    if asked.messages[: len(before.messages)] != before.messages:
        return "earlier messages are changed from call to call"
    if asked.at_ms - before.at_ms > before.kept.minutes * 60_000:
        long = "an hour passes" if before.kept.conversation else "five minutes pass"
        return f"more than {long} between calls, which is as long as the cache is kept"
    return "the prompt begins as before, so the provider dropped it (a cross-region profile may do that)"
