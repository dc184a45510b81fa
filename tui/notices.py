"""What the terminal itself is told when something waits for the user: its title, a bell, a notification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from core.clock import Clock
from core.text import sanitise_line
from core.view.session import SessionView
from tui.wording import RUN_WORDS

_STALE_SECONDS = 30.0
"""What is older than this was there before the screen was opened: nobody needs to be called for it."""
_MOST = 120
_OSC_9 = ("iTerm.app", "WezTerm", "ghostty", "kitty")
_OSC_9_SIGNS = ("ITERM_SESSION_ID", "KITTY_WINDOW_ID", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR", "ConEmuPID")
_OSC_777_SIGNS = ("VTE_VERSION",)


class Manners(msgspec.Struct, frozen=True):
    """What the user lets Heddle tell the terminal."""

    title: bool = True
    bell: bool = True
    notify: bool = True


class Caller:
    """Writes to the terminal what calls the user, each thing once.

    Args:
        write: puts bytes on the terminal as they are.
        focused: whether the terminal has the focus; None as long as it has not said.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        focused: Callable[[], bool | None],
        environ: Mapping[str, str],
        manners: Manners,
        clock: Clock,
    ) -> None:
        self._write = write
        self._focused = focused
        self._environ = environ
        self.manners = manners
        """Can be changed at any time."""
        self._clock = clock
        self._title = ""
        self._known: set[str] = set()

    def follow(self, view: SessionView, project: str) -> None:
        """Tell the terminal how the session stands, and call the user for what has just begun to wait."""
        if self._environ.get("TERM", "") in ("", "dumb"):
            return
        self._entitle(_title(view, project))
        for id, words, at in _waiting(view):
            if id not in self._known:
                self._known.add(id)
                if self._is_fresh(at) and self._focused() is not True:
                    self._call(f"{project}: {words}" if project else words)

    def leave(self) -> None:
        """Give the title back that the terminal had."""
        if self._title:
            self._write("\x1b[23;2t")
            self._title = ""

    def _entitle(self, title: str) -> None:
        if not self.manners.title or title == self._title or self._environ.get("TERM") == "linux":
            return
        if not self._title:
            self._write("\x1b[22;2t")  # xterm's stack of titles
        self._title = title
        self._write(f"\x1b]2;{_safe(title)}\x07")

    def _call(self, words: str) -> None:
        if self.manners.bell:
            self._write("\x07")
        if self.manners.notify:
            for code in _notifications(_safe(words), self._environ):
                self._write(through_tmux(code) if self._environ.get("TMUX") else code)

    def _is_fresh(self, at: str) -> bool:
        age = (self._clock() - datetime.fromisoformat(at)).total_seconds()
        return age < _STALE_SECONDS


def _title(view: SessionView, project: str) -> str:
    head = view.head
    waits = bool(head.questions or head.proposals)
    mark, words = ("● ", " · waits for you") if waits else ("◌ ", " · working") if head.busy else ("", "")
    if not words and (undecided := len(view.changes.open)):
        mark, words = "○ ", f" · {undecided} to decide"
    return f"{mark}heddle{f' · {project}' if project else ''}{words}"


def _waiting(view: SessionView) -> list[tuple[str, str, str]]:
    """What waits for the user now: an id, a sentence, and since when."""
    head = view.head
    found = [(f"q{one.id}", f"asks: {one.text}", one.since) for one in head.questions.values()]
    found += [
        (f"p{one.id}", "a proposal waits for your decision", one.since) for one in head.proposals.values()
    ]
    if head.status is not None and not head.busy and head.ended_at:
        words = f"the run is {RUN_WORDS[head.status][0]}"
        if view.changes.open:
            words += f", {len(view.changes.open)} to decide"
        found.append((f"r{head.ended_at}", words, head.ended_at))
    return found


def _safe(words: str) -> str:
    """No control, and nothing that parts the fields of a notification."""
    return sanitise_line(words).replace(";", ",")[:_MOST]


def _notifications(words: str, environ: Mapping[str, str]) -> list[str]:
    """The codes that this terminal is known to understand; none where it is not known."""
    program = environ.get("TERM_PROGRAM", "")
    if program in _OSC_9 or any(environ.get(sign) for sign in _OSC_9_SIGNS):
        return [f"\x1b]9;{words}\x07"]
    term = environ.get("TERM", "")
    if term.startswith(("foot", "rxvt")) or any(environ.get(sign) for sign in _OSC_777_SIGNS):
        return [f"\x1b]777;notify;Heddle;{words}\x07"]
    return []


def through_tmux(code: str) -> str:
    """tmux hands on what is wrapped for it, where its user allows that (`allow-passthrough`)."""
    escaped = code.replace("\x1b", "\x1b\x1b")
    return f"\x1bPtmux;{escaped}\x1b\\"
