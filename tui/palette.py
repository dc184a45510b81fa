"""The palette: every action, and in the rehearsal every request that it knows, found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from core.text import sanitise_line
from tui.actions import ACTIONS, key_name
from tui.work import WorkScreen


class ActionProvider(Provider):
    """Finds actions for Textual's command palette."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        screen = self.screen
        if not isinstance(screen, WorkScreen):
            return
        for action in ACTIONS:
            if action.bound and action.scope not in ("sessions", "inbox"):
                keys = " or ".join(key_name(key) for key in action.keys)
                yield action.help, keys, partial(screen.perform, action)
        for text in screen.suggestions:
            yield (
                f"Play: {sanitise_line(text)}",
                "a request that the rehearsal knows",
                partial(screen.request, text),
            )

    async def discover(self) -> Hits:
        for text, keys, call in self._entries():
            yield DiscoveryHit(text, call, help=keys)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, keys, call in self._entries():
            if (score := matcher.match(text)) > 0:
                yield Hit(score, matcher.highlight(text), call, help=keys)
