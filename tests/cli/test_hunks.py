"""Hunks and conflicts from the command line."""

import json
import os

import pytest

from tests.cli.conftest import HEALTH
from tests.support.scripted import script_in, simple

MADE = """
[[turn]]
role = "fast_coder"
[[turn.call]]
name = "write_file"
arguments = { path = "made.txt", content = "made\\n" }
[[turn]]
role = "fast_coder"
text = "It is made."
"""


@pytest.fixture
def run(served, sample):
    heddle = served()
    session = heddle("run", HEALTH, "--output", "stream-json").session

    def changes():
        rows = json.loads(heddle("changes", session, "--output", "json").out)
        return {row["path"]: row for row in rows}

    return heddle, session, changes


def test_a_hunk_is_rejected_with_a_reason_and_the_rest_is_written(run, sample):
    heddle, session, changes = run
    path, row = next((path, row) for path, row in changes().items() if row["hunks"])
    hunk = row["hunks"][-1]
    assert hunk["state"] == "undecided" and hunk["role"] and hunk["run"] == "r1"
    assert hunk["new"] and all(line in row["patch"] for line in hunk["new"].splitlines())
    before = (sample / path).read_text()
    result = heddle("reject", session, f"{path}#{hunk['id'][:6]}", "--comment", "not that")
    assert (result.code, result.out.strip()) == (0, f"rejected {path}#{hunk['id']}")
    (now,) = [each for each in changes()[path]["hunks"] if each["id"] == hunk["id"]]
    assert (now["state"], now["comment"]) == ("rejected", "not that")
    assert heddle("apply", session).code == 0
    assert hunk["new"] not in (sample / path).read_text()
    if len(row["hunks"]) > 1:
        assert (sample / path).read_text() != before
    assert heddle("undo", session).code == 0
    assert (sample / path).read_text() == before


def test_a_project_whose_name_is_no_text_is_found_again(served, tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    heddle = served(script_in(tmp_path, simple(MADE)), folder=folder)
    session = heddle("run", "Do it", "--output", "stream-json").session
    assert heddle("run", "Do it", "--continue", "--output", "stream-json").session == session
    assert (applied := heddle("apply", session)).code == 0, applied
    assert (folder / "made.txt").read_text() == "made\n"
    for command in ("cost", "routes", "sessions"):
        (whole, own) = (heddle(command, *words, "--output", "json").out for words in ((), ("--project", ".")))
        assert own == whole and own.strip() not in ("[]", "")
    assert heddle("undo", session).code == 0 and not (folder / "made.txt").exists()


def test_what_is_not_there_is_said(run):
    heddle, session, changes = run
    path, row = next((path, row) for path, row in changes().items() if row["hunks"])
    whole = next(path for path, row in changes().items() if not row["hunks"])
    for name, code, says in (
        (f"{path}#zzzzzzzz", 2, f"{path} has no hunk zzzzzzzz. It has these: {row['hunks'][0]['id']}"),
        (f"{path}#", 2, f"{path} has no hunk"),
        (f"{whole}#12345678", 2, "is decided whole"),
        ("nothing#12345678", 1, "No change of nothing#12345678 waits"),
    ):
        result = heddle("accept", session, name)
        assert (result.code, says in result.err) == (code, True), result.err
    assert {each["state"] for each in changes().values()} == {"undecided"}


@pytest.mark.parametrize("take", ["--ours", "--theirs", "--merged"])
def test_a_conflict_is_resolved(run, sample, tmp_path, take):
    heddle, session, changes = run
    path, row = next((path, row) for path, row in changes().items() if row["hunks"])
    hunk = row["hunks"][0]
    lines = (sample / path).read_text().splitlines(keepends=True)
    lines.insert(hunk["old_start"] - (hunk["old_lines"] > 0), "# mine\n")
    mine = "".join(lines)
    (sample / path).write_text(mine)
    result = heddle("apply", session)
    assert result.code == 4 and "conflict: " in result.err and "<<<<<<< project" in result.out
    assert (sample / path).read_text() == mine and changes()[path]["conflict"]["regions"] == 1
    (tmp_path / "merged").write_text("<<<<<<< project\n")
    assert heddle("resolve", session, path, "--merged", str(tmp_path / "merged")).code == 2
    (tmp_path / "merged").write_text("both\n")
    way = [take, str(tmp_path / "merged")] if take == "--merged" else [take]
    assert heddle("resolve", session, path, *way).code == 0
    assert heddle("resolve", session, path, *way).code == 2
    heddle("apply", session)
    now = (sample / path).read_text()
    assert {"--ours": "# mine\n" in now, "--theirs": hunk["new"] in now, "--merged": now == "both\n"}[take]


def test_blame_says_who_wrote_each_line(run):
    heddle, session, changes = run
    path, row = next((path, row) for path, row in changes().items() if row["hunks"])
    hunk = row["hunks"][0]
    assert heddle("accept", session, f"{path}#{hunk['id']}").code == 0
    lines = json.loads(heddle("blame", session, path, "--output", "json").out)
    mine = lines[hunk["new_start"] - 1]
    assert (mine["role"], mine["run"], mine["approved_by"]) == (hunk["role"], "r1", ["cli"])
    assert mine["model"] and float(mine["cost_usd"]) > 0 and mine["text"] in hunk["new"]
    assert {line["role"] for line in lines} > {""}
    shown = heddle("blame", session, path)
    assert (shown.code, len(shown.out.splitlines())) == (0, len(lines)) and mine["model"] in shown.out
    result = heddle("blame", session, "no/such/file")
    assert (result.code, "No agent has written a line of no/such/file" in result.err) == (2, True)
