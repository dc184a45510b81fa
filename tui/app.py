"""The application: what it is given, its screens, and how it ends. What is drawn is in `tui.board` and the panes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import ClassVar

from textual.app import App
from textual.command import Provider
from textual.driver import Driver

from core.clock import Clock, now
from tui.actions import bindings
from tui.connection import Connect
from tui.inturn import KeysInTurn
from tui.keyboard import teach_keys
from tui.keymap import Keymap
from tui.leaving import EndsInOrder, watch_terminal
from tui.notices import Caller, Manners
from tui.pacing import FRAME_SECONDS
from tui.sources import Sources
from tui.telling import Reading
from tui.theme import DARK
from tui.themed import Themed
from tui.work import WorkScreen

_STYLES = Path(__file__).resolve().parent.parent / "styles"
_NO_SOURCES = Sources()
_MANNERS = Manners()
SHEETS: list[str | PurePath] = [_STYLES / f"{sheet}.tcss" for sheet in ("tokens", "app", "chat", "side")]
LATER = [_STYLES / f"{sheet}.tcss" for sheet in ("dialogs", "choosing", "ledger", "sessions")]
"""What lies over a session's screen: read after the first frame."""


def _actions() -> type[Provider]:
    from tui.palette import ActionProvider

    return ActionProvider


def _complete(app: HeddleApp) -> None:
    """What the first frame could do without."""
    watch_terminal(app.leave)
    # brought back by a shell, Textual would leave an empty terminal until something changes
    app.app_resume_signal.subscribe(app, lambda _: app.refresh(layout=True))
    app.stylesheet.read_all(LATER)


class HeddleApp(KeysInTurn, EndsInOrder, Themed, App[None], inherit_bindings=False):
    """Heddle's screen.

    Args:
        connect: opens a port to the session; the screen paints and takes requests meanwhile.
        past: what is on record of the session that is opened; None: a new one.
        sources: what the screen may ask for besides its session.
        suggestions: requests that the rehearsal knows.
        connect_hint: how to connect real models, for a new session's screen.
        project: the project's name until the session has told it.
        clock: for the time that a run takes.
        frame: seconds between two frames.
        manners: what the terminal may be told while something waits.
        keymap: the keys of every action.
        reduced_motion: whether nothing moves by itself.
        graph_as_list: whether the agent graph is a list, whatever room there is.
        report: writes down an error that nobody expected, and gives where.
    """

    TITLE = "heddle"
    CSS_PATH = SHEETS
    BINDINGS = bindings("anywhere", ("quit_now", "suspend"))
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_actions}

    def __init__(
        self,
        connect: Connect,
        *,
        past: Reading | None = None,
        sources: Sources = _NO_SOURCES,
        suggestions: Sequence[str] = (),
        connect_hint: str = "",
        project: str = "",
        theme: str = DARK.name,
        clock: Clock = now,
        frame: float = FRAME_SECONDS,
        manners: Manners = _MANNERS,
        keymap: Keymap | None = None,
        reduced_motion: bool = False,
        graph_as_list: bool = False,
        report: Callable[[BaseException], str] | None = None,
    ) -> None:
        teach_keys()
        super().__init__()
        self._connect, self._past = connect, past
        self.sources = sources
        self._suggestions = tuple(suggestions)
        self._hint, self._project = connect_hint, project
        self.clock, self.frame = clock, frame
        self._focus_told: bool | None = None
        self.caller = Caller(self._tell_terminal, lambda: self._focus_told, os.environ, manners, clock)
        self.keymap = keymap or Keymap()
        self.graph_as_list = graph_as_list
        self._report = report
        self.animation_level = "none" if reduced_motion else self.animation_level
        self.wear(theme)

    def get_driver_class(self) -> type[Driver]:
        from tui.terminal import Terminal

        found = super().get_driver_class()
        return Terminal if found is Terminal.__base__ else found

    def get_default_screen(self) -> WorkScreen:
        return WorkScreen(
            self._connect,
            past=self._past,
            clock=self.clock,
            suggestions=self._suggestions,
            connect_hint=self._hint,
            project=self._project,
            frame=self.frame,
        )

    def on_mount(self) -> None:
        self.set_keymap(self.keymap.bindings)
        self.call_after_refresh(_complete, self)

    def on_app_focus(self) -> None:
        self._focus_told = True

    def on_app_blur(self) -> None:
        self._focus_told = False

    def on_unmount(self) -> None:
        self.caller.leave()

    def _tell_terminal(self, code: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(code)

    def copy_to_clipboard(self, text: str) -> None:
        """Have the terminal hold a text.

        Raises:
            TooLong: it would not.
        """
        from tui.clipboard import clipboard_codes

        codes = clipboard_codes(text, os.environ)
        self._clipboard = text
        for code in codes:
            self._tell_terminal(code)

    def show_help(self) -> None:
        from tui.help import HelpScreen

        self.push_screen(HelpScreen())

    def show_sessions(self) -> None:
        from tui.visits import show_sessions

        show_sessions(self)
