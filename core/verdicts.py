"""What is decided of a file's difference, piece by piece: a fold over its records.

A hunk keeps its verdict when the file changes again, as long as the piece is the same; one that was rejected, has
left the stage and is made again is a new one. What no hunk stands for (a new name, another mode; everything of a
file that is decided whole) is the *rest*.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from core.events import ChangeDecided, FileChanged, Hunk, Verdict
from core.view.patch import parse_patch


class Piece(msgspec.Struct):
    """A hunk and what the user says of it."""

    hunk: Hunk
    run: str
    """The run that made it."""
    role: str
    """Who wrote it."""
    verdict: Verdict = "undecided"
    comment: str = ""
    """Why, in the user's words."""
    stale: str = ""
    """Why it does not fit any more; empty while it does."""
    by: str = ""
    """Who decided."""


_Rest: TypeAlias = tuple[str, str | None, str, str]


class FileVerdicts:
    """The verdicts on one file's difference."""

    def __init__(self, event: FileChanged, before: "FileVerdicts | None" = None) -> None:
        """`before` are the verdicts on the file's difference until then."""
        self._rest_is: _Rest = (event.kind, event.old_path, event.old_mode, event.new_mode)
        self.has_rest = not event.hunks or event.old_path is not None or (event.old_mode != event.new_mode)
        """There is more to it than hunks: a new name, another mode; or it is decided whole."""
        self.rest: Verdict = "undecided"
        self.comment = self.by = ""
        self.touched = False
        """Something was decided of it."""
        self.pieces: dict[str, Piece] = {}
        known = _Known(before.pieces.values(), event.hunks) if before is not None else None
        for hunk in event.hunks:
            self.pieces[hunk.id] = _carried(hunk, known.of(hunk) if known else None, event)
        if before is not None and event.hunks and before.pieces and before._rest_is == self._rest_is:
            self.rest, self.comment, self.by = before.rest, before.comment, before.by

    def decide(self, event: ChangeDecided) -> None:
        """Take a decision in; one about a hunk that is gone says nothing."""
        self.touched = True
        if event.hunk is None:
            self.rest, self.comment, self.by = event.verdict, event.comment, event.by
            for piece in self.pieces.values():
                _decide(piece, event)
        elif event.hunk in self.pieces:
            _decide(self.pieces[event.hunk], event)

    def mark_stale(self, hunk: str, reason: str) -> None:
        """A hunk does not fit any more."""
        if hunk in self.pieces:
            self.pieces[hunk].stale = reason

    @property
    def takes_rest(self) -> bool:
        """Whether the new name or mode is accepted: by itself, or since a hunk is."""
        return self.rest == "accepted" or bool(self.with_verdict("accepted"))

    @property
    def drops_rest(self) -> bool:
        """Whether the new name or mode is rejected, and no hunk needs it."""
        return self.rest == "rejected" and len(self.with_verdict("rejected")) == len(self.pieces)

    def with_verdict(self, verdict: Verdict) -> tuple[str, ...]:
        """Ids of the hunks that have it."""
        return tuple(id for id, piece in self.pieces.items() if piece.verdict == verdict)

    @property
    def rest_verdict(self) -> Verdict:
        """What is decided of what no hunk stands for."""
        return "accepted" if self.takes_rest else self.rest

    @property
    def waits_whole(self) -> bool:
        """Whether what no hunk stands for waits for a decision."""
        return self.has_rest and self.rest_verdict == "undecided"

    @property
    def verdict(self) -> Verdict:
        """The file's: undecided while any part of it is; accepted when something of it is to be written."""
        parts: set[Verdict] = {piece.verdict for piece in self.pieces.values()}
        if self.has_rest:
            parts.add(self.rest_verdict)
        if "undecided" in parts:
            return "undecided"
        return "accepted" if "accepted" in parts else "rejected"

    @property
    def is_accepted(self) -> bool:
        """Whether something of it is to be written; the rest may wait."""
        return bool(self.with_verdict("accepted")) or (self.has_rest and self.rest == "accepted")

    @property
    def approved_by(self) -> tuple[str, ...]:
        """Who accepted what is accepted of it."""
        found = [piece.by for piece in self.pieces.values() if piece.verdict == "accepted"]
        if self.has_rest and self.rest == "accepted":
            found.append(self.by)
        return tuple(dict.fromkeys(by for by in found if by))

    @property
    def is_mixed(self) -> bool:
        """Whether its parts are decided differently."""
        parts = {piece.verdict for piece in self.pieces.values()}
        return len(parts | {self.rest_verdict} if self.has_rest else parts) > 1


