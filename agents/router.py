"""The router: which class a request is, who decided it, why, and what it will probably cost."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from agents.answers import Route
from agents.board import Board
from agents.company import Company
from agents.forecast import forecast, likely
from agents.node import Assignment, NodeAgent
from agents.rules import RequestTraits, asks_again, traits
from agents.swarm import BUILDERS, EXPLORERS
from core.clock import monotonic_ms
from core.events import Complexity, DecidedBy, GraphPlanned, NoticeGiven, Pattern, RouteDecided
from core.faults import Fault
from core.limits import limits
from core.money import to_usd
from core.run import Run
from core.text import clip

TIMEOUT_SECONDS = 20.0
LOW_CONFIDENCE = 0.4
"""Below this a request goes one class up: under-routing is the expensive mistake."""
_ONE_UP: dict[Complexity, Complexity] = {"SIMPLE": "MEDIUM", "MEDIUM": "COMPLEX"}
_EVERYWHERE = frozenset(
    {
        "no_credentials",
        "expired_credentials",
        "expired_sso",
        "bad_credentials",
        "bad_profile",
        "no_region",
        "clock_skew",
    }
    | {"unreachable", "unpriced_model", "spend_unreadable"}
)
"""Faults of the router's call that end the run: every other call would meet them too, or no budget could hold."""


@dataclass(frozen=True)
class Decision:
    """A class and a pattern, before their cost is known."""

    complexity: Complexity
    pattern: Pattern
    confidence: float
    reason: str
    by: DecidedBy
    rule: str = ""
    """Name of the rule that decided; empty when the router's model did."""


def roles_for(decision: Decision, seen: RequestTraits) -> tuple[str, ...]:
    """The roles that do such a request: in order for the graph; for a swarm the first one begins."""
    if decision.pattern == "swarm":
        return BUILDERS if seen.work and not seen.explores else EXPLORERS
    complexity = decision.complexity
    if seen.question and complexity == "SIMPLE":
        return ("researcher",)
    coder = "debugger" if seen.trace else ("fast_coder" if complexity == "SIMPLE" else "senior_coder")
    design = complexity in ("COMPLEX", "CRITICAL") or (
        complexity == "MEDIUM" and seen.design and not seen.trace
    )
    plan = ("orchestrator",) if complexity in ("COMPLEX", "CRITICAL") else ()
    before = (*plan, "architect") if design else plan
    return (*before, coder, "test_engineer", "code_reviewer", "documenter")


async def decide_route(company: Company, board: Board) -> tuple[RouteDecided, tuple[str, ...]]:
    """Route a request and put the route on record; returns it with the roles of its graph.

    Raises:
        Fault: a fault that every other call would meet as well.
    """
    run = board.run
    seen = traits(run.request)
    if run.resumed is not None and run.resumed.route is not None:
        return await _as_before(board, run.resumed.route, run.resumed.plan, seen)
    decision = _by_user(run, seen)
    if decision is None:
        decision = _by_rule(seen) or await _by_model(company, board)
        decision = _after_rejection(decision, run)
        decision = _with_choice(_with_risk(decision, seen), run.wish.pattern)
    roles = (run.wish.role,) if run.wish.role else roles_for(decision, seen)
    nodes = forecast(roles, company.roster, run.prices, await company.past.get())
    route = RouteDecided(
        run=run.id,
        complexity=decision.complexity,
        pattern=decision.pattern,
        confidence=decision.confidence,
        reason=decision.reason,
        decided_by=decision.by,
        expected_cost_usd=to_usd(likely(nodes)),
        forecast=nodes,
        rule=decision.rule,
    )
    board.route = route
    await run.emit(route)
    return route, roles


async def _as_before(
    board: Board, before: RouteDecided, plan: GraphPlanned | None, seen: RequestTraits
) -> tuple[RouteDecided, tuple[str, ...]]:
    """The route of the run that this one goes on with: nobody is asked again."""
    route = board.route = msgspec.structs.replace(before, run=board.run.id)
    await board.run.emit(route)
    decision = Decision(route.complexity, route.pattern, route.confidence, route.reason, route.decided_by)
    if plan is None:
        return route, roles_for(decision, seen)
    return route, tuple(dict.fromkeys(node.role for node in plan.nodes))


def _by_user(run: Run, seen: RequestTraits) -> Decision | None:
    """A role or a class that the user asked for: nobody is asked, and no rule overrules it. A risk is said."""
    wish = run.wish
    if not wish.role and not wish.complexity:
        return None
    rule = "override" if run.rerouted else ("asked_role" if wish.role else "asked_class")
    complexity = wish.complexity or "SIMPLE"
    asked = f"{wish.role} alone" if wish.role else complexity
    reason = f"You chose {asked}." if run.rerouted else f"You asked for {asked}."
    if seen.risk and complexity != "CRITICAL":
        reason += f" The risk rule would make it CRITICAL (“{seen.risk}”): your choice stands."
    pattern = "graph" if wish.role else wish.pattern or "graph"
    return Decision(complexity, pattern, 1.0, reason, "user", rule)


