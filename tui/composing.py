"""What helps to write a request: names that complete themselves, commands, earlier requests, an editor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported
from textual.containers import Vertical
from textual.widgets import TextArea

from core.clock import Clock
from core.commands import RewindStage
from tui.actions import Action
from tui.billing import Billing
from tui.prompt import Prompt
from tui.shelling import Shelling
from tui.wording import asked_at

if TYPE_CHECKING:
    from tui.choices import Choices
    from tui.completing import Choice, Typed
    from tui.mentions import Mentions
    from tui.recall import Recalled

TWICE_SECONDS = 2.0


class Composing(Shelling, Billing, part=True):
    """A board with a prompt that knows what can be written in it."""

    def __init__(self, clock: Clock, suggestions: Sequence[str], connect_hint: str, project: str) -> None:
        super().__init__(clock, suggestions, connect_hint, project)
        self._mentions: Mentions | None = None
        self._typed: Typed | None = None
        self._dismissed: tuple[int, int] | None = None
        """Row and column of a name whose list the user closed."""
        self._escaped_at = -TWICE_SECONDS

    async def perform(self, action: Action) -> None:
        """Do what the palette or a command named."""
        raise NotImplementedError

    # -- names that complete themselves ----------------------------------------------------------

    @property
    def choices(self) -> Choices:
        """The list above the prompt, made when it is first needed."""
        from tui.choices import Choices

        found = self.query(Choices)
        if found:
            return found.first()
        choices = Choices(id="choices")
        self.query_one("#main", Vertical).mount(choices, before="#entry")
        return choices

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        self.mark_shell()
        self._look_for_names()

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        self._look_for_names()

    def _look_for_names(self) -> None:
        """See whether a name is being typed at the cursor."""
        from tui.completing import typed_name

        prompt = self.query_one(Prompt)
        row, column = prompt.cursor_location
        typed = typed_name(prompt.document.get_line(row), column, row)
        if typed is None or (row, typed.start) != self._dismissed:
            self._dismissed = None
        if typed == self._typed or self._dismissed is not None:
            return
        self._typed = typed
        if typed is None:
            self._close_choices()
        else:
            self.run_worker(self._offer(typed), group="names", exclusive=True)

    async def _offer(self, typed: Typed) -> None:
        from tui.completing import command_choices

        commands = typed.sign == "/"
        found = (
            command_choices(typed.word, self.keymap.actions)
            if commands
            else await self._names().find(typed.word)
        )
        if typed != self._typed:
            return
        if found or self.query("#choices"):
            self.choices.offer(found)
        self.query_one(Prompt).choosing = bool(found)

    def _names(self) -> Mentions:
        from tui.mentions import Mentions

        if self._mentions is None:
            self._mentions = Mentions(
                lambda: self.view.head.project, lambda: self.view.changes.files, self.sources.roles()
            )
        return self._mentions

    def _close_choices(self) -> None:
        self._typed = None
        self.query_one(Prompt).choosing = False
        if self.query("#choices"):
            self.choices.offer(())

    def on_prompt_chose(self, event: Prompt.Chose) -> None:
        match event.key:
            case "up" | "down":
                self.choices.step(1 if event.key == "down" else -1)
            case "escape":
                row = self.query_one(Prompt).cursor_location[0]
                self._dismissed = (row, self._typed.start) if self._typed else None
                self._close_choices()
            case _:
                self._take_choice(self.choices.picked, whole=event.key == "enter")

    def on_choices_picked(self, event: Choices.Picked) -> None:
        self._take_choice(event.choice, whole=False)

    def _take_choice(self, choice: Choice | None, whole: bool) -> None:
        """Put the name into the prompt. A command that was typed out is sent by the same Enter."""
        from tui.completing import slash_actions

        typed, prompt = self._typed, self.query_one(Prompt)
        if typed is None or choice is None:
            return
        row, column = prompt.cursor_location
        self._close_choices()
        prompt.replace(choice.text, (row, typed.start), (row, column))
        prompt.focus()
        if whole and typed.sign == "/" and prompt.text.strip("/ ") in slash_actions(self.keymap.actions):
            prompt.send()

    def action_next_pane(self) -> None:
        """Tab takes the marked name while there is one."""
        if self.query_one(Prompt).choosing:
            self._take_choice(self.choices.picked, whole=False)
        else:
            super().action_next_pane()

    # -- commands --------------------------------------------------------------------------------

    async def carried_out(self, text: str) -> bool:
        """Whether the text was a command, and is dealt with; a request is not."""
        if await self.run_shell(text):
            return True
        from tui.completing import REQUEST_WORDS, slash_actions, slash_of

        slash = slash_of(text)
        if slash is None or slash[0] in REQUEST_WORDS:
            return False
        word, rest = slash
        action = slash_actions(self.keymap.actions).get(word)
        if action is None:
            self._return(text, f"There is no command /{word}. Type / to see those that there are.")
        elif rest:
            self._return(text, f"/{word} takes nothing after it.")
        else:
            await self.perform(action)
        return True

    def _return(self, text: str, why: str) -> None:
        self.query_one(Prompt).put_back(text)
        self._dismissed = (0, 0)
        self.tell(why)

    # -- earlier requests ------------------------------------------------------------------------

    def action_recall(self) -> None:
        self.run_worker(self._recall())

    async def _recall(self) -> None:
        """Choose among what was asked in any session; what is on the screen already comes first."""
        from tui.recall import Recalled, RecallScreen

        here = [Recalled(one.text, one.about) for one in self._asked_here()]
        known = {one.text for one in here}
        entries = [
            Recalled(one.text, asked_at(one.at, one.project))
            for one in await self.sources.recall()
            if one.text not in known
        ]
        screen = RecallScreen("requests that you made", [*here, *entries])
        self._take_up(await self.app.push_screen_wait(screen))

    def _asked_here(self) -> list[Recalled]:
        """The requests of this session, the latest first."""
        from tui.recall import Recalled

        return [Recalled(one.text, f"{one.run} here", one.run) for one in reversed(self.view.requests)]

    def pressed_twice(self) -> bool:
        """Whether Escape was pressed a moment ago as well."""
        before, self._escaped_at = self._escaped_at, monotonic()
        return self._escaped_at - before < TWICE_SECONDS

    def action_take_up(self) -> None:
        if not self.view.requests:
            self.tell("Nothing was asked in this session yet.")
            return
        from tui.recall import RecallScreen

        screen = RecallScreen("take up an earlier request", self._asked_here())
        self.app.push_screen(screen, self._ask_how_far)

    def _ask_how_far(self, chosen: Recalled | None) -> None:
        """Ask whether files go back too, where any were changed since."""
        request = next((one for one in self.view.requests if chosen and one.run == chosen.run), None)
        if request is None or request.commit == self.view.timeline.here:
            self._take_up(chosen)
            return
        from tui.picking import PickScreen, Row

        rows = [
            Row("Rewind to before it", "the private copy too; what came after stays reachable"),
            Row("Take up its words only", "the private copy stays as it is"),
        ]
        screen = PickScreen("files were changed since this request", rows)
        self.app.push_screen(screen, lambda back: self._go_back(back, chosen, request.commit))

    def _go_back(self, back: int | None, chosen: Recalled | None, commit: str) -> None:
        if back == 0:
            self.run_worker(self.send(RewindStage(commit=commit)))
        if back is not None:
            self._take_up(chosen)

    def _take_up(self, chosen: Recalled | None) -> None:
        if chosen is None:
            return
        self.focus_pane("chat")
        self.query_one(Prompt).put_back(chosen.text)

    # -- the user's own editor -------------------------------------------------------------------

    def action_edit(self) -> None:
        """Give the terminal to the editor, and take back what it saved."""
        from tui.editor import EditorFailed, edit, find_editor

        prompt = self.query_one(Prompt)
        failure = ""
        try:
            editor = find_editor(os.environ)
            with self.app.suspend():
                try:
                    prompt.take_over(edit(prompt.text, editor))
                except EditorFailed as error:  # here: what leaves the block would leave the screen suspended
                    failure = str(error)
        except EditorFailed as error:
            failure = str(error)
        except SuspendNotSupported:
            failure = "An editor cannot be opened from here."
        self.refresh(layout=True)
        self.focus_pane("chat")
        if failure:
            self.tell(failure)
