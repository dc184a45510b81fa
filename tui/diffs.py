"""The diffs: the files that differ, the patch of one of them, and the way from hunk to hunk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.widget import Widget

from core.view.changes import Changes
from core.view.files import File, Piece
from tui.canvas import border_words
from tui.seeking import Seeking
from tui.wording import plural

if TYPE_CHECKING:
    from tui.filelist import FileList
    from tui.matches import SearchState
    from tui.patch import PatchView


class Diffs(Seeking):
    """The pane: the list above, the patch below."""

    _current = 0
    _furnished = False

    def compose(self) -> ComposeResult:
        """What is in it at once, if it can be seen; else after the first frame, or when it is first asked for."""
        if self.screen.has_class("-wide"):
            yield from self._furniture()
        else:
            self.call_after_refresh(self.furnish)

    def _furniture(self) -> Iterable[Widget]:
        from tui.filelist import FileList
        from tui.matches import SearchState
        from tui.patch import PatchView

        if not self._furnished:
            self._furnished = True
            yield FileList(id="files")
            yield PatchView(self.changes.steps, id="patch")
            yield SearchState(id="seek-state")

    def furnish(self) -> None:
        """Make what is in it, if it is not there yet."""
        if not self._furnished and self.is_attached:
            self.mount_all(self._furniture())
            self.redraw()

    @property
    def files(self) -> FileList:
        """The files that differ."""
        self.furnish()
        return cast("FileList", self.query_one("#files"))

    @property
    def patch(self) -> PatchView:
        self.furnish()
        return cast("PatchView", self.query_one("#patch"))

    @property
    def state(self) -> SearchState:
        self.furnish()
        return cast("SearchState", self.query_one("#seek-state"))

    def on_mount(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        files = list(self.changes.files.values())
        self._current = max(0, min(self._current, len(files) - 1))
        self.border_title = border_words(diffs_title(self.changes))
        if files or self._furnished:
            self.files.show(files, self._current)
            self.files.set_class(not files, "-empty")
            self.patch.show(files[self._current] if files else None)

    @property
    def file(self) -> File | None:
        files = list(self.changes.files.values())
        return files[self._current] if self._current < len(files) else None

    @property
    def piece(self) -> Piece | None:
        file, at = self.file, self.patch.piece
        return file.pieces[at] if file is not None and 0 <= at < len(file.pieces) else None

    def go_on(self) -> None:
        file, view = self.file, self.patch
        for index, piece in enumerate(file.pieces if file else ()):
            if index > view.piece and piece.verdict == "undecided":
                view.point(index)
                return

    # -- going -----------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        return self._current

    def show_file(self, index: int) -> None:
        files = len(self.changes.files)
        self._current = index % files if files else 0
        self.redraw()

    def action_next_file(self) -> None:
        self._go(self._current + 1)

    def action_previous_file(self) -> None:
        self._go(self._current - 1)

    def action_next_hunk(self) -> None:
        self._step(1)

    def action_previous_hunk(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        """To the piece beside this one, into the next file where this one ends."""
        view, file = self.patch, self.file
        if file is not None and 0 <= view.piece + by < len(file.pieces):
            view.point(view.piece + by)
            return
        self._go(self._current + by)
        if by < 0 and self.file is not None:
            view.point(len(self.file.pieces) - 1)

    def _go(self, index: int) -> None:
        self.forget_line()
        self.show_file(index)

    def open(self, path: str) -> None:
        """Show the file with this path, if it differs."""
        paths = list(self.changes.files)
        if path in paths:
            self._go(paths.index(path))

    # -- how it is drawn -------------------------------------------------------------------------

    def action_toggle_pairs(self) -> None:
        self.patch.toggle("pairs")

    def action_toggle_context(self) -> None:
        self.patch.toggle("tight")

    def action_toggle_authors(self) -> None:
        self.patch.toggle("authors")

    def on_file_list_picked(self, event: FileList.Picked) -> None:
        event.stop()
        self._go(event.index)
        self.patch.focus()


def diffs_title(changes: Changes, short: bool = False) -> str:
    """The pane's title, with what matters most while it is folded."""
    if not changes.files:
        return "diffs"
    if short:
        return f"diffs · {len(changes.files)}"
    title = f"diffs · {plural(len(changes.files), 'file')} +{changes.added} -{changes.removed}"
    waiting = len(changes.open)
    return f"{title} · {waiting} to decide" if waiting else title
