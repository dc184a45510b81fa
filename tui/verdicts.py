"""Words and marks for what differs: kinds, states, modes, and what else must be said about a file. Pure."""

from core.events import ChangeKind, Verdict
from core.money import show_usd, to_usd
from core.view.credits import Credit
from core.view.files import File, Piece
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, wrap
from tui.wording import plural

KIND_LETTERS: dict[ChangeKind, tuple[str, str]] = {
    "added": ("A", "good"),
    "modified": ("M", "warn"),
    "deleted": ("D", "bad"),
    "renamed": ("R", "accent"),
}
VERDICTS: dict[Verdict, tuple[str, str, str]] = {
    "undecided": ("○", "accent", "to decide"),
    "accepted": ("✓", "good", "accepted"),
    "rejected": ("✗", "bad", "rejected"),
}
_MODES = {
    "100644": "a plain file",
    "100755": "an executable file",
    "120000": "a symbolic link",
    "160000": "a submodule",
}


def file_state(file: File) -> tuple[str, str, str]:
    """A file's state as (mark, ink, words)."""
    if file.conflict is not None:
        return "≠", "bad", "conflict"
    match file.place:
        case "applied":
            return "●", "good", "written"
        case "stale":
            return "!", "bad", "stale"
        case "undone":
            return "↶", "warn", "taken back"
        case "staged":
            return _staged(file)


def _staged(file: File) -> tuple[str, str, str]:
    mark, ink, words = VERDICTS[file.verdict]
    decided = len(file.pieces) - file.open_pieces
    if file.verdict == "undecided" and decided:
        return "◐", ink, f"{decided}/{len(file.pieces)} decided"
    if file.verdict == "accepted" and any(piece.verdict == "rejected" for piece in file.pieces):
        taken = sum(piece.verdict == "accepted" for piece in file.pieces)
        return mark, ink, f"{taken} of {len(file.pieces)}"
    return mark, ink, words


def piece_state(piece: Piece) -> tuple[str, str, str]:
    if piece.stale:
        return "!", "bad", "stale"
    return VERDICTS[piece.verdict]


def file_notes(file: File, lines: int, width: int) -> Lines:
    """What the lines alone do not say about a file."""
    notes: Lines = []
    for words, ink in _notes(file, lines):
        notes += wrap([Span(words, ink)], width)
    return notes


def _notes(file: File, lines: int) -> list[tuple[str, str]]:
    notes: list[tuple[str, str]] = []
    if file.place == "stale":
        notes.append((f"Not written: {file.reason}", "bad"))
    if file.conflict is not None:
        where = plural(file.conflict.regions, "place")
        words = f"You and the team changed the same lines in {where}. m keeps yours, t takes the team's."
        notes.append((words, "bad bold"))
    elif file.merged:
        notes.append(("Your own edits of this file were merged with the team's: nothing collided.", "good"))
    elif file.moved and file.place != "applied":
        notes.append(("You changed this file meanwhile: both edits are merged when it is written.", "warn"))
    if file.overlaps:
        notes.append((f"Written over lines of {', '.join(file.overlaps)}: read it with care.", "warn"))
    if file.kind == "renamed":
        notes.append((f"Renamed: {file.label}", "accent"))
    if modes := _modes(file):
        notes.append((modes, "dim"))
    if file.marks:
        notes.append((f"In the file: {', '.join(file.marks)}", "dim"))
    if file.comment and not file.pieces:
        notes.append((f"You said: {file.comment}", "accent"))
    if file.binary:
        notes.append(("A binary file: there is no text to show.", "dim"))
    elif not lines and file.conflict is None and not modes:
        notes.append(("No line differs: only its name or its mode.", "dim"))
    return notes


def credit_line(number: int, credit: Credit) -> Line:
    """One of those who wrote a file, for the list above its lines."""
    key = credit.key
    mark = "~" if credit.estimated else ""
    cost = f"{mark}{show_usd(to_usd(credit.cost))}" if credit.lines else ""
    lines = plural(credit.lines, "line") if credit.lines else "takes lines away"
    by = f"accepted by {key.approved_by}" if key.approved_by else "not accepted"
    words = " · ".join(word for word in (key.model, key.run, lines, cost, by) if word)
    return [Span(f"{number} {key.role}", role_ink(key.role)), Span(f"  {words}", "dim")]


def _modes(file: File) -> str:
    """What kind of thing it is, where that changed or is not a plain file."""
    old, new = (_MODES.get(mode, mode) for mode in (file.old_mode, file.new_mode))
    if old and new and old != new:
        return f"It was {old}, and becomes {new}."
    only = new or old
    return "" if not only or only == _MODES["100644"] else f"It is {only}."


def head_line(piece: Piece, number: int, of: int, ground: str, wide: bool) -> tuple[Line, Line]:
    """Both ends of the line above a piece; only a wide one has room for whose lines it changes."""
    mark, ink, words = piece_state(piece)
    left = [
        Span("▸ " if ground else "  ", f"accent {ground}"),
        Span(f"{mark} ", f"{ink} bold {ground}"),
        Span(f"hunk {number} of {of}", f"bold {ground}"),
    ]
    right = [Span(f"⚠ over {piece.overlap}  " if wide else "⚠ ", f"warn {ground}")] if piece.overlap else []
    return left, [*right, Span(words, f"{ink} {ground}")]
