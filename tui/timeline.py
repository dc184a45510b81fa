"""The timeline: the points that the private copy can be rewound to, and what happened at each."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from core.view.timeline import Timeline
from tui.canvas import Page
from tui.ink import role_ink
from tui.paint import Line, Lines, Span, spread


class TimelinePage(Page):
    """The latest point first, two lines each."""

    can_focus = True

    def __init__(self, timeline: Timeline, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self._points = timeline.points[::-1]
        self._here = timeline.here
        self._current = 0
        self.asking = False

    @property
    def commit(self) -> str:
        """The point under the cursor; empty when there is none."""
        return self._points[self._current].commit if self._points else ""

    def compose_lines(self, width: int) -> Lines:
        if not self._points:
            return [[Span("No step is kept yet: each node that writes leaves one.", "dim")]]
        lines: Lines = []
        for index, point in enumerate(self._points):
            ground = " on-cursor" if index == self._current else ""
            here = "● " if point.commit == self._here else "○ "
            left = [Span("▸ " if ground else "  ", "accent"), Span(here, "busy"), Span(point.message, "bold")]
            right = [
                Span(f"{point.role}  ", role_ink(point.role)),
                Span(f"{point.run}  {point.at[11:19]} ", "dim"),
            ]
            files: Line = [Span(f"      {', '.join(point.labels)}", "dim")]
            for line in (spread(left, right, width), spread(files, [], width)):
                lines.append([Span(text, f"{ink}{ground}".strip()) for text, ink in line])
        if self.asking:
            ask = [Span("Rewind to this point?  ", "bold"), Span("y", "key")]
            lines[2 * self._current + 1] = [*ask, Span(" rewinds; what came after stays reachable", "dim")]
        return lines

    def step(self, by: int) -> None:
        self._current = max(0, min(len(self._points) - 1, self._current + by))
        self.redraw()
        self.scroll_to(y=max(0, 2 * self._current - self.size.height // 2), animate=False, immediate=True)


class TimelineScreen(ModalScreen[str]):
    """Gives the commit to rewind to; empty for none."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._page = TimelinePage(timeline, id="timeline", classes="pane dialog")

    def compose(self) -> ComposeResult:
        self._page.border_title = "timeline of the private copy"
        self._page.border_subtitle = "↑ ↓ choose · Enter rewinds · Esc goes back"
        yield self._page

    def on_key(self, event: events.Key) -> None:
        asking, self._page.asking = self._page.asking, False
        match event.key:
            case "y" if asking:
                self.dismiss(self._page.commit)
            case _ if asking:
                self._page.redraw()
            case "up" | "k" | "down" | "j":
                self._page.step(1 if event.key in ("down", "j") else -1)
            case "enter" if self._page.commit:
                self._page.asking = True
                self._page.redraw()
            case "escape" | "q" | "f8" | "ctrl+c":
                self.dismiss("")
            case _:
                return
        event.stop()
        event.prevent_default()
