"""Settings are read off the one class, and written without touching what the user wrote beside them."""

import pytest

from core.config import BadConfig, Config, load_config
from core.preferences import Preferences

WRITTEN = """# mine
roster = "local"  # until the account is there

[openai]
# the machine in the cellar
base_url = "http://cellar:11434/v1"
"""


@pytest.fixture
def preferences(tmp_path):
    return Preferences(tmp_path, {"HEDDLE_THEME": "heddle-light"})


def of(preferences, name):
    return next(each for each in preferences.settings() if each.name == name)


def test_every_setting_says_what_it_does(preferences):
    settings = preferences.settings()
    assert {each.name for each in settings if not each.does.endswith(".")} == set()
    own = {"aws", "openai"}
    assert {each.name.partition(".")[0] for each in settings} == set(Config.__struct_fields__)
    assert all(f"{table}." in " ".join(each.name for each in settings) for table in own)


def test_where_a_value_comes_from(preferences):
    preferences.path.write_text(WRITTEN)
    roster, theme, bell = (of(preferences, name) for name in ("roster", "theme", "bell"))
    assert (roster.value, roster.default, roster.source) == ("local", "current", "config.toml")
    assert (theme.value, theme.source) == ("heddle-light", "HEDDLE_THEME")
    assert (bell.value, bell.kind, bell.source) == ("on", "flag", "default")
    assert of(preferences, "openai.base_url").source == "config.toml"
    assert of(preferences, "budget_usd").kind == "money" and of(preferences, "retry_attempts").kind == "count"
    assert "heddle-ansi" in theme.choices and of(preferences, "profiles").kind == "table"


def test_writing_keeps_comments_and_what_else_there_is(preferences):
    preferences.path.write_text(WRITTEN)
    preferences.write({"theme": "heddle-safe", "openai.free": True, "aws.region": "eu-west-1"})
    text = preferences.path.read_text()
    assert (
        "# mine\n" in text
        and "# until the account is there" in text
        and "# the machine in the cellar" in text
    )
    config = load_config(preferences.path.parent, {})
    assert (config.theme, config.openai.free, config.aws.region) == ("heddle-safe", True, "eu-west-1")
    assert config.openai.base_url == "http://cellar:11434/v1"


def test_nothing_typed_takes_a_setting_out(preferences):
    preferences.write_text("budget_usd", "$0.50")
    assert load_config(preferences.path.parent, {}).budget_usd == "0.50"
    preferences.write_text("budget_usd", " ")
    assert load_config(preferences.path.parent, {}).budget_usd is None
    assert "budget_usd" not in preferences.path.read_text()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("theme", "pink", "one of: heddle-ansi"),
        ("bell", "loud", "on or off"),
        ("retry_attempts", "many", "is a number"),
        ("retry_attempts", "0", "retry_attempts"),
        ("budget_usd", "lots", "is an amount in dollars, such as 0.50"),
        ("day_budget_usd", "-1", "is an amount in dollars"),
        ("profiles", "x", "in the file itself"),
        ("openai.base_url", "https://me:secret@host/v1", "no name, password or key"),
        ("openai.key_variable", "sk-secret", "no variable's name"),
        ("colour", "red", "no setting called colour"),
    ],
)
def test_what_is_not_valid_changes_nothing(preferences, name, text, words):
    preferences.path.write_text(WRITTEN)
    with pytest.raises(BadConfig, match=words):
        preferences.write_text(name, text)
    assert preferences.path.read_text() == WRITTEN


def test_a_value_that_the_environment_hides_is_checked_all_the_same(preferences):
    with pytest.raises(BadConfig, match="theme"):
        preferences.write({"theme": "pink"})


def test_a_linked_file_stays_a_link_with_its_rights(preferences, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text(WRITTEN)
    real.chmod(0o640)
    preferences.path.symlink_to(real)
    preferences.write({"bell": False})
    assert preferences.path.is_symlink() and "bell = false" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_new_file_is_the_owners_alone(preferences):
    preferences.write({"bell": False})
    assert preferences.path.stat().st_mode & 0o777 == 0o600
