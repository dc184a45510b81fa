"""One transaction on a project's files: all of its steps happen, or none.

The order is: journal and old bytes on the disk; temporary files; files that are written through;
files that go; folders that go and come; renames; folders on the disk; journal closed. A failure
takes all of it back at once, a crash leaves an open journal from which `roll_back` does the same.
"""

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress

from core.stage import progress
from core.stage.change import NotRegular, OutsideStage
from core.stage.exchange import exchange, is_there, rename_new
from core.stage.journal import Plan, State, Step
from core.stage.location import parent_of
from core.stage.target import Found, Like, write_beside, write_through


class Moved(Exception):
    """A file changed between the check and the write; `args` holds its path."""


class Transaction:
    """Carries out a plan whose journal is on the disk."""

    def __init__(self, plan: Plan, found: Sequence[Found | None], contents: Sequence[bytes | None]) -> None:
        """`found` is what the check saw at each step's place, `contents` each step's new bytes."""
        self._plan = plan
        self._project = plan.project
        self._found = found
        self._contents = contents

    def run(self) -> None:
        """Do every step.

        Raises:
            Moved: a file changed meanwhile.
            OSError: a step failed. In both cases some steps may be done: roll back.
        """
        steps = list(enumerate(self._plan.steps))
        for number, step in steps:
            if step.new is not None and not step.in_place:
                self._prepare(number, step, step.new)
        for number, step in steps:
            if step.new is not None and step.in_place:
                self._write_through(number, step, step.new)
        for number, step in sorted(steps, key=lambda pair: pair[1].place, reverse=True):
            if step.new is None:
                self._remove(number, step)
        prune(self._project, self._plan.prune)
        make(self._project, self._plan.make)
        for number, step in sorted(steps, key=lambda pair: pair[1].place):
            if step.new is not None and not step.in_place:
                self._rename(number, step)
        sync_folders(self._project, self._plan)

    def _prepare(self, number: int, step: Step, new: State) -> None:
        progress.step(f"prepare {step.place}")
        with _folder(self._project, step.folder) as folder:
            _put(
                folder,
                self._plan.temporary(number, "tmp"),
                new,
                self._bytes(number),
                self._like(number, step),
            )

    def _bytes(self, number: int) -> bytes:
        data = self._contents[number]
        assert data is not None
        return data

    def _like(self, number: int, step: Step) -> Like | None:
        found = self._found[number]
        return Like(self._project, step.place, found.info) if found and found.kind == "file" else None

    def _write_through(self, number: int, step: Step, new: State) -> None:
        with self._unmoved(number, step) as (folder, name):
            progress.step(f"write through {step.place}")
            if step.old is not None and (step.old.digest, step.old.kind) == (new.digest, new.kind):
                assert new.mode is not None
                os.chmod(name, new.mode, dir_fd=folder)
            else:
                write_through(folder, name, self._bytes(number), new.mode)

    def _remove(self, number: int, step: Step) -> None:
        with self._unmoved(number, step) as (folder, name):
            aside = self._plan.temporary(number, "tmp")
            progress.step(f"put {step.place} aside")
            os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
            if not _is_same(folder, aside, self._found[number]):
                rename_new(folder, aside, folder, name)
                raise Moved(step.path)
            progress.step(f"remove {step.place}")
            os.unlink(aside, dir_fd=folder)

    def _rename(self, number: int, step: Step) -> None:
        temporary = self._plan.temporary(number, "tmp")
        with _folder(self._project, step.folder) as source, self._unmoved(number, step) as (folder, name):
            progress.step(f"rename {step.place}")
            if self._found[number] is None:
                self._take_name(step, source, temporary, folder, name)
            elif exchange(source, temporary, folder, name):
                if not _is_same(source, temporary, self._found[number]):
                    exchange(source, temporary, folder, name)
                    raise Moved(step.path)
                progress.step(f"remove the old {step.place}")
                os.unlink(temporary, dir_fd=source)
            else:
                os.rename(temporary, name, src_dir_fd=source, dst_dir_fd=folder)

    def _take_name(self, step: Step, source: int, temporary: str, folder: int, name: str) -> None:
        try:
            rename_new(source, temporary, folder, name)
        except FileExistsError:
            raise Moved(step.path) from None

    def _unmoved(self, number: int, step: Step) -> AbstractContextManager[tuple[int, str]]:
        return _unmoved(self._project, step, self._found[number])


@contextmanager
def _unmoved(project: str, step: Step, found: Found | None) -> Generator[tuple[int, str]]:
    """The open folder and the name of a step's place, when what is there is still what was found."""
    try:
        with parent_of(project, step.place) as (folder, name):
            if not _is_still(folder, name, found):
                raise Moved(step.path)
            yield folder, name
    except (OutsideStage, NotRegular, FileNotFoundError):
        raise Moved(step.path) from None


def _is_still(folder: int, name: str, found: Found | None) -> bool:
    try:
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return found is None
    return found is not None and found.is_still(info)


def _is_same(folder: int, name: str, found: Found | None) -> bool:
    """Like `_is_still`, for a file that was renamed, which the time of its last change shows."""
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return found is not None and found.is_same(info)


@contextmanager
def _folder(project: str, folder: str) -> Generator[int]:
    """Open a folder below the project, following no link."""
    with parent_of(project, f"{folder}/x" if folder else "x") as (opened, _):
        yield opened


def _put(folder: int, name: str, state: State, data: bytes, like: Like | None) -> None:
    if state.kind == "link":
        os.symlink(data, name, dir_fd=folder)
    else:
        write_beside(folder, name, data, state.mode, executable=state.executable, like=like)


def prune(project: str, folders: Iterable[str]) -> None:
    """Remove folders, innermost first; those that hold something stay."""
    for place in folders:
        progress.step(f"remove folder {place}")
        with suppress(OSError, NotRegular, OutsideStage), parent_of(project, place) as (folder, name):
            os.rmdir(name, dir_fd=folder)


def make(project: str, folders: Mapping[str, int | None]) -> None:
    """Make folders, outermost first; those that are there stay as they are."""
    for place, mode in folders.items():
        progress.step(f"make folder {place}")
        with parent_of(project, place) as (folder, name):
            if is_there(folder, name):
                continue
            os.mkdir(name, dir_fd=folder)
            if mode is not None:
                os.chmod(name, mode, dir_fd=folder)


def sync_folders(project: str, plan: Plan) -> None:
    """Have the names in every folder that the plan touches on the disk."""
    touched = {step.place.rpartition("/")[0] for step in plan.steps}
    touched |= {folder.rpartition("/")[0] for folder in (*plan.make, *plan.prune)}
    for place in sorted(touched):
        progress.step(f"sync folder {place}")
        with suppress(FileNotFoundError, NotRegular, OutsideStage), _folder(project, place) as folder:
            os.fsync(folder)
