"""How a run ends on record: by its team's outcome, or because its engine died and nobody else can end it."""

from core.events import CallStarted, Event, ModelCalled, NodeFinished, NodeStatus, RunFinished, RunStatus
from core.faults import (
    EXIT_BUDGET,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_NEEDS_DECISION,
)
from core.ledger import as_usd, total
from core.money import to_usd
from core.past import Past
from core.prices import PriceBook, UnpricedModel, Usage
from core.run import Outcome

CHARACTERS_PER_TOKEN = 4
"""A rough figure for estimates; they are always marked `~`."""

_NODE_STATUS: dict[RunStatus, NodeStatus] = {
    "done": "done",
    "failed": "failed",
    "interrupted": "interrupted",
    "budget": "paused",
    "needs_decision": "paused",
}
_EXIT: dict[RunStatus, int] = {
    "done": EXIT_DONE,
    "failed": EXIT_FAILED,
    "interrupted": EXIT_INTERRUPTED,
    "budget": EXIT_BUDGET,
    "needs_decision": EXIT_NEEDS_DECISION,
}


def close_open_run(past: Past, prices: PriceBook) -> list[Event]:
    """What is put on record when a session is opened whose last run never ended; nothing when it did."""
    return end_run(
        past,
        prices,
        Outcome(
            "interrupted",
            "The engine ended in the middle of this run. Stage and records are kept: go on when you like.",
        ),
        summary="The engine ended while this node was at work.",
    )


def end_run(past: Past, prices: PriceBook, outcome: Outcome, *, summary: str | None = None) -> list[Event]:
    """The end of the open run, to be committed in one go: empty when no run is open.

    Calls of which nothing more was heard are charged as estimates, so that every call has its one
    charge; nodes that are still open end with the run, with `summary` or else the answer. What the user said
    and nobody read becomes a queued request.
    """
    request = past.open_run
    if request is None:
        return []
    charges = [_estimate(call, past, prices) for call in past.open_calls.values()]
    sums = total([*past.charges, *charges])
    nodes = [
        NodeFinished(
            run=request.run,
            node=node.node,
            role=node.role,
            status=_NODE_STATUS[outcome.status],
            summary=outcome.answer if summary is None else summary,
            duration_ms=0,
        )
        for node in past.open_nodes.values()
    ]
    finished = RunFinished(
        run=request.run,
        status=outcome.status,
        answer=outcome.answer,
        files=past.files_of(request.run),
        cost_usd=to_usd(sums.cost),
        by_role=as_usd(sums.by_role),
        by_model=as_usd(sums.by_model),
        estimated=sums.estimated,
        exit_code=EXIT_DONE if outcome.status == "done" else outcome.exit_code or _EXIT[outcome.status],
    )
    return [*charges, *nodes, finished, *past.queue.left_unread()]


def _estimate(call: CallStarted, past: Past, prices: PriceBook) -> ModelCalled:
    output = -(-past.heard.get(call.node, 0) // CHARACTERS_PER_TOKEN)
    try:
        cost = prices.cost(call.model, Usage(input=call.input_tokens, output=output))
    except UnpricedModel:
        cost = 0
    return ModelCalled(
        run=call.run,
        node=call.node,
        role=call.role,
        call=call.call,
        model=call.model,
        input_tokens=call.input_tokens,
        output_tokens=output,
        cache_read_tokens=0,
        cache_write_tokens=0,
        cost_usd=to_usd(cost),
        latency_ms=0,
        estimated=True,
        ok=False,
    )
