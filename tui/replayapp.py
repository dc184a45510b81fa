"""The application that `heddle replay` opens: it begins with the replay of one session."""

from __future__ import annotations

from typing import Any

from tui.app import LATER, SHEETS, HeddleApp
from tui.replay import ReplayScreen
from tui.telling import Reading


class ReplayApp(HeddleApp):
    """Heddle's screen over a past session.

    Args:
        past: the session's records.
        speed: how many times as fast as it was; 0: at once.
        more: as `HeddleApp` takes it.
    """

    CSS_PATH = [*SHEETS, *LATER]  # noqa: RUF012

    def __init__(self, past: Reading, speed: float, **more: Any) -> None:
        super().__init__(**more)
        self._tape = past
        self._speed = speed

    def get_default_screen(self) -> ReplayScreen:
        return ReplayScreen(self._tape, speed=self._speed, frame=self.frame)
