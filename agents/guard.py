"""The guard: every model call of a node passes here: budget, meter, retries, and the next model in the list."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec
from strands.middleware import InvokeModelStage
from strands.types.events import ModelStopReason

from agents.bedrock import StoppableBedrockModel
from agents.faults import understand
from agents.meter import Call, estimate_tokens
from agents.roster import Role
from agents.translate import has_tool_call
from core.events import Retried
from core.faults import Fault
from core.ledger import BudgetReached
from core.limits import limits
from core.run import Interrupted, Run

REFUSED_UNBILLED = frozenset(
    {"throttled", "daily_quota", "not_authorized", "no_model_access", "legacy_model", "retired_model"}
    | {"profile_needed", "unknown_model", "refused_request", "no_credentials", "expired_credentials"}
    | {"bad_credentials", "no_region", "unreachable", "use_case_missing", "marketplace", "context_overflow"}
)
"""Faults that come before any model has worked, when nothing was streamed: they are not billed."""


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how long a call is tried again. Times in seconds."""

    attempts: int
    base_seconds: float
    cap_seconds: float
    total_seconds: float

    def allows(self, attempt: int, waited: float) -> bool:
        """Whether another attempt may follow this one (counted from 1), after so many seconds in all."""
        return attempt < self.attempts and waited <= self.total_seconds

    def delay(self, attempt: int) -> float:
        """Full jitter over a doubling ceiling, before the attempt after this one (counted from 1)."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1))
        return random.uniform(ceiling / 2, ceiling)


def default_policy() -> RetryPolicy:
    retry = limits().retry
    return RetryPolicy(retry.attempts, retry.base_seconds, retry.cap_seconds, retry.total_seconds)


class Breaker:
    """Remembers which models failed just now, so that the next call does not begin with one of them."""

    def __init__(self, seconds: float = 120.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._until: dict[str, float] = {}
        self._seconds = seconds
        self._clock = clock

    def trip(self, model: str) -> None:
        self._until[model] = self._clock() + self._seconds

    def is_open(self, model: str) -> bool:
        return self._until.get(model, 0.0) > self._clock()


class Guard:
    """The model calls of one node. Installed as Strands' InvokeModelStage middleware."""

    def __init__(
        self,
        run: Run,
        node: str,
        role: Role,
        models: list[StoppableBedrockModel],
        *,
        policy: RetryPolicy,
        breaker: Breaker,
    ) -> None:
        self._run = run
        self._node = node
        self._role = role
        self._models = models
        self._policy = policy
        self._breaker = breaker
        self._at = 0
        self.bad_calls: dict[str, str] = {}
        """Why the arguments of a tool call cannot be used, by the call's id."""

    def install(self, agent: Any) -> None:
        """Stand before every model call of an agent."""
        agent.add_middleware(InvokeModelStage, self.invoke)

    @property
    def model(self) -> StoppableBedrockModel:
        """The model that is in use: the node sticks to it until it fails."""
        return self._models[self._at]

    def tag(self, **metadata: str) -> None:
        """Add to what every request says about who asks."""
        for model in self._models:
            model.tag(**metadata)

    async def invoke(self, ctx: Any, following: Any) -> AsyncGenerator[Any, None]:
        """Make the call, with retries and fallback; what a failed attempt wrote is discarded."""
        self._skip_tripped()
        waited, attempt, made = 0.0, 1, 1
        while True:
            call = Call(self._run, self._node, self._role.name, self.model)
            try:
                async for event in self._attempt(call, ctx, following):
                    yield event
                return
            except BudgetReached:
                raise
            except (Interrupted, asyncio.CancelledError):
                await self._cut_short(call)
                raise
            except Exception as error:
                fault = await self._failed(call, error)
            made += 1
            delay = self._policy.delay(attempt)
            if fault.rule.retry and self._policy.allows(attempt, waited + delay):
                attempt, waited = attempt + 1, waited + delay
                await self._retry(fault, made, delay)
                continue
            if not self._next_model(fault):
                raise fault
            attempt = 1
            await self._retry(fault, made, 0.0)

    def _skip_tripped(self) -> None:
        while self._breaker.is_open(self.model.model_id) and self._at + 1 < len(self._models):
            self._at += 1

    async def _attempt(self, call: Call, ctx: Any, following: Any) -> AsyncGenerator[Any, None]:
        self._run.check()
        prompt = estimate_tokens(ctx.messages, ctx.system_prompt, ctx.tool_specs)
        await call.reserve(prompt, min(self._role.output_tokens, self.model.card.output))
        stop: Any = None
        async for event in following(ctx.replace(model=self.model)):
            if isinstance(event, ModelStopReason):
                stop = event
                continue
            await call.take(event)
            yield event
        self._check_end(call, stop)
        self.bad_calls.update(call.bad_calls)
        await call.keep_partial()
        await call.charge(ok=True)
        yield stop

    def _check_end(self, call: Call, stop: Any) -> None:
        """A stream without a proper end is a fault, not an answer."""
        self._run.check()
        where = {"model": self.model.model_id, "region": self.model.region}
        if call.stopped_by is None or stop is None:
            raise Fault("broken_stream", "it ended without a stop reason", **where)
        reason, message = stop.stop_reason, stop.message
        if reason == "tool_use" and not has_tool_call(message):
            raise Fault("broken_stream", "it announced a tool call and made none", **where)
        if reason in ("malformed_model_output", "malformed_tool_use"):
            raise Fault("broken_stream", reason.replace("_", " "), **where)

    async def _cut_short(self, call: Call) -> None:
        """The user stopped the run: what was heard stays, and is charged as far as is known."""
        await call.keep_partial()
        await call.charge(ok=False)

    async def _failed(self, call: Call, error: Exception) -> Fault:
        if self._run.stop.is_set():
            await self._cut_short(call)
            raise Interrupted from error
        fault = understand(error, model=self.model.model_id, region=self.model.region)
        await call.discard(fault.message)
        if fault.kind in REFUSED_UNBILLED and call.silent:
            await call.release()
        else:
            await call.charge(ok=False)
        return fault

    def _next_model(self, fault: Fault) -> bool:
        if not fault.rule.next_model:
            return False
        self._breaker.trip(self.model.model_id)
        if self._at + 1 >= len(self._models):
            return False
        self._at += 1
        return True

    async def _retry(self, fault: Fault, attempt: int, delay: float) -> None:
        await self._run.emit(
            Retried(
                run=self._run.id,
                node=self._node,
                role=self._role.name,
                reason=fault.message,
                attempt=attempt,
                model=self.model.model_id,
                delay_ms=int(delay * 1000),
            )
        )
        await self._run.sleep(delay)
