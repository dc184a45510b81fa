"""The charges as rows of a ledger: what kind each is, and their sums from a moment on."""

from itertools import pairwise

from hypothesis import given, strategies as st

from core import events as e
from core.money import Pico, to_pico, to_usd
from core.record import Record
from core.view.charges import Charges, bars
from core.view.cost import Costs


def call(id, *, node="fast_coder", model="m1", run="r1", cost="0.01", **more):
    at = {"run": run, "node": node, "role": node}
    return (
        e.CallStarted(**at, call=id, model=model, input_tokens=9, reserved_usd="0.05"),
        e.ModelCalled(
            **at, call=id, model=model, input_tokens=7, output_tokens=3, cache_read_tokens=2,
            cache_write_tokens=1, cost_usd=cost, latency_ms=840, **({"estimated": False} | more),
        ),
    )  # fmt: skip


def again(model, node="fast_coder"):
    return e.Retried(run="r1", node=node, role=node, reason="throttled", attempt=2, model=model)


def costs_of(*events, backend="bedrock", day="2026-01-31"):
    costs = Costs()
    start = e.SessionStarted(project="/p", version="0", roster="r", backend=backend, confinement="confined")
    for seq, event in enumerate((start, *events), 1):
        costs.apply(Record(seq, "s", f"{day}T12:{seq // 60:02d}:{seq % 60:02d}.000000Z", event))
    return costs


def kinds(costs):
    return [row.kind for row in costs.charges.rows]


def test_a_call_is_told_by_its_role_or_by_what_failed_before_it():
    costs = costs_of(
        *call("c1", node="router"),
        *call("c2", node="orchestrator"),
        *call("c3", ok=False),
        again("m1"),
        *call("c4", ok=False),
        again("m2"),
        *call("c5", model="m2"),
        *call("c6", model="m2"),
    )
    assert kinds(costs) == ["router", "plan", "call", "retry", "fallback", "call"]
    assert [row.ok for row in costs.charges.rows] == [True, True, False, False, True, True]


def test_a_retry_is_its_own_nodes_next_call_whoever_calls_between():
    costs = costs_of(*call("c1"), again("m1"), *call("c2", node="debugger"), *call("c3"))
    assert kinds(costs) == ["call", "call", "retry"]


def test_a_rehearsal_bills_nothing():
    costs = costs_of(*call("c1"), backend="rehearsal")
    assert costs.charges.billed_since("2026") == (0, False)
    assert costs.charges.first_billed == ""
    assert costs.charges.rows[0].cost == to_pico("0.01")
    assert not costs.charges.rows[0].billed


def test_what_was_billed_since_a_moment_is_exact():
    costs = costs_of(*call("c1", cost="0.000000000001"), *call("c2", cost="0.5", estimated=True), *call("c3"))
    times = [row.at for row in costs.charges.rows]
    assert costs.charges.billed_since("2026-01-31") == (Pico(510_000_000_001), True)
    assert costs.charges.billed_since(times[1]) == (to_pico("0.51"), True)
    assert costs.charges.billed_since(times[2]) == (to_pico("0.01"), False)
    assert costs.charges.billed_since("2026-02") == (0, False)
    assert costs.charges.first_billed == times[0]


def test_the_latest_run_has_its_own_charges():
    asked = [e.RequestSubmitted(run=run, text="x") for run in ("r1", "r2")]
    late = call("c9", run="r1")
    costs = costs_of(asked[0], *call("c1"), asked[1], *call("c2", run="r2"), *late, *call("c3", run="r2"))
    assert [row.call for row in costs.run_charges] == ["c2", "c3"]


def test_the_runs_budget_is_on_record_and_so_is_what_it_was_raised_to():
    asked = e.RequestSubmitted(run="r1", text="x", budget_usd="0.05")
    raised = [
        e.BudgetRaised(run="r1", scope=scope, from_usd="0.05", to_usd=to)
        for scope, to in (("run", "0.10"), ("session", "2"), ("node", "9"))
    ]
    assert costs_of(asked).run.budget == to_pico("0.05")
    costs = costs_of(asked, *raised)
    assert costs.run.budget == to_pico("0.10")
    assert costs.raised["session"] == to_pico("2")
    assert costs_of(e.RequestSubmitted(run="r1", text="x")).run.budget is None


def test_calls_under_way_are_counted_until_they_end():
    costs = costs_of(call("c1")[0], *call("c2"))
    assert (costs.under_way, costs.reserved) == (1, to_pico("0.05"))


def test_what_a_model_is_called_cannot_paint_the_screen():
    costs = costs_of(*call("c1\x1b]0;x\x07", node="a\nb", model="\x1b[2J"))
    row = costs.charges.rows[0]
    assert not any(ord(sign) < 32 for text in (row.node, row.model, row.call) for sign in text)


@given(st.lists(st.integers(0, 10**13), max_size=60), st.integers(1, 30))
def test_the_bars_add_up_to_the_last_digit(amounts, most):
    charges = Charges()
    for number, amount in enumerate(amounts):
        charges.add(call(f"c{number}", cost=to_usd(amount))[1], number, f"t{number:03d}", True)
    found = bars(charges.costs, most)
    assert sum(found) == sum(amounts)
    assert len(found) <= most
    sums = [charges.billed_since(f"t{number:03d}")[0] for number in range(len(amounts) + 1)]
    assert [a - b for a, b in pairwise(sums)] == amounts
