"""Several budgets as one: exact sums over any tree of calls, and no limit is ever crossed."""

import asyncio

import pytest
from hypothesis import given, settings, strategies as st

from core.budgets import Allowance, Budgets
from core.events import ModelCalled, RunFinished
from core.ledger import Budget, BudgetReached, total
from core.money import Pico, to_pico, to_usd
from core.spend import DayBudget

NODES = ("router", "fast_coder", "fast_coder_2", "code_reviewer")
limits = st.one_of(st.none(), st.integers(0, 3000))
calls = st.tuples(
    st.integers(0, 1),  # run
    st.sampled_from(NODES),
    st.sampled_from(("sonnet", "haiku", "nova")),
    st.integers(1, 900),  # wanted
    st.integers(0, 100),  # least, in per cent of it
    st.integers(0, 100),  # cost, in per cent of what was granted
    st.integers(0, 5),  # which of the open calls comes back
)


def charge(run: int, node: str, model: str, cost: int) -> ModelCalled:
    return ModelCalled(
        run=f"r{run}", node=node, role=node.removesuffix("_2"), call="c", model=model, cost_usd=to_usd(cost),
        input_tokens=1, output_tokens=1, cache_read_tokens=0, cache_write_tokens=0, latency_ms=1,
        estimated=False,
    )  # fmt: skip


def pico(limit: int | None) -> Pico | None:
    return None if limit is None else Pico(limit)


def within(budget: Budget) -> bool:
    return budget.limit is None or budget.spent <= budget.limit


