"""The cost pane and the ledger: every figure where it belongs, every key, and what comes from outside."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import events as e
from core.counterfactual import ASSUMPTION, OneModel, compare
from core.index import Spell
from core.money import to_pico, to_usd
from core.prices import load_prices
from core.spending import Elsewhere
from core.view.session import SessionView
from tests.support import recordings as tapes
from tests.tui.conftest import frozen
from tui.cost import draw_costs, sparks
from tui.keymap import Keymap
from tui.ledgerlines import fitting
from tui.outlook import Outlook
from tui.paint import plain, width_of

SONNET, NOVA = "us.anthropic.claude-sonnet-5-5", "amazon.nova-micro-v1:0"


def views(records):
    view = SessionView()
    for record in records:
        view.apply(record)
    return view


def drawn(view, outlook=None, width=60, **how):
    lines = draw_costs(view.costs, outlook or Outlook(view.costs), width, Keymap(), **how)
    assert all(width_of(line) <= width for line in lines)
    return "\n".join(plain(line) for line in lines)


def spent(cost="0.42", days=9):
    first = (frozen() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spell = Spell(first, to_pico(cost), False)
    return Elsewhere(frozen(), spell, spell, spell)


class TestDrawing:
    @pytest.mark.parametrize("width", [20, 37, 50, 78, 98])
    def test_nothing_is_wider_than_the_pane(self, width):
        for records in (tapes.empty(), tapes.running(), tapes.decide(), tapes.failed(), tapes.hostile()):
            view = views(records)
            outlook = Outlook(view.costs, {"session": to_pico("1"), "day": to_pico("2")})
            outlook.elsewhere = spent()
            outlook.compare_with(OneModel(SONNET, load_prices()))
            drawn(view, outlook, width, why=True)

    def test_what_is_under_way_comes_first_and_is_held(self):
        tape = tapes.Tape(records=tapes.running())
        at = tape.at("fast_coder")
        tape.add(e.CallStarted(**at, call="x", model="m", input_tokens=9, reserved_usd="0.03"))
        first = drawn(views(tape.records)).split("\n")[0]
        assert "1 call under way" in first
        assert "at most $0.0300, held" in first

    def test_a_budget_shows_what_is_spent_held_and_left(self):
        tape = tapes.Tape().start("bedrock")
        tape.add(e.RequestSubmitted(run="r1", text="x", budget_usd="0.10"))
        tape.charge("fast_coder", "fast_coder", 10, 10, cost="0.04")
        at = tape.at("fast_coder")
        tape.add(e.CallStarted(**at, call="x", model="m", input_tokens=9, reserved_usd="0.02"))
        line = next(line for line in drawn(views(tape.records)).split("\n") if "its budget" in line)
        assert "$0.0400 left of its budget, $0.1000" in line
        bar = line.split(" ")[0]
        assert 0.3 < bar.count("━") / len(bar) < 0.5
        assert 0.1 < bar.count("╍") / len(bar) < 0.3
        tape.add(e.BudgetRaised(run="r1", scope="run", from_usd="0.10", to_usd="0.50"))
        assert "$0.4400 left of its budget, $0.5000" in drawn(views(tape.records))

    def test_today_is_all_sessions_and_a_rehearsal_is_not_in_it(self):
        tape = tapes.Tape().start("bedrock").request()
        tape.charge("fast_coder", "fast_coder", 10, 10, cost="0.05")
        view = views(tape.records)
        outlook = Outlook(view.costs, {"day": to_pico("2")})
        assert "today" not in drawn(view, outlook)
        outlook.elsewhere = spent("0.42")
        shown = drawn(view, outlook)
        assert "$0.4700" in shown
        assert "$1.53 left of the day's budget, $2.00" in shown
        rehearsed = views(tapes.decide())
        outlook = Outlook(rehearsed.costs)
        outlook.elsewhere = spent("0.42")
        shown = drawn(rehearsed, outlook)
        assert "$0.4200" in shown
        assert "rehearsals left out" in shown
        assert "list price, not billed" in shown

    def test_the_month_is_projected_only_with_a_day_behind_it(self):
        view = views(tapes.decide())
        outlook = Outlook(view.costs)
        outlook.elsewhere = spent("0.90", days=9)
        assert "about $0.9" in drawn(view, outlook)  # the tapes are of the last day of a month
        outlook.elsewhere = spent("0.90", days=0)
        assert "no projection in the first day" in drawn(view, outlook)

    def test_the_comparison_is_that_of_the_command_line_and_signed(self):
        records = tapes.decide()
        view = views(records)
        outlook = Outlook(view.costs)
        outlook.compare_with(OneModel(SONNET, load_prices()))
        calls = [r.event for r in records if isinstance(r.event, e.ModelCalled)]
        assert outlook.comparison == compare(calls, SONNET, load_prices())
        assert outlook.comparison == compare(calls, SONNET, load_prices())
        assert f"we: −{-outlook.comparison.percent} %  saved" in drawn(view, outlook)
        assert ASSUMPTION.split(",")[0] not in drawn(view, outlook)
        assert ASSUMPTION in drawn(view, outlook, why=True).replace("\n", " ")
        outlook.compare_with(OneModel(NOVA, load_prices()))
        assert f"we: +{outlook.comparison.percent} %  more by" in drawn(view, outlook)

    def test_a_model_without_a_price_is_not_compared_with(self):
        view = views(tapes.decide())
        outlook = Outlook(view.costs)
        outlook.compare_with(OneModel("nobody.knows", load_prices()))
        assert outlook.comparison is None
        assert "one warm" not in drawn(view, outlook)

    def test_the_forecast_stands_beside_what_was_spent(self):
        tape = tapes.Tape().start().request().route()
        node = {"model": "m", "likely_usd": "0.002", "samples": 9}
        ranges = {
            "fast_coder": ("0.001", "0.003"),
            "researcher": ("0.5", "0.9"),
            "documenter": ("0.1", "0.2"),
            "code_reviewer": ("0.004", "0.008"),
        }
        expected = tuple(
            e.ExpectedNode(role=role, low_usd=low, high_usd=high, **node)
            for role, (low, high) in ranges.items()
        )
        route = tape.records.pop().event
        tape.add(e.RouteDecided(**{name: getattr(route, name) for name in
                 ("run", "complexity", "pattern", "confidence", "reason", "decided_by", "expected_cost_usd")},
                 forecast=expected))  # fmt: skip
        tape.charge("fast_coder", "fast_coder", 10, 10, cost="0.004")
        tape.charge("researcher", "researcher", 10, 10, cost="0.6")
        tape.charge("code_reviewer", "code_reviewer", 10, 10, cost="0.002")
        shown = {line.split()[0]: line for line in drawn(views(tape.records)).split("\n") if line}
        assert "$0.0040 ↑  $0.0010–0.0030" in shown["fast_coder"]
        assert "$0.6000    $0.5000–0.9000" in shown["researcher"]
        assert "not yet" in shown["documenter"]
        shown = {line.split()[0]: line for line in drawn(views(tape.finish().records)).split("\n") if line}
        assert "$0.6000 ✓  $0.5000–0.9000" in shown["researcher"]
        assert "$0.0020 ↓  $0.0040–0.0080" in shown["code_reviewer"]

    def test_the_tables_are_of_the_run_or_of_the_whole_session(self):
        tape = tapes.Tape(records=tapes.decide()).request("More", "r2")
        tape.charge("senior_coder", "senior_coder", 10, 10, cost="0.004")
        view = views(tape.records)
        run, whole = (drawn(view, whole=whole).split("by role")[1] for whole in (False, True))
        assert "documenter" not in run
        assert "documenter" in whole
        assert "senior_coder" in run
        assert "senior_coder" in whole

    def test_two_tables_stand_side_by_side_where_they_fit(self):
        rows = drawn(views(tapes.decide()), width=78).split("\n")
        assert any("by role" in row and "by model" in row for row in rows)

    def test_small_columns_keep_their_proportions(self):
        assert sparks([0, 1, 2, 4, 8]) == "▁▁▂▄█"
        assert sparks([]) == ""
        assert sparks([0, 0]) == "▁▁"


def test_the_column_that_is_sorted_by_is_always_shown():
    for width in (20, 40, 76, 110, 190):
        for by in ("took", "kind", "day", "cost"):
            assert by in fitting(width, by)
    assert set(fitting(75, "time")) == {"cost", "node", "time", "in", "out", "model"}


def texts(stage):
    return "\n".join(strip.text for strip in stage.screen._compositor.render_strips())


class TestPane:
    async def test_other_sessions_are_asked_once_at_the_start_and_the_model_of_the_roster(
        self, stage_of, caught_up, settled
    ):
        asked = []

        async def elsewhere(session, all_logs):
            asked.append((session, all_logs))
            return spent("0.42")

        async def one_model(roster):
            asked.append(roster)
            return OneModel(SONNET, load_prices())

        sources = {"elsewhere": elsewhere, "one_model": one_model}
        stage = stage_of(tapes.decide(), sources=sources)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f5")
            await settled(pilot, lambda: "$0.4200" in texts(stage) and "one warm" in texts(stage))
            assert sorted(asked, key=str) == [(tapes.SESSION, True), "current"]
            assert ASSUMPTION[:30] not in texts(stage)
            await pilot.press("i")
            await pilot.pause()
            assert ASSUMPTION[:30] in texts(stage)

    async def test_s_adds_up_the_whole_session(self, stage_of, caught_up):
        tape = tapes.Tape(records=tapes.decide()).request("More", "r2")
        tape.charge("senior_coder", "senior_coder", 10, 10, cost="0.004")
        stage = stage_of(tape.records)
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f5")
            assert "this run:" in texts(stage)
            await pilot.press("s")
            await pilot.pause()
            assert "the session:" in texts(stage)

    async def test_e_writes_every_charge_and_says_where(self, stage_of, caught_up, settled, tmp_path):
        def export(name, text):
            (tmp_path / name).write_text(text)
            return Path("/kept") / name

        stage = stage_of(tapes.decide(), sources={"export": export})
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f5", "e")
            await settled(pilot, lambda: "6 calls written to /kept/" in texts(stage))
            (written,) = tmp_path.iterdir()
            assert len(written.read_text().splitlines()) == 7

    async def test_a_past_session_says_nothing_of_today(self, stage_of, caught_up, settled, library):
        async def elsewhere(session, all_logs):
            return spent("0.42")

        stage = stage_of(tapes.empty(), library, sources={"elsewhere": elsewhere})
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f6")
            await settled(pilot, lambda: getattr(stage.screen, "ready", False))
            await pilot.press("enter")
            await settled(pilot, lambda: stage.screen.has_class("-past") and stage.screen.view.last > 5)
            await pilot.press("f5")
            await pilot.pause()
            assert "this run" in texts(stage)
            assert "today" not in texts(stage)


class TestLedger:
    @pytest.fixture
    async def ledger(self, stage_of, caught_up):
        stage = stage_of(tapes.decide())
        async with stage.app.run_test(size=(120, 40)) as pilot:
            await caught_up(pilot, stage)
            await pilot.press("f5", "l")
            await pilot.pause()
            yield stage, pilot

    @staticmethod
    def nodes(stage):
        table = stage.screen._ledger
        return [row.node for row in table.shown]

    async def test_typing_filters_and_the_sums_are_exact(self, ledger):
        stage, pilot = ledger
        total = to_usd(sum(row.cost for row in stage.screen._ledger.shown))
        assert f"${total} list price" in texts(stage)
        await pilot.press(*"coder")
        await pilot.pause()
        assert self.nodes(stage) == ["fast_coder", "fast_coder"]
        assert "2 of 6 calls" in texts(stage)
        assert "$0.0042124 list price" in texts(stage)
        await pilot.press("escape")
        await pilot.pause()
        assert len(self.nodes(stage)) == 6
        await pilot.press("escape")
        await pilot.pause()
        assert not stage.screen.query("#ledger")

    async def test_tab_and_a_click_sort_and_ctrl_r_turns_round(self, ledger):
        stage, pilot = ledger
        table = stage.screen._ledger
        await pilot.press("shift+tab", "shift+tab", "tab", "tab", "tab", "tab")
        assert table.by == "node"
        assert self.nodes(stage) == sorted(self.nodes(stage))
        await pilot.press("ctrl+r")
        assert self.nodes(stage) == sorted(self.nodes(stage), reverse=True)
        head = stage.screen.query_one("#ledger-head")
        names = head.content(head.size.width)
        at = sum(len(span.text) for span in names[: [s.text.split()[0] for s in names].index("cost")])
        await pilot.click("#ledger-head", offset=(at + 2, 0))
        await pilot.pause()
        assert table.by == "cost"
        assert [row.cost for row in table.shown] == sorted((row.cost for row in table.shown), reverse=True)

    async def test_the_row_under_the_cursor_is_told_in_full(self, ledger):
        stage, pilot = ledger
        await pilot.press("down", "down", "up", "pagedown")
        await pilot.pause()
        assert "router (router) in r1 · amazon.nova-micro-v1:0 · call c" in texts(stage)

    async def test_a_charge_that_happens_meanwhile_is_added(self, ledger, settled):
        stage, pilot = ledger
        made = tapes.Tape(records=[]).charge("documenter", "documenter", 5, 5, cost="0.000000000001").records
        stage.port.happen(*(record.event for record in made))
        await settled(pilot, lambda: len(self.nodes(stage)) == 7)
        assert "7 calls" in texts(stage)

    async def test_an_export_that_fails_says_so(self, ledger, settled):
        stage, pilot = ledger
        await pilot.press("ctrl+e")
        await settled(pilot, lambda: "Nothing was written: there is no folder for it." in texts(stage))
