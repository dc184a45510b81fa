"""The decision inbox: everything that waits for the user, decided one by one or several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen
from textual.timer import Timer

from core.clock import Clock
from core.commands import AnswerQuestion, Command, DecideChanges, DecideProposal
from core.events import Verdict
from core.text import first_line
from core.view.inbox import Entry, Risk, WaitKind
from core.view.session import SessionView
from tui.actions import bindings
from tui.canvas import Canvas, border_words
from tui.keymap import Keymap
from tui.paint import Line, Span, spread

_KINDS: dict[WaitKind, tuple[str, str]] = {
    "question": ("question", "accent bold"),
    "proposal": ("git", "accent bold"),
    "conflict": ("conflict", "bad bold"),
    "stale": ("stale", "warn bold"),
    "change": ("change", "dim"),
}
_RISKS: dict[Risk, tuple[str, str]] = {
    "low": ("low risk", "dim"),
    "medium": ("medium risk", "warn"),
    "high": ("high risk", "bad bold"),
}
_TITLE = "what waits for you"
_TICK_SECONDS = 60.0
_KEYS = (
    "{inbox.mark} marks · {inbox.approve} approves · {inbox.refuse} refuses · {inbox.go} goes there · "
    "{inbox.leave} goes back"
)


def _must(left: Sequence[Entry]) -> str:
    """What has more than two ways to be decided."""
    return f"1 {_KINDS[left[0].kind][0]} must be" if len(left) == 1 else f"{len(left)} must be"


class InboxList(Canvas):
    """Two lines an entry."""

    can_focus = True

    def __init__(self, view: SessionView, clock: Clock, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._view = view
        self._clock = clock
        self.entries: Sequence[Entry] = ()
        self.current = 0
        self.marked: set[tuple[WaitKind, str]] = set()

    def redraw(self) -> None:
        self.entries = self._view.inbox
        self.marked &= {(entry.kind, entry.key) for entry in self.entries}
        self.current = max(0, min(self.current, len(self.entries) - 1))
        self.resize_to(max(1, 2 * len(self.entries)))

    def on_resize(self) -> None:
        self.redraw()

    def step(self, by: int) -> None:
        self.current = max(0, min(len(self.entries) - 1, self.current + by))
        top, height = 2 * self.current, self.size.height
        if top < self.scroll_offset.y or top + 2 > self.scroll_offset.y + height:
            self.scroll_to(y=max(0, top - height // 2), animate=False, immediate=True)
        self.refresh()

    def key_up(self) -> None:
        self.step(-1)

    def key_down(self) -> None:
        self.step(1)

    @property
    def chosen(self) -> list[Entry]:
        """What is marked; else the one under the cursor."""
        marked = [entry for entry in self.entries if (entry.kind, entry.key) in self.marked]
        return marked or list(self.entries[self.current : self.current + 1])

    def line(self, y: int) -> Line:
        if not self.entries:
            return [Span("Nothing waits for you.", "dim")]
        index, row = divmod(y, 2)
        entry, here = self.entries[index], index == self.current
        ground = " on-cursor" if here else ""
        line = self._title(entry, here) if row == 0 else self._below(entry)
        return [Span(text, f"{ink}{ground}".strip()) for text, ink in line]

    def _title(self, entry: Entry, here: bool) -> Line:
        word, ink = _KINDS[entry.kind]
        mark = "◼ " if (entry.kind, entry.key) in self.marked else "  "
        left = [Span("▸" if here else " ", "accent"), Span(mark, "key"), Span(f"{word:<9}", ink)]
        left.append(Span(first_line(entry.title, 300), "bold"))
        risk, risk_ink = _RISKS[entry.risk]
        return spread(left, [Span(risk, risk_ink), Span(f" {self._age(entry.since):>9} ", "dim")], self.room)

    def _below(self, entry: Entry) -> Line:
        return spread([Span(f"            {first_line(entry.detail, 300)}", "dim")], [], self.room)

    def _age(self, since: str) -> str:
        if not since:
            return ""
        return waited(int((self._clock() - datetime.fromisoformat(since)).total_seconds()))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None:
            self.step((at.y + self.scroll_offset.y) // 2 - self.current)


def waited(seconds: int) -> str:
    """How long something waits, to the minute: it is looked at again once a minute."""
    minutes = max(0, seconds) // 60
    if minutes < 60:
        return f"{minutes} min" if minutes else "just now"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


class InboxScreen(ModalScreen[Entry | None]):
    """Gives the entry that the user wants to go to; decisions are sent from here.

    Args:
        send: takes a command.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("inbox")

    def __init__(self, view: SessionView, clock: Clock, send: Callable[[Command], object]) -> None:
        super().__init__()
        self._view = view
        self._clock = clock
        self._send = send
        self._said = ""
        """What could not be decided from here."""
        self._ticking: Timer | None = None

    def compose(self) -> ComposeResult:
        yield InboxList(self._view, self._clock, id="inbox", classes="pane dialog")

    def on_mount(self) -> None:
        self.redraw()

    @property
    def _keymap(self) -> Keymap:
        return self.app.keymap  # type: ignore[attr-defined]

    @property
    def _list(self) -> InboxList:
        return self.query_one(InboxList)

    def redraw(self) -> None:
        """The session went on, or a minute has passed."""
        found = self._list
        found.redraw()
        found.border_title = border_words(
            f"what waits for you · {len(found.entries)}" if found.entries else _TITLE
        )
        found.border_subtitle = border_words(self._said or self._keymap.fill(_KEYS))
        self._tick(bool(found.entries))

    def _tick(self, waits: bool) -> None:
        """A clock ticks, once a minute, only while the inbox is open and something in it waits."""
        if waits and self._ticking is None:
            self._ticking = self.set_interval(_TICK_SECONDS, self.redraw)
        elif not waits and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    def action_approve(self) -> None:
        self._decide("accepted")

    def action_refuse(self) -> None:
        self._decide("rejected")

    def _decide(self, verdict: Verdict) -> None:
        chosen = self._list.chosen
        paths = tuple(entry.key for entry in chosen if entry.kind == "change")
        if paths:
            self._send(DecideChanges(verdict=verdict, paths=paths))
        left: list[Entry] = []
        for entry in chosen:
            command = self._command(entry, verdict)
            if command is not None:
                self._send(command)
            elif entry.kind != "change":
                left.append(entry)
        self._list.marked = {(entry.kind, entry.key) for entry in left if len(chosen) > 1}
        there = self._keymap.fill("{inbox.go} goes there")
        self._said = f"{_must(left)} looked at: {there}" if left else ""
        self.redraw()

    def _command(self, entry: Entry, verdict: Verdict) -> Command | None:
        """What a verdict means for one entry; None where it must be looked at."""
        match entry.kind:
            case "proposal":
                return DecideProposal(id=entry.key, verdict=verdict)
            case "question":
                question = self._view.head.questions.get(entry.key)
                if question is None or len(question.choices) != 2:
                    return None
                return AnswerQuestion(id=question.id, answer=question.choices[verdict == "rejected"])
            case "change" | "conflict" | "stale":
                return None

    def action_mark(self) -> None:
        found, self._said = self._list, ""
        if found.entries:
            entry = found.entries[found.current]
            place: tuple[WaitKind, str] = (entry.kind, entry.key)
            found.marked ^= {place}
            found.step(1)
        self.redraw()

    def action_mark_alike(self) -> None:
        found = self._list
        if found.entries:
            kind = found.entries[found.current].kind
            found.marked |= {(entry.kind, entry.key) for entry in found.entries if entry.kind == kind}
            found.refresh()

    def action_go(self) -> None:
        found = self._list
        self.dismiss(found.entries[found.current] if found.entries else None)

    def action_leave(self) -> None:
        self.dismiss(None)
