"""A change of the stage, told as the event that goes on record."""

from typing import TypedDict

from core.events import ChangeWithdrawn, FileChanged, Hunk, Written
from core.limits import limits
from core.sandbox.masking import mask_diff
from core.sandbox.secrecy import known_values
from core.spelling import recorded
from core.stage.authors import Authors
from core.stage.change import Change
from core.stage.cuts import count_lines, unified
from core.stage.difference import head_lines, name_lines
from core.stage.marks import marks_of, readable
from core.stage.pieces import Pieces, pieces_of
from core.stage.shadow import Item
from core.stage.stage import Stage
from core.text import clip

_MASKED = "secrets masked"


class Author(TypedDict):
    """Whose work a change is."""

    run: str
    node: str
    role: str


def file_changed(stage: Stage, change: Change, *, run: str, node: str, role: str) -> FileChanged:
    """The event that says how a file differs from its base now, and whose work it is."""
    author = Author(run=run, node=node, role=role)
    pieces = pieces_of(stage, change.path)
    return _whole(stage, change, author) if pieces is None else _in_pieces(stage, change, pieces, author)


def told(stage: Stage, path: str, author: Author) -> FileChanged | ChangeWithdrawn:
    """What there is to say of a file; it was taken back when nothing of it is left, in the stage or outside."""
    change = stage.change(path)
    if change is not None and change.path == path:
        return file_changed(stage, change, **author)
    pieces = None if change is not None else pieces_of(stage, path)
    if pieces is None:
        return ChangeWithdrawn(**author, path=recorded(path))
    return _in_pieces(stage, _unchanged(pieces), pieces, author)


def _unchanged(pieces: Pieces) -> Change:
    """A file that is as it was, since all of its pieces were taken out."""
    mode = pieces.base.mode
    return Change(pieces.path, "modified", pieces.old, pieces.old, mode, mode, 0, 0, "")


def shown(stage: Stage, diff: str) -> tuple[str, tuple[str, ...]]:
    """A diff as it goes on record, clipped and without secrets, and the mark that says so."""
    masked = mask_diff(diff, known_values(stage.tree, stage.project))
    return clip(masked.text, limits().record.patch_characters), (_MASKED,) if masked.counts else ()


def _whole(stage: Stage, change: Change, author: Author) -> FileChanged:
    old, new = _items(stage, change)
    patch, masked = shown(stage, change.patch)
    return FileChanged(
        **author,
        path=recorded(change.path),
        kind=change.kind,
        added_lines=change.added_lines,
        removed_lines=change.removed_lines,
        patch=patch,
        binary=change.binary,
        old_path=None if change.old_path is None else recorded(change.old_path),
        old_mode=_mode(old),
        new_mode=_mode(new),
        old_blob=old.oid if old else "",
        new_blob=new.oid if new else "",
        written=_written(stage.authors(change.path)),
        marks=(*marks_of(change, stage.nested), *masked),
    )


def _items(stage: Stage, change: Change) -> tuple[Item | None, Item | None]:
    place = change.old_path or change.path
    return stage.history.base.get(place), stage.history.work.get(change.path)


def _mode(item: Item | None) -> str:
    return "" if item is None else f"{item.mode:o}"


def _in_pieces(stage: Stage, change: Change, pieces: Pieces, author: Author) -> FileChanged:
    place = pieces.place
    cuts = pieces.cuts
    text = readable(unified(pieces.old, cuts), pieces.old, change.new)
    head = head_lines(place, change.path, pieces.base, pieces.work)
    patch, masked = shown(stage, head + name_lines(change.kind, place, change.path) + text)
    return FileChanged(
        **author,
        path=recorded(change.path),
        kind=change.kind,
        added_lines=sum(count_lines(cut.new) for cut in cuts),
        removed_lines=sum(cut.count for cut in cuts),
        patch=patch,
        old_path=None if change.old_path is None else recorded(change.old_path),
        hunks=_hunks(pieces, stage.authors(change.path)),
        old_mode=_mode(pieces.base),
        new_mode=_mode(pieces.work),
        old_blob=pieces.base.oid,
        new_blob=pieces.work.oid,
        marks=(*marks_of(change, stage.nested), *masked),
    )


def _hunks(pieces: Pieces, authors: Authors) -> tuple[Hunk, ...]:
    """The pieces with their lines: on the new side those of a file that has them all."""
    hunks: list[Hunk] = []
    grown = staged = 0
    for part in pieces.parts:
        cut, lines = part.cut, count_lines(part.cut.new)
        origin = (
            authors.of((cut.start + 1, cut.count), (cut.start + staged + 1, lines)) if part.inside else None
        )
        hunks.append(
            Hunk(
                id=part.id,
                old_start=_first(cut.start, cut.count),
                old_lines=cut.count,
                new_start=_first(cut.start + grown, lines),
                new_lines=lines,
                role=origin.role if origin else "",
                step=origin.commit if origin else "",
                written=_written(authors, cut.start + staged + 1, lines) if part.inside else (),
                rejected=not part.inside,
            )
        )
        grown += cut.growth
        staged += cut.growth if part.inside else 0
    return tuple(hunks)


def _written(authors: Authors, first: int = 1, lines: int | None = None) -> tuple[Written, ...]:
    """Who brought these lines, or all of them; nothing where there are none."""
    found: list[Written] = []
    for span in authors.spans:
        end = span.first + span.lines
        shared = min(end, end if lines is None else first + lines) - max(first, span.first)
        if shared > 0:
            found.append(Written(lines=shared, step=span.origin.commit if span.origin else ""))
    return tuple(found)


def _first(start: int, lines: int) -> int:
    """A side without lines names the line before it."""
    return start + 1 if lines else start
