"""The status line, the footer and the tabs: one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias

from rich.segment import Segment
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from core.view.session import SessionView
from tui.actions import Action, key_name
from tui.ink import Palette
from tui.paint import Line, Span, cut_line, spread, width_of
from tui.part import Part
from tui.wording import RUN_WORDS, tally_cost

if TYPE_CHECKING:
    from textual.events import Click

Pane: TypeAlias = Literal["chat", "graph", "diffs", "cost"]


class OneLine(Part, Widget, part=True):
    """A widget of one line that draws itself."""

    @property
    def palette(self) -> Palette:
        return self.app.palette  # type: ignore[attr-defined]

    def content(self, width: int) -> Line:
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        if y:
            return Strip.blank(width, base)
        style = self.palette.style
        strip = Strip([Segment(text, style(ink)) for text, ink in self.content(width)])
        return strip.crop_extend(0, width, base).apply_style(base)


class StatusLine(OneLine):
    """Where, with what, how it goes, and what it has cost."""

    def __init__(self, state: Callable[[], tuple[str, str]], *, id: str) -> None:
        super().__init__(id=id)
        self._view = SessionView()
        self._state = state
        self._fallback = ""

    def show(self, view: SessionView, fallback: str = "") -> None:
        """`fallback`: the project's name until the session has told it."""
        self._view, self._fallback = view, fallback or self._fallback
        self.refresh()

    def content(self, width: int) -> Line:
        right = self._right(short=width < 80)
        left = self._left(short=width < 100)
        return [Span(" "), *spread(left, right, width - 2), Span(" ")]

    def _left(self, short: bool) -> Line:
        head = self._view.head
        name = PurePath(head.project_label).name or self._fallback
        line = [Span("heddle", "heading"), Span("  "), Span(name, "bold")]
        if head.backend == "rehearsal":
            line += [Span("  "), Span(" REHEARSAL ", "on-badge accent bold")]
        elif head.backend == "endpoint":
            line.append(Span("  own endpoint", "warn"))
        if head.confinement == "unconfined":
            line.append(Span("  unconfined", "warn bold"))
        elif head.confinement:
            line.append(Span("  confined", "good"))
        if head.roster and not short:
            line.append(Span(f"  roster {head.roster}", "dim"))
        return line

    def _right(self, short: bool) -> Line:
        words, ink = self._state()
        total = self._view.costs.session.total
        line = [Span(words, ink)]
        if total.calls:
            line += [Span("  "), Span(tally_cost(total), "accent bold")]
            if not self._view.costs.billed and not short:
                line.append(Span(" list price", "dim"))
        return line


def state_words(view: SessionView, elapsed: str) -> tuple[str, str]:
    """How the session goes, for the status line."""
    head = view.head
    if head.question is not None:
        return "● waits for your answer", "accent bold"
    if head.busy:
        done, total = head.copied
        if total:
            return f"● copying the project {100 * done // total} % {elapsed}".rstrip(), "busy bold"
        return f"● working {elapsed}".rstrip(), "busy bold"
    if view.changes.open:
        return f"○ {len(view.changes.open)} to decide", "accent"
    if view.changes.ready:
        return f"○ {len(view.changes.ready)} to write", "accent"
    if head.status is not None:
        words, ink = RUN_WORDS[head.status]
        return words, ink
    return "ready", "dim"


class Footer(OneLine):
    """The keys that do something now; each can be clicked."""

    class Clicked(Message):
        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._actions: Sequence[Action] = ()

    def show(self, actions: Sequence[Action]) -> None:
        if list(actions) != list(self._actions):
            self._actions = list(actions)
            self.refresh()

    def content(self, width: int) -> Line:
        return cut_line([span for _, line in self._parts(width) for span in line], width)

    def _parts(self, width: int) -> list[tuple[Action, Line]]:
        """As many actions as there is room for."""
        parts: list[tuple[Action, Line]] = []
        room = width
        for action in self._actions:
            line = [Span(" "), Span(key_name(action.keys[0]), "key"), Span(f" {action.label} ", "dim")]
            room -= width_of(line)
            if room < 0:
                break
            parts.append((action, line))
        return parts

    def on_click(self, event: Click) -> None:
        x = event.x
        for action, line in self._parts(self.size.width):
            x -= width_of(line)
            if x < 0:
                self.post_message(self.Clicked(action))
                return


class Tabs(OneLine):
    """The panes by name where only one of them fits."""

    class Clicked(Message):
        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane: Pane = pane

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._tabs: Sequence[tuple[Pane, str, str]] = ()
        self._current = ""

    def show(self, tabs: Sequence[tuple[Pane, str, str]], current: str) -> None:
        """Tabs as (pane, key, title)."""
        if (tabs, current) != (self._tabs, self._current):
            self._tabs, self._current = tabs, current
            self.refresh()

    def content(self, width: int) -> Line:
        return cut_line([span for _, line in self._parts() for span in line], width)

    def _parts(self) -> list[tuple[Pane, Line]]:
        parts: list[tuple[Pane, Line]] = []
        for pane, key, title in self._tabs:
            here = pane == self._current
            line = [Span(f" {key} ", "key on-cursor" if here else "dim")]
            line.append(Span(f"{title} ", "bold on-cursor" if here else "dim"))
            parts.append((pane, [*line, Span(" ")]))
        return parts

    def on_click(self, event: Click) -> None:
        x = event.x
        for pane, line in self._parts():
            x -= width_of(line)
            if x < 0:
                self.post_message(self.Clicked(pane))
                return
