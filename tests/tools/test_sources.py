"""Source files as text: kept as long as they are the same, read anew as soon as they may not be."""

import os
import threading
import time
from pathlib import Path

import pytest

from core.stage import Stage
from core.stage.change import OutsideStage
from tests.support.waiting import until
from tools.sources import source_of
from tools.workbench import ToolError, Workbench


@pytest.fixture
def bench(tmp_path) -> Workbench:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").write_text("one = 1\n")
    (tmp_path / "project" / "b.py").write_text("two = 2\n")
    stage = Stage.create(tmp_path / "project", tmp_path / "stage")
    return Workbench(stage, None, threading.Event(), "r1", "n", "architect")  # type: ignore[arg-type]


def settled(path: Path) -> None:
    """Wait until the file's time stamp is so old that the next change will have another one."""
    assert until(lambda: time.time_ns() - path.stat().st_ctime_ns > 100_000_000)


def test_a_file_that_stays_the_same_is_read_once(bench):
    settled(bench.stage.tree / "a.py")
    first = source_of(bench, "a.py")
    assert first.lines == ["one = 1", ""]
    assert source_of(bench, "a.py") is first


def test_one_that_was_written_a_moment_ago_is_read_each_time(bench):
    """A second change within one tick of the file system's clock would leave the same stamp."""
    place = bench.stage.tree / "a.py"
    place.write_text("one = 1\n")
    first = source_of(bench, "a.py")
    assert source_of(bench, "a.py") is not first or time.time_ns() - place.stat().st_ctime_ns > 50_000_000


def test_a_change_of_the_same_size_counts_whatever_time_the_file_says_it_has(bench):
    place = bench.stage.tree / "a.py"
    settled(place)
    before = place.stat()
    assert source_of(bench, "a.py").text == "one = 1\n"
    place.write_text("six = 6\n")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source_of(bench, "a.py").text == "six = 6\n"


def test_what_became_a_link_is_followed_inside_of_the_stage_alone(bench, tmp_path):
    place = bench.stage.tree / "a.py"
    settled(place)
    settled(bench.stage.tree / "b.py")
    assert source_of(bench, "a.py").place == "a.py"
    place.unlink()
    place.symlink_to("b.py")
    assert source_of(bench, "a.py").place == "b.py"
    place.unlink()
    (tmp_path / "outside.py").write_text("password = 1\n")
    place.symlink_to(tmp_path / "outside.py")
    with pytest.raises(OutsideStage):
        source_of(bench, "a.py")
    place.unlink()
    with pytest.raises(ToolError, match=r"a\.py"):
        source_of(bench, "a.py")
