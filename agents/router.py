"""The router: which class a request is, who decided it, why, and what it will probably cost."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

import msgspec

from agents.answers import Route
from agents.board import Board
from agents.company import Company
from agents.forecast import forecast, likely
from agents.node import Assignment, NodeAgent
from agents.rules import RequestTraits, traits
from agents.swarm import BUILDERS, EXPLORERS
from core.events import Complexity, DecidedBy, GraphPlanned, NoticeGiven, Pattern, RouteDecided
from core.faults import Fault
from core.money import to_usd
from core.run import Run

TIMEOUT_SECONDS = 20.0
LOW_CONFIDENCE = 0.4
"""Below this a request goes one class up: under-routing is the expensive mistake."""
_ONE_UP: dict[Complexity, Complexity] = {"SIMPLE": "MEDIUM", "MEDIUM": "COMPLEX"}
_EVERYWHERE = frozenset(
    {"no_credentials", "expired_credentials", "bad_credentials", "bad_profile", "no_region", "clock_skew"}
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


def roles_for(decision: Decision, seen: RequestTraits) -> tuple[str, ...]:
    """The roles that do such a request: in order for the graph; for a swarm the first one begins."""
    if decision.pattern == "swarm":
        return BUILDERS if seen.work and not seen.question else EXPLORERS
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
    decision = _by_rule(seen) or await _by_model(company, board)
    decision = _with_risk(decision, seen)
    decision = _with_choice(decision, run.pattern)
    roles = roles_for(decision, seen)
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


def _with_choice(decision: Decision, choice: str | None) -> Decision:
    """The user's choice of a pattern wins. Without one, CRITICAL work is designed and approved: a graph."""
    if choice is not None:
        pattern: Pattern = "swarm" if choice == "swarm" else "graph"
        reason = f"{decision.reason} The pattern is your choice."
        return replace(decision, pattern=pattern, reason=reason, by="user")
    if decision.complexity == "CRITICAL" and decision.pattern != "graph":
        return replace(decision, pattern="graph")
    return decision


def _by_rule(seen: RequestTraits) -> Decision | None:
    if seen.trace:
        return Decision("MEDIUM", "graph", 1.0, "An error message: the debugger looks for its cause.", "rule")
    if seen.question:
        return Decision("SIMPLE", "graph", 1.0, "A question that asks for no edit.", "rule")
    return None


def _with_risk(decision: Decision, seen: RequestTraits) -> Decision:
    if not seen.risk or decision.complexity == "CRITICAL" or seen.question:
        return decision
    reason = f"Risk: “{seen.risk}” is treated as CRITICAL whatever its size."
    return Decision("CRITICAL", decision.pattern, 1.0, reason, "rule")


async def _by_model(company: Company, board: Board) -> Decision:
    try:
        answer = await asyncio.wait_for(_ask(company, board), TIMEOUT_SECONDS)
    except TimeoutError:
        return await _fallback(board.run, f"the router did not answer within {TIMEOUT_SECONDS:.0f} s")
    except Fault as fault:
        if fault.kind in _EVERYWHERE:
            raise
        return await _fallback(board.run, f"the router could not decide: {fault.message.rstrip('.')}")
    if answer is None:
        return await _fallback(board.run, "the router gave no usable answer")
    return _careful(answer)


def _careful(answer: Route) -> Decision:
    reason = answer.reason.strip() or "The router gave no reason."
    if answer.confidence < LOW_CONFIDENCE and answer.complexity in _ONE_UP:
        higher = _ONE_UP[answer.complexity]
        reason = f"{reason} (Not sure of {answer.complexity}: one class up.)"
        return Decision(higher, answer.pattern, answer.confidence, reason, "rule")
    return Decision(answer.complexity, answer.pattern, answer.confidence, reason, "model")


async def _fallback(run: Run, why: str) -> Decision:
    await run.emit(NoticeGiven(text=f"Routed as MEDIUM, since {why}.", level="warning"))
    return Decision("MEDIUM", "graph", 0.0, f"MEDIUM, since {why}.", "rule")


async def _ask(company: Company, board: Board) -> Route | None:
    role = company.roster["router"]
    request = board.run.request

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
