"""`kill -9` before every step of apply, undo and recovery: the project is the old tree or the new one."""

import errno
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.stage import Stage, progress
from core.stage.apply import ApplyFailed, apply, recover, undo
from core.stage.journal import Journals

BIG = b"".join(b"%07d\n" % n for n in range(20_000))


@dataclass
class Scene:
    project: Path
    journals: Path
    changes: Path
    old: dict
    new: dict
    driver: subprocess.Popen
    picture: Callable[..., dict]

    def crash(self, act: str, kill: int) -> bool:
        """True when the child was killed, False when it came to its end."""
        order = {
            "act": act,
            "project": str(self.project),
            "journals": str(self.journals),
            "changes": str(self.changes),
            "kill": kill,
        }
        self.driver.stdin.write(json.dumps(order) + "\n")
        self.driver.stdin.flush()
        answer = self.driver.stdout.readline().strip()
        assert answer in ("killed", "done"), answer
        return answer == "killed"

    def state(self) -> str:
        """Which tree the project is."""
        now = self.picture(self.project)
        if now == self.old:
            return "old"
        if now == self.new:
            return "new"
        both = {name for name in now.keys() | self.old.keys() if now.get(name) != self.old.get(name)}
        raise AssertionError(f"neither the old nor the new tree: {sorted(both)}")

    def settle(self) -> None:
        """The old tree again, with an undo if the apply came through."""
        if self.state() == "new":
            undo(self.project, self.journals)
        assert self.state() == "old"
        assert Journals(self.journals).unfinished() == []


@pytest.fixture
def scene(picture) -> Iterator[Scene]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        top = Path(name)
        project = top / "project"
        _make(project)
        stage = Stage.create(project, top / "stage")
        mark = stage.mark()
        _work(stage.tree)
        changes = stage.record(stage.changed_since(mark), run="r1", node="n", role="n", message="m")
        kinds = {change.kind for change in changes}
        assert kinds == {"added", "modified", "deleted", "renamed"}
        (top / "changes").write_bytes(pickle.dumps(changes))
        old = picture(project)
        apply(project, changes, top / "journals")
        new = picture(project)
        undo(project, top / "journals")
        assert picture(project) == old != new
        shutil.rmtree(top / "journals")
        driver = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_driver.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with driver:
            yield Scene(project, top / "journals", top / "changes", old, new, driver, picture)
            driver.stdin.close()


def _make(project: Path) -> None:
    for folder in ("a/deep", "box", "keep"):
        (project / folder).mkdir(parents=True)
    (project / "box").chmod(0o750)
    for name in ("a/deep/gone", "box/only", "swap", "keep/mode", "keep/edit"):
        (project / name).write_bytes(name.encode() * 20 + b"\n")
    (project / "moves").write_bytes(BIG)
    (project / "twin").write_bytes(BIG)
    os.link(project / "twin", project.parent / "twin")
    (project / "link").symlink_to("keep/edit")


def _work(tree: Path) -> None:
    (tree / "a/deep/gone").unlink()
    (tree / "box/only").unlink()
    (tree / "box").rmdir()
    (tree / "box").write_bytes(b"a file now\n")
    (tree / "swap").unlink()
    (tree / "swap").mkdir()
    (tree / "swap/inner").write_bytes(b"inner\n")
    (tree / "keep/mode").chmod(0o755)
    (tree / "keep/edit").write_bytes(b"edited\n")
    (tree / "moves").rename(tree / "moved")
    (tree / "twin").write_bytes(BIG[::-1] + b"longer")
    (tree / "link").unlink()
    (tree / "link").symlink_to("keep/mode")
    (tree / "new/deep").mkdir(parents=True)
    (tree / "new/deep/file").write_bytes(b"")


def test_killed_anywhere_in_an_apply(scene: Scene) -> None:
    ends = {"old": 0, "new": 0}
    kill = 0
    while scene.crash("apply", kill):
        recover(scene.journals)
        ends[scene.state()] += 1
        assert recover(scene.journals) == []
        scene.settle()
        kill += 1
    assert scene.state() == "new"
    assert kill > 40
    assert ends == {"old": kill, "new": 0}


def test_killed_anywhere_in_an_undo(scene: Scene) -> None:
    assert not scene.crash("apply", 10_000)
    kill = 0
    while scene.crash("undo", kill):
        said = recover(scene.journals)
        assert scene.state() == "new"
        assert len(said) <= 1
        kill += 1
    assert kill > 40
    scene.settle()


@pytest.mark.parametrize("share", [0.4, 0.7, 0.98])
def test_killed_anywhere_in_the_recovery(scene: Scene, share: float) -> None:
    steps = 0
    while scene.crash("apply", steps):
        recover(scene.journals)
        steps += 8
    scene.settle()
    kill = 0
    while True:
        assert scene.crash("apply", int((steps - 8) * share))
        if not scene.crash("recover", kill):
            break
        recover(scene.journals)
        assert scene.state() == "old"
        kill += 1
    assert scene.state() == "old"
    assert kill > 5


def test_the_next_apply_recovers_by_itself(scene: Scene) -> None:
    assert scene.crash("apply", 35)
    assert scene.picture(scene.project) != scene.old
    assert not scene.crash("apply", 10_000)
    assert scene.state() == "new"


def test_what_the_user_wrote_after_the_crash_stays(scene: Scene) -> None:
    kill = 0
    while scene.crash("apply", kill):
        edited = (scene.project / "keep/edit").read_bytes() == b"edited\n"
        if edited:
            break
        recover(scene.journals)
        kill += 1
    (scene.project / "keep/edit").write_bytes(b"by the user, after the crash\n")
    said = recover(scene.journals)
    assert any("keep/edit" in sentence for sentence in said)
    assert (scene.project / "keep/edit").read_bytes() == b"by the user, after the crash\n"
    (scene.project / "keep/edit").write_bytes(b"keep/edit" * 20 + b"\n")
    assert scene.state() == "old"
    assert recover(scene.journals) == []
    (kept,) = [path for path in scene.journals.iterdir() if path.name.endswith(".kept")]
    assert b"keep/edit" * 20 in (kept / "blobs").read_bytes()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO])
def test_a_fault_at_any_step_leaves_the_old_tree(
    scene: Scene, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = pickle.loads(scene.changes.read_bytes())
    fault = 0
    while True:
        left = fault

        def step(name: str) -> None:
            nonlocal left
            left -= 1
            if left == -1:
                raise OSError(number, os.strerror(number))

        monkeypatch.setattr(progress, "step", step)
        try:
            apply(scene.project, changes, scene.journals)
            break
        except ApplyFailed as failed:
            assert str(failed).startswith("Nothing was written: ")
            assert str(failed).endswith("The files are as they were.")
        assert scene.state() == "old"
        assert Journals(scene.journals).unfinished() == []
        fault += 1
    assert scene.state() == "new"
    assert fault > 40


def test_an_unreadable_journal_is_kept_and_said(scene: Scene) -> None:
    assert scene.crash("apply", 20)
    (journal,) = scene.journals.glob("*.open/journal.json")
    journal.write_bytes(b"{")
    (said,) = recover(scene.journals)
    assert "cannot be read" in said
    assert recover(scene.journals) == []
