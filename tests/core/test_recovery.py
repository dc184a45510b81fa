"""How a run is ended on record: once, with one charge for each call, and exact sums."""

from hypothesis import given, strategies as st

from core import events as e
from core.ledger import total
from core.money import to_pico
from core.past import Past
from core.prices import load_prices
from core.recovery import close_open_run, end_run
from core.run import Outcome

MICRO, UNKNOWN = "us.amazon.nova-micro-v1:0", "somebody.else-v1:0"
PRICES = load_prices()


def who(node: str) -> dict[str, str]:
    return {"run": "r1", "node": node, "role": node.removesuffix("_2")}


def called(node: str, call: str, model: str = MICRO, cost: str = "0.01") -> e.ModelCalled:
    return e.ModelCalled(
        **who(node),
        call=call,
        model=model,
        input_tokens=5,
        output_tokens=5,
        cache_read_tokens=0,
        cache_write_tokens=0,
        cost_usd=cost,
        latency_ms=1,
        estimated=False,
    )


def started(node: str, call: str, model: str = MICRO) -> e.CallStarted:
    return e.CallStarted(**who(node), call=call, model=model, input_tokens=1000, reserved_usd="0.5")


def open_run(*events: e.Event) -> Past:
    past = Past()
    for event in (e.RequestSubmitted(run="r1", text="do it"), *events):
        past.note(event)
    return past


def take(past: Past, events: list[e.Event]) -> list[e.Event]:
    for event in events:
        past.note(event)
    return events


def test_nothing_is_ended_where_nothing_is_open():
    assert close_open_run(Past(), PRICES) == []


def test_open_calls_are_charged_by_what_was_heard_and_marked():
    past = open_run(
        e.NodeStarted(**who("coder"), model=MICRO),
        started("coder", "c1"),
        e.TextDelta(**who("coder"), text="a" * 401, block="b"),
    )
    charge, node, end = take(past, close_open_run(past, PRICES))
    assert (
        isinstance(charge, e.ModelCalled)
        and isinstance(node, e.NodeFinished)
        and isinstance(end, e.RunFinished)
    )
    assert (charge.call, charge.input_tokens, charge.output_tokens) == ("c1", 1000, 101)
    assert charge.estimated and not charge.ok
    assert to_pico(charge.cost_usd) == 1000 * 35_000 + 101 * 140_000
    assert (end.status, end.exit_code, end.estimated, end.cost_usd) == (
        "interrupted",
        130,
        True,
        charge.cost_usd,
    )
    assert node.status == "interrupted"
    assert close_open_run(past, PRICES) == []


def test_a_call_of_an_unpriced_model_still_gets_its_charge():
    past = open_run(started("coder", "c1", UNKNOWN))
    charge, _ = close_open_run(past, PRICES)
    assert isinstance(charge, e.ModelCalled) and (charge.cost_usd, charge.estimated) == ("0.00", True)


nodes = st.sampled_from(["architect", "coder", "coder_2", "reviewer"])
costs = st.integers(0, 10**13).map(lambda pico: f"{pico // 10**12}.{pico % 10**12:012d}")


@given(st.lists(st.tuples(nodes, st.sampled_from([MICRO, UNKNOWN, "b"]), costs, st.booleans()), max_size=20))
def test_the_end_is_the_sum_of_all_charges_by_any_part(calls):
    past, charges = open_run(), []
    for number, (node, model, cost, ended) in enumerate(calls):
        past.note(started(node, f"c{number}", model))
        if ended:
            charges.append(called(node, f"c{number}", model, cost))
            past.note(charges[-1])
    events = take(past, end_run(past, PRICES, Outcome("done", "x")))
    charges += [event for event in events if isinstance(event, e.ModelCalled)]
    end = events[-1]
    assert isinstance(end, e.RunFinished)
    assert sorted(charge.call for charge in charges) == sorted(f"c{number}" for number in range(len(calls)))
    assert to_pico(end.cost_usd) == total(charges).cost
    assert sum(map(to_pico, end.by_role.values())) == sum(map(to_pico, end.by_model.values()))
    assert sum(map(to_pico, end.by_role.values())) == to_pico(end.cost_usd)
    assert end_run(past, PRICES, Outcome("done", "x")) == []


def test_files_and_nodes_are_those_of_this_run():
    def change(run: str, path: str) -> e.FileChanged:
        return e.FileChanged(
            **{**who("coder"), "run": run}, path=path, kind="added", added_lines=1, removed_lines=0, patch=""
        )

    past = Past()
    for event in [
        e.RequestSubmitted(run="r0", text="before"),
        change("r0", "old"),
        e.NodeStarted(**{**who("coder"), "run": "r0"}, model=MICRO),
        e.RequestSubmitted(run="r1", text="do it"),
        change("r1", "b"),
        change("r1", "a"),
        change("r1", "gone"),
        e.ChangeWithdrawn(**who("coder"), path="gone"),
    ]:
        past.note(event)
    (end,) = end_run(past, PRICES, Outcome("budget", "too dear"))
    assert isinstance(end, e.RunFinished)
    assert (end.files, end.exit_code) == (("a", "b"), 3)