def _decide(piece: Piece, event: ChangeDecided) -> None:
    piece.verdict, piece.comment, piece.stale, piece.by = event.verdict, event.comment, "", event.by


def _carried(hunk: Hunk, known: Piece | None, event: FileChanged) -> Piece:
    piece = Piece(hunk, event.run, hunk.role or event.role)
    if known is not None and not _is_made_again(hunk, known):
        piece.run, piece.role = known.run, hunk.role or known.role
        piece.verdict, piece.comment, piece.by = known.verdict, known.comment, known.by
    if hunk.rejected:
        piece.verdict = "rejected"
    return piece


def _is_made_again(hunk: Hunk, known: Piece) -> bool:
    """What was rejected had left the stage, and is in it again: it waits for a decision like anything else there."""
    return known.verdict == "rejected" and known.hunk.rejected and not hunk.rejected


class _Known:
    """Pieces of an earlier difference, to be found again.

    Equal pieces are numbered in their order. When there are more or fewer of them than before, the numbers
    say nothing, and only one that stands at the same lines is taken for the same.
    """

    def __init__(self, before: Iterable[Piece], after: Iterable[Hunk]) -> None:
        self._by_id = {piece.hunk.id: piece for piece in before}
        self._by_place = {_place(piece.hunk): piece for piece in self._by_id.values()}
        earlier = Counter(_content(id) for id in self._by_id)
        later = Counter(_content(hunk.id) for hunk in after)
        self._sure = {content for content in earlier if earlier[content] == later[content]}

    def of(self, hunk: Hunk) -> Piece | None:
        if _content(hunk.id) in self._sure:
            return self._by_id.get(hunk.id)
        return self._by_place.get(_place(hunk))


def _content(id: str) -> str:
    """What an id says of the lines, without the number that tells equal pieces apart."""
    return id.partition("-")[0]


def _place(hunk: Hunk) -> tuple[str, int]:
    return _content(hunk.id), hunk.old_start


def excerpt(change: FileChanged, hunk: str | None) -> str:
    """The lines of the diff that a hunk stands for, as far as they are on record; empty for the whole file."""
    found = next((one for one in change.hunks if one.id == hunk), None)
    return "" if found is None else "\n".join(lines_of(change.patch, found))


def lines_of(patch: str, hunk: Hunk) -> list[str]:
    """The removed and added lines of a hunk in its file's diff, with their marks in front."""
    old = range(hunk.old_start, hunk.old_start + hunk.old_lines)
    new = range(hunk.new_start, hunk.new_start + hunk.new_lines)
    return [
        f"{_MARKS[line.kind]}{line.text}"
        for line in parse_patch(patch)
        if (line.kind == "removed" and line.old in old) or (line.kind == "added" and line.new in new)
    ]


def lines_by_hunk(patch: str, hunks: Sequence[Hunk]) -> list[list[str]]:
    """The same for all hunks of a file, top down as they are, with one look at its diff: run by run of its lines."""
    found: list[list[str]] = [[] for _ in hunks]
    if not hunks:
        return found
    lines = parse_patch(patch)
    old = [(hunk.old_start, hunk.old_start + hunk.old_lines) for hunk in hunks]
    new = [(hunk.new_start, hunk.new_start + hunk.new_lines) for hunk in hunks]
    for run in lines.stretches:
        if run.kind in _MARKS:
            gone = run.kind == "removed"
            texts = [_MARKS[run.kind] + text for text in lines.texts[run.start : run.stop]]
            _deal(found, old if gone else new, run.old if gone else run.new, texts)
    return found


def _deal(found: list[list[str]], places: list[tuple[int, int]], first: int, texts: list[str]) -> None:
    """Give lines that follow one another, from this number on, to the hunks that they belong to."""
    starts = [start for start, _ in places]
    done = 0
    while done < len(texts):
        number = first + done
        at = bisect_right(starts, number) - 1
        inside = at >= 0 and number < places[at][1]
        ends = [places[at][1]] if inside else []
        ends += starts[at + 1 : at + 2]
        count = min(ends, default=number + len(texts)) - number
        if inside:
            found[at] += texts[done : done + count]
        done += count


_MARKS = {"removed": "-", "added": "+"}
