"""The chat: one canvas over the transcript. Only a window of items is drawn; older ones on demand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import msgspec
from textual.events import Click

from core.text import sanitise
from core.view.items import TextItem
from core.view.transcript import Transcript
from tui.actions import bindings
from tui.blocks import Block, GrowingBlock
from tui.keymap import Keymap
from tui.paint import Line, Lines, Span
from tui.window import How, Window


class Waiting(msgspec.Struct):
    """A request that the engine has not taken yet."""

    text: str
    sent: bool = False
    held: bool = False
    """The session takes it only after the run."""
    note: str = ""
    """What is said of it; empty: by its state."""


class Chat(Window):
    """The transcript, followed at its end unless the user scrolled away."""

    BORDER_TITLE = "chat"
    BINDINGS = bindings("chat")
    FOCUS_ON_CLICK = False
    can_focus = True

    def __init__(self, transcript: Transcript, *, id: str) -> None:
        super().__init__(transcript, id=id)
        self._waiting: Sequence[Waiting] = ()
        self._full = False
        """Tool output and reasoning are unfolded."""
        self._turned: set[int] = set()
        """Items that are unfolded while the others are not, or the other way round."""
        self.current = -1
        """The item under the cursor; -1 while the chat has no focus."""

    # -- what is drawn ---------------------------------------------------------------------------

    def unfold(self) -> None:
        """Show tool output and reasoning in full, or fold them again."""
        self._full = not self._full
        self._turned.clear()
        self.rebuild(keep=not self._following)

    def draw_block(self, index: int) -> Block:
        from tui.cards import draw_item, gap  # here and below: an empty chat does without

        items = self._transcript.items
        item = items[index]
        keymap: Keymap = self.app.keymap  # type: ignore[attr-defined]
        above = [[] for _ in range(gap(items[index - 1] if index else None, item))]
        if isinstance(item, TextItem) and item.state == "growing" and item.kind == "text":
            from tui.markdown import Growing

            block = GrowingBlock(above, Growing(self._width - 2))
            block.grow(item.parts)
            return block
        return Block([*above, *draw_item(item, self._width, keymap, self._full != (index in self._turned))])

    def draw_tail(self) -> Lines:
        """The requests that are not on record yet."""
        if not self._waiting:
            return []
        from tui.cards import request_card

        lines: Lines = []
        for entry in self._waiting:
            note = (
                entry.note or "sent"
                if entry.sent or entry.note
                else "queued: it is sent as soon as the team is free"
            )
            lines += [[], *request_card(sanitise(entry.text), self._width, "dim", note)]
        return lines

    def update(self, touched: Mapping[int, How], waiting: Sequence[Waiting]) -> None:
        """Draw what changed since the last frame."""
        self._waiting = waiting
        self.draw_changes(touched)

    # -- one item --------------------------------------------------------------------------------

    def action_next_item(self) -> None:
        self._go(1)

    def action_previous_item(self) -> None:
        self._go(-1)

    def action_toggle_item(self) -> None:
        self.turn(self.current)

    async def action_to_prompt(self) -> None:
        """Back to the prompt; a past session has none, and is left."""
        if self.screen.has_class("-past"):
            await self.screen.run_action("interrupt")
        else:
            self.screen.query_one("#prompt").focus()

    def on_focus(self) -> None:
        """Begin at the last thing that can be unfolded."""
        self._go(0)

    def on_blur(self) -> None:
        self._mark(-1)

    def _go(self, by: int) -> None:
        from tui.cards import folds

        items = self._transcript.items
        found = [index for index in range(self._first, len(items)) if folds(items[index])]
        if not found:
            return
        here = found.index(self.current) + by if self.current in found else len(found) - 1
        self._mark(found[max(0, min(len(found) - 1, here))])
        top = self._tops[self.current - self._first]
        if not self.scroll_offset.y <= top < self.scroll_offset.y + self.size.height - 1:
            self.scroll_to(y=max(0, top - self.size.height // 3), animate=False, immediate=True)

    def _mark(self, index: int) -> None:
        for one in (self.current, index):
            if 0 <= one - self._first < len(self._blocks):
                self._blocks[one - self._first].strips.clear()
        self.current = index
        self.refresh()

    def turn(self, index: int) -> None:
        """Unfold one item, or fold it."""
        from tui.cards import folds

        items = self._transcript.items
        if self._first <= index < len(items) and folds(items[index]):
            self._turned ^= {index}
            following, self._following = self._following, False
            self.update({index: "changed"}, self._waiting)
            self._following = following and self.scroll_y >= self.max_scroll_y - 1

    def on_click(self, event: Click) -> None:
        y = event.y - self.gutter.top + self.scroll_offset.y
        if self.text_selection is None and self._marker_height <= y < self._tops[-1]:
            self.turn(self._first + bisect_right(self._tops, y) - 1)

    # -- lines -----------------------------------------------------------------------------------

    def line(self, y: int) -> Line:
        if y < self._marker_height:
            return (
                [Span(f"▲ {self._first:,} earlier items: scroll up to read them", "faint")] if y == 0 else []
            )
        end = self._tops[-1]
        if y >= end:
            return self._tail[y - end]
        place = bisect_right(self._tops, y) - 1
        row, lines = y - self._tops[place], self._blocks[place].lines
        if self._first + place == self.current and row == sum(not line for line in lines[:2]) and lines[row]:
            return [Span("▸ ", "accent"), *lines[row][1:]]
        return lines[row]
