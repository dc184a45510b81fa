"""The diffs: the files that differ, the patch of one of them, and the keys that decide."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from core.commands import ApplyChanges, Command, DecideChanges, UndoApply
from core.events import ChangeKind, Verdict
from core.view.changes import Changes, File
from core.view.patch import LineKind, PatchLine, parse_patch
from tui.actions import bindings
from tui.canvas import Canvas
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, chop, cut, cut_left, spread, width_of, wrap
from tui.wording import plural

_KIND_LETTERS: dict[ChangeKind, tuple[str, str]] = {
    "added": ("A", "good"),
    "modified": ("M", "warn"),
    "deleted": ("D", "bad"),
    "renamed": ("R", "accent"),
}
_LINE_LOOKS: dict[LineKind, tuple[str, str]] = {
    # kind: (mark, ink)
    "added": ("+", "added on-added"),
    "removed": ("-", "removed on-removed"),
    "same": (" ", ""),
    "hunk": (" ", "hunk"),
    "note": (" ", "dim"),
}
_EMPTY = "No file differs from your project. What the team writes shows up here, and waits for your decision."


def file_state(file: File) -> tuple[str, str, str]:
    """A file's state as (mark, ink, words)."""
    match file.place:
        case "applied":
            return "●", "good", "written"
        case "stale":
            return "!", "bad", "stale"
        case "undone":
            return "↶", "warn", "taken back"
        case "staged":
            return _VERDICTS[file.verdict]


_VERDICTS: dict[Verdict, tuple[str, str, str]] = {
    "undecided": ("○", "accent", "to decide"),
    "accepted": ("✓", "good", "accepted"),
    "rejected": ("✗", "bad", "rejected"),
}


