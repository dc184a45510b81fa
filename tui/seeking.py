"""Looking for a word in the diffs: the way from match to match, and which one it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.text import sanitise_line
from core.view.files import NAME
from tui.deciding import Deciding
from tui.paint import Line, Span, cut
from tui.wording import plural

if TYPE_CHECKING:
    from core.view.finding import Search
    from tui.matches import SearchState
    from tui.oneline import SearchLine
    from tui.patch import PatchView

_HINT = "find in names and lines of all diffs"


class Seeking(Deciding, part=True):
    """The diffs with a word that is looked for. A subclass says where it is, and goes where it is told."""

    search: Search | None = None
    _line = NAME - 1
    """The line that was found last, in the current file."""
    _origin = (0, NAME - 1)
    """Where the search began: what is typed further is looked for from there."""

    @property
    def index(self) -> int:
        """Of the current file."""
        raise NotImplementedError

    def show_file(self, index: int) -> None:
        """Make a file the current one."""
        raise NotImplementedError

    @property
    def patch(self) -> PatchView:
        """What shows the current file."""
        raise NotImplementedError

    @property
    def state(self) -> SearchState:
        """What says which match it is."""
        raise NotImplementedError

    def action_search(self) -> None:
        """Open the line in which the word is typed, with the word of before."""
        if self.changes.files and not self.query("#seek"):
            from tui.oneline import SearchLine

            self._origin = (self.index, self._line - 1)
            word = self.search.word if self.search else ""
            self.mount(SearchLine(word, _HINT, self._seek, self._step_to_match))

    def action_next_match(self) -> None:
        self._go_to_match(back=False)

    def action_previous_match(self) -> None:
        self._go_to_match(back=True)

    def on_search_line_left(self, event: SearchLine.Left) -> None:
        event.stop()
        if not event.keep:
            self._forget()
        self.patch.focus()

    def forget_line(self) -> None:
        """The user went elsewhere by himself: the next match is looked for from there."""
        self._line = NAME - 1

    def _seek(self, word: str) -> None:
        """Something else was typed: go to its first match."""
        if not word:
            self._forget()
            return
        from core.view.finding import Search

        self.search = Search(word, self.search)
        self.patch.search = self.search
        self._show(self.search.step(list(self.changes.files.values()), *self._origin))

    def _forget(self) -> None:
        self.search = self.patch.search = None
        self.forget_line()
        self.state.say([])
        self.patch.refresh()

    def _step_to_match(self, back: bool) -> None:
        self._go_to_match(back=back)

    def _go_to_match(self, *, back: bool) -> None:
        if self.search is None:
            self.action_search()
            return
        files = list(self.changes.files.values())
        self._show(self.search.step(files, self.index, self._line, back=back))

    def _show(self, found: tuple[int, int] | None) -> None:
        if found is not None:
            index, line = found
            if index != self.index:
                self.show_file(index)
            self._line = line
            self.patch.reveal(line)
        self.patch.refresh()
        self.state.say(self._standing(found))

    def _standing(self, found: tuple[int, int] | None) -> Line:
        """Which match it is, and how many there are."""
        search, files = self.search, list(self.changes.files.values())
        if search is None:
            return []
        word = f"“{cut(sanitise_line(search.word), 20)}”"
        if found is None:
            return [Span(f"{word} is in no diff", "warn")]
        hits = search.hits(files[found[0]])
        holding = sum(search.may_hold(file) for file in files)
        here = f"{word} {hits.index(found[1]) + 1} of {len(hits)} here · in {plural(holding, 'file')}"
        fill = self.keymap.fill
        keys = [Span(fill("  {diffs.next_match}"), "key"), Span(" next ", "dim")]
        keys += [Span(fill("{diffs.previous_match}"), "key"), Span(" back", "dim")]
        return [Span(here, "bold"), *keys]
