"""What the stage says about a file: its difference to the base, and why something is refused."""

from dataclasses import dataclass

from core.events import ChangeKind

FILE = 0o100644
EXECUTABLE = 0o100755
LINK = 0o120000


class StageError(Exception):
    """The stage cannot do this; the message is a sentence for the user or the model."""


class OutsideStage(StageError):
    """A path leads out of the project, or to something that is not to be touched."""


class NotRegular(StageError):
    """The path is a folder, FIFO, socket or device: not a file that can be read or written."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file's difference between base and stage. Bytes are exact; `patch` is for reading.

    Modes are Git's: `FILE`, `EXECUTABLE` or `LINK`; a link's bytes are its target.
    """

    path: str
    """Relative POSIX path; bytes that are not UTF-8 stand as surrogates."""
    kind: ChangeKind
    old: bytes | None
    """The base's bytes (at `old_path` when renamed), None when the file is new."""
    new: bytes | None
    old_mode: int | None
    new_mode: int | None
    added_lines: int
    removed_lines: int
    patch: str
    """Unified diff, clipped at `limits.record.patch_characters`; header lines only for binary files."""
    binary: bool = False
    old_path: str | None = None
    """Where a renamed file was."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that this change touches: a rename touches two."""
        return (self.path,) if self.old_path is None else (self.old_path, self.path)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The file is equal to its base again, or became the old name in a rename."""

    path: str


def git_mode(st_mode: int) -> int:
    """Git's mode for what `lstat` says: only links and the owner's execute bit count."""
    if (st_mode & 0o170000) == LINK:
        return LINK
    return EXECUTABLE if st_mode & 0o100 else FILE
