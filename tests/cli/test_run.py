"""`heddle run` and the decisions after it, end to end over the rehearsal's wire."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

HEALTH = "Add a GET /health endpoint to the API"
LRU = "Implement an LRU cache with TTL support and thread safety"
PAGES = "Add pagination to the list endpoint"
TYPES = {
    "session_started",
    "request_submitted",
    "route_decided",
    "node_started",
    "text_delta",
    "tool_started",
    "tool_finished",
    "model_called",
    "handed_off",
    "node_finished",
    "file_changed",
    "run_finished",
}


def tree(project: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a project with its bytes and mode, Git's own included."""
    return {
        str(path.relative_to(project)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(project.rglob("*"))
        if path.is_file()
    }


def run_sample_tests(project: Path) -> int:
    done = subprocess.run(["python3", "-m", "unittest", "-q"], cwd=project, capture_output=True, check=False)
    return done.returncode


@pytest.mark.parametrize(
    ("request_text", "roles"),
    [
        (HEALTH, ["router", "fast_coder", "test_engineer", "code_reviewer", "documenter"]),
        (LRU, ["router", "architect", "senior_coder", "test_engineer", "code_reviewer", "documenter"]),
    ],
)
def test_a_scenario_runs_and_writes_nothing_until_apply(
    needs_bubblewrap, served, sample, request_text, roles
):
    heddle = served()
    before = tree(sample)
    result = heddle("run", request_text, "--output", "stream-json")
    assert result.code == 0, result.err
    assert tree(sample) == before
    assert {record["type"] for record in result.records} >= TYPES
    assert [record["role"] for record in result.of("node_started")] == roles
    assert {record["outcome"] for record in result.of("tests_finished")} == {"passed"}
    assert [record["seq"] for record in result.records] == list(range(1, len(result.records) + 1))

    applied = heddle("apply", result.session)
    assert applied.code == 0, applied.err
    assert {line.removeprefix("applied ") for line in applied.out.splitlines()} == set(
        result.of("run_finished")[0]["files"]
    )
    assert run_sample_tests(sample) == 0
    assert tree(sample) != before

    assert heddle("undo", result.session).code == 0
    assert {path: seen for path, seen in tree(sample).items() if "__pycache__" not in path} == before


def test_the_reviewer_sends_the_work_back_once(served):
    result = served()("run", PAGES, "--output", "stream-json")
    assert result.code == 0, result.err
    verdicts = [(record["approved"], record["round"]) for record in result.of("verdict_given")]
    assert verdicts == [(False, 1), (True, 2)]
    back = [record for record in result.of("handed_off") if record["from_role"] == "code_reviewer"]
    assert back[0]["to_role"] in ("fast_coder", "senior_coder")
    assert "round 2" in back[0]["reason"]
    assert len(result.of("graph_planned")) == 1


def test_the_sum_is_the_sum_of_the_calls(served):
    result = served()("run", HEALTH, "--output", "stream-json")
    end = result.of("run_finished")[0]
    calls = result.of("model_called")
    total = sum(Decimal(call["cost_usd"]) for call in calls)
    assert total == Decimal(end["cost_usd"]) > 0
    assert sum(Decimal(cost) for cost in end["by_role"].values()) == total
    assert sum(Decimal(cost) for cost in end["by_model"].values()) == total
    assert len(result.of("call_started")) == len(calls)


def test_text_goes_to_stdout_and_progress_to_stderr(served):
    result = served()("run", HEALTH)
    assert "GET /health" in result.out
    assert "route   SIMPLE" in result.err
    assert "heddle apply" in result.err
    assert "route   " not in result.out


def test_json_is_the_end_alone(served):
    result = served()("run", HEALTH, "--output", "json")
    end = json.loads(result.out)
    assert (end["type"], end["status"]) == ("run_finished", "done")


def test_apply_all_writes_when_done(served, sample):
    result = served()("run", HEALTH, "--apply", "all", "--output", "stream-json")
    assert result.code == 0
    assert {record["path"] for record in result.of("change_applied")} == set(
        result.of("run_finished")[0]["files"]
    )
    assert "/health" in (sample / "README.md").read_text()


def test_a_budget_stops_before_it_is_crossed(served):
    result = served()("run", HEALTH, "--budget", "0.0004", "--output", "stream-json")
    assert result.code == 3
    end = result.of("run_finished")[0]
    assert end["status"] == "budget"
    assert Decimal(end["cost_usd"]) <= Decimal("0.0004")


def test_reject_keeps_a_file_out(served, sample):
    heddle = served()
    session = heddle("run", HEALTH, "--output", "stream-json").session
    assert heddle("reject", session, "README.md").code == 0
    states = {
        row["path"]: row["state"] for row in json.loads(heddle("changes", session, "--output", "json").out)
    }
    assert states.pop("README.md") == "rejected"
    assert set(states.values()) == {"undecided"}
    assert heddle("apply", session).code == 0
    assert "/health" not in (sample / "README.md").read_text()
    assert "/health" in (sample / "bookshelf" / "app.py").read_text()


def test_a_file_that_the_user_changed_is_never_overwritten(served, sample):
    heddle = served()
    session = heddle("run", HEALTH, "--output", "stream-json").session
    (sample / "README.md").write_text("mine\n")
    result = heddle("apply", session)
    assert result.code == 4
    assert "conflict: README.md was not written" in result.err
    assert (sample / "README.md").read_text() == "mine\n"
    assert "/health" in (sample / "bookshelf" / "app.py").read_text()


def test_sessions_are_listed_read_and_continued(served):
    heddle = served()
    session = heddle("run", HEALTH, "--output", "stream-json").session
    assert session in heddle("sessions").out
    assert session in heddle("sessions", "health").out
    assert session not in heddle("sessions", "zebra").out
    shown = heddle("show", session).out
    assert f"> {HEALTH}" in shown
    again = heddle("run", PAGES, "--continue", "--output", "stream-json")
    assert again.code == 0, again.err
    assert again.session == session
    assert again.of("run_finished")[0]["run"] == "r2"
    assert again.records[0]["type"] == "session_resumed"


def test_without_a_terminal_the_first_scenario_is_played(heddle):
    result = heddle()
    assert result.code == 0, result.err
    assert "REHEARSAL" in result.err
    assert "list price, not billed" in result.out
    assert "heddle connect" in result.out


def test_a_script_of_ones_own(heddle, tmp_path):
    script = tmp_path / "mine.toml"
    script.write_text(
        'name = "mine"\ntitle = "Mine"\nrequest = "Write a greeting"\n'
        '[[turn]]\nrole = "router"\n'
        'answer = {complexity = "SIMPLE", pattern = "graph", confidence = 1, reason = "r"}\n'
        '[[turn]]\nrole = "fast_coder"\n[[turn.call]]\nname = "write_file"\n'
        'arguments = {path = "greeting.txt", content = "hello"}\n'
        '[[turn]]\nrole = "fast_coder"\ntext = "A greeting is there."\n'
        '[[turn]]\nrole = "code_reviewer"\nanswer = {approved = true, must_fix = []}\n'
    )
    result = heddle("rehearse", str(script), "--speed", "0", "--output", "stream-json")
    assert result.code == 0, result.err
    assert result.of("run_finished")[0]["files"] == ["greeting.txt"]


def test_an_output_without_our_characters_gets_their_code_points(heddle, tmp_path):
    script = tmp_path / "mine.toml"
    script.write_text(
        'name = "mine"\ntitle = "Mine"\nrequest = "What is there"\n'
        '[[turn]]\nrole = "researcher"\ntext = "Nothing → “at all”."\n'
    )
    heddle.settings["PYTHONIOENCODING"] = "ascii"
    result = heddle("rehearse", str(script), "--speed", "0")
    assert result.code == 0, result.err
    assert "Nothing \\u2192 \\u201cat all\\u201d." in result.out
