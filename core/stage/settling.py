"""Making the stage agree with what was decided of a file: rejected pieces leave it, reconsidered ones come back."""

from collections.abc import Collection
from dataclasses import dataclass

from core.stage.cuts import Cut
from core.stage.pieces import Pieces, pieces_of
from core.stage.stage import Stage


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was decided of a file, as far as the stage has to follow."""

    hunks: Collection[str]
    """Ids of all pieces that were decided on, or wait."""
    rejected: Collection[str]
    """Those of them that are not wanted."""
    drop: bool
    """The file as a whole is not wanted: no piece, no new name or mode."""
    rest: bool
    """There is more to it than pieces: it is new, deleted, renamed, has another mode, or is decided whole."""
    role: str
    """Whose work it is, when it comes back."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a file in the stage."""

    changed: bool
    """The stage is not what it was."""
    out: tuple[str, ...] = ()
    """Pieces that left it."""
    lost: tuple[str, ...] = ()
    """Pieces that should have come back, and fit no more."""


def settle(stage: Stage, path: str, wanted: Wanted) -> Settled:
    """Take out what is rejected, put back what is not, and leave everything else.

    Raises:
        StageError: a whole file should come back, and the project's is another one by now.
    """
    with stage.lock:
        if wanted.drop and wanted.rest:
            return Settled(_drop(stage, path))
        if not wanted.rejected and stage.change(path) is not None and not stage.outside.knows(path):
            return Settled(changed=False)
        changed = False
        if wanted.rest and stage.change(path) is None:
            changed = bool(stage.restore(path, by=wanted.role))
        if not wanted.hunks:
            return Settled(changed)
        pieces = pieces_of(stage, path)
        if pieces is None:
            return Settled(changed, lost=tuple(id for id in wanted.hunks if id not in wanted.rejected))
        out = tuple(part.id for part in pieces.parts if part.inside and part.id in wanted.rejected)
        moved = _divide(stage, pieces, wanted)
        lost = (id for id in wanted.hunks if id not in wanted.rejected and id not in pieces.ids)
        return Settled(changed or moved, out, tuple(lost))


def _drop(stage: Stage, path: str) -> bool:
    """Take the whole file out; its pieces are kept, for whoever makes another change of it."""
    if stage.change(path) is None:
        return False
    pieces = pieces_of(stage, path)
    if pieces is not None:
        _keep(stage, pieces, list(pieces.cuts))
    stage.revert(path)
    return True


def _divide(stage: Stage, pieces: Pieces, wanted: Wanted) -> bool:
    """Make the file its base with all pieces that are not rejected."""
    out = pieces.chosen(wanted.rejected)
    if out == pieces.outside():
        return False
    _keep(stage, pieces, out)
    data = pieces.made([cut for cut in pieces.cuts if cut not in out])
    item = stage.history.store((pieces.work.mode, data))
    stage.become({}, {pieces.path: item}, "user", "Decided")
    return True


def _keep(stage: Stage, pieces: Pieces, cuts: list[Cut]) -> None:
    stage.outside.put(pieces.path, pieces.base.oid, cuts)
