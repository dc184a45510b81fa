"""The guard: every model call of a node passes here: budget, meter, retries, and the next model in the list."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from strands.middleware import InvokeModelStage
from strands.types.events import ModelStopReason

from agents.cache_alarm import CacheAlarm
from agents.faults import understand
from agents.lifetimes import Lifetimes, hour_tokens
from agents.meter import Call, Prompt
from agents.model import NodeModel
from agents.retry import Breaker, RetryPolicy, default_policy
from agents.roster import Role
from agents.steered import Steered, reread
from agents.translate import has_tool_call, text_of, without_reasoning
from agents.veil import Veil
from core.events import NoticeGiven, Retried
from core.faults import Fault
from core.ledger import BudgetReached
from core.money import Pico
from core.overrun import Cheaper, Overrun
from core.run import Interrupted, Run

__all__ = ["REFUSED_UNBILLED", "Breaker", "Guard", "RetryPolicy", "default_policy"]

REFUSED_UNBILLED = frozenset(
    {"throttled", "daily_quota", "not_authorized", "no_model_access", "legacy_model", "retired_model"}
    | {
        "profile_needed",
        "unknown_model",
        "refused_request",
        "no_credentials",
        "expired_credentials",
        "expired_sso",
    }
    | {"bad_credentials", "no_region", "unreachable", "use_case_missing", "marketplace", "context_overflow"}
    | {"bad_profile", "clock_skew", "bad_key", "no_quota", "endpoint_unreachable", "endpoint_model"}
)
"""Faults that come before any model has worked, when nothing was streamed: they are not billed."""

GARBLED = ("malformed_model_output", "malformed_tool_use")
"""Stop reasons of an answer that the model itself could not write properly."""


@dataclass
class _Tries:
    """The attempts at one call so far."""

    on_model: int = 1
    in_all: int = 1
    waited: float = 0.0
    """Seconds."""


@dataclass(frozen=True)
class Ways:
    """What all nodes have to go on with after a call that failed, or was too dear."""

    make: Callable[[str], NodeModel]
    """The model of an id."""
    cheaper: Callable[[str, Prompt, Pico], Cheaper | None]
    """Instead of a model, for a prompt, with so much left."""
    policy: RetryPolicy
    breaker: Breaker


class Guard:
    """The model calls of one node. Installed as Strands' InvokeModelStage middleware."""

    def __init__(
        self,
        run: Run,
        node: str,
        role: Role,
        models: list[NodeModel],
        ways: Ways,
    ) -> None:
        self._run = run
        self._node = node
        self._role = role
        self._models = models
        self._ways = ways
        self._policy = ways.policy
        self._breaker = ways.breaker
        self._overrun = Overrun(run, node, role.name)
        self._tags: dict[str, str] = {}
        self._steered = Steered(run, node, role)
        self._at = 0
        self._cache = CacheAlarm()
        self._lifetimes = Lifetimes(run, node, role)
        self._veil = Veil(run)
        self.bad_calls: dict[str, str] = {}
        """Why the arguments of a tool call cannot be used, by the call's id."""
        self.cut_text = ""
        """What the last answer said, if it was cut off at its output limit between two tool calls."""

    def install(self, agent: Any) -> None:
        """Stand before every model call of an agent."""
        agent.add_middleware(InvokeModelStage, self.invoke)

    @property
    def model(self) -> NodeModel:
        """The model that is in use: the node sticks to it until it fails."""
        return self._models[self._at]

    def tag(self, **metadata: str) -> None:
        """Add to what every request says about who asks."""
        self._tags.update(metadata)
        for model in self._models:
            model.tag(**metadata)

    def give_back(self) -> None:
        """The node has ended: what the user said to it and it could not read is for others."""
        self._steered.give_back()

    async def choose_model(self, agent: Any) -> None:
        """Before a node starts: take the model that the user wants, else pass over those that failed just
        now, and say so."""
        if self._steered.other_model(self.model.model_id):
            await self._change_model(agent, "You chose it. The task begins anew.")
            return
        while self._at + 1 < len(self._models) and not self._breaker.admits(self.model.model_id):
            failed = self.model.model_id
            self._move_on(agent)
            text = f"{failed} failed a moment ago, so {self.model.model_id} stands in for it."
            await self._run.emit(NoticeGiven(text=text))

    async def invoke(self, ctx: Any, following: Any) -> AsyncGenerator[Any, None]:
        """Make the call, with retries and fallback; what a failed attempt wrote is discarded.

        Only its end goes up: each level of Strands' recursive loop would pass every word on, for nobody.
        """
        tries = _Tries()
        while True:
            ctx = await self._between(ctx)
            call = Call(self._run, self._node, self._role.name, self.model)
            try:
                async for event in self._attempt(call, ctx, following):
                    yield event
                return
            except BudgetReached as reached:
                await self._overrun.resolve(reached, partial(self._cheaper, ctx))
                continue
            except (Interrupted, asyncio.CancelledError, GeneratorExit):
                await self._cut_short(call)
                raise
            except Exception as error:
                fault = await self._failed(call, error)
            ctx = await self._again(fault, tries, ctx)

    async def _between(self, ctx: Any) -> Any:
        """What the user wants before the next call goes out: a pause, another model, something to read.

        Raises:
            Interrupted: the node is to end.
        """
        await self._steered.gate()
        wanted = self._steered.other_model(self.model.model_id)
        if wanted is not None:
            prompt = Prompt(ctx.messages, ctx.system_prompt, ctx.tool_specs)
            await self._change_model(ctx.agent, reread(self._run.prices, wanted, prompt.tokens))
            ctx = ctx.replace(messages=without_reasoning(ctx.messages))
        self._steered.add_messages(self.model.card.family, ctx.messages, ctx.agent.messages)
        return ctx

    def _cheaper(self, ctx: Any, left: Pico) -> Cheaper | None:
        """A model that can be paid with what is left."""
        prompt = Prompt(ctx.messages, ctx.system_prompt, ctx.tool_specs)
        return self._ways.cheaper(self.model.model_id, prompt, left)

    async def _change_model(self, agent: Any, reason: str) -> None:
        """Take the model that the user wants. Those of the role's list stand in for it."""
        wanted = self._run.controls.models[self._node]
        before, model = self.model.model_id, self._ways.make(wanted)
        model.tag(**self._tags)
        self._models = [model, *(each for each in self._models if each.model_id != wanted)]
        self._at = 0
        agent.messages[:] = without_reasoning(agent.messages)
        await self._steered.announce(before, wanted, reason)

    async def _attempt(self, call: Call, ctx: Any, following: Any) -> AsyncGenerator[Any, None]:
        await self._veil.cover(ctx.messages)
        prompt = Prompt(ctx.messages, ctx.system_prompt, ctx.tool_specs)
        kept = self._lifetimes.choose(self.model.model_id, self.model.card, prompt)
        output = min(self._role.output_tokens, self.model.card.output)
        await call.reserve(prompt, output, hour=hour_tokens(kept, prompt))
        self.model.kept = kept
        await self._steered.delivered()
        stop: Any = None
        async for event in following(ctx.replace(model=self.model)):
            if isinstance(event, ModelStopReason):
                stop = event
            else:
                await call.take(event)
        self._check_end(call, stop, ctx.messages)
        self.bad_calls.update(self.model.tool_input.faults)
        await call.keep_partial()
        await call.charge(ok=True)
        self._lifetimes.note(call.cost)
        self._breaker.succeed(self.model.model_id)
        await self._weigh_cache(call, ctx)
        yield stop

    async def _weigh_cache(self, call: Call, ctx: Any) -> None:
        """Say once when the prompt cache of this node costs more than it saves."""
        if call.usage is None:
            return
        found = self._cache.weigh(self.model.model_id, ctx, call.usage, self.model.kept)
        if found:
            await self._run.emit(NoticeGiven(text=f"{self._node}: {found}", level="warning"))

    def _check_end(self, call: Call, stop: Any, asked: Any) -> None:
        """A stream without a proper end is a fault, not an answer."""
        self._steered.check()
        if call.stopped_by is None or stop is None:
            raise self._broken("it ended without a stop reason")
        reason, message = stop.stop_reason, stop.message
        if reason == "tool_use" and not has_tool_call(message):
            raise self._broken("it announced a tool call and made none")
        if reason == "end_turn" and not message["content"] and not _answers_tools(asked):
            raise self._broken("it ended without having said anything")
        if reason in GARBLED:
            raise self._broken(reason.replace("_", " "))
        cut = reason == "max_tokens" and not has_tool_call(message)
        self.cut_text = text_of(message) if cut else ""

    def _broken(self, why: str) -> Fault:
        return Fault("broken_stream", why, model=self.model.model_id, region=self.model.region)

    async def _cut_short(self, call: Call) -> None:
        """The user stopped the node or its run: what was heard stays, and is charged as far as is known."""
        await call.keep_partial()
        await call.charge(ok=False)

    async def _failed(self, call: Call, error: Exception) -> Fault:
        try:
            self._steered.check()
        except Interrupted as stopped:
            await self._cut_short(call)
            raise stopped from error
        fault = understand(error, model=self.model.model_id, region=self.model.region)
        await call.discard(fault.message)
        if fault.kind in REFUSED_UNBILLED and call.silent:
            await call.release()
        else:
            await call.charge(ok=False)
        return fault

    async def _again(self, fault: Fault, tries: _Tries, ctx: Any) -> Any:
        """Wait before the next attempt, or go on to the next model; returns what to ask then.

        Raises:
            Fault: the one given; nothing is left to try.
        """
        tries.in_all += 1
        delay = self._policy.delay(tries.on_model)
        if fault.rule.retry and self._policy.allows(tries.on_model, tries.waited + delay):
            tries.on_model, tries.waited = tries.on_model + 1, tries.waited + delay
            await self._retry(fault, tries.in_all, delay)
            return ctx
        if not fault.rule.next_model:
            raise fault
        if fault.kind != "refused_request":
            self._breaker.trip(self.model.model_id)
        if self._at + 1 >= len(self._models):
            raise fault
        self._move_on(ctx.agent)
        tries.on_model = 1
        await self._retry(fault, tries.in_all, 0.0)
        return ctx.replace(messages=without_reasoning(ctx.messages))

    def _move_on(self, agent: Any) -> None:
        """Take the next model. It gets the conversation without what the one before was thinking."""
        self._at += 1
        self._run.controls.models.pop(self._node, None)
        agent.messages[:] = without_reasoning(agent.messages)

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
        await self._steered.sleep(delay)


def _answers_tools(messages: Any) -> bool:
    """The last message holds results of tools: there a model may have nothing to add."""
    return bool(messages) and any("toolResult" in block for block in messages[-1]["content"])
