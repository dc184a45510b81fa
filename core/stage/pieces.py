"""A file's difference in pieces that can be decided by themselves: those in the stage, and those taken out.

What is decided whole has none: new and deleted files, links, binary and very large files, and files with very
many pieces.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.limits import limits
from core.stage.change import LINK, Change
from core.stage.cuts import Cut, assemble, cuts_between, fitting, names
from core.stage.shadow import Item
from core.stage.stage import Stage

_LOOKED_AT = 8000
"""A file with a NUL among so many bytes has no lines, as Git sees it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece."""

    id: str
    cut: Cut
    inside: bool
    """In the stage; else it was rejected, and could be put back."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A file of which every part of the difference is a cut of its base, but for name and mode."""

    path: str
    place: str
    """Where its base is: a renamed file's old name."""
    base: Item
    work: Item
    old: bytes
    parts: tuple[Part, ...]
    """Top down; no two of them touch."""

    @property
    def cuts(self) -> tuple[Cut, ...]:
        return tuple(part.cut for part in self.parts)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(part.id for part in self.parts)

    def chosen(self, ids: Collection[str]) -> list[Cut]:
        return [part.cut for part in self.parts if part.id in ids]

    def inside(self) -> list[Cut]:
        return [part.cut for part in self.parts if part.inside]

    def outside(self) -> list[Cut]:
        return [part.cut for part in self.parts if not part.inside]

    def made(self, cuts: Sequence[Cut]) -> bytes:
        """The file with these of its cuts."""
        return assemble(self.old, cuts)


def pieces_of(stage: Stage, path: str) -> Pieces | None:
    """The pieces of a file that differs, or from which all were taken out; None for what is decided whole.

    `path` is the file's own, not the old name of a rename.
    """
    change = stage.change(path)
    place = path if change is None or change.old_path is None else change.old_path
    base, work = stage.history.base.get(place), stage.history.work.get(path)
    if base is None or work is None or LINK in (base.mode, work.mode):
        return None
    old, new = (stage.history.load(item) for item in (base, work))
    if not (has_lines(old) and has_lines(new)):
        return None
    inside = _cuts(change, old, new)
    kept = stage.outside.of(path, base.oid)
    outside = fitting([cut for cut in kept if cut not in inside], inside)
    cuts = sorted([*inside, *outside], key=lambda cut: (cut.start, cut.end))
    if not cuts or len(cuts) > limits().stage.hunks:
        return None
    parts = (Part(id, cut, cut in inside) for id, cut in zip(names(cuts), cuts, strict=True))
    return Pieces(path, place, base, work, old, tuple(parts))


def _cuts(change: Change | None, old: bytes, new: bytes) -> tuple[Cut, ...]:
    return () if change is None or old == new else cuts_between(old, new)


def has_lines(data: bytes) -> bool:
    """Whether a file is to be taken apart by its lines."""
    return len(data) <= limits().stage.hunk_file_bytes and b"\0" not in data[:_LOOKED_AT]
