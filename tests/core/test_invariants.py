"""Any sequence of work, decisions, edits of the user, applies, undos, crashes and restarts keeps the promises of a session.

Nothing is written before an apply; applied bytes are exactly the accepted ones; an undo restores; what the user
wrote is never lost. An engine dies before any step of an apply or an undo, or right after the last one, before
anything is on record; what became of it is what the next opening says.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import applying, undoing
from core.commands import ApplyChanges, DecideChanges, SubmitRequest, UndoApply
from core.events import ChangeApplied, ChangeUndone, CommandRefused
from core.paths import Home
from core.prices import load_prices
from core.session import Session, Settings
from core.verdicts import FileVerdicts, lines_by_hunk
from tests.core.stage.test_invariants import Killed, dying_at
from tests.support.acting import ActingTeam

T = TypeVar("T")
NAMES = ("a.txt", "d/b.txt", "new.txt")
name = st.sampled_from(NAMES)
verdict = st.sampled_from(("accepted", "accepted", "rejected", "undecided"))
choice = st.tuples(st.integers(0, 5), st.integers(0, 7), verdict)
"""Which file, which piece of it (from 6 on: the whole), and the verdict."""
death = st.one_of(st.none(), st.integers(0, 30))
"""Before which step the engine dies; from `AFTER` on right after the last one."""
AFTER = 27
Lines = list[str]


@contextlib.contextmanager
def dying(number: int | None) -> Iterator[None]:
    """The engine dies before this step of a transaction, or when all of them are done."""
    if number is None:
        yield
    elif number < AFTER:
        with dying_at(number):
            yield
    else:
        with contextlib.ExitStack() as ending:
            for module, name in ((applying, "apply"), (undoing, "undo")):
                _die_after(ending, module, name)
            yield


def _die_after(ending: contextlib.ExitStack, module: Any, name: str) -> None:
    original = getattr(module, name)

    def work(*arguments: Any) -> None:
        original(*arguments)
        raise Killed

    setattr(module, name, work)
    ending.callback(setattr, module, name, original)


def split(data: bytes | None) -> Lines:
    return [] if data is None else data.decode().splitlines()


def joined(lines: Lines) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


class Life(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.top = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.numbers = itertools.count(1)
        self.project = self.top / "project"
        self.files: dict[str, bytes] = {}
        for each in NAMES[:2]:
            self._write(each, joined([f"base {number}" for number in range(12)]))
        self.before: dict[str, dict[str, bytes | None]] = {}
        """What the files of each apply that stands were before it."""
        self.team = ActingTeam()
        home = Home(self.top / "config", self.top / "data", self.top / "state", self.top / "run")
        self.settings = Settings(home=home, prices=load_prices(), allow_unconfined=True, watch=False)
        self.session = self._do(Session.open(self.settings, project=self.project, team=self.team))

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self._do(self.session.close())
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()
            shutil.rmtree(self.top)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(work, 60))

    def _write(self, path: str, data: bytes | None) -> None:
        place = self.project / path
        if data is None:
            place.unlink(missing_ok=True)
            self.files.pop(path, None)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            self.files[path] = data

    def _submit(self, command: Any, death: int | None = None) -> list[Any]:
        """Hand in a command; gives what came of it, which another engine says where this one dies."""
        after = self.session.last
        with dying(death):
            try:
                return self._do(self._carried_out(command, after))
            except Killed:
                pass
        self.heddle_is_opened_again()
        return self._do(self._found(after))

    async def _carried_out(self, command: Any, after: int) -> list[Any]:
        await self.session.submit(command)
        await self.session.wait_idle()
        return await self._found(after)

    async def _found(self, after: int) -> list[Any]:
        """What is on record since."""
        found: list[Any] = []
        if self.session.last > after:
            async for record in self.session.records(after):
                found.append(record.event)
                if record.seq >= self.session.last:
                    break
        return found

    def _stage(self, path: str) -> bytes | None:
        place = self._do(self.session._staging.stage()).tree / path
        return place.read_bytes() if place.exists() else None

    # -- what agents do

    @rule(path=name, places=st.sets(st.integers(0, 14), min_size=2, max_size=4), how=st.sampled_from("+~-"))
    def agents_edit(self, path: str, places: set[int], how: str) -> None:
        """Lines come, go or become others; what the user wrote is left alone."""

        async def deed(actor: Any) -> None:
            place = actor.run.stage.tree / path
            lines = split(place.read_bytes() if place.exists() else None)
            for at in sorted((at for at in places if at <= len(lines)), reverse=True):
                own = at < len(lines) and not lines[at].startswith("user")
                fresh = f"agent {next(self.numbers)}"
                lines[at : at + (own and how != "+")] = [] if how == "-" else [fresh]
            await actor.write(path, joined(lines))

        self.team.then(deed)
        self._submit(SubmitRequest(text="do it"))

    @rule(path=name)
    def agents_delete(self, path: str) -> None:
        if (data := self._stage(path)) is None or b"user" in data:
            return

        async def deed(actor: Any) -> None:
            if (actor.run.stage.tree / path).exists() and b"user" not in (
                actor.run.stage.tree / path
            ).read_bytes():
                await actor.write(path, None)

        self.team.then(deed)
        self._submit(SubmitRequest(text="do it"))

    # -- what the user does

    @rule(path=name, at=st.integers(0, 14))
    def user_edits(self, path: str, at: int) -> None:
        lines = split(self.files.get(path))
        lines.insert(min(at, len(lines)), f"user {next(self.numbers)}")
        self._write(path, joined(lines))

    @rule(choices=st.lists(choice, min_size=1, max_size=3), at_once=st.booleans(), death=death)
    def user_decides(self, choices: list[tuple[int, int, Any]], at_once: bool, death: int | None) -> None:
        """On pieces of whatever waits, or on a whole file; and what is accepted is written at once, or later."""
        for file, piece, said in choices:
            waiting = self.session._past.waiting.decided
            if waiting:
                path = list(waiting)[file % len(waiting)]
                ids = list(waiting[path].pieces)
                hunks = (ids[piece % len(ids)],) if ids and piece < 6 else None
                self._submit(DecideChanges(verdict=said, paths=(path,), hunks=hunks))
        if at_once:
            self._apply(death)

    @precondition(lambda self: self.session._past.waiting.changes)
    @rule(death=death, back=st.one_of(st.just(-1), death))
    def user_takes_everything(self, death: int | None, back: int | None) -> None:
        """And, but for -1, takes it back."""
        self._submit(DecideChanges(verdict="accepted"))
        self._apply(death)
        if back != -1:
            self._undo(back)

    @precondition(lambda self: any(each.is_accepted for each in self.session._past.waiting.decided.values()))
    @rule(death=death)
    def user_applies(self, death: int | None) -> None:
        self._apply(death)

    def _apply(self, death: int | None) -> None:
        waiting = self.session._past.waiting
        wanted = {
            path: self._exactly(path, decided)
            for path, decided in waiting.decided.items()
            if decided.is_accepted
        }
        before = dict(self.files)
        events = self._submit(ApplyChanges(), death)
        applied = {event.path for event in events if isinstance(event, ChangeApplied)}
        for event in events:
            if isinstance(event, ChangeApplied):
                self.before.setdefault(event.apply, {})[event.path] = before.get(event.path)
        assert applied <= set(wanted)
        for path in applied:
            now = self._project(path)
            exact, mine = wanted[path]
            assert (now is None) == (exact is None), path
            assert [line for line in split(now) if line not in mine] == (exact or []), path
            self._nothing_of_the_user_is_lost(path, before.get(path), now)
            if now is None:
                self.files.pop(path, None)
            else:
                self.files[path] = now

    def _exactly(self, path: str, decided: FileVerdicts) -> tuple[Lines | None, set[str]]:
        """What an apply has to make of a file, but for the lines (second) that the user put into it meanwhile."""
        change, stage = self.session._past.waiting.changes[path], self._do(self.session._staging.stage())
        base = stage.history.base.get(path)
        old = [] if base is None else split(stage.history.load(base))
        mine = {line for line in split(self.files.get(path)) if line.startswith("user")} - set(old)
        if not decided.pieces:
            data = self._stage(path)
            return None if data is None else split(data), mine
        lines = list(old)
        cut = lines_by_hunk(change.patch, change.hunks)
        for hunk, text in reversed(list(zip(change.hunks, cut, strict=True))):
            if decided.pieces[hunk.id].verdict == "accepted":
                at = hunk.old_start - (hunk.old_lines > 0)
                lines[at : at + hunk.old_lines] = [line[1:] for line in text if line.startswith("+")]
        return lines, mine

    @precondition(lambda self: any(self.before.values()))
    @rule(death=death)
    def user_undoes(self, death: int | None) -> None:
        self._undo(death)

    def _undo(self, death: int | None) -> None:
        before = dict(self.files)
        events = self._submit(UndoApply(), death)
        undone = [event for event in events if isinstance(event, ChangeUndone)]
        if not undone:
            assert death is not None or any(isinstance(event, CommandRefused) for event in events)
            return
        for event in undone:
            was = self.before[event.apply].pop(event.path)
            assert self._project(event.path) == was, event.path
            self._nothing_of_the_user_is_lost(event.path, before.get(event.path), was)
            self._write(event.path, was)

    @rule()
    def heddle_is_opened_again(self) -> None:
        id = self.session.id
        self._do(self.session.close())
        self.session = self._do(Session.open(self.settings, session=id, team=self.team))

    # -- the promises

    def _project(self, path: str) -> bytes | None:
        place = self.project / path
        return place.read_bytes() if place.exists() else None

    def _nothing_of_the_user_is_lost(self, path: str, before: bytes | None, now: bytes | None) -> None:
        mine = [line for line in split(before) if line.startswith("user")]
        assert [line for line in split(now) if line.startswith("user")] == mine, path

    @invariant()
    def the_project_holds_what_was_applied_and_what_the_user_wrote(self) -> None:
        if not hasattr(self, "project"):
            return
        found = {
            os.path.relpath(place, self.project): place.read_bytes()
            for place in self.project.rglob("*")
            if place.is_file()
        }
        assert found == self.files


def test_any_sequence_keeps_the_promises() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("what", ["edit", "add", "delete"])
def test_what_was_taken_back_right_before_the_end_waits_again_as_it_was_made(what: str) -> None:
    """The stage does not follow the project as if the user had taken it back himself."""
    found = []
    for death in (None, 30):
        life = Life()
        life.begin()
        if what == "delete":
            life.agents_delete(NAMES[0])
        else:
            life.agents_edit(NAMES[0] if what == "edit" else NAMES[2], {0, 1}, "+")
        life.user_takes_everything(death=None, back=death)
        life.the_project_holds_what_was_applied_and_what_the_user_wrote()
        changes = life.session._past.waiting.changes
        waits = {path: (change.kind, change.added_lines) for path, change in changes.items()}
        found.append((waits, [life._stage(name) for name in NAMES]))
        life.teardown()
    assert found[0] == found[1]
    assert found[0][0]
