"""The actions that lead elsewhere: to a pane, to another screen, out of the program."""

from __future__ import annotations

from tui.bar import Bar
from tui.board import PANES, Board
from tui.chat import Chat
from tui.lines import Pane, Tabs
from tui.prompt import Prompt


class Going(Board, part=True):
    """A board with the keys that every session has, live or past."""

    def tell(self, text: str) -> None:
        """Say something in the bar for a few seconds."""
        raise NotImplementedError

    def on_tabs_clicked(self, event: Tabs.Clicked) -> None:
        self.focus_pane(event.pane)

    def action_focus_chat(self) -> None:
        """To the prompt; from there into the chat itself."""
        inside = self.query_one(Prompt).has_focus
        self.focus_pane("chat")
        if inside:
            self.query_one(Chat).focus()

    def action_focus_graph(self) -> None:
        self.focus_pane("graph")

    def action_focus_diffs(self) -> None:
        self.focus_pane("diffs")

    def action_focus_cost(self) -> None:
        self.focus_pane("cost")

    def action_next_pane(self) -> None:
        self.step_pane(1)

    def action_previous_pane(self) -> None:
        self.step_pane(-1)

    def action_sessions(self) -> None:
        self.app.show_sessions()  # type: ignore[attr-defined]

    def action_help(self) -> None:
        self.app.show_help()  # type: ignore[attr-defined]

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_quit_now(self) -> None:
        self.app.exit()

    def step_pane(self, by: int) -> None:
        """Go to the pane before or after this one; a question that waits is one of them."""
        bar = self.query_one(Bar)
        stops: list[Pane | Bar] = [*PANES, *([bar] if bar.question is not None else [])]
        here = stops.index(bar) if bar.has_focus else PANES.index(self._pane)
        there = stops[(here + by) % len(stops)]
        if isinstance(there, Bar):
            there.focus()
        else:
            self.focus_pane(there)

    def action_suspend(self) -> None:
        self.app.action_suspend()  # type: ignore[attr-defined]

    def action_unfold(self) -> None:
        self.query_one(Chat).unfold()
