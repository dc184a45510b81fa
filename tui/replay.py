"""A session played again: all four panes from its log, at any speed, forwards and back."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.containers import Vertical

from core.view.replay import Kind
from tui.actions import Action, Scope, When, bindings
from tui.lines import Pane, state_words
from tui.paint import Line, Span
from tui.playing import AT_ONCE, SPEEDS, Playing
from tui.scrub import MARKS, Scrub, clock

_NAMES: dict[Kind, str] = {
    "decision": "decision",
    "failure": "failure",
    "handoff": "handoff",
    "spike": "spike in the cost",
}


class ReplayScreen(Playing):
    """The player with its scrub bar and keys."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("replay")
    palette_scopes: tuple[Scope, ...] = ("replay",)

    # -- the frame -------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.query_one("#main", Vertical).mount(Scrub(self.replay, classes="scrub -beside"))
        self.mount(Scrub(self.replay, classes="scrub -below"), before="#bar")
        self.call_after_refresh(self.go_to_scrub)

    def go_to_scrub(self) -> None:
        """Give the keys to the scrub bar."""
        for scrub in self.query(Scrub):
            if scrub.display and scrub.parent is not None and scrub.parent.display:
                scrub.focus()

    def focus_pane(self, pane: Pane) -> None:
        """Go to a pane; the chat's place is the scrub bar's, as it is the prompt's."""
        super().focus_pane(pane)
        if pane == "chat":
            self.go_to_scrub()

    def state_words(self) -> tuple[str, str]:
        words, ink = state_words(self.view, self.elapsed(self.view.head.run_since))
        return f"replay  {words}", ink

    def facts(self) -> set[When]:
        facts = super().facts() - {"waiting", "open"}
        facts.add("playing" if self.playing else "paused")
        return facts

    def _scopes(self) -> tuple[Scope, ...]:
        here, *rest = super()._scopes()
        return ("replay", "anywhere") if here == "anywhere" else (here, "replay", *rest)

    def settle(self) -> None:
        super().settle()
        for scrub in self.query(Scrub):
            scrub.show(self._words(), self.loaded)

    def _words(self) -> Line:
        speed = "at once" if self.speed == AT_ONCE else f"{self.speed:g}×"
        sign = Span("▶ ", "good") if self.playing else Span("‖ ", "warn")
        time = f"{clock(self.replay.time_at(self.replay.position))} / {clock(self.replay.length)}"
        line = [sign, Span(speed, "bold"), Span(f"  {time}  ", "dim")]
        marks = [mark for mark in self.replay.marks if mark.position <= self.replay.position]
        if marks:
            sign_of, ink = MARKS[marks[-1].kind]
            line += [Span(f"{sign_of} ", ink), Span(marks[-1].text)]
        return line

    # -- keys ------------------------------------------------------------------------------------

    def action_play_pause(self) -> None:
        if self.playing:
            self.pause()
            return
        self.playing = True
        if self.replay.position >= len(self.replay.records) and self.loaded and self.speed != AT_ONCE:
            self.seek(0)
        self._begin()
        self.settle()

    def action_step_on(self) -> None:
        self.pause()
        self.seek(self.replay.after(self.replay.position))

    def action_step_back(self) -> None:
        self.pause()
        self.seek(self.replay.before(self.replay.position))

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, by: int) -> None:
        order = [speed or float("inf") for speed in SPEEDS]
        here = self.speed or float("inf")
        others = [speed for speed in order if (speed > here if by > 0 else speed < here)]
        if others:
            found = min(others) if by > 0 else max(others)
            self.speed = AT_ONCE if found == float("inf") else found
        self._sleep()
        if self.playing:
            self._begin()
        self.settle()

    def action_begin(self) -> None:
        self.seek(0)

    def action_end(self) -> None:
        self.seek(len(self.replay.records))

    def on_key(self, event: events.Key) -> None:
        if event.key.isdigit():
            event.stop()
            event.prevent_default()
            self.seek(self.replay.position_at(self.replay.length * int(event.key) / 10))

    def on_scrub_sought(self, event: Scrub.Sought) -> None:
        self.seek(self.replay.position_at(self.replay.length * event.part))

    def action_next_decision(self) -> None:
        self._jump("decision", 1)

    def action_last_decision(self) -> None:
        self._jump("decision", -1)

    def action_next_failure(self) -> None:
        self._jump("failure", 1)

    def action_last_failure(self) -> None:
        self._jump("failure", -1)

    def action_next_handoff(self) -> None:
        self._jump("handoff", 1)

    def action_last_handoff(self) -> None:
        self._jump("handoff", -1)

    def action_next_spike(self) -> None:
        self._jump("spike", 1)

    def action_last_spike(self) -> None:
        self._jump("spike", -1)

    def _jump(self, kind: Kind, by: int) -> None:
        """To the next or the last of what a key stands for, and stay there."""
        replay = self.replay
        found = (replay.next_mark if by > 0 else replay.last_mark)(kind, replay.position)
        self.pause()
        if found is None:
            self.tell(f"No {'further' if by > 0 else 'earlier'} {_NAMES[kind]} in this session.")
        else:
            self.untell()
            self.seek(found.position)

    async def action_interrupt(self) -> None:
        """From a pane back to the scrub bar, and from there out."""
        if isinstance(self.focused, Scrub):
            self.action_leave_replay()
        else:
            self.go_to_scrub()

    def action_leave_replay(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            self.app.exit()

    async def perform(self, action: Action) -> None:
        if action.scope == "replay":
            await self.run_action(action.name)
        else:
            await super().perform(action)
