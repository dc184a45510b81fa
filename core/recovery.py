"""What is put on record when a session is opened whose last run never ended: its engine died."""

from collections.abc import Iterator

from core.events import CallStarted, Event, ModelCalled, NodeFinished, RunFinished
from core.faults import EXIT_INTERRUPTED
from core.ledger import as_usd, total
from core.money import to_usd
from core.past import Past
from core.prices import PriceBook, UnpricedModel, Usage

CHARACTERS_PER_TOKEN = 4
"""A rough figure for estimates; they are always marked `~`."""


def close_open_run(past: Past, prices: PriceBook) -> Iterator[Event]:
    """Charge the calls that were under way as estimates, and mark nodes and run as interrupted."""
    request = past.open_run
    if request is None:
        return
    charges = [_charge(call, past, prices) for call in past.open_calls.values()]
    sums = total([*past.charges, *charges])
    nodes = list(past.open_nodes.values())
    files = tuple(path for path, change in past.changes.items() if change.run == request.run)
    yield from charges
    for node in nodes:
        yield NodeFinished(
            run=request.run,
            node=node.node,
            role=node.role,
            status="interrupted",
            summary="The engine ended while this node was at work.",
            duration_ms=0,
        )
    yield RunFinished(
        run=request.run,
        status="interrupted",
        answer="The engine ended in the middle of this run. Stage and records are kept: try again when you like.",
        files=files,
        cost_usd=to_usd(sums.cost),
        by_role=as_usd(sums.by_role),
        by_model=as_usd(sums.by_model),
        estimated=sums.estimated,
        exit_code=EXIT_INTERRUPTED,
    )


def _charge(call: CallStarted, past: Past, prices: PriceBook) -> ModelCalled:
    output = past.heard.get(call.node, 0) // CHARACTERS_PER_TOKEN
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
