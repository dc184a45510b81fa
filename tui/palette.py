"""The palette: every action, and in the rehearsal every request that it knows, found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from core.text import sanitise_line
from tui.actions import SCOPE_TITLES, Action, Scope, key_name
from tui.canvas import border_words
from tui.keymap import Keymap
from tui.work import WorkScreen


@runtime_checkable
class Performer(Protocol):
    """A screen with keys of its own, whose actions can be found by name too."""

    palette_scopes: tuple[Scope, ...]

    async def perform(self, action: Action) -> None: ...


class ActionProvider(Provider):
    """Finds actions for Textual's command palette."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        if isinstance(screen, Performer):
            keymap: Keymap = self.app.keymap  # type: ignore[attr-defined]
            for action in keymap.actions:
                if action.scope in screen.palette_scopes:
                    yield action.help, _keys(action), partial(screen.perform, action)
        if not isinstance(screen, WorkScreen):
            return
        for action in screen.keymap.actions:
            place = "" if action.scope == "anywhere" else f" {SCOPE_TITLES[action.scope].lower()}"
            yield action.help, f"{_keys(action)}{place}", partial(screen.perform, action)
        for text in screen.suggestions:
            yield (
                f"Play: {sanitise_line(text)}",
                "a request that the rehearsal knows",
                partial(screen.request, text),
            )

    async def discover(self) -> Hits:
        for text, keys, call in self._entries():
            yield DiscoveryHit(border_words(text), call, help=border_words(keys))  # pyright: ignore[reportArgumentType]

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, keys, call in self._entries():
            if (score := matcher.match(text)) > 0:
                marked = _marked(text, matcher)
                yield Hit(score, marked, call, help=border_words(keys))  # pyright: ignore[reportArgumentType]


def _marked(text: str, matcher: Matcher) -> Content:
    """What was found, the letters that were typed marked; Textual's own way to do so reads markup."""
    content = border_words(text)
    for offset in matcher.fuzzy_search.match(matcher.query, text)[1]:
        if not text[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


def _keys(action: Action) -> str:
    return " or ".join(key_name(key) for key in action.keys)
