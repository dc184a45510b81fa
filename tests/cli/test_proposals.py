"""What agents propose for the user's repository, from the command line."""

import json
import subprocess

import pytest

from tests.support.scripted import simple

SCRIPT = simple("""
[[turn]]
role = "fast_coder"
[[turn.call]]
name = "write_file"
arguments.path = "new.md"
arguments.content = "new"
[[turn.call]]
name = "other_tools"
arguments.tool = "create_branch"
arguments.arguments = '{"branch": "feature/new"}'
[[turn.call]]
name = "other_tools"
arguments.tool = "commit"
arguments.arguments = '{"message": "Add new.md"}'
[[turn]]
role = "fast_coder"
text = "Done."
""")


@pytest.fixture
def git(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.txt").write_text("a\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    monkeypatch.setenv("HOME", str(home))

    def run(*words):
        return subprocess.run(["git", *words], cwd=project, check=True, capture_output=True, text=True).stdout

    run("init", "-q", "-b", "main")
    run("add", "-A")
    run("commit", "-qm", "first")
    return project, run


def test_what_a_model_proposes_is_made_once_it_is_approved(served, write_script, git):
    project, run = git
    heddle = served(write_script(SCRIPT), folder=project)
    result = heddle("run", "Do it", "--output", "stream-json")
    session = result.session
    rows = json.loads(heddle("proposals", session, "--output", "json").out)
    assert [(row["action"], row["state"], row["branch"], row["paths"]) for row in rows] == [
        ("create_branch", "waiting", "feature/new", []),
        ("commit", "waiting", "feature/new", ["new.md"]),
    ]
    branch, commit = (row["id"] for row in rows)
    assert run("branch", "--list", "--format=%(refname:short)").split() == ["main"]
    result = heddle("proposals", session, commit, "--approve")
    assert (result.code, "which you have not decided on" in result.err) == (1, True)
    assert heddle("accept", session).code == 0
    assert "approve the branch first" in heddle("proposals", session, commit, "--approve").err
    result = heddle("proposals", session, branch, "--approve")
    assert (result.code, result.out) == (0, "made feature/new\n")
    result = heddle("proposals", session, commit, "--approve")
    assert (result.code, result.out) == (0, f"made {run('rev-parse', 'HEAD')}")
    assert run("log", "--format=%an %s %D", "-1").strip() == "Ada Add new.md HEAD -> feature/new"
    assert run("status", "--porcelain") == ""
    shown = heddle("proposals", session, commit)
    assert "Add new.md" in shown.out and shown.out.startswith("done")
    assert heddle("proposals", session, commit, "--refuse").code == 1
    assert heddle("proposals", session, "g0", "--refuse").code == 2
    assert heddle("proposals", session, "--approve").code == 2
