"""A node's step: a commit of its own, told with its changes and with whose lines it rewrote."""

from typing import Any

import pytest

from core.events import ChangeWithdrawn, FileChanged, OverlapFound, StageCommitted
from core.stage import Stage
from core.stage.steps import Who, take_step

LINES = [b"line %d\n" % n for n in range(30)]


class Nodes:
    """Nodes of one run that write in turn."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.known: set[tuple[str, frozenset[str]]] = set()

    def write(self, node: str, path: str, data: bytes, *, run: str = "r1") -> list[Any]:
        self.stage.write(path, data)
        return take_step(self.stage, [path], Who(run, node, node), "write_file", self.known)


@pytest.fixture
def nodes(stage: Stage) -> Nodes:
    return Nodes(stage)


def lines(**other: bytes) -> bytes:
    """The thirty lines with some of them replaced (`at3=…`)."""
    return b"".join(other.get(f"at{n}", line) for n, line in enumerate(LINES))


def test_a_step_is_a_commit_with_the_role_as_author(nodes: Nodes, git: Any):
    changed, committed = nodes.write("fast_coder", "src/util.py", lines(at3=b"three\n"))
    assert isinstance(changed, FileChanged) and changed.path == "src/util.py"
    assert isinstance(committed, StageCommitted)
    assert (committed.role, committed.paths, committed.message) == (
        "fast_coder", ("src/util.py",), "write_file",
    )  # fmt: skip
    shadow = nodes.stage.folder / "shadow.git"
    author, files = git(
        shadow, "show", "--format=%an", "--name-only", "--no-renames", committed.commit
    ).split("\n\n")
    assert (author, files.split()) == ("fast_coder", ["work/src/util.py"])


def test_what_changes_nothing_is_no_step(nodes: Nodes):
    events = nodes.write("fast_coder", "src/util.py", lines())
    assert not [event for event in events if isinstance(event, StageCommitted)]
    nodes.write("fast_coder", "src/util.py", lines(at1=b"one\n"))
    events = nodes.write("fast_coder", "src/util.py", lines(at1=b"one\n"))
    assert not [event for event in events if isinstance(event, StageCommitted)]


def test_a_step_that_takes_a_change_back_is_one(nodes: Nodes):
    nodes.write("fast_coder", "src/util.py", lines(at1=b"one\n"))
    kinds = [type(event) for event in nodes.write("fast_coder", "src/util.py", lines())]
    assert kinds == [ChangeWithdrawn, StageCommitted]


def test_rewriting_the_lines_of_another_node_is_an_overlap_once(nodes: Nodes):
    nodes.write("senior_coder", "src/util.py", lines(at3=b"three\n", at4=b"four\n"))
    events = nodes.write("fast_coder", "src/util.py", lines(at3=b"3\n", at4=b"four\n"))
    (overlap,) = [event for event in events if isinstance(event, OverlapFound)]
    assert (overlap.path, overlap.node, overlap.other_node, overlap.other_role) == (
        "src/util.py", "fast_coder", "senior_coder", "senior_coder",
    )  # fmt: skip
    events = nodes.write("fast_coder", "src/util.py", lines(at3=b"3\n", at4=b"4\n"))
    assert not [event for event in events if isinstance(event, OverlapFound)]


def test_deleting_them_is_one_too(nodes: Nodes):
    nodes.write("senior_coder", "src/util.py", lines(at3=b"three\n"))
    nodes.stage.delete("src/util.py")
    events = take_step(nodes.stage, ["src/util.py"], Who("r1", "x", "x"), "delete", nodes.known)
    assert [event.other_node for event in events if isinstance(event, OverlapFound)] == ["senior_coder"]


@pytest.mark.parametrize(
    ("node", "run", "data"),
    [
        ("fast_coder", "r1", lines(at3=b"three\n", at20=b"twenty\n")),  # lines elsewhere
        ("senior_coder", "r1", lines(at3=b"3\n")),  # its own
        ("fast_coder", "r2", lines(at3=b"3\n")),  # another run's
    ],
)
def test_all_else_is_none(nodes: Nodes, node: str, run: str, data: bytes):
    nodes.write("senior_coder", "src/util.py", lines(at3=b"three\n"))
    events = nodes.write(node, "src/util.py", data, run=run)
    assert not [event for event in events if isinstance(event, OverlapFound)]


def test_a_step_of_very_many_files_names_the_first(stage: Stage):
    paths = [f"many/{n}.txt" for n in range(300)]
    for path in paths:
        stage.write(path, b"x\n")
    (committed,) = [
        event
        for event in take_step(stage, paths, Who("r1", "a", "a"), "run_command", set())
        if isinstance(event, StageCommitted)
    ]
    assert committed.paths == tuple(paths[:200])