def _with_choice(decision: Decision, choice: Pattern | None) -> Decision:
    """The user's choice of a pattern wins. Without one, CRITICAL work is designed and approved: a graph."""
    if choice is not None:
        reason = f"{decision.reason} The pattern is your choice."
        return replace(decision, pattern=choice, reason=reason, by="user", rule="asked_pattern")
    if decision.complexity == "CRITICAL" and decision.pattern != "graph":
        return replace(decision, pattern="graph")
    return decision


def _by_rule(seen: RequestTraits) -> Decision | None:
    if seen.trace:
        reason = "An error message: the debugger looks for its cause."
        return Decision("MEDIUM", "graph", 1.0, reason, "rule", "trace")
    if seen.question:
        return Decision("SIMPLE", "graph", 1.0, "A question that asks for no edit.", "rule", "question")
    return None


def _after_rejection(decision: Decision, run: Run) -> Decision:
    """The user rejected all that came of the request before, and asks for the same again: one class up."""
    higher = _ONE_UP.get(decision.complexity)
    if higher is None or not run.refused_before or not run.past:
        return decision
    if not asks_again(run.request, run.past[-1].request):
        return decision
    reason = f"{decision.reason} (You rejected all that came of it as {decision.complexity}: one class up.)"
    return replace(decision, complexity=higher, reason=reason, by="rule", rule="rejected_before")


def _with_risk(decision: Decision, seen: RequestTraits) -> Decision:
    if not seen.risk or decision.complexity == "CRITICAL" or seen.question:
        return decision
    reason = f"Risk: “{seen.risk}” is treated as CRITICAL whatever its size."
    return Decision("CRITICAL", decision.pattern, 1.0, reason, "rule", "risk")


async def _by_model(company: Company, board: Board) -> Decision:
    try:
        answer = await _in_time(board.run, _ask(company, board))
    except TimeoutError:
        return await _fallback(board.run, f"the router did not answer within {TIMEOUT_SECONDS:.0f} s")
    except Fault as fault:
        if fault.kind in _EVERYWHERE:
            raise
        return await _fallback(board.run, f"the router could not decide: {fault.message.rstrip('.')}")
    if answer is None:
        return await _fallback(board.run, "the router gave no usable answer")
    return _careful(answer)


async def _in_time(run: Run, asking: Coroutine[Any, Any, Route | None]) -> Route | None:
    """The router's answer. The time in which it waits for the user does not count.

    Raises:
        TimeoutError: it took too long.
    """
    task = asyncio.create_task(asking)
    began = monotonic_ms()
    try:
        while not task.done():
            control = run.controls.working("router")
            if control is not None and control.waits:
                await _either(task, control.free())
                continue
            held = control.held_ms if control is not None else 0
            left = TIMEOUT_SECONDS - (monotonic_ms() - began - held) / 1000
            if left <= 0:
                raise TimeoutError
            await asyncio.wait({task}, timeout=left)
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _either(task: asyncio.Task[Any], other: Coroutine[Any, Any, None]) -> None:
    """Wait for the one or the other; the other goes no further."""
    waiting = asyncio.create_task(other)
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _careful(answer: Route) -> Decision:
    reason = answer.reason.strip() or "The router gave no reason."
    if answer.confidence < LOW_CONFIDENCE and answer.complexity in _ONE_UP:
        higher = _ONE_UP[answer.complexity]
        reason = f"{reason} (Not sure of {answer.complexity}: one class up.)"
        return Decision(higher, answer.pattern, answer.confidence, reason, "rule", "low_confidence")
    return Decision(answer.complexity, answer.pattern, answer.confidence, reason, "model")


async def _fallback(run: Run, why: str) -> Decision:
    await run.emit(NoticeGiven(text=f"Routed as MEDIUM, since {why}.", level="warning"))
    return Decision("MEDIUM", "graph", 0.0, f"MEDIUM, since {why}.", "rule", "fallback")


async def _ask(company: Company, board: Board) -> Route | None:
    role = company.roster["router"]
    request = clip(board.run.request, limits().run.routed_characters)

    async def compose() -> str:
        return f"Classify this request.\n\n<request>\n{request}\n</request>"

    assignment = Assignment(role, compose, lambda: "a new request", answer=Route)
    agent = NodeAgent(company, board, assignment)
    try:
        async with aclosing(agent.stream_async()) as events:
            async for _ in events:
                pass
    finally:
        board.finished()
    return agent.outcome if isinstance(agent.outcome, Route) else None
