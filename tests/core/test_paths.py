"""Where Heddle keeps things."""

import os
import stat
from pathlib import Path

from core.paths import find_home, make_private, project_key


def test_heddle_home_moves_everything_under_one_folder(tmp_path):
    home = find_home({"HEDDLE_HOME": str(tmp_path / "h"), "XDG_DATA_HOME": "/elsewhere"})
    assert {home.config, home.data, home.state} == {
        tmp_path / "h" / name for name in ("config", "data", "state")
    }
    assert not (tmp_path / "h").exists()


def test_a_relative_or_short_home_becomes_a_whole_path(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert find_home({"HEDDLE_HOME": "h"}).data == tmp_path / "h" / "data"
    assert find_home({"HEDDLE_HOME": "~/h"}).data == Path.home() / "h" / "data"


def test_sockets_stay_short_and_apart(tmp_path):
    long = tmp_path / ("x" * 200)
    long.mkdir()
    first = find_home({"HEDDLE_HOME": str(long), "XDG_RUNTIME_DIR": str(long)})
    second = find_home({"HEDDLE_HOME": str(tmp_path / "b")})
    assert first.runtime != second.runtime
    assert len(str(first.runtime)) + len("/20260131-120000-k3f9.sock") < 107


def test_a_project_has_one_key_by_its_real_place(tmp_path):
    project = tmp_path / "my projekt \u202eü"
    project.mkdir()
    (tmp_path / "link").symlink_to(project)
    assert (
        project_key(project) == project_key(tmp_path / "link") == project_key(project / ".." / project.name)
    )
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / project.name
    other.mkdir()
    assert project_key(other) != project_key(project)
    key = project_key(project)
    assert key.isascii() and "/" not in key and not key.startswith(("-", "."))
    assert project_key(Path("/")).startswith("root-")
    assert len(project_key(tmp_path / ("y" * 200))) < 60
    assert project_key(Path(os.fsdecode(b"/tmp/\xff"))).isascii()


def test_a_private_folder_is_its_owners_alone(tmp_path):
    before = os.umask(0)
    try:
        folder = make_private(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert make_private(folder) == folder
