"""The router: which class a request is, who decided it, why, and what it will probably cost."""

import asyncio
from dataclasses import dataclass

from agents.answers import Route
from agents.board import Board
from agents.forecast import expected_cost
from agents.node import Company, NodeAgent
from agents.rules import RequestTraits, traits
from core.events import Complexity, DecidedBy, NoticeGiven, Pattern, RouteDecided
from core.faults import EXIT_CONFIGURATION, EXIT_CREDENTIALS, Fault
from core.money import to_usd
from core.run import Run

TIMEOUT_SECONDS = 20.0
LOW_CONFIDENCE = 0.4
"""Below this a request goes one class up: under-routing is the expensive mistake."""
_ONE_UP: dict[Complexity, Complexity] = {"SIMPLE": "MEDIUM", "MEDIUM": "COMPLEX"}
_STOPPING = frozenset({"no_credentials", "expired_credentials", "bad_credentials", "no_region", "clock_skew"})
"""Faults of the router's call that every other call would meet as well."""


@dataclass(frozen=True)
class Decision:
    """A class and a pattern, before their cost is known."""

    complexity: Complexity
    pattern: Pattern
    confidence: float
    reason: str
    by: DecidedBy


def roles_for(complexity: Complexity, seen: RequestTraits) -> tuple[str, ...]:
    """The roles of the graph that does such a request, in order."""
    if seen.question and complexity == "SIMPLE":
        return ("researcher",)
    coder = "debugger" if seen.trace else ("fast_coder" if complexity == "SIMPLE" else "senior_coder")
    design = complexity in ("COMPLEX", "CRITICAL") or (
        complexity == "MEDIUM" and seen.design and not seen.trace
    )
    before = ("architect",) if design else ()
    return (*before, coder, "test_engineer", "code_reviewer", "documenter")


async def decide_route(company: Company, board: Board) -> tuple[RouteDecided, tuple[str, ...]]:
    """Route a request and put the route on record; returns it with the roles of its graph.

    Raises:
        Fault: a fault that every other call would meet as well.
    """
    run = board.run
    seen = traits(run.request)
    decision = _by_rule(seen) or await _by_model(company, board)
    decision = _with_risk(decision, seen)
    if run.pattern is not None:
        reason = f"{decision.reason} The pattern is your choice."
        decision = Decision(decision.complexity, run.pattern, decision.confidence, reason, "user")
    roles = roles_for(decision.complexity, seen)
    cost = expected_cost(roles, company.roster, run.prices)
    route = RouteDecided(
        run=run.id,
        complexity=decision.complexity,
        pattern=decision.pattern,
        confidence=decision.confidence,
        reason=decision.reason,
        decided_by=decision.by,
        expected_cost_usd=to_usd(cost),
    )
    board.route = route
    await run.emit(route)
    return route, roles


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
        if fault.kind in _STOPPING or (
            fault.exit_code == EXIT_CONFIGURATION and fault.kind == "unpriced_model"
        ):
            raise
        return await _fallback(board.run, fault.message.rstrip("."))
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

    agent = NodeAgent(
        company,
        board,
        "router",
        role,
        compose=compose,
        reason=lambda: "a new request",
        answer=Route,
    )
    try:
        async for _ in agent.stream_async():
            pass
    except Fault as fault:
        if fault.exit_code in (EXIT_CREDENTIALS, EXIT_CONFIGURATION) or fault.rule.retry:
            raise
        return None
    finally:
        board.last_role = None
    return agent.outcome if isinstance(agent.outcome, Route) else None
