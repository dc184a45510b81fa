"""What is known of one file that differs: its pieces, whose they are, and what was decided on them."""

from typing import Literal, TypeAlias

import msgspec

from core.events import ChangeKind, FileChanged, Hunk, Verdict, Written
from core.text import sanitise, sanitise_line

Place: TypeAlias = Literal["staged", "stale", "applied", "undone"]
"""Where a change is. `stale`: the project's file moved on meanwhile, so it was not written.
`undone`: it was written and taken back, and waits for a decision again."""

NAME = -1
"""Stands for a file's name, above its first line."""


class Piece(msgspec.Struct):
    """A hunk: a piece of the difference that can be decided by itself."""

    id: str
    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    role: str
    """Who wrote the most of it, safe to draw; empty when nobody knows."""
    verdict: Verdict = "undecided"
    comment: str = ""
    stale: str = ""
    """Why it does not fit any more; empty while it does."""
    by: str = ""
    """Who decided on it, safe to draw."""
    step: str = ""
    """The step that brought the most of it; empty when nobody knows."""
    written: tuple[Written, ...] = ()
    """Its new lines, top down, by the steps that brought them."""
    overlap: str = ""
    """Another role whose lines it changes; empty when there is none."""


class Conflict(msgspec.Struct):
    """User and agents changed the same lines."""

    regions: int
    text: str
    """The file with both sides between conflict markers, safe to draw."""


class File(msgspec.Struct):
    path: str
    """Exact, for commands."""
    label: str
    """The same, safe to draw; a renamed file shows where it was."""
    kind: ChangeKind
    added: int
    removed: int
    patch: str
    binary: bool
    roles: list[str]
    """Who wrote it, the latest last."""
    verdict: Verdict = "undecided"
    """Of all pieces together: undecided while one of them is, rejected when all of them are."""
    place: Place = "staged"
    reason: str = ""
    """Why it is stale."""
    version: int = 0
    """Grows with each new patch."""
    pieces: list[Piece] = msgspec.field(default_factory=list[Piece])
    """Top down; none for what is decided whole."""
    old_mode: str = ""
    new_mode: str = ""
    marks: tuple[str, ...] = ()
    comment: str = ""
    by: str = ""
    """Who decided on it as a whole, safe to draw."""
    written: tuple[Written, ...] = ()
    """All its lines by the steps that brought them, where it has no pieces."""
    conflict: Conflict | None = None
    overlaps: list[str] = msgspec.field(default_factory=list[str])
    """Other roles whose lines were changed in it."""
    moved: bool = False
    """The user changed the file in the project meanwhile."""
    merged: bool = False
    """The user's edits and the agents' were put together."""
    since: str = ""
    """When it began to wait, RFC 3339."""

    @property
    def open(self) -> bool:
        """It waits for a decision, in whole or in part."""
        return self.verdict == "undecided" and self.place != "applied"

    @property
    def ready(self) -> bool:
        """Something of it is accepted, and not written yet."""
        if self.place == "applied":
            return False
        return self.verdict == "accepted" or any(piece.verdict == "accepted" for piece in self.pieces)

    @property
    def open_pieces(self) -> int:
        return sum(piece.verdict == "undecided" for piece in self.pieces)

    def decide(self, verdict: Verdict, piece: str | None, comment: str, by: str = "") -> None:
        """Take a decision on a piece, or on the file as a whole."""
        for known in self.pieces:
            if piece is None or known.id == piece:
                known.verdict, known.comment, known.stale, known.by = verdict, comment, "", by
        if piece is None or not self.pieces:
            self.verdict, self.comment, self.by = verdict, comment, by
        else:
            self.verdict = together([known.verdict for known in self.pieces])


def together(verdicts: list[Verdict]) -> Verdict:
    """The verdict of a file whose pieces have these: what is accepted in part is accepted."""
    if "undecided" in verdicts:
        return "undecided"
    return "accepted" if "accepted" in verdicts else "rejected"


def changed_file(event: FileChanged, before: File | None, at: str) -> File:
    """The file after its new difference. A piece that stayed the same keeps its verdict; all else is open."""
    role = sanitise_line(event.role)
    known = {piece.id: piece for piece in before.pieces} if before and before.place != "applied" else {}
    pieces = [_piece(hunk, known.get(hunk.id)) for hunk in event.hunks]
    roles = [name for name in (before.roles if before else []) if name != role]
    return File(
        event.path,
        _label(event),
        event.kind,
        event.added_lines,
        event.removed_lines,
        sanitise(event.patch),
        event.binary,
        [*roles, role],
        verdict=together([piece.verdict for piece in pieces]) if pieces else "undecided",
        version=before.version + 1 if before else 0,
        pieces=pieces,
        old_mode=event.old_mode,
        new_mode=event.new_mode,
        marks=tuple(sanitise_line(mark) for mark in event.marks),
        written=event.written,
        overlaps=before.overlaps if before else [],
        moved=before.moved if before else False,
        merged=before.merged if before and before.place != "applied" else False,
        since=before.since if before and before.open else at,
    )


def _piece(hunk: Hunk, before: Piece | None) -> Piece:
    piece = Piece(
        hunk.id,
        hunk.old_start,
        hunk.old_lines,
        hunk.new_start,
        hunk.new_lines,
        sanitise_line(hunk.role),
        step=hunk.step,
        written=hunk.written,
    )
    if before is not None:
        piece.by, piece.step = before.by, piece.step or before.step
        piece.verdict, piece.comment, piece.overlap = before.verdict, before.comment, before.overlap
        piece.role = piece.role or before.role
    if hunk.rejected:
        piece.verdict = "rejected"
    return piece


def _label(event: FileChanged) -> str:
    path = sanitise_line(event.path)
    return f"{sanitise_line(event.old_path)} → {path}" if event.old_path else path
