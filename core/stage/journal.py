"""Journals: what a transaction is going to do to a project, written down before it does it.

One folder per transaction holds `journal.json` and `blobs`, the bytes that will be replaced. It is
called `ID.open` until the transaction is complete, and `ID` from then on: that one rename decides
whether recovery puts the old tree back. Complete journals are the undo points.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec

from core.spelling import escape, unescape
from core.stage import progress

FileKind = Literal["file", "link"]
_OPEN = ".open"
_KEPT = ".kept"
_DROPPED = ".dropped"


class State(msgspec.Struct, frozen=True):
    """What a path is or will be; None stands for nothing there."""

    kind: FileKind
    mode: int | None
    """Permission bits; None where the user's umask decides, and for links."""
    digest: str
    """SHA-256 of the bytes, or of a link's target."""
    start: int | None = None
    """Where its bytes begin in `blobs`, when they are kept."""
    size: int = 0
    executable: bool = False
    """Whether a file whose bits the umask decides can be run."""


class Step(msgspec.Struct, frozen=True):
    """One path's way from `old` to `new`."""

    path: str
    """The change that this belongs to; a rename has two steps."""
    place: str
    """Where it really is, below the project, without links."""
    old: State | None
    new: State | None
    folder: str = ""
    """The existing folder, nearest to the place, that holds the temporary file."""
    in_place: bool = False
    """Written through, since replacing it would lose a hard link, an owner, or is not allowed."""


class Plan(msgspec.Struct, frozen=True):
    id: str
    kind: Literal["apply", "undo"]
    project: str
    steps: list[Step]
    make: dict[str, int | None]
    """Folders to be made, outermost first, and their permission bits (None: by umask)."""
    prune: dict[str, int]
    """Folders that go when they are empty then, innermost first, with their permission bits."""
    undoes: str | None = None
    """The apply that an undo takes back."""
    session: str = ""
    """Whose it is; empty where that is not known."""

    def temporary(self, number: int, suffix: str) -> str:
        """Name of a step's temporary file: `tmp` for new bytes, `old` for old ones put back."""
        return f".heddle-{self.id}-{number}.{suffix}"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Journals:
    """A project's journals, oldest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Generator[None]:
        """Keep other processes from applying to the same project; waits for them."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def complete(self) -> list[str]:
        """Ids of transactions that are done, oldest first."""
        return [name for name in self._names() if not name.endswith((_OPEN, _KEPT, _DROPPED))]

    def unfinished(self) -> list[str]:
        """Ids of transactions that were begun and are not complete."""
        return [name.removesuffix(_OPEN) for name in self._names() if name.endswith(_OPEN)]

    def _names(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(
            entry.name for entry in self._folder.iterdir() if entry.is_dir() and entry.name[0].isdigit()
        )

    def next_id(self) -> str:
        """An id that sorts after all others."""
        last = max((int(name.partition("-")[0]) for name in self._names()), default=0)
        return f"{last + 1:06d}-{os.urandom(4).hex()}"

    def begin(self, plan: Plan, blobs: Sequence[bytes]) -> None:
        """Write the journal down, and have it on the disk when this returns."""
        progress.step("make the journal's folder")
        folder = self._place(plan.id)
        folder.mkdir(mode=0o700)
        progress.step("write the blobs")
        _write(folder / "blobs", b"".join(blobs))
        progress.step("write the journal")
        _write(folder / "journal.new", msgspec.json.encode(_recoded(plan, spell=True)))
        progress.step("name the journal")
        (folder / "journal.new").rename(folder / "journal.json")
        sync(folder)
        sync(self._folder)

    def close(self, plan: Plan) -> None:
        """The transaction is complete: from here on it is an undo point."""
        progress.step("close the journal")
        self._place(plan.id).rename(self._folder / plan.id)
        with suppress(OSError):
            sync(self._folder)

    def is_begun(self, identity: str) -> bool:
        """True when the journal is whole, so that something may have been done."""
        return (self._find(identity) / "journal.json").exists()

    def discard(self, identity: str) -> None:
        """The transaction never was; what it had to say goes first, so that a crash here does no harm."""
        folder = self._place(identity)
        if not folder.exists():
            return
        progress.step("discard the journal")
        (folder / "journal.json").unlink(missing_ok=True)
        shutil.rmtree(folder)

    def set_aside(self, identity: str) -> Path:
        """The transaction was taken back but for what the user changed: keep its bytes; returns where."""
        kept = self._folder / (identity + _KEPT)
        self._place(identity).rename(kept)
        sync(self._folder)
        return kept

    def load(self, identity: str) -> Plan | None:
        """Read a journal; None when it was never finished writing.

        Raises:
            msgspec.DecodeError: it is damaged, or of another version.
        """
        try:
            data = (self._find(identity) / "journal.json").read_bytes()
        except FileNotFoundError:
            return None
        return _recoded(msgspec.json.decode(data, type=Plan), spell=False)

    def size(self, identity: str) -> int:
        """Bytes that a journal takes on the disk."""
        folder = self._find(identity)
        return sum(place.stat().st_size for place in folder.iterdir())

    def age(self, identity: str, now: float) -> float:
        """Seconds since a transaction was done."""
        return now - (self._find(identity) / "journal.json").stat().st_mtime

    def drop(self, identity: str) -> None:
        """Remove an undo point; its name goes first, so that a crash leaves nothing that looks whole."""
        gone = self._folder / (identity + _DROPPED)
        self._find(identity).rename(gone)
        shutil.rmtree(gone)

    def sweep(self) -> None:
        """Remove what a crash left of dropped ones."""
        for name in self._names():
            if name.endswith(_DROPPED):
                shutil.rmtree(self._folder / name, ignore_errors=True)

    def load_bytes(self, identity: str, state: State) -> bytes:
        """The kept bytes of a state."""
        assert state.start is not None
        with (self._find(identity) / "blobs").open("rb") as blobs:
            blobs.seek(state.start)
            return blobs.read(state.size)

    def _place(self, identity: str) -> Path:
        return self._folder / (identity + _OPEN)

    def _find(self, identity: str) -> Path:
        unfinished = self._place(identity)
        return unfinished if unfinished.is_dir() else self._folder / identity


def _recoded(plan: Plan, *, spell: bool) -> Plan:
    recode = escape if spell else unescape
    return msgspec.structs.replace(
        plan,
        project=recode(plan.project),
        steps=[
            msgspec.structs.replace(
                step, path=recode(step.path), place=recode(step.place), folder=recode(step.folder)
            )
            for step in plan.steps
        ],
        make={recode(path): mode for path, mode in plan.make.items()},
        prune={recode(path): mode for path, mode in plan.prune.items()},
    )


def _write(place: Path, data: bytes) -> None:
    with place.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path | int) -> None:
    """Have a folder's names on the disk."""
    if isinstance(folder, int):
        os.fsync(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
