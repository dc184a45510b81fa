"""The ledger: sums are exact by construction, and a budget is never crossed."""

import threading

import pytest
from hypothesis import given, strategies as st

from core.events import ModelCalled
from core.ledger import Budget, BudgetReached, as_usd, total
from core.money import Pico, to_pico, to_usd

names = st.sampled_from(["architect", "fast_coder", "code_reviewer", "router"])


@st.composite
def charges(draw):
    role = draw(names)
    return ModelCalled(
        run=draw(st.sampled_from(["r1", "r2"])),
        node=draw(st.sampled_from([role, f"{role}_2"])),
        role=role,
        call="c",
        model=draw(st.sampled_from(["a", "b", "c"])),
        input_tokens=draw(st.integers(0, 10**6)),
        output_tokens=draw(st.integers(0, 10**5)),
        cache_read_tokens=draw(st.integers(0, 10**6)),
        cache_write_tokens=draw(st.integers(0, 10**6)),
        cost_usd=to_usd(draw(st.integers(0, 10**15))),
        latency_ms=1,
        estimated=draw(st.booleans()),
    )


@given(st.lists(charges(), max_size=30))
def test_a_session_is_the_sum_of_its_parts_to_the_last_digit(made):
    session = total(made)
    runs = [total(charge for charge in made if charge.run == run) for run in ("r1", "r2")]
    for parts in (session.by_node, session.by_role, session.by_model):
        assert sum(parts.values()) == session.cost
        assert sum(map(to_pico, as_usd(parts).values())) == session.cost
    assert sum(run.cost for run in runs) == session.cost == sum(to_pico(charge.cost_usd) for charge in made)
    assert sum(run.calls for run in runs) == session.calls == len(made)
    assert session.estimated == any(charge.estimated for charge in made)


def test_sums_are_listed_dearest_first():
    assert list(as_usd({"b": 5, "a": 5, "c": 9}).items()) == [
        ("c", "0.000000000009"),
        ("a", "0.000000000005"),
        ("b", "0.000000000005"),
    ]


@given(
    limit=st.integers(0, 1000),
    steps=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 100), st.integers(0, 9)), max_size=40),
)
def test_a_budget_is_never_crossed(limit, steps):
    """Calls go out and come back in any order; each costs at most what was set aside for it."""
    budget, out, spent = Budget(Pico(limit)), [], 0
    for amount, percent, back in steps:
        try:
            out.append((budget.reserve(Pico(amount)), amount * percent // 100))
        except BudgetReached as reached:
            assert reached.limit == limit and reached.spent + amount > limit
        if out and back < 5:
            reserved, cost = out.pop(back % len(out))
            budget.settle(reserved, Pico(cost))
            spent += cost
        held = sum(reserved for reserved, _ in out)
        assert budget.spent == spent
        assert spent + held <= limit
        assert budget.left == limit - spent - held


def test_threads_cannot_cross_a_budget_together():
    budget, granted = Budget(Pico(1000)), []
    start = threading.Barrier(8)

    def spend():
        start.wait()
        for _ in range(200):
            try:
                granted.append(budget.reserve(Pico(7)))
            except BudgetReached:
                return

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 994 and budget.left == 6


def test_without_a_limit_nothing_is_refused():
    budget = Budget(None)
    budget.settle(budget.reserve(Pico(10**20)), Pico(5))
    assert budget.left is None and budget.spent == 5


def test_a_call_that_was_dearer_than_feared_leaves_nothing():
    budget = Budget(Pico(100))
    budget.settle(budget.reserve(Pico(60)), Pico(130))
    assert budget.left == 0 and budget.spent == 130
    with pytest.raises(BudgetReached, match=r"budget of \$0.0000000001 is reached"):
        budget.reserve(Pico(1))


def test_less_than_nothing_cannot_be_set_aside():
    with pytest.raises(ValueError, match="set aside"):
        Budget(Pico(10)).reserve(Pico(-1))
