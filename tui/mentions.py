"""The files and roles that a request can name. Files are listed in a thread, and again when that is old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import monotonic

from tui.completing import Choice, file_choices, role_choices
from tui.fuzzy import Names

_FRESH_SECONDS = 10.0
_MOST = 50


class Mentions:
    """What `@` can name in one project.

    Args:
        project: the exact path of the project's folder; empty as long as it is not known.
        more: paths that the team added and the project does not have yet.
    """

    def __init__(
        self, project: Callable[[], str], more: Callable[[], Iterable[str]], roles: Mapping[str, str]
    ) -> None:
        self._project = project
        self._more = more
        self._roles = roles
        self._names = Names(())
        self._listed_at = -_FRESH_SECONDS
        self._listing: asyncio.Task[None] | None = None

    async def find(self, word: str) -> list[Choice]:
        """Roles first, then files, the likeliest first."""
        old = monotonic() - self._listed_at > _FRESH_SECONDS
        if self._listing is None and old and self._project():  # not known before the engine is there
            self._listing = asyncio.create_task(self._list())
        if self._listing is not None and not self._names.all:
            await asyncio.shield(self._listing)
        roles = role_choices(word, self._roles)
        paths = await asyncio.to_thread(self._names.find, word, _MOST)
        return [*roles, *file_choices(word, paths)]

    async def _list(self) -> None:
        """List the files anew; what is known stays in use meanwhile."""
        project = self._project()
        try:
            self._names = await asyncio.to_thread(_listed, project, list(self._more()))
        finally:
            self._listing, self._listed_at = None, monotonic()


def _listed(project: str, more: list[str]) -> Names:
    from core.stage.listing import list_files

    found = list_files(Path(project)) if project else []
    return Names(dict.fromkeys([*found, *more]))
