"""The screen of settings, made from their schema: each with its value, where that comes from, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from core.config import BadConfig, Config
from core.preferences import Preferences, Setting
from tui.actions import Scope, bindings, key_name
from tui.canvas import border_words
from tui.keymap import Keymap
from tui.oneline import SearchLine
from tui.picking import AskScreen, PickList, PickScreen, Row, Words

_KEYS: Mapping[Scope, tuple[str, ...]] = {
    "settings": ("change_setting", "find_setting", "connect", "roster", "leave_settings"),
    "finding": ("keep_found", "step_found", "forget_found"),
}
_HINT = "find in names and in what they do"


class SettingsScreen(ModalScreen[str | None]):
    """Every setting; a change is checked, written into `config.toml`, and handed to `changed`.

    Gives the name of an action that is to be gone on with, if there is one.
    """

    BINDINGS = bindings("settings")

    def __init__(self, preferences: Preferences, changed: Callable[[Config], None]) -> None:
        super().__init__()
        self._preferences = preferences
        self._changed = changed
        self.settings: Sequence[Setting] = preferences.settings()
        self._missed = False
        """What is looked for is nowhere, and that is said."""

    def compose(self) -> ComposeResult:
        with Vertical(id="settings", classes="pane dialog") as box:
            box.border_title = "settings"
            box.border_subtitle = border_words(self._keys("settings"))
            yield PickList([row for row, _ in _table(self.settings)], id="picks")
            yield Words(id="words")

    @property
    def _keymap(self) -> Keymap:
        return self.app.keymap  # type: ignore[attr-defined]

    def _keys(self, scope: Scope) -> str:
        known = {one.name: one for one in self._keymap.actions if one.scope == scope}
        return " · ".join(f"{key_name(known[name].keys[0])} {known[name].label}" for name in _KEYS[scope])

    @property
    def setting(self) -> Setting:
        """The one under the cursor."""
        return _table(self.settings)[self.query_one(PickList).current][1] or self.settings[0]

    def on_mount(self) -> None:
        self.query_one(PickList).focus()
        self._explain()

    def on_pick_list_moved(self) -> None:
        """The word may have found another setting since, or none."""
        if not self._missed:
            self._explain()

    def _explain(self) -> None:
        self.query_one(Words).say(_about(self.setting, self._preferences, self._keymap))

    # -- changing --------------------------------------------------------------------------------

    def on_pick_list_picked(self) -> None:
        setting = self.setting
        match setting.kind:
            case "flag":
                self._write("off" if setting.value == "on" else "on")
            case "choice":
                self._choose(setting)
            case "table":
                where = f"Write it under [{setting.name}] in {self._preferences.path}."
                self.query_one(Words).say(f"{setting.does} {where}", bad=True)
            case "count" | "number" | "money" | "text":
                screen = AskScreen(
                    setting.name,
                    f"{setting.does} {_empty(setting)}",
                    value=setting.value,
                    check=self._refused,
                )
                self.app.push_screen(screen, lambda text: None if text is None else self._refresh())

    def _choose(self, setting: Setting) -> None:
        choices = [*setting.choices, *([""] if setting.optional else [])]
        rows = [Row(choice or "(not set)") for choice in choices]
        at = choices.index(setting.value) if setting.value in choices else 0
        screen = PickScreen(setting.name, rows, current=at)
        self.app.push_screen(screen, lambda index: None if index is None else self._write(choices[index]))

    def action_reset_setting(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if wrong := self._refused(text):
            self.query_one(Words).say(wrong, bad=True)
        else:
            self._refresh()

    def _refused(self, text: str) -> str:
        """Write it; what is wrong with it, if it cannot be."""
        try:
            self._changed(self._preferences.write_text(self.setting.name, text))
        except BadConfig as error:
            return str(error)
        return ""

    def _refresh(self) -> None:
        self.settings = self._preferences.settings()
        self.query_one(PickList).show([row for row, _ in _table(self.settings)])
        self._explain()

    # -- finding ---------------------------------------------------------------------------------

    def action_find_setting(self) -> None:
        """Open the line in which a word is typed; the cursor goes to the first setting that has it."""
        if not self.query(SearchLine):
            at = self.query_one(PickList).current
            line = SearchLine("", _HINT, lambda word: self._find(word, at, 1), self._step)
            self.query_one("#settings").mount(line, after="#picks")

    def _step(self, back: bool) -> None:
        by = -1 if back else 1
        self._find(self.query_one(SearchLine).value, self.query_one(PickList).current + by, by)

    def _find(self, word: str, start: int, by: int) -> None:
        """Go to the nearest setting that has the word, from a row on and round the list."""
        table = _table(self.settings)
        for offset in range(len(table)):
            index = (start + by * offset) % len(table)
            setting = table[index][1]
            if setting is not None and word.lower() in f"{setting.name} {setting.does}".lower():
                self._missed = False
                self.query_one(PickList).go(index)
                return
        self._missed = True
        self.query_one(Words).say(f"No setting has “{word}” in its name or in what it does.", bad=True)

    def on_search_line_left(self, event: SearchLine.Left) -> None:
        self.query_one(PickList).focus()

    def on_descendant_focus(self) -> None:
        """The line's own keys are said while it is open."""
        searching = isinstance(self.focused, SearchLine)
        if self._missed and not searching:
            self._missed = False
            self._explain()
        self.query_one("#settings").border_subtitle = border_words(
            self._keys("finding" if searching else "settings")
        )

    # -- leaving ---------------------------------------------------------------------------------

    def action_connect(self) -> None:
        self.dismiss("connect")

    def action_roster(self) -> None:
        self.dismiss("roster")

    def action_leave_settings(self) -> None:
        self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        if event.key == "ctrl+c":
            event.stop()
            self.dismiss(None)


_TITLES = {"": "", "aws": "AWS", "openai": "An OpenAI-compatible endpoint"}


def _table(settings: Sequence[Setting]) -> list[tuple[Row, Setting | None]]:
    """The rows of the list, each with its setting; a heading has none."""
    found: list[tuple[Row, Setting | None]] = []
    for group, title in _TITLES.items():
        if title:
            found.append((Row(title, heading=True), None))
        found += [(_row(setting), setting) for setting in settings if _group(setting) == group]
    return found


def _group(setting: Setting) -> str:
    table, dot, _ = setting.name.partition(".")
    return table if dot else ""


def _row(setting: Setting) -> Row:
    own = setting.source != "default"
    return Row(setting.name, setting.value or "–", setting.source, "accent" if own else "faint")


def _empty(setting: Setting) -> str:
    """What leaving the line empty does."""
    return f"Empty: {setting.default}." if setting.default else "Empty: none."


def _about(setting: Setting, preferences: Preferences, keymap: Keymap) -> str:
    lines = [setting.does]
    if setting.source not in ("default", "config.toml"):
        lines.append(f"{setting.source} in the environment comes before what is written in the file.")
    lines.append("It counts at once." if setting.at_once else "It counts from the next start.")
    lines.append(f"Written in {preferences.path}.")
    if setting.source == "config.toml":
        lines.append(keymap.fill("{settings.reset_setting} takes it out."))
    return " ".join(lines)
