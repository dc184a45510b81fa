"""Help: every action with its keys, made from the one registry."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from tui.actions import SCOPE_TITLES, key_name
from tui.canvas import Page
from tui.paint import Lines, Span, indent, wrap

_COLUMN = 22


class HelpPage(Page):
    can_focus = True

    def compose_lines(self, width: int) -> Lines:
        lines: Lines = []
        for scope, title in SCOPE_TITLES.items():
            lines += [[], [Span(title, "heading")]]
            for action in self.app.keymap.actions:  # type: ignore[attr-defined]
                if action.scope == scope:
                    keys = " or ".join(key_name(key) for key in action.keys)
                    words = wrap([Span(action.help)], width - _COLUMN)
                    lines += indent(words, [Span(keys.ljust(_COLUMN), "key")], [Span(" " * _COLUMN)])
        return lines[1:]


class HelpScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,ctrl+c", "dismiss", "Close", show=False),
        Binding("f1", "dismiss", "Close", show=False, id="anywhere.help"),
    ]

    def compose(self) -> ComposeResult:
        page = HelpPage(id="help", classes="pane dialog")
        page.border_title = "every key"
        page.border_subtitle = "Esc closes"
        yield page
