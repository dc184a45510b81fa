"""What the user sets from the screen: themes and settings. What is chosen is written down and counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config import BadConfig
from tui.actions import SCOPE_TITLES, Action, Scope, key_name
from tui.chat import Chat
from tui.composing import Composing
from tui.diffs import Diffs
from tui.notices import Manners
from tui.panes import GraphPane
from tui.wording import plural

if TYPE_CHECKING:
    from core.config import Config

BEGIN_ANEW = 64
"""The screen's exit code when what starts it is to read the configuration again and start anew."""
_NOWHERE = "There is no configuration to write into here."


class Preferring(Composing, part=True):
    """A board whose looks and settings can be changed."""

    def action_themes(self) -> None:
        from tui.themepick import ThemeScreen

        self.app.push_screen(ThemeScreen(self.app.theme), self._remember_theme)

    def _remember_theme(self, chosen: int | None) -> None:
        preferences = self.sources.preferences
        if chosen is None or preferences is None:
            return
        try:
            config = preferences.write({"theme": self.app.theme})
        except BadConfig as error:
            self.tell(f"The theme holds for now. {error}")
            return
        if config.theme != self.app.theme:
            self.tell("The theme holds for now: HEDDLE_THEME comes before it at the next start.")

    def action_settings(self) -> None:
        from tui.settings import SettingsScreen

        preferences = self.sources.preferences
        if preferences is None:
            self.tell(_NOWHERE)
            return
        try:
            self.app.push_screen(SettingsScreen(preferences, self.take_settings), self._go_on)
        except BadConfig as error:
            self.tell(str(error))

    def _go_on(self, name: str | None) -> None:
        """To what the settings lead to."""
        if name is not None:
            self.run_worker(self.run_action(name))

    # -- the clipboard ---------------------------------------------------------------------------

    def copy(self, text: str, what: str) -> None:
        """Have the terminal hold a text, and say so."""
        from tui.clipboard import TooLong

        try:
            self.app.copy_to_clipboard(text)
        except TooLong as error:
            self.tell(str(error))
        else:
            self.tell(f"Copied {what}: {plural(len(text), 'character')}.")

    def action_copy_answer(self) -> None:
        from tui.clipboard import answer_to_copy

        text = answer_to_copy(self.view.transcript.items, self.query_one(Chat).current)
        if text:
            self.copy(text, "the answer")
        else:
            self.tell("Nothing was said yet that could be copied.")

    def action_copy_diff(self) -> None:
        from tui.clipboard import diff_to_copy

        file = self.query_one(Diffs).file
        text = diff_to_copy(self.view.changes, file.path if file is not None else None)
        if text:
            self.copy(text, f"the diff of {file.label}" if file is not None else "the diffs")
        else:
            self.tell("There is no diff yet that could be copied.")

    # -- models ----------------------------------------------------------------------------------

    def action_connect(self) -> None:
        self.run_worker(self._connect())

    async def _connect(self) -> None:
        from tui.connecting import Connecting

        if self.sources.ways is None:
            self.tell(_NOWHERE)
        elif await Connecting(self.app, self.sources.ways, self._project).run():
            self.app.leave(BEGIN_ANEW)  # type: ignore[attr-defined]

    def action_roster(self) -> None:
        self.run_worker(self._edit_roster())

    async def _edit_roster(self) -> None:
        from tui.rosterpick import RosterEditor

        if self.sources.rosters is None:
            self.tell(_NOWHERE)
            return
        self.tell("Reading models and prices …")
        roster = self.view.head.roster or "current"
        if await RosterEditor(self.app, self.sources.rosters, roster).run():
            self.app.leave(BEGIN_ANEW)  # type: ignore[attr-defined]

    async def show_place(self, action: Action) -> None:
        """Go to where an action is done that means nothing elsewhere, and say its key."""
        if action.scope == "prompt":
            self.focus_pane("chat")
        elif action.scope == "question" and self.view.head.question is not None:
            self.show_question(self.view.head.question.id)
        elif (way := self._way_to(action.scope)) is not None:
            await self.perform(way)
        place = SCOPE_TITLES[action.scope]
        self.tell(f"{place}: {key_name(action.keys[0])} · {action.help}")

    def _way_to(self, scope: Scope) -> Action | None:
        """What opens the place of a scope from anywhere."""
        ways = (each for each in self.keymap.actions if each.name == scope and each.palette)
        return next(ways, None)

    def take_settings(self, config: Config) -> None:
        """Take up what counts at once."""
        if self.app.theme != config.theme and not self.app.no_color:
            self.app.theme = config.theme
        self.query_one(GraphPane).show_as_list(config.graph == "list")
        self.app.animation_level = "none" if config.reduced_motion else "full"
        self.app.caller.manners = Manners(config.title, config.bell, config.notify)  # type: ignore[attr-defined]
