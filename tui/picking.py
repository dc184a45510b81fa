"""A list to choose from and a line to type into: what settings, themes, models and ways to them are asked with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from core.text import sanitise, sanitise_line
from tui.canvas import Page, border_words
from tui.oneline import SearchLine
from tui.paint import Line, Lines, Span, cut, spread, width_of, wrap

_WORDS = "words"
_MANY = 12
"""Rows from which on it is said that one can be found by a word."""


class Row(msgspec.Struct, frozen=True):
    label: str
    note: str = ""
    right: str = ""
    ink: str = ""
    """Of the right end."""
    heading: bool = False
    """Parts the list, and cannot be chosen."""

    def holds(self, word: str) -> bool:
        """Whether it can be chosen and has the word in it."""
        return not self.heading and word.lower() in f"{self.label} {self.note}".lower()


class PickList(Page):
    """One line a row, and below it what is to be said of the one under the cursor."""

    can_focus = True

    class Picked(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Moved(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, rows: Sequence[Row], *, id: str, classes: str = "", current: int = 0) -> None:
        super().__init__(id=id, classes=classes)
        self.rows = list(rows)
        self.current = self._nearest(current, 1)
        self._column = 0

    def show(self, rows: Sequence[Row]) -> None:
        """Other rows; the cursor stays where it is as far as it can."""
        self.rows = list(rows)
        self.current = self._nearest(min(self.current, max(0, len(self.rows) - 1)), 1)
        self.redraw()

    def _nearest(self, index: int, by: int) -> int:
        """The row that can be chosen, from this one on."""
        for _ in self.rows:
            if not self.rows[index % len(self.rows)].heading:
                return index % len(self.rows)
            index += by
        return 0

    def compose_lines(self, width: int) -> Lines:
        labels = [width_of([Span(row.label)]) for row in self.rows if row.note and not row.heading]
        self._column = min(max(labels, default=0) + 4, width // 2)
        return [self._row(index, width) for index in range(len(self.rows))]

    def _row(self, index: int, width: int) -> Line:
        row, here = self.rows[index], index == self.current
        if row.heading:
            return [Span(cut(row.label, width), "heading")]
        right = [Span(f" {sanitise_line(row.right)} ", row.ink or "dim")] if row.right else []
        left = [Span("▸ " if here else "  ", "accent")]
        left.append(Span(cut(sanitise_line(row.label), max(8, width - 2)), "bold" if here else ""))
        if row.note:
            left.append(Span(" " * max(2, self._column - width_of(left))))
            room = width - width_of(left) - width_of(right) - 1
            left.append(Span(cut(sanitise_line(row.note), room), "dim"))
        line = spread(left, right, width)
        return [Span(text, f"{ink} on-cursor".strip()) for text, ink in line] if here else line

    def step(self, by: int) -> None:
        if not self.rows:
            return
        size = len(self.rows)
        wanted = (self.current + by) % size if abs(by) == 1 else max(0, min(size - 1, self.current + by))
        self.go(self._nearest(wanted, 1 if by > 0 else -1))

    def go(self, index: int) -> None:
        self.current = index
        self.redraw()
        self._keep_in_sight()
        self.post_message(self.Moved(index))

    def _keep_in_sight(self) -> None:
        top, height, index = self.scroll_offset.y, self.size.height, self.current
        if height and not top <= index < top + height:
            at = index if index < top else index - height + 1
            self.scroll_to(y=max(0, at if index > 1 else 0), animate=False, immediate=True)

    def on_resize(self) -> None:
        """What stands below may have grown at the cost of the list."""
        super().on_resize()
        self._keep_in_sight()

    def on_click(self, event: events.Click) -> None:
        index = event.y + self.scroll_offset.y
        if index < len(self.rows) and not self.rows[index].heading:
            self.go(index)
            self.post_message(self.Picked(index))

    def on_key(self, event: events.Key) -> None:
        page = max(2, self.size.height - 1)
        steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -page, "pagedown": page}
        steps |= {"home": -len(self.rows) - 2, "end": len(self.rows) + 2}
        if event.key == "enter" and self.rows:
            self.post_message(self.Picked(self.current))
        elif event.key in steps:
            self.step(steps[event.key])
        else:
            return
        event.stop()
        event.prevent_default()


class Words(Static):
    """Sentences below a list; text that is not ours is never markup."""

    def __init__(self, *, id: str) -> None:
        super().__init__("", id=id, markup=False)

    def say(self, text: str, *, bad: bool = False) -> None:
        self.set_class(bad, "-bad")
        self.update(sanitise(text))


class PickScreen(ModalScreen[int | None]):
    """Gives the place of the row that was chosen, or None.

    Args:
        moved: hears of every row that the cursor comes to, and gives what is to be said of it.
    """

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        title: str,
        rows: Sequence[Row],
        *,
        current: int = 0,
        help: str = "↑ ↓ choose · Enter takes it · Esc goes back",
        moved: Callable[[int], str] | None = None,
    ) -> None:
        super().__init__()
        self._title = title
        self._help = help
        self._moved = moved
        self._missed = False
        """What is looked for is in no row, and that is said."""
        self.list = PickList(rows, id="picks", current=current)
        self.words = Words(id=_WORDS)

    def compose(self) -> ComposeResult:
        with Vertical(id="picking", classes="pane dialog") as box:
            box.border_title = border_words(self._title)
            box.border_subtitle = border_words(self._keys())
            yield self.list
            yield self.words

    def on_mount(self) -> None:
        self.list.focus()
        self.on_pick_list_moved(PickList.Moved(self.list.current))

    def _keys(self) -> str:
        return f"/ finds · {self._help}" if len(self.list.rows) >= _MANY else self._help

    def show(self, rows: Sequence[Row]) -> None:
        """Other rows than those that were given."""
        self.list.show(rows)
        self.query_one("#picking").border_subtitle = border_words(self._keys())
        self.on_pick_list_moved(PickList.Moved(self.list.current))

    def on_pick_list_moved(self, event: PickList.Moved) -> None:
        if self._missed:
            return
        said = self._moved(event.index) if self._moved is not None else ""
        self.words.say(said)
        self.words.display = bool(said)

    def on_pick_list_picked(self, event: PickList.Picked) -> None:
        self.dismiss(event.index)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "q", "ctrl+c"):
            event.stop()
            self.dismiss(None)
        elif event.key == "slash" and not self.query(SearchLine):
            event.stop()
            at = self.list.current
            line = SearchLine("", "find in this list", lambda word: self._find(word, at, 1), self._step)
            self.query_one("#picking").mount(line, after=self.list)

    # -- finding ---------------------------------------------------------------------------------

    def _step(self, back: bool) -> None:
        by = -1 if back else 1
        self._find(self.query_one(SearchLine).value, self.list.current + by, by)

    def _find(self, word: str, start: int, by: int) -> None:
        """Go to the nearest row that has the word, from one on and round the list."""
        rows = self.list.rows
        found = ((start + by * offset) % len(rows) for offset in range(len(rows)))
        index = next((index for index in found if rows[index].holds(word)), None)
        self._missed = index is None
        if index is not None:
            self.list.go(index)
        else:
            self.words.say(f"“{word}” is in none of these.", bad=True)
            self.words.display = True

    def on_search_line_left(self) -> None:
        self._missed = False
        self.list.focus()
        self.on_pick_list_moved(PickList.Moved(self.list.current))


class AskScreen(ModalScreen[str | None]):
    """Gives what was typed, or None.

    Args:
        about: sentences above the line.
        value: what stands in it to begin with.
        check: gives the sentence that says what is wrong with a text; empty when it will do.
    """

    def __init__(
        self, title: str, about: str, *, value: str = "", check: Callable[[str], str] | None = None
    ) -> None:
        super().__init__()
        self._title = title
        self._about = about
        self._value = value
        self._check = check

    def compose(self) -> ComposeResult:
        with Vertical(id="asking", classes="pane dialog") as box:
            box.border_title = border_words(self._title)
            box.border_subtitle = "Enter takes it · Esc goes back"
            yield Static(sanitise(self._about), id="about", markup=False)
            yield Input(self._value, id="typed", compact=True)
            yield Words(id=_WORDS)

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        wrong = self._check(event.value.strip()) if self._check is not None else ""
        if wrong:
            self.query_one(Words).say(wrong, bad=True)
        else:
            self.dismiss(event.value.strip())

    def on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+c"):
            event.stop()
            event.prevent_default()
            self.dismiss(None)


def told(text: str, width: int, ink: str = "") -> Lines:
    """Sentences in lines of this width."""
    return wrap([Span(sanitise(text), ink)], width)