class FileList(Canvas):
    """One line a file."""

    class Picked(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    can_focus = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._files: Sequence[File] = ()
        self._current = 0

    def show(self, files: Sequence[File], current: int) -> None:
        self._files, self._current = files, current
        self.resize_to(len(files))
        if current < self.scroll_offset.y:
            self.scroll_to(y=current, animate=False, immediate=True)
        elif current >= self.scroll_offset.y + self.size.height > 0:
            self.scroll_to(y=current - self.size.height + 1, animate=False, immediate=True)
        self.refresh()

    def line(self, y: int) -> Line:
        if y >= len(self._files):
            return []
        file, width = self._files[y], self.room
        ground = " on-cursor" if y == self._current else ""
        right = self._right(file, width >= 60, ground)
        mark, ink, _ = file_state(file)
        letter, letter_ink = _KIND_LETTERS[file.kind]
        left = [
            Span("▸ " if ground else "  ", f"accent{ground}"),
            Span(f"{mark} ", f"{ink} bold{ground}"),
            Span(f"{letter} ", f"{letter_ink}{ground}"),
        ]
        name = cut_left(file.label, width - width_of(left) - width_of(right) - 1)
        left.append(Span(name, f"bold{ground}" if ground else ""))
        line = spread(left, right, width)
        return [Span(text, spanned if spanned else ground.strip()) for text, spanned in line]

    @staticmethod
    def _right(file: File, wide: bool, ground: str) -> Line:
        _, ink, words = file_state(file)
        line: Line = []
        if wide and file.roles:
            line.append(Span(f"{file.roles[-1]}  ", f"{role_ink(file.roles[-1])}{ground}"))
        line += [Span(f"+{file.added}", f"good{ground}"), Span(f" -{file.removed}", f"bad{ground}")]
        if wide:
            line.append(Span(f"  {words:>10}", f"{ink}{ground}"))
        return line

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < len(self._files):
            self.post_message(self.Picked(index))


class PatchView(Canvas):
    """The unified patch of one file; only the lines in sight are drawn."""

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

    class Moved(Message):
        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    can_focus = True

    def __init__(self, changes: Callable[[], tuple[Changes, str]], *, id: str) -> None:
        super().__init__(id=id)
        self._changes = changes
        self._shown: tuple[str, int, str] | None = None
        self._file: File | None = None
        self._patch: Sequence[PatchLine] = ()
        self._notes: Lines = []
        self._digits = 1
        self._tops: list[int] = [0]
        """On which row each line of the patch begins, and where the last one ends."""
        self._confirmed: Command | None = None

    # -- drawing ---------------------------------------------------------------------------------

    def show(self, file: File | None) -> None:
        """Draw a file's patch, from its begin when it is another file."""
        key = (file.path, file.version, file.reason) if file else None
        if key == self._shown and file is not None:
            return
        other = self._shown is None or file is None or file.path != self._shown[0]
        self._shown, self._file = key, file
        self._patch = parse_patch(file.patch) if file else ()
        self._digits = len(str(max((max(line.old, line.new) for line in self._patch), default=1)))
        self._lay_out()
        if other:
            self.scroll_to(0, 0, animate=False, immediate=True)
        self.refresh()

    def _lay_out(self) -> None:
        self._notes = self._compose_notes(max(10, self.room))
        room = self._text_room
        heights = (_rows(line, room) for line in self._patch)
        self._tops = list(accumulate(heights, initial=len(self._notes)))
        self.resize_to(self._tops[-1])

    @property
    def _text_room(self) -> int:
        """Cells beside the line numbers and the mark."""
        return max(8, self.room - 2 * self._digits - 4)

    def on_resize(self) -> None:
        self._lay_out()

    def _compose_notes(self, width: int) -> Lines:
        file = self._file
        if file is None:
            return wrap([Span(_EMPTY, "dim")], width)
        lines: Lines = []
        if file.place == "stale":
            lines += wrap([Span(f"Not written: {file.reason}", "bad")], width)
        if file.binary:
            lines += wrap([Span("A binary file: there is no text to show.", "dim")], width)
        elif not self._patch:
            lines += wrap([Span("No line differs: only its name or its mode.", "dim")], width)
        return lines

    def line(self, y: int) -> Line:
        if y < len(self._notes):
            return self._notes[y]
        place = bisect_right(self._tops, y) - 1
        if place >= len(self._patch):
            return []
        return self._patch_row(self._patch[place], y - self._tops[place])

    def _patch_row(self, line: PatchLine, row: int) -> Line:
        """One row of a line; a long line goes on below itself."""
        mark, ink = _LINE_LOOKS[line.kind]
        if line.kind == "hunk":
            return [Span(cut(line.text, self.room), ink)]
        digits, room = self._digits, self._text_room
        numbers = (
            f"{line.old or '':>{digits}} {line.new or '':>{digits}} " if row == 0 else " " * (2 * digits + 2)
        )
        parts = chop(line.text, room)
        text = parts[row][0].text if row < len(parts) and parts[row] else ""
        ground = " ".join(name for name in ink.split() if name.startswith("on-"))
        return [
            Span(numbers, "faint"),
            Span(f"{mark} " if row == 0 else "  ", ink),
            Span(text, ink),
            Span(" " * max(0, room - cell_len(text)), ground),
        ]

    # -- deciding --------------------------------------------------------------------------------

    def action_next_file(self) -> None:
        self.post_message(self.Moved(1))

    def action_previous_file(self) -> None:
        self.post_message(self.Moved(-1))

    def action_accept(self) -> None:
        self._decide("accepted")

    def action_reject(self) -> None:
        self._decide("rejected")

    def _decide(self, verdict: Verdict) -> None:
        file = self._file
        if file is None:
            return
        if file.place == "applied":
            self.post_message(self.Told(f"{file.label} is written already: U takes the last apply back."))
            return
        self.post_message(self.Decided(DecideChanges(verdict=verdict, paths=(file.path,))))

    def action_accept_all(self) -> None:
        changes, _ = self._changes()
        if changes.open:
            self.post_message(self.Decided(DecideChanges(verdict="accepted")))
        elif changes.files:
            self.post_message(self.Told("Every file is decided already."))

    def action_write(self) -> None:
        changes, project = self._changes()
        ready = changes.ready
        if not ready:
            self.post_message(
                self.Told("Nothing is accepted yet: a accepts this file, A accepts all of them.")
            )
            return
        what, end = f"Write {plural(len(ready), 'file')} to ", " writes, any other key keeps them staged"
        left_out = f"({len(changes.open)} undecided left out)  " if changes.open else ""
        room = self.app.size.width - len(what) - len(left_out) - len(end) - 8
        words: Line = [Span(f"{what}{cut_left(project, max(16, room))}?  ", "bold"), Span(left_out, "dim")]
        paths = tuple(file.path for file in ready)
        self._ask(ApplyChanges(paths=paths), words, end)

    def action_undo(self) -> None:
        changes, _ = self._changes()
        written = [file for file in changes.files.values() if file.place == "applied"]
        if not written:
            self.post_message(self.Told("Nothing was written that could be taken back."))
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

    def on_blur(self) -> None:
        if self._confirmed is not None:
            self._close()

    def _close(self) -> None:
        self._confirmed = None
        self.post_message(self.Confirming(None))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """No key of this pane acts while a confirmation is open."""
        return self._confirmed is None


class Diffs(Vertical):
    """The pane: the list above, the patch below."""

    def __init__(self, changes: Changes, project: Callable[[], str], *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._changes = changes
        self._project = project
        self._current = 0
        self.border_title = "diffs"

    def compose(self) -> ComposeResult:
        yield FileList(id="files")
        yield PatchView(lambda: (self._changes, self._project()), id="patch")

    def on_mount(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        files = list(self._changes.files.values())
        self._current = max(0, min(self._current, len(files) - 1))
        self.query_one(FileList).show(files, self._current)
        self.query_one(FileList).set_class(not files, "-empty")
        self.query_one(PatchView).show(files[self._current] if files else None)
        self.border_title = diffs_title(self._changes)

    def on_patch_view_moved(self, event: PatchView.Moved) -> None:
        event.stop()
        self._go(self._current + event.by)

    def on_file_list_picked(self, event: FileList.Picked) -> None:
        event.stop()
        self._go(event.index)
        self.query_one(PatchView).focus()

    def _go(self, index: int) -> None:
        files = len(self._changes.files)
        self._current = index % files if files else 0
        self.redraw()


def diffs_title(changes: Changes, short: bool = False) -> str:
    """The pane's title, with what matters most while it is folded."""
    if not changes.files:
        return "diffs"
    if short:
        return f"diffs · {len(changes.files)}"
    title = f"diffs · {plural(len(changes.files), 'file')} +{changes.added} -{changes.removed}"
    waiting = len(changes.open)
    return f"{title} · {waiting} to decide" if waiting else title


def _rows(line: PatchLine, room: int) -> int:
    """How many rows a line takes; a hunk's head is cut instead."""
    if line.kind == "hunk" or len(line.text) <= room // 2:
        return 1
    return len(chop(line.text, room))
