"""Any sequence of work, decisions, the user's own edits, crashes, applies and undos keeps the promises.

Nothing is written before an apply; applied bytes are exactly the accepted ones; undo restores;
what the user wrote is never lost.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.stage import Change, Stage, progress
from core.stage.apply import NothingToUndo, Stale, UndoRefused, apply, recover, undo

PATHS = ("a", "b.txt", "d/x", "d/y", "d/e/z", "\udcff")
LONG = b"".join(b"line %d\n" % n for n in range(20))
path = st.sampled_from(PATHS)
data = st.sampled_from(
    (b"", b"1\n", b"2\n", b"one\r\ntwo\r\n", b"no newline", b"\0\xff", LONG, LONG + b"more\n")
)
some = st.sets(path, max_size=4)
Files = dict[str, bytes]


class Killed(BaseException):
    """Stands for a crash: nothing of ours may run after it, so clean-up is switched off too."""


@dataclass
class Standing:
    """An apply that can be undone: what its files were, and what they became."""

    before: dict[str, bytes | None]
    after: dict[str, bytes | None]


@contextmanager
def dying_at(number: int) -> Iterator[None]:
    """Every step from the n-th on raises, so that neither work nor roll-back gets any further."""
    original, left = progress.step, number

    def step(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    progress.step = step
    try:
        yield
    finally:
        progress.step = original


class Work(RuleBasedStateMachine):
    @initialize(files=st.dictionaries(path, data))
    def begin(self, files: Files) -> None:
        self.top = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.project = self.top / "project"
        self.project.mkdir()
        self.journals = self.top / "journals"
        self.files: Files = {}
        self.applies: list[Standing] = []
        for name, content in files.items():
            self.user_writes(name, content)
        self.stage = Stage.create(self.project, self.top / "stage")

    def teardown(self) -> None:
        if hasattr(self, "top"):
            shutil.rmtree(self.top)

    def _record(self, *names: str) -> None:
        for change in self.stage.record(names, run="r1", node="n", role="n", message="m"):
            if isinstance(change, Change):
                assert change.new == self._staged(change.path)

    def _staged(self, name: str) -> bytes | None:
        place = self.stage.tree / name
        return place.read_bytes() if place.exists() else None

    # -- nodes

    @rule(name=path, content=data)
    def node_writes(self, name: str, content: bytes) -> None:
        self.stage.write(name, content)
        self._record(name)

    @rule(name=path)
    def node_deletes(self, name: str) -> None:
        if self._staged(name) is not None:
            self.stage.delete(name)
            self._record(name)

    @rule(old=path, new=path)
    def node_moves(self, old: str, new: str) -> None:
        content = self._staged(old)
        if content is not None and old != new:
            self.stage.write(new, content)
            self.stage.delete(old)
            self._record(old, new)

    @rule(name=path, content=data)
    def command_writes(self, name: str, content: bytes) -> None:
        mark = self.stage.mark()
        (self.stage.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (self.stage.tree / name).write_bytes(content)
        self._record(*self.stage.changed_since(mark))

    # -- the user in the project

    @rule(name=path, content=data)
    def user_writes(self, name: str, content: bytes) -> None:
        (self.project / name).parent.mkdir(parents=True, exist_ok=True)
        (self.project / name).write_bytes(content)
        self.files[name] = content

    @rule(name=path)
    def user_deletes(self, name: str) -> None:
        (self.project / name).unlink(missing_ok=True)
        self.files.pop(name, None)

    # -- the session

    @rule()
    def refreshes(self) -> None:
        self.stage.refresh()
        touched = {name for change in self.stage.changes() for name in change.paths}
        for name in set(PATHS) - touched:
            assert self._staged(name) == self.files.get(name), name
        assert self.stage.refresh() == []

    @rule(name=path)
    def user_rejects(self, name: str) -> None:
        self.stage.revert(name)
        assert self.stage.change(name) is None

    @rule()
    def is_opened_again(self) -> None:
        changes = self.stage.changes()
        self.stage = Stage.open(self.stage.folder)
        assert self.stage.changes() == changes

    @rule()
    def tree_is_lost(self) -> None:
        changes = self.stage.changes()
        shutil.rmtree(self.stage.tree)
        self.stage = Stage.open(self.stage.folder)
        assert self.stage.changes() == changes
        for change in changes:
            assert self._staged(change.path) == change.new

    def _accepted(self, names: set[str]) -> list[Change]:
        return [change for change in self.stage.changes() if change.path in names]

    def _fit(self, changes: list[Change]) -> bool:
        return all(
            self.files.get(change.old_path or change.path) == change.old
            and (change.old_path is None or change.path not in self.files)
            for change in changes
        )

    @rule(names=some)
    def applies_changes(self, names: set[str]) -> None:
        changes = self._accepted(names)
        fit = self._fit(changes)
        try:
            done = apply(self.project, changes, self.journals)
        except Stale:
            assert not fit
            return
        assert fit
        if not changes:
            return
        wanted = {name: None for change in changes for name in change.paths}
        wanted.update({change.path: change.new for change in changes})
        self.applies.append(Standing({name: self.files.get(name) for name in wanted}, wanted))
        self._become(wanted)
        self.stage.rebase(done.paths)
        assert not {change.path for change in self.stage.changes()} & names

    @rule(names=some, number=st.integers(0, 60))
    def dies_while_applying(self, names: set[str], number: int) -> None:
        changes = self._accepted(names)
        if not changes or not self._fit(changes):
            return
        with dying_at(number):
            try:
                done = apply(self.project, changes, self.journals)
            except Killed:
                done = None
        if done is not None:
            undo(self.project, self.journals)
        else:
            recover(self.journals)

    @rule()
    def undoes(self) -> None:
        try:
            undo(self.project, self.journals)
        except NothingToUndo:
            assert self.applies == []
            return
        except UndoRefused:
            last = self.applies[-1]
            assert any(self.files.get(name) != content for name, content in last.after.items())
            return
        last = self.applies.pop()
        assert all(self.files.get(name) == content for name, content in last.after.items())
        self._become(last.before)
        self.stage.reopen(last.before)

    def _become(self, wanted: dict[str, bytes | None]) -> None:
        for name, content in wanted.items():
            if content is None:
                self.files.pop(name, None)
            else:
                self.files[name] = content

    # -- what always holds

    @invariant()
    def the_project_is_what_user_and_applies_made_it(self) -> None:
        if hasattr(self, "project"):
            found = {
                str(place.relative_to(self.project)): place.read_bytes()
                for place in self.project.rglob("*")
                if place.is_file()
            }
            assert found == self.files

    @invariant()
    def what_is_recorded_is_what_is_in_the_tree(self) -> None:
        if hasattr(self, "stage"):
            for change in self.stage.changes():
                assert change.new == self._staged(change.path)
            assert self.stage.status() == [(change.kind, change.path) for change in self.stage.changes()]


Work.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestWork = Work.TestCase
