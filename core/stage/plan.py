"""From wishes to a plan: check that the project is what they were made against, and lay down the steps."""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.stage.change import NotRegular, OutsideStage, StageError
from core.stage.journal import FileKind, Plan, State, Step, digest
from core.stage.location import parent_of, resolve
from core.stage.target import Found, Odd, agrees, look


def same_bits(bits: int | None) -> int | None:
    """The permission bits stay what they are."""
    return bits


@dataclass(frozen=True, slots=True)
class Wish:
    """What a path should become, and what it has to be before."""

    path: str
    """The change that it belongs to."""
    place: str
    old: State | None
    new: bytes | None
    kind: FileKind = "file"
    """Of the new bytes."""
    executable: bool = False
    """Whether a file that is new can be run."""
    bits: Callable[[int | None], int | None] = same_bits
    """New permission bits from those that `like` has now; None leaves them to the umask."""
    like: str | None = None
    """The place whose permission bits count; its own when None."""
    follow: bool = False
    """Whether a link at the place is written through."""
    exact: bool = False
    """Whether the place must be reached without any link."""


@dataclass(slots=True)
class Draft:
    """A plan, and what its steps were made from."""

    plan: Plan
    found: list[Found | None]
    contents: list[bytes | None]
    blobs: list[bytes]
    unfit: list[str]
    """Paths that are not what the wishes were made against: then the plan must not be carried out."""


@dataclass(slots=True)
class Planner:
    """Looks at the project and lays down one step per wish."""

    project: str
    wishes: Sequence[Wish]
    folder_bits: dict[str, int] = field(default_factory=dict[str, int])
    """Permission bits of folders that may have to be made."""
    may_prune: Sequence[str] | None = None
    """Folders that go when they are empty then, innermost first; None: all that lose a file."""
    _found: dict[str, Found | None] = field(default_factory=dict[str, Found | None])
    _blobs: list[bytes] = field(default_factory=list[bytes])
    _start: int = 0

    def draft(
        self, identity: str, kind: Literal["apply", "undo"], undoes: str | None = None, session: str = ""
    ) -> Draft:
        """Lay down the plan of a session.

        Raises:
            OSError: a file cannot be read.
        """
        unfit: list[str] = []
        steps: list[Step] = []
        self._require_names()
        leaving = {wish.place for wish in self.wishes if wish.new is None}
        for wish in self.wishes:
            place = self._fit(wish, leaving)
            if place is None:
                unfit.append(wish.path)
            else:
                steps.append(self._step(wish, place))
        made, pruned = ({}, {}) if unfit else (self._make(steps), self._prune(steps))
        plan = Plan(identity, kind, self.project, steps, made, pruned, undoes, session)
        found = [self._found[step.place] for step in steps]
        contents = [wish.new for wish in self.wishes]
        return Draft(plan, found, contents, self._blobs, sorted(set(unfit)))

    def _require_names(self) -> None:
        longest = os.pathconf(self.project, "PC_NAME_MAX")
        for wish in self.wishes:
            if any(len(os.fsencode(part)) > longest for part in wish.place.split("/")):
                raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), wish.path[:80])

    def _fit(self, wish: Wish, leaving: set[str]) -> str | None:
        """The real place of a wish; None when what is there is not what it has to be."""
        if any(folder in leaving for folder in ancestors(wish.place)):
            return self._settle(wish, wish.place, None)
        try:
            place = resolve(self.project, (self.project,), wish.place, follow_last=wish.follow)
            found = look(self.project, place)
        except StageError:
            return None
        except Odd:
            if wish.old is not None or not any(gone.startswith(wish.place + "/") for gone in leaving):
                return None
            place, found = wish.place, None
        return self._settle(wish, place, found)

    def _settle(self, wish: Wish, place: str, found: Found | None) -> str | None:
        moved = wish.exact and place != wish.place
        if moved or not agrees(found, wish.old) or place in self._found:
            return None
        self._found[place] = found
        return place

    def _step(self, wish: Wish, place: str) -> Step:
        found = self._found[place]
        old = None if found is None else found.state(self._keep(found.data))
        if wish.new is None:
            return Step(wish.path, place, old, None, self._nearest(place))
        like = found if wish.like is None else self._found.get(wish.like)
        bits = wish.bits(like.mode if like else None) if wish.kind == "file" else None
        through = self._in_place(place, found, wish)
        start = self._keep(wish.new) if through else None
        new = State(wish.kind, bits, digest(wish.new), start, len(wish.new), wish.executable)
        return Step(wish.path, place, old, new, self._nearest(place), through)

    def _keep(self, data: bytes) -> int:
        start = self._start
        self._blobs.append(data)
        self._start += len(data)
        return start

    def _in_place(self, place: str, found: Found | None, wish: Wish) -> bool:
        if found is None or found.kind != "file" or wish.kind != "file":
            return False
        foreign = found.info.st_uid != os.geteuid() != 0
        if found.data == wish.new or found.info.st_nlink > 1 or foreign:
            return True
        with parent_of(self.project, place) as (folder, _):
            other_device = os.fstat(folder).st_dev != found.info.st_dev
            return other_device or not os.access(".", os.W_OK, dir_fd=folder, effective_ids=True)

    def _nearest(self, place: str) -> str:
        """The innermost folder on the way that is there already."""
        return next((folder for folder in ancestors(place) if self._is_folder(folder)), "")

    def _is_folder(self, place: str) -> bool:
        try:
            with parent_of(self.project, place) as (folder, name):
                return stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        except (OSError, NotRegular, OutsideStage):
            return False

    def _make(self, steps: Sequence[Step]) -> dict[str, int | None]:
        needed = {folder for step in steps if step.new is not None for folder in ancestors(step.place)}
        missing = sorted(folder for folder in needed if not self._is_folder(folder))
        return {folder: self.folder_bits.get(folder) for folder in missing}

    def _prune(self, steps: Sequence[Step]) -> dict[str, int]:
        needed = {folder for step in steps if step.new is not None for folder in ancestors(step.place)}
        losing = {folder for step in steps if step.new is None for folder in ancestors(step.place)}
        wanted = losing if self.may_prune is None else losing & set(self.may_prune)
        return {
            folder: stat.S_IMODE(os.lstat(f"{self.project}/{folder}").st_mode)
            for folder in sorted(wanted - needed, reverse=True)
            if self._is_folder(folder)
        }


def ancestors(place: str) -> Iterator[str]:
    """The folders that hold a place, innermost first, without the project itself."""
    at = place.rfind("/")
    while at > 0:
        yield place[:at]
        at = place.rfind("/", 0, at)
