"""What of a change is to be written: all of it, or its base with the accepted pieces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from core.stage.change import Change
from core.stage.cuts import Cut, assemble, fitting, shifted
from core.stage.history import APPLIED
from core.stage.meeting import Meeting, carried
from core.stage.pieces import pieces_of
from core.stage.shadow import Item
from core.stage.stage import Stage


@dataclass(frozen=True, slots=True)
class Portion:
    """The accepted part of a file's difference."""

    change: Change
    """What to write, as a change of what is there."""
    item: Item | None
    """What the file becomes; None: it goes."""
    base: Item | None
    """What it is until then."""
    cuts: tuple[Cut, ...] | None = None
    """The accepted pieces of it; None: it is written whole."""

    @property
    def is_empty(self) -> bool:
        """Nothing is to be written: the project has it all already."""
        return self.item == self.base and self.change.old_path is None


def portion_of(stage: Stage, change: Change, accepted: Collection[str] | None) -> Portion:
    """The part of a change that has these pieces; all of it for None, and for what has no pieces."""
    pieces = None if accepted is None else pieces_of(stage, change.path)
    if pieces is None or accepted is None:
        place = change.old_path or change.path
        return Portion(change, stage.history.work.get(change.path), stage.history.base.get(place))
    return _made(stage, change, pieces.base, pieces.chosen(accepted))


def portion_after(stage: Stage, before: Portion, meeting: Meeting) -> Portion | None:
    """The same part once the user's edits are the base; None when nothing differs any more."""
    change = stage.change(before.change.path)
    if change is None or meeting.theirs is None or before.cuts is None:
        return None if change is None else portion_of(stage, change, None)
    return _made(stage, change, meeting.theirs, carried(before.cuts, meeting))


def _made(stage: Stage, change: Change, base: Item, cuts: Sequence[Cut]) -> Portion:
    work = stage.history.work.get(change.path)
    old = stage.history.load(base)
    data = assemble(old, cuts)
    item = stage.history.store((base.mode if work is None else work.mode, data))
    return Portion(replace(change, old=old, new=data), item, base, tuple(cuts))


def written(stage: Stage, portion: Portion) -> None:
    """The project has it: it is the base from here on, and what was rejected is kept for that base."""
    change, item = portion.change, portion.item
    base = dict.fromkeys(change.paths) | {change.path: item}
    with stage.lock:
        if portion.base is not None and item is not None:
            kept = stage.outside.of(change.path, portion.base.oid)
            if kept:
                cuts = portion.cuts or ()
                stage.outside.put(change.path, item.oid, shifted(fitting(kept, cuts), cuts))
        stage.become(base, {}, "user", APPLIED)
