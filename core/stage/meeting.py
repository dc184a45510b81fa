"""Where the user's own edit of a file meets the agents': merged three-way, by lines where there are any.

Meeting makes the user's bytes the new base, and of the agents' file both differences together. Nothing is
written into the project here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.events import Side
from core.stage.change import LINK, Change
from core.stage.cuts import Cut, cuts_between
from core.stage.history import Edits
from core.stage.marks import readable
from core.stage.merging import Merge, merge, moved
from core.stage.pieces import has_lines
from core.stage.shadow import Item
from core.stage.stage import Stage

_MET = "The user's edits"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A file that the user changed since the agents read it."""

    change: Change
    base: Item | None
    theirs: Item | None
    """What the project has now."""
    work: Item | None
    there: Item | None
    """What the project has at a renamed file's new name, where nothing should be."""
    merged: Merge | None
    """Both differences by their lines; None where one of the three has no lines, or is not there."""
    edits: tuple[Cut, ...] = field(default=())
    """The user's."""

    @property
    def place(self) -> str:
        return self.change.old_path or self.change.path

    @property
    def agrees(self) -> bool:
        """Both sides came to the same."""
        return self.there is None and self.theirs == self.work and self.change.old_path is None

    @property
    def regions(self) -> int:
        """How many places collide."""
        if self.agrees:
            return 0
        return 1 if self.merged is None else len(self.merged.clashes)

    @property
    def colliding(self) -> list[Cut]:
        """Cuts of the agents that collide with the user's."""
        clashes = self.merged.clashes if self.merged is not None else ()
        return [cut for clash in clashes for cut in clash.ours]


def meeting_of(stage: Stage, change: Change) -> Meeting | None:
    """Look at the project; None when the file is what the change was made against."""
    history = stage.history
    place = change.old_path or change.path
    base, theirs, work = history.base.get(place), stage.theirs(place), history.work.get(change.path)
    there = stage.theirs(change.path) if change.old_path is not None else None
    if theirs == base and there is None:
        return None
    made = None if there is not None else _merge(stage, change, base, theirs, work)
    edits = made.theirs if made is not None else ()
    return Meeting(change, base, theirs, work, there, made, edits)


def _merge(
    stage: Stage, change: Change, base: Item | None, theirs: Item | None, work: Item | None
) -> Merge | None:
    if theirs is None or work is None or LINK in (theirs.mode, work.mode, base.mode if base else 0):
        return None
    old = stage.history.load(base) if base is not None else b""
    mine, ours = stage.history.load(theirs), stage.history.load(work)
    if not all(has_lines(side) for side in (old, mine, ours)):
        return _unedited(base, theirs, work, old)
    return merge(old, cuts_between(old, ours), cuts_between(old, mine))


def _unedited(base: Item | None, theirs: Item, work: Item, old: bytes) -> Merge | None:
    """Bytes without lines can be put together where one side only changed the mode."""
    if base is None or base.oid not in (theirs.oid, work.oid):
        return None
    return Merge(old, (), (), ())


def meet(stage: Stage, meeting: Meeting, take: Side = "stage", merged: bytes | None = None) -> None:
    """Make the user's file the base. Where both collide, that side stands; or `merged` does for all of it."""
    base: dict[str, Item | None] = {meeting.place: meeting.theirs}
    if meeting.there is not None:
        base[meeting.change.path] = meeting.there
    with stage.lock:
        work = _work(stage, meeting, take, merged)
        _move_outside(stage, meeting)
        stage.become(base, work, "user", _MET)


def _work(stage: Stage, meeting: Meeting, take: Side, merged: bytes | None) -> Edits:
    path = meeting.change.path
    kind = meeting.work or meeting.theirs
    if merged is not None:
        mode = kind.mode if kind is not None and kind.mode != LINK else 0o100644
        return {path: stage.history.store((mode, merged))}
    if meeting.merged is not None and meeting.work is not None and meeting.theirs is not None:
        return {path: _together(stage, meeting, meeting.merged, take, meeting.work, meeting.theirs)}
    if take == "stage" or meeting.agrees:
        return {path: meeting.work}
    if meeting.change.old_path is None:
        return {path: meeting.theirs}
    return {meeting.place: meeting.theirs, path: meeting.there}


def _together(
    stage: Stage, meeting: Meeting, merged: Merge, take: Side, work: Item, theirs: Item
) -> Item | None:
    base = meeting.base
    ours_changed = base is None or work.mode != base.mode
    mode = work.mode if ours_changed else theirs.mode
    if not merged.ours and not merged.theirs and not merged.clashes and base is not None:
        return Item(mode, theirs.oid if work.oid == base.oid else work.oid)
    return stage.history.store((mode, merged.taken(take)))


def _move_outside(stage: Stage, meeting: Meeting) -> None:
    """What was rejected can still be put back where the user's edits do not touch it."""
    base, theirs, path = meeting.base, meeting.theirs, meeting.change.path
    if base is None or theirs is None or meeting.merged is None:
        return
    kept = stage.outside.of(path, base.oid)
    if kept:
        stage.outside.put(path, theirs.oid, moved(kept, meeting.edits))


def version_of(stage: Stage, meeting: Meeting) -> str:
    """SHA-256 of the project's file that collides; empty when it is gone."""
    item = meeting.there or meeting.theirs
    return "" if item is None else hashlib.sha256(stage.history.load(item)).hexdigest()


def shown(stage: Stage, meeting: Meeting) -> str:
    """The file with both sides between conflict markers, to be read."""
    if meeting.merged is not None:
        sides = [stage.history.load(item) for item in (meeting.work, meeting.theirs) if item is not None]
        return readable(meeting.merged.marked(), *sides)
    theirs = _described(stage, meeting.there or meeting.theirs)
    ours = _described(stage, meeting.work)
    return f"<<<<<<< project\n{theirs}=======\n{ours}>>>>>>> stage\n"


def _described(stage: Stage, item: Item | None) -> str:
    """One side of a file that cannot be merged by lines."""
    if item is None:
        return "(the file is deleted)\n"
    data = stage.history.load(item)
    if item.mode == LINK:
        return f"(a link to {readable(data)})\n"
    if not has_lines(data):
        return f"({len(data):,} bytes that are no text, SHA-256 {hashlib.sha256(data).hexdigest()[:12]})\n"
    text = readable(data, data)
    return text if text.endswith("\n") or not text else text + "\n"


def carried(accepted: Sequence[Cut], meeting: Meeting | None) -> list[Cut]:
    """Accepted cuts of the base, as cuts of the user's file; those that the user made as well are in it already."""
    return list(accepted) if meeting is None else moved(accepted, meeting.edits)