@settings(max_examples=150, deadline=None)
@given(run=limits, session=limits, node=limits, tree=st.lists(calls, max_size=40))
def test_any_tree_of_calls_adds_up_and_crosses_no_limit(run, session, node, tree):
    """Calls of two runs go out and come back in any order."""

    async def work() -> None:
        whole = Budget(pico(session), "session budget")
        runs = [Allowance(Budget(pico(run)), whole, pico(node)) for _ in range(2)]
        charges: list[ModelCalled] = []
        out = []
        for number, name, model, wanted, least, cost, back in tree:
            budgets = runs[number].of(name)
            try:
                held = await budgets.reserve(Pico(wanted * least // 100), Pico(wanted))
            except BudgetReached as reached:
                assert reached.spent + wanted * least // 100 > reached.limit
            else:
                assert wanted * least // 100 <= held.amount <= wanted
                out.append((budgets, held, charge(number, name, model, held.amount * cost // 100)))
            if out and back < 4:
                budgets, held, made = out.pop(back % len(out))
                await budgets.settle(held, to_pico(made.cost_usd))
                charges.append(made)
            holding = sum(held.amount for _, held, _ in out)
            if whole.limit is not None:
                assert whole.spent + holding <= whole.limit
                assert whole.left == whole.limit - whole.spent - holding
        for budgets, held, made in out:
            await budgets.settle(held, to_pico(made.cost_usd))
            charges.append(made)
        check(runs, whole, charges)

    asyncio.run(work())


def check(runs: list[Allowance], whole: Budget, charges: list[ModelCalled]) -> None:
    """Session = runs = nodes = roles = models, to the last digit, in the ledger and in the budgets."""
    sums = total(charges)
    assert whole.spent == sums.cost == sum(allowance.run.spent for allowance in runs)
    for parts in (sums.by_node, sums.by_role, sums.by_model):
        assert sum(parts.values()) == sums.cost
    assert within(whole) and all(within(allowance.run) for allowance in runs)
    for number, allowance in enumerate(runs):
        own = total(made for made in charges if made.run == f"r{number}")
        assert allowance.run.spent == own.cost
        if allowance.node_limit is not None:
            assert all(cost <= allowance.node_limit for cost in own.by_node.values())


plans = st.lists(
    st.lists(
        st.tuples(
            st.integers(1, 900),  # wanted
            st.integers(0, 100),  # least, in per cent of it
            st.integers(0, 100),  # cost, in per cent of what was granted
            st.sampled_from(("raise", "give up")),
        ),
        max_size=8,
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=100, deadline=None)
@given(run=limits, session=limits, node=limits, plan=plans, order=st.randoms(use_true_random=False))
def test_nodes_side_by_side_cross_no_budget_in_any_order_even_when_some_are_raised(
    run, session, node, plan, order
):
    """Each node makes its calls one by one, all nodes at once; what is refused is raised, or not made."""

    async def work() -> None:
        allowance = Allowance(Budget(pico(run)), Budget(pico(session), "session budget"), pico(node))
        allowed = {"budget": run, "session budget": session}
        held: dict[tuple[int, int], tuple[str, int]] = {}
        spent: dict[str, int] = {}

        def check() -> None:
            for name, limit in allowed.items():
                own = [
                    amount for whose, amount in held.values() if name in ("budget", "session budget", whose)
                ]
                paid = sum(spent.values()) if name in ("budget", "session budget") else spent.get(name, 0)
                assert limit is None or sum(own) + paid <= limit, name

        async def one(number: int) -> None:
            name = f"n{number} budget"
            allowed[name] = node
            budgets = allowance.of(f"n{number}")
            for place, (wanted, least, cost, wish) in enumerate(plan[number]):
                for _ in range(order.randint(0, 4)):
                    await asyncio.sleep(0)
                while True:
                    try:
                        found = await budgets.reserve(Pico(wanted * least // 100), Pico(wanted))
                    except BudgetReached as reached:
                        assert reached.limit == allowed[reached.name]
                        if wish == "give up":
                            break
                        allowed[reached.name] = reached.spent + reached.wanted
                        await budgets.raise_to(reached.name, Pico(reached.spent + reached.wanted))
                        continue
                    held[number, place] = name, found.amount
                    check()
                    for _ in range(order.randint(0, 4)):
                        await asyncio.sleep(0)
                    del held[number, place]
                    spent[name] = spent.get(name, 0) + found.amount * cost // 100
                    await budgets.settle(found, Pico(found.amount * cost // 100))
                    check()
                    break

        await asyncio.gather(*(one(number) for number in range(len(plan))))
        assert allowance.run.spent == allowance.session.spent == sum(spent.values())

    asyncio.run(work())


async def test_a_raised_budget_is_no_other_budget():
    allowance = Allowance(Budget(Pico(10)), Budget(Pico(20), "session budget"), Pico(5))
    await allowance.of("a").raise_to("a budget", Pico(15))
    with pytest.raises(BudgetReached) as told:
        await allowance.of("a").reserve(Pico(11), Pico(11))
    assert (told.value.name, told.value.limit) == ("budget", 10)
    await allowance.of("a").raise_to("budget", Pico(30))
    assert (await allowance.of("a").reserve(Pico(1), Pico(30))).amount == 15
    assert (await allowance.of("b").reserve(Pico(1), Pico(30))).amount == 5
    with pytest.raises(BudgetReached, match="session budget"):
        await allowance.of("c").reserve(Pico(1), Pico(1))


async def test_a_raised_day_holds_for_all_heddles_and_until_it_is_over(tmp_path):
    from datetime import UTC, datetime, timedelta

    now = [datetime(2026, 1, 31, 12, tzinfo=UTC)]
    here, there = (DayBudget(tmp_path / "spend.db", Pico(10), clock=lambda: now[0]) for _ in range(2))
    await here.raise_to(Pico(25))
    await here.raise_to(Pico(20))
    held = await there.reserve(Pico(1), Pico(100))
    assert held.amount == 25
    with pytest.raises(BudgetReached) as told:
        await here.reserve(Pico(1), Pico(1))
    assert (told.value.scope, told.value.limit) == ("day", 25)
    now[0] += timedelta(days=1)
    assert (await here.reserve(Pico(1), Pico(100))).amount == 10


def test_a_file_of_an_earlier_version_is_understood(tmp_path):
    import sqlite3

    path = tmp_path / "spend.db"
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE day (day TEXT PRIMARY KEY, spent TEXT NOT NULL, lost TEXT NOT NULL) WITHOUT ROWID;"
            "CREATE TABLE reserved (key TEXT PRIMARY KEY, day TEXT NOT NULL, owner TEXT NOT NULL,"
            " amount TEXT NOT NULL, lost INTEGER NOT NULL) WITHOUT ROWID; PRAGMA user_version = 1;"
        )
    day = DayBudget(path, Pico(10))
    asyncio.run(day.raise_to(Pico(15)))
    assert asyncio.run(day.reserve(Pico(1), Pico(20))).amount == 15


async def test_the_budget_with_the_least_left_is_named():
    budgets = Budgets([Budget(Pico(50), "node budget"), Budget(Pico(10)), Budget(Pico(40), "session budget")])
    with pytest.raises(BudgetReached, match=r"the budget of \$0.00000000001 is reached") as told:
        await budgets.reserve(Pico(60), Pico(60))
    assert told.value.name == "budget"
    assert (await budgets.reserve(Pico(5), Pico(60))).amount == 10


async def test_what_one_refuses_is_set_aside_in_none(tmp_path):
    run, session = Budget(Pico(100)), Budget(Pico(100), "session budget")
    day = DayBudget(tmp_path / "spend.db", Pico(30))
    budgets = Budgets([run, session], day)
    with pytest.raises(BudgetReached, match="day budget"):
        await budgets.reserve(Pico(31), Pico(90))
    assert (run.left, session.left, (await day.today()).reserved) == (100, 100, 0)
    held = await budgets.reserve(Pico(1), Pico(90))
    assert (held.amount, run.left, session.left) == (30, 70, 70)
    await budgets.settle(held, Pico(12))
    today = await day.today()
    assert (run.spent, session.spent, today.spent, today.reserved) == (12, 12, 12, 0)


# -- in a real session ------------------------------------------------------------------------------


async def think(actor) -> None:
    """One model call, as the meter makes it."""
    budgets = actor.run.budgets(actor.who["node"])
    held = await budgets.reserve(Pico(1), to_pico("0.01"))
    await budgets.settle(held, to_pico("0.006"))
    await actor.run.emit(charge(0, "router", "nova", to_pico("0.006")))


@pytest.mark.parametrize(
    ("setting", "name"),
    [("session_budget_usd", "session budget"), ("node_budget_usd", "fast_coder budget")],
)
async def test_a_budget_beside_the_runs_stops_it_and_is_named(hand, setting, name):
    async def thrice(actor) -> None:
        for _ in range(3):
            budgets = actor.run.budgets("fast_coder")
            held = await budgets.reserve(to_pico("0.01"), to_pico("0.01"))
            await budgets.settle(held, to_pico("0.006"))

    session, _ = await hand.start(thrice, **{setting: "0.02"})
    await submit(session)
    end = (await hand.events(session, RunFinished))[-1]
    assert (end.status, end.exit_code) == ("budget", 3)
    assert f"the {name} of $0.02." in end.answer


async def test_a_session_budget_holds_when_the_session_is_opened_again(hand):
    session, _ = await hand.start(think, session_budget_usd="0.013")
    await submit(session)
    left: list[int | None] = []

    async def look(actor) -> None:
        held = await actor.run.budgets("x").reserve(Pico(1), to_pico("1"))
        left.append(held.amount)

    from tests.support.acting import ActingTeam

    again = await hand.again(session, ActingTeam(look), session_budget_usd="0.013")
    await submit(again)
    assert left == [to_pico("0.007")]


async def test_no_budget_opens_no_database_and_a_rehearsal_counts_to_no_day(hand):
    session, team = await hand.start(think, think, day_budget_usd="1")
    await submit(session)
    assert team.backend == "rehearsal" and not hand.home.spend.exists()
    team.backend = "endpoint"
    await submit(session)
    today = await DayBudget(hand.home.spend, Pico(1)).today()
    assert (today.spent, today.reserved) == (to_pico("0.006"), 0)
    other, team = await hand.start(think)
    team.backend = "endpoint"
    hand.home.spend.unlink()
    await submit(other)
    assert not hand.home.spend.exists()


async def test_a_setting_that_is_no_amount_refuses_the_request(hand):
    session, _ = await hand.start(think, day_budget_usd="a lot", session_budget_usd="-1")
    await submit(session)
    from core.events import CommandRefused

    (refused,) = await hand.events(session, CommandRefused)
    assert "The session budget is below zero: -1." in refused.reason


async def submit(session) -> None:
    from core.commands import SubmitRequest

    await session.submit(SubmitRequest(text="Do it"))
    await session.wait_idle()
