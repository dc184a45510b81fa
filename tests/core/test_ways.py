"""The AWS profiles of a user, and when the configured one counts."""

import pytest

from core.config import AWS, Config
from core.ways import Profile, read_profiles, use_aws, wrong_url, wrong_variable

CONFIG = """
[default]
region = us-east-1
[profile work]
sso_session = corp
region = eu-west-1
[profile robot]
role_arn = arn:aws:iam::1:role/x
[sso-session corp]
sso_start_url = https://corp.example
[services s]
"""
KEYS = "[robot]\naws_access_key_id = AKIA\naws_secret_access_key = very-secret\n[keys]\naws_access_key_id = AKIA\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "keys").write_text(KEYS)
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys"),
    }


def test_profiles_are_read_with_how_they_sign_in_and_no_secret(files):
    found = read_profiles(files)
    assert found == [
        Profile("default", "us-east-1", "nothing yet"),
        Profile("keys", "", "access key"),
        Profile("robot", "", "role"),
        Profile("work", "eu-west-1", "single sign-on"),
    ]
    assert "secret" not in repr(found)


def test_files_that_cannot_be_read_are_none(tmp_path):
    (tmp_path / "config").write_bytes(b"\xff[")
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path)}
    assert read_profiles(environ) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"AWS_PROFILE": "work", "AWS_REGION": "eu-west-1"}),
        ({"AWS_PROFILE": "mine"}, {"AWS_PROFILE": "mine", "AWS_REGION": "eu-west-1"}),
        ({"AWS_ACCESS_KEY_ID": "a"}, {"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "eu-west-1"}),
        ({"AWS_BEARER_TOKEN_BEDROCK": "a"}, {"AWS_BEARER_TOKEN_BEDROCK": "a", "AWS_REGION": "eu-west-1"}),
        (
            {"AWS_DEFAULT_REGION": "us-east-2"},
            {"AWS_DEFAULT_REGION": "us-east-2", "AWS_PROFILE": "work"},
        ),
    ],
)
def test_the_environment_comes_before_the_configuration(before, after):
    environ = dict(before)
    use_aws(Config(aws=AWS("work", "eu-west-1")), environ)
    assert environ == after


@pytest.mark.parametrize(
    "text", ["", "localhost:11434", "https://", "https://me:secret@host/v1", "https://host/v1?key=secret"]
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(text):
    assert wrong_url(text).endswith(".") and "secret" not in wrong_url(text)
    assert wrong_url("http://127.0.0.1:11434/v1") == ""


@pytest.mark.parametrize("text", ["sk-or-v1-0123", "my_key", "1KEY", "A KEY"])
def test_a_key_is_no_name_of_a_variable(text):
    assert "no variable's name" in wrong_variable(text) and text not in wrong_variable(text)
    assert wrong_variable("OPENROUTER_API_KEY") == ""
