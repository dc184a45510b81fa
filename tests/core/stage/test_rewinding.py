"""Rewinding the stage: what it was, the way forward, what was applied or edited meanwhile, and crashes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from core.stage import Stage
from core.stage.apply import apply
from core.stage.change import StageError
from core.stage.rewinding import forget_note, read_note

LINES = [b"line %d\n" % n for n in range(30)]
UTIL = "src/util.py"


def lines(**other: bytes) -> bytes:
    return b"".join(other.get(f"at{n}", line) for n, line in enumerate(LINES))


def put(stage: Stage, path: str, data: bytes | None, role: str = "fast_coder") -> str:
    """A step; returns its commit."""
    if data is None:
        stage.delete(path)
    else:
        stage.write(path, data)
    stage.record([path], run="r1", node=role, role=role, message="write_file")
    return stage.head


def rewind(stage: Stage, point: str) -> str:
    """Rewind as a session does; returns where the stage was."""
    done = stage.rewind(point)
    forget_note(stage.folder)
    return done.from_commit


def held(stage: Stage) -> dict[str, bytes | None]:
    return {change.path: change.new for change in stage.changes()}


def tree(stage: Stage) -> dict[str, bytes]:
    return {
        os.path.relpath(place, stage.tree): place.read_bytes()
        for place in stage.tree.rglob("*")
        if place.is_file()
    }


def test_the_stage_is_what_it_was_and_can_go_forward_again(stage: Stage):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    before = held(stage), tree(stage)
    put(stage, "new.py", b"new\n")
    put(stage, "README.md", None)
    last = put(stage, UTIL, lines(at3=b"3\n"))
    after = held(stage), tree(stage)
    assert rewind(stage, first) == last
    assert (held(stage), tree(stage)) == before
    rewind(stage, last[:8])
    assert (held(stage), tree(stage)) == after
    rewind(stage, "start")
    assert held(stage) == {}
    assert (stage.tree / "README.md").read_bytes() == b"# Changed\n"
    rewind(stage, last)
    assert (held(stage), tree(stage)) == after


def test_both_ways_stay_reachable_in_the_history(stage: Stage, git: Any):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    last = put(stage, "new.py", b"new\n")
    rewind(stage, first)
    assert git(stage.folder / "shadow.git", "log", "-1", "--format=%an %P", "work").split() == [
        "user", first, last,
    ]  # fmt: skip


def test_lines_keep_their_authors(stage: Stage):
    first = put(stage, UTIL, lines(at3=b"three\n"), "senior_coder")
    put(stage, UTIL, lines(at3=b"3\n"), "fast_coder")
    rewind(stage, first)
    put(stage, UTIL, lines(at3=b"three\n", at9=b"nine\n"), "fast_coder")
    spans = stage.authors(UTIL).spans
    assert [(s.first, s.origin.role) for s in spans if s.origin] == [(4, "senior_coder"), (10, "fast_coder")]


def test_what_was_applied_since_is_not_proposed_to_be_taken_back(stage: Stage, journals: Path):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    put(stage, "new.py", b"new\n")
    apply(stage.project, stage.changes(), journals)
    stage.rebase(["new.py", UTIL])
    rewind(stage, "start")
    assert held(stage) == {} and (stage.tree / "new.py").read_bytes() == b"new\n"
    rewind(stage, first)
    assert held(stage) == {}


def test_a_state_before_what_was_applied_differs_from_the_project_by_it(stage: Stage, journals: Path):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    put(stage, UTIL, lines(at3=b"3\n"))
    apply(stage.project, stage.changes(), journals)
    stage.rebase([UTIL])
    rewind(stage, first)
    (change,) = stage.changes()
    assert (change.old, change.new) == (lines(at3=b"3\n"), lines(at3=b"three\n"))


def test_the_users_own_edit_since_is_kept(stage: Stage):
    point = put(stage, UTIL, lines(at3=b"three\n"))
    stage.revert(UTIL)
    (stage.project / UTIL).write_bytes(lines(at20=b"mine\n"))
    assert stage.refresh() == [UTIL]
    rewind(stage, point)
    (change,) = stage.changes()
    assert (change.old, change.new) == (lines(at20=b"mine\n"), lines(at3=b"three\n", at20=b"mine\n"))


@pytest.mark.parametrize("then", [lines(at3=b"three\n"), b"\0binary", None], ids=("text", "binary", "gone"))
def test_an_edit_that_collides_is_met_at_the_apply(stage: Stage, then: bytes | None):
    point = put(stage, UTIL, then)
    stage.revert(UTIL)
    (stage.project / UTIL).write_bytes(lines(at3=b"mine\n"))
    os.utime(stage.project / UTIL, (10**9, 10**9))
    stage.refresh()
    rewind(stage, point)
    (change,) = stage.changes()
    assert (change.old, change.new) == (lines(), then)
    stage.revert(UTIL)
    assert stage.refresh() == [UTIL]
    assert (stage.tree / UTIL).read_bytes() == lines(at3=b"mine\n")


def test_what_was_written_and_not_recorded_goes(stage: Stage):
    put(stage, UTIL, lines(at3=b"three\n"))
    stage.write("half.py", b"half\n")
    stage.write("src/app.py", b"half\n")
    rewind(stage, "start")
    assert not (stage.tree / "half.py").exists()
    assert (stage.tree / "src/app.py").read_bytes() == b"def app():\n    return 1\n"
    assert stage.status() == []


@pytest.mark.parametrize("name", ["", "abc", "0" * 40, "main", "HEAD", "start~1", "zzzz", "deadbeef"])
def test_there_is_no_such_point(stage: Stage, name: str):
    put(stage, UTIL, lines(at3=b"three\n"))
    before = held(stage), stage.head
    with pytest.raises(StageError, match="heddle rewind"):
        stage.rewind(name)
    assert (held(stage), stage.head) == before and read_note(stage.folder) is None


def test_where_a_file_cannot_be_put_the_stage_is_as_it_was(stage: Stage):
    point = put(stage, "a/b.py", b"b\n")
    rewind(stage, "start")
    put(stage, UTIL, lines(at3=b"three\n"))
    before = held(stage), tree(stage)
    (stage.tree / "a" / "b.py").mkdir(parents=True)
    with pytest.raises(StageError, match="folder"):
        stage.rewind(point)
    assert (held(stage), tree(stage)) == before and read_note(stage.folder) is None


def test_a_tree_that_was_removed_comes_back_as_it_was_rewound(stage: Stage):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    put(stage, "new.py", b"new\n")
    rewind(stage, first)
    before = held(stage), tree(stage)
    stage.remove_tree()
    again = Stage.open(stage.folder)
    assert (held(again), tree(again)) == before


_KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from core.stage import Stage
left = int(sys.argv[3])
def trace(event, args):
    global left
    if event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "open", "os.link"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
stage = Stage.open(Path(sys.argv[1]))
sys.addaudithook(trace)
stage.rewind(sys.argv[2])
"""


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 7, 9, 12, 15, 19, 24])
def test_a_kill_half_way_is_gone_on_from(stage: Stage, tmp_path: Path, at: int):
    first = put(stage, UTIL, lines(at3=b"three\n"))
    put(stage, "new.py", b"new\n")
    wanted = held(stage), tree(stage)
    put(stage, "new.py", None)
    put(stage, "README.md", None)
    put(stage, "other/x.py", b"x\n")
    last = put(stage, UTIL, lines(at9=b"9\n"))
    now = held(stage), tree(stage)
    rewind(stage, first)
    put(stage, "new.py", b"new\n")
    point = stage.head
    rewind(stage, last)
    script = _KILLED.format(root=os.fspath(Path(__file__).parents[3]))
    done = subprocess.run(
        [sys.executable, "-c", script, stage.folder, point, str(at)], capture_output=True, check=False
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    again = Stage.open(stage.folder)
    note = read_note(again.folder)
    if note is None:
        assert (held(again), tree(again)) == now
        return
    assert note.commit == point
    origin = rewind(again, note.commit)
    assert (held(again), tree(again)) == wanted
    rewind(again, origin)
    assert (held(again), tree(again)) == now


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=3) | st.none()), min_size=1, max_size=8),
    st.data(),
)
def test_any_point_comes_back_exactly(tmp_path_factory: Any, steps: list[Any], data: Any):
    top = tmp_path_factory.mktemp("any")
    (top / "project").mkdir()
    (top / "project" / "a").write_bytes(b"a\n")
    stage = Stage.create(top / "project", top / "stage")
    points = {"start": (held(stage), tree(stage))}
    for path, content in steps:
        if content is None and not (stage.tree / path).exists():
            continue
        point = put(stage, path, content)
        points[point] = held(stage), tree(stage)
    for _ in range(4):
        point = data.draw(st.sampled_from(sorted(points)))
        rewind(stage, point)
        assert (held(stage), tree(stage)) == points[point]
