"""What the screen is told of money besides its session."""

import pytest

from cli.cost import one_model as compared
from cli.spending import elsewhere, export, one_model
from cli.world import find_world, set_budgets
from core.money import to_pico


@pytest.fixture
def world(tmp_path):
    return find_world({"HEDDLE_HOME": str(tmp_path), "HEDDLE_DAY_BUDGET_USD": "2.50"})


def test_an_export_never_replaces_a_file_and_stays_out_of_the_project(world, tmp_path):
    paths = [export(world, "a.csv", text) for text in ("one", "two", "three")]
    assert [path.name for path in paths] == ["a.csv", "a-2.csv", "a-3.csv"]
    assert [path.read_text() for path in paths] == ["one", "two", "three"]
    assert {path.parent for path in paths} == {tmp_path / "data" / "exports"}


@pytest.mark.parametrize("roster", ["current", "design-2025", "nobody-knows-it"])
async def test_the_one_model_is_the_one_that_heddle_cost_compares_with(world, roster):
    found = await one_model(world, roster)
    known = None if roster.startswith("nobody") else roster
    assert found.comparison.model == compared(world, [], roster=known).model


async def test_a_roster_of_models_without_a_price_compares_with_nothing(world, tmp_path):
    folder = tmp_path / "config" / "rosters"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('[roles]\nsenior_coder = ["nobody.sells-it"]\n')
    assert await one_model(world, "mine") is None


def test_the_budgets_that_are_set_are_told(world):
    assert set_budgets(world.config) == {"day": to_pico("2.50")}


async def test_without_any_session_nothing_was_spent(world):
    found = await elsewhere(world, "s", True)
    assert (found.today.cost, found.month.cost, found.window.first) == (0, 0, "")


@pytest.mark.parametrize("words", [("run", "Do it"), ("resume",), ()])
@pytest.mark.parametrize("typed", ["", "abc", "0", "-1", "$"])
def test_a_budget_that_is_no_amount_is_never_taken_for_none(heddle, words, typed):
    """`--budget "$UNSET"` would be no budget at all; and a screen must not open with one that nothing can be paid by."""
    result = heddle(*words, f"--budget={typed}") if words else heddle(f"--budget={typed}")
    assert (result.code, result.err.startswith("heddle: The budget ")) == (2, True), result.err
