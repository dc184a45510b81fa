"""The ledger's table: order, search, sums to the last digit, and a CSV that no spreadsheet runs."""

import csv
import io

from hypothesis import given, strategies as st
from pytest import mark

from core.money import Pico, to_pico, to_usd
from core.view.charges import Charge
from core.view.ledger import COLUMNS, Ledger, as_csv

ROLES = ("fast_coder", "code_reviewer", "router")


def row(seq, cost=10**9, *, role="fast_coder", model="m1", estimated=False, ok=True, kind="call", **more):
    figures = {"input": 7 * seq % 5, "output": seq % 3, "cache_read": 2, "cache_write": 1} | more
    return Charge(
        seq=seq, at=f"2026-01-31T12:00:{seq % 60:02d}.000000Z", run="r1", node=role, role=role, model=model,
        call=f"c{seq}", kind=kind, cost=Pico(cost), estimated=estimated, ok=ok, latency_ms=seq, billed=True,
        **figures,
    )  # fmt: skip


ROWS = st.lists(st.tuples(st.integers(0, 10**14), st.sampled_from(ROLES), st.booleans()), max_size=40)


@given(ROWS, st.sampled_from([column.name for column in COLUMNS]), st.booleans(), st.sampled_from(ROLES))
def test_whatever_is_shown_adds_up_in_any_order(made, column, twice, word):
    rows = [row(n, cost, role=role, estimated=rough) for n, (cost, role, rough) in enumerate(made, 1)]
    ledger = Ledger(rows)
    for _ in range(1 + twice):
        ledger.sort_by(column)
    keys = [next(c for c in COLUMNS if c.name == column).key(one) for one in ledger.shown]
    assert keys == sorted(keys, reverse=ledger.down)
    assert ledger.sums.cost == sum(one.cost for one in rows)
    ledger.narrow(word[:6].upper())
    assert {one.seq for one in ledger.shown} == {one.seq for one in rows if one.role == word}
    assert ledger.sums.cost == sum(one.cost for one in ledger.shown)
    assert ledger.sums.calls == len(ledger.shown)
    assert ledger.sums.estimated == any(one.estimated for one in ledger.shown)


def test_the_latest_call_comes_first_and_equal_ones_in_their_order():
    ledger = Ledger([row(1, 5), row(2, 9), row(3, 5)])
    assert [one.seq for one in ledger.shown] == [3, 2, 1]
    ledger.sort_by("cost")
    assert [one.seq for one in ledger.shown] == [2, 1, 3]
    ledger.sort_by("cost")
    assert [one.seq for one in ledger.shown] == [1, 3, 2]


def test_every_word_must_stand_somewhere():
    ledger = Ledger([row(1, kind="retry"), row(2, kind="retry", ok=False), row(3, estimated=True)])
    for words, found in (("retry", [2, 1]), ("failed retry", [2]), ("~", [3]), ("c3", [3]), ("nope", [])):
        ledger.narrow(words)
        assert [one.seq for one in ledger.shown] == found, words


def test_a_charge_that_comes_later_is_taken_in_once():
    rows = [row(1)]
    ledger = Ledger(rows)
    rows.append(row(2, 3))
    ledger.refresh()
    ledger.refresh()
    assert [one.seq for one in ledger.shown] == [2, 1]
    assert ledger.sums.cost == 10**9 + 3


def table(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=20))
def test_the_csv_adds_up_to_the_last_digit(costs):
    found = table(as_csv(row(n, cost) for n, cost in enumerate(costs, 1)))
    assert sum(to_pico(line["cost_usd"]) for line in found) == sum(costs)
    assert found[0]["cost_usd"] == to_usd(costs[0])


@mark.parametrize("begin", ["=", "+", "-", "@", "  =", "\t=", "\r", "＝"])
def test_no_cell_is_a_formula(begin):
    hostile = f'{begin}HYPERLINK("http://x","y")'
    line = table(as_csv([row(1, role=hostile, model=f"{begin}1+1")]))[0]
    assert line["role"] == f"'{hostile}"
    assert line["model"].startswith("'")


def test_a_cell_with_commas_quotes_and_lines_stays_one():
    line = table(as_csv([row(1, role='a,"b"\nc', model="m,1")]))[0]
    assert (line["role"], line["model"], line["ok"], line["estimated"]) == ('a,"b"\nc', "m,1", "yes", "no")
