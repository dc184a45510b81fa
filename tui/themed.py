"""The colours of the application: its themes, and when the sheets are read with which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.filter import Monochrome, NoColor

from tui.ink import Palette
from tui.theme import DARK, LIGHT
from tui.themes import ANSI, THEMES

if TYPE_CHECKING:
    from textual.theme import Theme

_Base = App[None] if TYPE_CHECKING else object
"""As in `tui.inturn`."""


class Themed(_Base):
    """Half of an application, which knows Heddle's themes and reads the sheets once with each."""

    _worn: Theme | None = None
    """Whose colours `theme_variables` are; None until it is known which theme is wanted."""
    _styled: dict[str, str]
    """The colours that the sheets were read with."""

    def __init__(self) -> None:
        super().__init__()
        self._palettes: dict[str, Palette] = {}
        for own, _ in THEMES.values():
            self.register_theme(own)

    def wear(self, theme: str) -> None:
        """Begin with a theme; with the one that does without colours where `NO_COLOR` asks for none."""
        self.theme = ANSI.name if self.no_color else theme
        if self.no_color:  # Textual would leave greys
            kept = [each for each in self._filters if not isinstance(each, Monochrome)]
            self._filters = [*kept, NoColor()]
        self._worn = self.current_theme
        self._styled = super().get_css_variables()
        self.stylesheet.set_variables(self._styled)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our sheets and inks need and a theme that is not ours lacks."""
        return dict(DARK.variables if self.current_theme.dark else LIGHT.variables)

    def get_css_variables(self) -> dict[str, str]:
        """Every colour by its name. Textual asks before it can know which theme is wanted, and again as it starts."""
        if self._worn is None:
            return {}
        if self._worn is not self.current_theme:
            self._worn = self.current_theme
            super().get_css_variables()
        return self.theme_variables

    def refresh_css(self, animate: bool = True) -> None:
        """Read the sheets again where colours changed: Textual does so once more while it starts."""
        wanted = self.get_css_variables()
        if wanted != self._styled:
            self._styled = wanted
            super().refresh_css(animate)

    @property
    def palette(self) -> Palette:
        """The inks in the colours of the current theme."""
        if self.theme not in self._palettes:
            self._palettes[self.theme] = Palette(self.theme_variables)
        return self._palettes[self.theme]
