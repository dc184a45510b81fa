"""Tools that look through the stage by names: what becomes a link, a pipe or another folder meanwhile leads them nowhere.

A command of one node can exchange a name at any moment while a tool of another looks. Here the moment is
chosen: the tool's own check is told that all is well, and what it then uses is the link.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from core.sandbox.looking import only_looking
from core.sandbox.process import Launch, supervise
from core.stage.location import normalise
from core.stage.staged import StagedFiles
from core.stage.survey import Rules
from tools.packages.installing import _copy_settings
from tools.packages.locks import text_of
from tools.runners import find_kind
from tools.targets import test_script

CODE = "def canary_outside(a):\n    return a\n"
LOOKS = [
    ("search_files", {"pattern": "canary|def", "path": "sub"}),
    ("search_files", {"pattern": "canary|def", "path": "sub/canary.py"}),
    ("search_files", {"pattern": "canary|def"}),
    ("list_directory", {"path": "sub"}),
    ("find_files", {"pattern": "*", "path": "sub"}),
    ("parse_ast", {"path": "sub/canary.py"}),
    ("analyze_complexity", {"path": "sub/canary.py"}),
    ("read_file", {"path": "sub/canary.py"}),
    ("git_blame", {"path": "sub/canary.py"}),
    ("edit_file", {"path": "sub/canary.py", "old": "return a", "new": "evil"}),
    ("write_file", {"path": "sub/canary.py", "content": "evil"}),
]


@pytest.fixture
def swapped(use, project, tmp_path, monkeypatch) -> Path:
    """The stage has a link to a folder outside where its folder `sub` was when the tools checked the path."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary.py").write_text(CODE)
    (project / "sub").mkdir()
    (project / "sub" / "inner.py").write_text("x = 1\n")
    assert use("list_directory", path="sub").ok
    tree = tmp_path / "stage" / "tree"
    shutil.rmtree(tree / "sub")
    (tree / "sub").symlink_to(outside)
    monkeypatch.setattr(StagedFiles, "locate", lambda self, path: normalise([str(self.tree)], path))
    return outside


@pytest.mark.parametrize(("name", "arguments"), LOOKS)
def test_what_became_a_link_after_the_check_leads_no_tool_out(
    needs_bubblewrap, use, swapped, name, arguments
):
    said = use(name, **arguments).text
    assert "canary" not in said.replace("sub/canary.py", "").replace("canary|def", "")
    assert [each.name for each in swapped.iterdir()] == ["canary.py"]
    assert (swapped / "canary.py").read_text() == CODE


@pytest.mark.parametrize("name", ["search_files", "parse_ast", "analyze_complexity"])
def test_without_the_sandbox_these_would_follow_it(use, swapped, monkeypatch, name):
    for module in ("search", "outline"):
        monkeypatch.setattr(f"tools.{module}.only_looking", lambda words, _: list(words))
    arguments = {"pattern": "canary"} if name == "search_files" else {}
    assert "canary_outside" in use(name, path="sub/canary.py", **arguments).text


def test_a_folder_exchanged_in_the_middle_of_a_walk_is_not_entered(use, project, tmp_path, monkeypatch):
    """Between the moment when its own folder names it and the one when it is opened."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary.py").write_text(CODE)
    (project / "sub").mkdir()
    (project / "sub" / "inner.py").write_text("x = 1\n")
    assert use("list_directory").ok
    tree, ignores = tmp_path / "stage" / "tree", Rules.ignores

    def exchange(self, path, *, folder):
        if path == "sub" and not (tree / "sub").is_symlink():
            (tree / "sub").rename(tree.parent / "kept")
            (tree / "sub").symlink_to(outside)
        return ignores(self, path, folder=folder)

    monkeypatch.setattr(Rules, "ignores", exchange)
    assert "canary" not in use("find_files", pattern="*").text
    (tree / "sub").unlink()
    (tree.parent / "kept").rename(tree / "sub")
    assert "canary" not in use("list_directory", depth=3).text


def test_only_what_is_looked_at_can_be_seen_and_nothing_changed(needs_bubblewrap, tmp_path, shell):

    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "in.txt").write_text("inside")
    (tmp_path / "out.txt").write_text("outside")
    script = "cat in.txt ../out.txt; echo x > new; echo x > /tmp/new; ls /proc; cat /etc/shadow"
    argv = only_looking(["/bin/sh", "-c", script], tmp_path / "tree")
    launch = Launch(
        argv=argv, environment={"PATH": "/usr/bin:/bin"}, folder=tmp_path / "tree", shell=True, alone=True
    )
    ended = supervise(launch, seconds=20, stopped=lambda: False)
    assert ended.output.startswith("inside")
    assert "outside" not in ended.output and "root:" not in ended.output and "self" not in ended.output
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.txt", "tree"]


@pytest.mark.parametrize("name", ["package.json", "pyproject.toml", "requirements.txt", "go.mod", "Makefile"])
def test_a_pipe_or_a_link_with_a_known_name_is_no_such_file(use, project, tmp_path, name):
    """A pipe would keep whoever reads it waiting, without an end and without a way to stop it."""
    told = json.dumps({"scripts": {"test": "node --test"}})
    (tmp_path / "outside").write_text(f"{told}\n[tool.pytest]\ntest:\n\ttrue\nmodule evil\n")
    assert use("list_directory").ok
    tree = tmp_path / "stage" / "tree"
    for make in (os.mkfifo, lambda place: place.symlink_to(tmp_path / "outside")):
        make(tree / name)
        assert text_of(tree / name) == test_script(tree) == ""
        assert find_kind(tree, None) in (None, "go", "pytest", "unittest")
        assert "evil" not in use("audit_security").text
        (tree / name).unlink()


def test_what_an_installation_left_is_not_written_through(tmp_path, monkeypatch):
    """The user's own settings are put beside the stage, where a package's build script may have put a link."""
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.toml").write_text("[net]\n")
    (tmp_path / "packages" / "cargo").mkdir(parents=True)
    (tmp_path / "packages" / "cargo" / "config.toml").symlink_to(tmp_path / "made")
    _copy_settings(tmp_path / "packages")
    assert not (tmp_path / "made").exists()
    shutil.rmtree(tmp_path / "packages" / "cargo")
    (tmp_path / "packages" / "cargo").symlink_to(tmp_path)
    _copy_settings(tmp_path / "packages")
    assert not (tmp_path / "config.toml").exists()
    (tmp_path / "packages" / "cargo").unlink()
    _copy_settings(tmp_path / "packages")
    assert (tmp_path / "packages" / "cargo" / "config.toml").read_text() == "[net]\n"
