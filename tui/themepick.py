"""Choosing a theme: each is shown as the cursor comes to it, and the one that is taken is remembered."""

from __future__ import annotations

from tui.picking import PickScreen, Row
from tui.themes import THEMES


class ThemeScreen(PickScreen):
    """Shows themes by wearing them; gives back the one there was, where none is taken."""

    def __init__(self, current: str) -> None:
        names = list(THEMES)
        rows = [Row(name.removeprefix("heddle-"), THEMES[name][1]) for name in names]
        super().__init__(
            "themes",
            rows,
            current=names.index(current) if current in names else 0,
            help="↑ ↓ shows one · Enter keeps it · Esc goes back",
            moved=self._wear,
        )
        self._before = current

    def _wear(self, index: int) -> str:
        self.app.theme = list(THEMES)[index]
        return ""

    def dismiss(self, result: int | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
        if result is None:
            self.app.theme = self._before
        return super().dismiss(result)
