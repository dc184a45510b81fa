"""The keys that decide on changes: what each becomes, and what must be confirmed first."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.containers import Vertical
from textual.message import Message

from core.commands import ApplyChanges, Command, DecideChanges, ResolveConflict, UndoApply
from core.events import Side, Verdict
from core.view.changes import Changes
from core.view.files import File, Piece
from tui.actions import bindings
from tui.keymap import Keymap
from tui.paint import Line, Span, cut_left
from tui.part import Part
from tui.wording import plural

_CONFLICT = (
    "This file is in conflict: {diffs.take_mine} keeps your side, {diffs.take_theirs} takes the team's."
)
_NOTHING = "Nothing is accepted yet: {diffs.accept} accepts this hunk, {diffs.accept_all} accepts everything."


class Deciding(Part, Vertical, part=True):
    """Base of the diffs: a subclass says which file and which piece is the current one."""

    BINDINGS = bindings("diffs")

    class Decided(Message):
        """The user gave a command about changes."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    class Confirming(Message):
        """A key must confirm; None: no longer."""

        def __init__(self, words: Line | None) -> None:
            super().__init__()
            self.words = words

    class Told(Message):
        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, changes: Changes, project: Callable[[], str], *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.changes = changes
        self._project = project
        self._confirmed: Command | None = None

    @property
    def keymap(self) -> Keymap:
        return self.app.keymap  # type: ignore[attr-defined]

    @property
    def file(self) -> File | None:
        """The current file."""
        raise NotImplementedError

    @property
    def piece(self) -> Piece | None:
        """The current piece of it; None where it is decided whole."""
        raise NotImplementedError

    def go_on(self) -> None:
        """Go to the next piece of the file that is to be decided, if there is one."""
        raise NotImplementedError

    # -- verdicts --------------------------------------------------------------------------------

    def action_accept(self) -> None:
        self.decide("accepted")

    def action_reject(self) -> None:
        self.decide("rejected")

    def action_undecide(self) -> None:
        self.decide("undecided")

    def action_accept_file(self) -> None:
        self.decide("accepted", whole=True)

    def action_reject_file(self) -> None:
        self.decide("rejected", whole=True)

    def decide(self, verdict: Verdict, *, whole: bool = False, comment: str = "") -> None:
        """Decide on the current piece, or on the file as a whole."""
        file, piece = self.file, self.piece
        if file is None or not self._decidable(file):
            return
        hunks = None if whole or piece is None or len(file.pieces) < 2 else (piece.id,)
        command = DecideChanges(verdict=verdict, paths=(file.path,), hunks=hunks, comment=comment)
        self.post_message(self.Decided(command))
        if hunks is not None and verdict != "undecided":
            self.go_on()

    def _decidable(self, file: File) -> bool:
        if file.place == "applied":
            back = self.keymap.fill("{diffs.undo} takes the last apply back.")
            self._tell(f"{file.label} is written already: {back}")
        elif file.conflict is not None:
            self._tell(self.keymap.fill(_CONFLICT))
        else:
            return True
        return False

    def _tell(self, text: str) -> None:
        self.post_message(self.Told(text))

    def action_accept_all(self) -> None:
        if self.changes.open:
            self.post_message(self.Decided(DecideChanges(verdict="accepted")))
        elif self.changes.files:
            self._tell("Every file is decided already.")

    def action_comment(self) -> None:
        """Reject with a reason that the agents get to read."""
        file = self.file
        if file is not None and self._decidable(file) and not self.query("#comment"):
            from tui.comment import CommentLine

            self.mount(CommentLine(self.decide, id="comment"))

    # -- conflicts -------------------------------------------------------------------------------

    def action_take_mine(self) -> None:
        self._take("project")

    def action_take_theirs(self) -> None:
        self._take("stage")

    def _take(self, side: Side) -> None:
        file = self.file
        if file is None or file.conflict is None:
            self._tell("There is no conflict in this file.")
            return
        self.post_message(self.Decided(ResolveConflict(path=file.path, take=side)))

    # -- into the project ------------------------------------------------------------------------

    def action_write(self) -> None:
        ready = self.changes.ready
        if not ready:
            self._tell(self.keymap.fill(_NOTHING))
            return
        what, end = f"Write {plural(len(ready), 'file')} to ", " writes, any other key keeps them staged"
        notes = _left_out(self.changes, ready)
        room = self.app.size.width - len(what) - sum(len(text) for text, _ in notes) - len(end) - 8
        words: Line = [Span(f"{what}{cut_left(self._project(), max(16, room))}?  ", "bold"), *notes]
        self._ask(ApplyChanges(paths=tuple(file.path for file in ready)), words, end)

    def action_undo(self) -> None:
        if not any(file.place == "applied" for file in self.changes.files.values()):
            self._tell("Nothing was written that could be taken back.")
            return
        words: Line = [Span("Take back what was written last?  ", "bold")]
        self._ask(UndoApply(), words, " restores your files, any other key leaves them")

    def _ask(self, command: Command, words: Line, end: str) -> None:
        self._confirmed = command
        self.post_message(self.Confirming([*words, Span("y", "key"), Span(end, "dim")]))

    def on_key(self, event: events.Key) -> None:
        """While a confirmation is open, `y` confirms, and any other key does nothing but close it."""
        command = self._confirmed
        if command is None:
            return
        event.stop()
        event.prevent_default()
        self._close()
        if event.key == "y":
            self.post_message(self.Decided(command))

    def on_descendant_blur(self) -> None:
        if self._confirmed is not None:
            self._close()

    def _close(self) -> None:
        self._confirmed = None
        self.post_message(self.Confirming(None))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key of this pane acts while a confirmation is open."""
        return self._confirmed is None


def _left_out(changes: Changes, ready: list[File]) -> Line:
    """What the user should know before the files are written."""
    notes: Line = []
    waiting = len([file for file in changes.open if file not in ready])
    pieces = sum(file.open_pieces for file in ready)
    if waiting or pieces:
        parts = [f"{waiting} undecided"] if waiting else []
        parts += [plural(pieces, "undecided hunk")] if pieces else []
        notes.append(Span(f"({', '.join(parts)} left out)  ", "dim"))
    if over := [file for file in ready if file.overlaps]:
        notes.append(Span(f"⚠ two roles wrote the same lines in {plural(len(over), 'file')}  ", "warn"))
    if any(file.conflict is not None for file in ready):
        notes.append(Span("≠ a conflict is not resolved  ", "bad"))
    return notes
