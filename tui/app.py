"""The application: themes, screens, and how it ends. What is drawn is in `tui.board` and the panes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import ClassVar, TypeAlias

from textual.app import App
from textual.command import Provider

from core.clock import Clock, now
from core.record import Record
from tui.connection import Connect
from tui.feed import FRAME_SECONDS
from tui.ink import Palette
from tui.keyboard import teach_keys
from tui.leaving import leave_on_signals, watch_terminal
from tui.sessions import Browse
from tui.theme import DARK, LIGHT
from tui.work import WorkScreen

Read: TypeAlias = Callable[[str], AsyncIterator[Record]]

_STYLES = Path(__file__).resolve().parent.parent / "styles"
_SHEETS = ("tokens", "app", "chat", "side", "dialogs")


def _actions() -> type[Provider]:
    from tui.palette import ActionProvider

    return ActionProvider


class HeddleApp(App[None]):
    """Heddle's screen.

    Args:
        connect: opens a port to the session; the screen paints and takes requests meanwhile.
        browse: lists past sessions, the latest first.
        read: the records of a past session, from its begin.
        suggestions: requests that the rehearsal knows.
        connect_hint: how to connect real models, for a new session's screen.
        project: the project's name until the session has told it.
        clock: for the time that a run takes.
        frame: seconds between two frames.
    """

    TITLE = "heddle"
    CSS_PATH = [_STYLES / f"{sheet}.tcss" for sheet in _SHEETS]  # noqa: RUF012
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}

    def __init__(
        self,
        connect: Connect,
        *,
        browse: Browse | None = None,
        read: Read | None = None,
        suggestions: Sequence[str] = (),
        connect_hint: str = "",
        project: str = "",
        theme: str = DARK.name,
        clock: Clock = now,
        frame: float = FRAME_SECONDS,
    ) -> None:
        teach_keys()
        super().__init__()
        self._connect = connect
        self._browse = browse
        self._read = read
        self._suggestions = tuple(suggestions)
        self._hint = connect_hint
        self._project = project
        self._clock = clock
        self._frame = frame
        self._palettes: dict[str, Palette] = {}
        for own in (DARK, LIGHT):
            self.register_theme(own)
        self.theme = theme

    def get_default_screen(self) -> WorkScreen:
        return WorkScreen(
            self._connect,
            clock=self._clock,
            suggestions=self._suggestions,
            connect_hint=self._hint,
            project=self._project,
            frame=self._frame,
        )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our sheets and inks need and a theme that is not ours lacks."""
        return dict(DARK.variables if self.current_theme.dark else LIGHT.variables)

    @property
    def palette(self) -> Palette:
        """The inks in the colours of the current theme."""
        if self.theme not in self._palettes:
            self._palettes[self.theme] = Palette(self.theme_variables)
        return self._palettes[self.theme]

    def on_mount(self) -> None:
        leave_on_signals(self.leave)
        watch_terminal(self.leave)

    def leave(self, code: int) -> None:
        """End the screen, restore the terminal, and have `return_code` say why."""
        self.exit(return_code=code)

    def show_help(self) -> None:
        from tui.help import HelpScreen

        self.push_screen(HelpScreen())

    async def show_sessions(self) -> None:
        """List past sessions, and read the one that is chosen."""
        from tui.sessions import SessionsScreen

        if self._browse is None or self._read is None:
            return
        chosen = await self.push_screen_wait(SessionsScreen(await self._browse()))
        if chosen is not None:
            await self.push_screen(WorkScreen(past=self._read(chosen), clock=self._clock, frame=self._frame))

    def toggle_theme(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name
