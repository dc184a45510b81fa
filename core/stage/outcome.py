"""What becomes of an apply or an undo."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.text import sanitise_line

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction did."""

    id: str
    """The apply: its own, or for an undo the one that was taken back. Empty when there was nothing to do."""
    paths: tuple[str, ...]
    """The changes' paths."""


class ApplyError(Exception):
    """Nothing was written; the message is a sentence that says why."""


class Stale(ApplyError):
    """Files of the project are not what the changes were made against."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        """Paths of the changes that do not fit."""
        super().__init__(
            f"Nothing was written: {name_some(paths)} changed in the project since the work on it began. "
            "Reject the change or ask for it again."
        )


class ApplyFailed(ApplyError):
    """The files could not be written, and all is as it was."""


class UndoRefused(ApplyError):
    """Files changed since they were applied, so undoing would lose that."""


class NothingToUndo(ApplyError):
    """No apply stands."""


def name_some(paths: Sequence[str]) -> str:
    """The first few paths in one line, and how many more there are."""
    named = ", ".join(sanitise_line(path) for path in paths[:_NAMED])
    more = len(paths) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
