"""What comes out of a session about the user's own commands."""

from typing import Literal

from core.event_base import EventBase


class ShellStarted(EventBase, frozen=True, kw_only=True):
    """The user runs a command of their own on the private copy."""

    id: str
    command: str
    by: str = "user"


class ShellOutput(EventBase, frozen=True, kw_only=True):
    """What it has printed since the last one: all of them together are its output, up to a limit."""

    id: str
    text: str


class ShellFinished(EventBase, frozen=True, kw_only=True):
    """It has ended, or could not be run; what it changed follows as the user's own step."""

    id: str
    outcome: Literal["exited", "timed_out", "stopped", "not_run"]
    output: str
    """What it printed, clipped; for `not_run` a sentence that says why."""
    duration_ms: int
    exit_code: int | None = None
    """128 + the signal's number when a signal ended it; None unless it exited."""
