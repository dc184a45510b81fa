"""What bad input gets: for each case a sentence that says what to do next, and the right exit code."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.support.scripted import ROUTED, bedrock_at

FAST_RETRY = "retry_attempts = 2\nretry_base_seconds = 0.001\n"
ROLES = (
    "router",
    "orchestrator",
    "architect",
    "senior_coder",
    "fast_coder",
    "test_engineer",
    "code_reviewer",
    "debugger",
    "documenter",
    "researcher",
    "infrastructure",
)


def coder_fault(kind: str, extra: str = "") -> str:
    return (
        f'{ROUTED}[[turn]]\nrole = "fast_coder"\ntext = "Some words that are streamed before it breaks."\n'
        f'[[turn.fault]]\nkind = "{kind}"\ntimes = 99\n{extra}'
    )


def test_no_credentials(heddle):
    heddle.settings["AWS_REGION"] = "us-east-1"
    result = heddle("run", "Do it")
    assert result.code == 77
    assert "No AWS credentials were found" in result.err
    assert "aws sso login" in result.err
    assert "heddle rehearse" in result.err
    assert result.out == ""


def test_no_region(heddle):
    heddle.settings |= {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    result = heddle("run", "Do it")
    assert result.code == 78
    assert "Set AWS_REGION" in result.err


def test_unknown_profile(heddle):
    heddle.settings |= {"AWS_PROFILE": "nobody", "AWS_REGION": "us-east-1"}
    result = heddle("run", "Do it")
    assert result.code == 78
    assert "AWS_PROFILE" in result.err


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [
        ("expired_token", 77, "Sign in again"),
        ("access_denied", 77, "Bedrock console"),
        ("legacy", 77, "--roster current"),
        ("throttle", 75, "Wait a minute"),
        ("cut", 75, "broke off"),
    ],
)
def test_a_fault_that_stays(served, write_script, config, fault, code, sentence):
    config(FAST_RETRY)
    heddle = served(write_script(coder_fault(fault)))
    result = heddle("run", "Do it", "--output", "stream-json")
    assert result.code == code
    end = result.of("run_finished")[0]
    assert end["status"] == "failed"
    assert sentence in f"{end['answer']} {result.of('failed')[0]['advice']}"
    assert result.of("failed")[0]["exit_code"] == code


def test_an_unknown_model(served, write_script, config):
    config(FAST_RETRY)
    script = write_script(
        coder_fault("validation", 'message = "The provided model identifier is invalid."\n')
    )
    result = served(script)("run", "Do it")
    assert result.code == 78
    assert "heddle models" in result.err


def test_an_endpoint_that_is_not_there(heddle, config):
    config(FAST_RETRY)
    heddle.settings |= bedrock_at("http://127.0.0.1:9")
    result = heddle("run", "Do it")
    assert result.code == 75
    assert "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" in result.err


def test_an_unpriced_model_is_refused_before_any_call(served, config):
    roles = "\n".join(f'{role} = ["vendor.new-model-v1:0"]' for role in ROLES)
    config(f'title = "Mine"\n[roles]\n{roles}\n', "rosters/mine.toml")
    result = served()("run", "Do it", "--roster", "mine")
    assert result.code == 78
    assert "vendor.new-model-v1:0" in result.err
    assert "prices.toml" in result.err


@pytest.mark.parametrize("project", ["/nowhere/at/all", __file__])
def test_a_project_that_is_no_folder(served, project):
    result = served()("run", "Do it", "--project", project)
    assert result.code == 2
    assert "--project" in result.err


def test_an_empty_folder_that_is_no_repository_works(served, tmp_path, write_script):
    empty = tmp_path / "empty"
    empty.mkdir()
    turns = (
        f'{ROUTED}[[turn]]\nrole = "fast_coder"\n[[turn.call]]\nname = "write_file"\n'
        'arguments = {path = "hello.txt", content = "hello"}\n'
        '[[turn]]\nrole = "fast_coder"\ntext = "Done."\n'
        '[[turn]]\nrole = "code_reviewer"\nanswer = {approved = true, must_fix = []}\n'
    )
    heddle = served(write_script(turns), folder=empty)
    result = heddle("run", "Do it", "--apply", "all")
    assert (result.code, result.err.count("applied")) == (0, 2), result.err
    assert (empty / "hello.txt").read_text() == "hello"


@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap to mount a project read-only")
def test_a_project_that_cannot_be_written(served, sample):
    heddle = served()
    session = heddle("run", "Add a GET /health endpoint to the API", "--output", "stream-json").session
    heddle.before = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(sample), str(sample)]
    applied = heddle("apply", session)
    assert applied.code == 1
    assert "Nothing was written" in applied.err
    assert "cannot be written" in heddle("doctor").out
    assert "/health" not in (sample / "README.md").read_text()


def test_a_broken_config_file(heddle, config):
    path = config("roster = [")
    result = heddle("run", "Do it")
    assert result.code == 78
    assert str(path) in result.err


def test_an_unknown_setting(heddle, config):
    config('colour = "red"')
    result = heddle("run", "Do it")
    assert result.code == 78
    assert "colour" in result.err


def test_an_unknown_roster(served):
    result = served()("run", "Do it", "--roster", "none-such")
    assert result.code == 78
    assert "current" in result.err


@pytest.mark.parametrize("budget", ["-1", "0", "lots", "NaN"])
def test_a_budget_that_is_none(served, budget):
    result = served()("run", "Do it", f"--budget={budget}")
    assert result.code == 2
    assert "budget" in result.err


def test_an_empty_request(served):
    result = served()("run", "   ")
    assert result.code == 2
    assert "empty" in result.err


def test_a_log_of_a_newer_version(served, write_script):
    heddle = served()
    assert heddle("run", "Add a GET /health endpoint to the API").code == 0
    log = next((Path(os.environ["HEDDLE_HOME"]) / "data" / "sessions").glob("*.db"))
    with sqlite3.connect(log) as db:
        db.execute("PRAGMA user_version = 999")
    result = heddle("show", log.stem)
    assert result.code == 78
    assert "newer version" in result.err


@pytest.mark.parametrize("command", ["show", "changes", "apply", "undo", "accept", "reject"])
def test_a_session_that_is_not_there(heddle, command):
    result = heddle(command, "nothing")
    assert result.code == 2
    assert "heddle sessions" in result.err


def test_doctor_finds_what_is_missing(heddle):
    result = heddle("doctor")
    assert result.code == 1
    assert "Set AWS_REGION" in result.out
    assert "No AWS credentials" in result.out
