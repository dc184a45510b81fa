"""The configuration: a sentence for whatever is wrong in it, that names the place."""

import pytest

from core.config import BadConfig, Config, load_config


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Config:
        (tmp_path / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(tmp_path, {})

    return write


def test_without_a_file_everything_has_its_default(tmp_path):
    assert load_config(tmp_path, {}) == Config() == load_config(tmp_path / "absent", {"HEDDLE_ROSTER": ""})


def test_the_environment_goes_over_the_file(write, tmp_path):
    config = write('roster = "mine"\nscope = "geo"\nbudget_usd = "0.50"\nretry_attempts = 2\n')
    assert (config.roster, config.scope, config.budget_usd, config.retry_attempts) == (
        "mine",
        "geo",
        "0.50",
        2,
    )
    over = load_config(tmp_path, {"HEDDLE_ROSTER": "theirs", "HEDDLE_BUDGET_USD": "7", "HEDDLE_OTHER": "x"})
    assert (over.roster, over.scope, over.budget_usd) == ("theirs", "geo", "7")


@pytest.mark.parametrize(("written", "read"), [("0.50", "0.50"), ("1", "1"), ('"2"', "2"), ("1e-3", "1e-3")])
def test_an_amount_needs_no_quotes_and_stays_exact(write, written, read):
    assert write(f"budget_usd = {written}").budget_usd == read


def test_numbers_are_numbers(write):
    assert write("retry_base_seconds = 0.25\noutput_tokens = 100").retry_base_seconds == 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "there is no setting called `colour`"),
        ("scope = 'moon'", "Invalid enum value 'moon'"),
        ("retry_attempts = 0", "$.retry_attempts"),
        ("retry_base_seconds = -1.0", "$.retry_base_seconds"),
        ("retry_base_seconds = nan", "$.retry_base_seconds"),
        ("output_tokens = 1.5", "$.output_tokens"),
        ("roster = [1]", "$.roster"),
        ("budget_usd = -1", "below zero"),
        ("budget_usd = nan", "finite"),
        ("budget_usd = 'lots'", "budget_usd in"),
        ("ask_above_usd = true", "$.ask_above_usd"),
        ("roster = ", "cannot be read"),
        (b"\xff", "cannot be read"),
    ],
)
def test_what_is_wrong_gets_a_sentence_that_names_the_file(write, text, words):
    with pytest.raises(BadConfig) as caught:
        write(text)
    assert words in str(caught.value) and "config.toml" in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HEDDLE_BUDGET_USD", "much"), ("HEDDLE_ASK_ABOVE_USD", "-1"), ("HEDDLE_SCOPE", "moon")],
)
def test_a_variable_is_named_as_the_culprit(tmp_path, variable, value):
    with pytest.raises(BadConfig, match=variable):
        load_config(tmp_path, {variable: value})


def test_a_folder_in_the_files_place_gets_a_sentence(tmp_path):
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(BadConfig, match="cannot be read"):
        load_config(tmp_path, {})
