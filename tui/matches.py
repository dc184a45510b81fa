"""Which match it is, in one line below the diffs."""

from __future__ import annotations

from tui.lines import OneLine
from tui.paint import Line, cut_line


class SearchState(OneLine):
    """Which match it is, as long as a word is looked for."""

    DEFAULT_CLASSES = "-empty"
    _said: Line | None = None

    def say(self, line: Line) -> None:
        self._said = line
        self.set_class(not line, "-empty")
        self.refresh()

    def content(self, width: int) -> Line:
        return cut_line(self._said or [], width)
