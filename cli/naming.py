"""What the user names on the command line: a file that waits, or `FILE#HUNK`. A file's name may hold a `#` too."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from cli.errors import usage
from core.commands import DecideChanges
from core.events import Verdict
from core.past import Past
from core.spelling import recorded
from core.text import sanitise_line

LEAST_ID = 4
"""Characters of a hunk's id that are enough, where no other begins like that."""


@dataclass
class Named:
    """Files, and hunks of files, in the order in which they were named."""

    files: list[str] = field(default_factory=list[str])
    hunks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def commands(self, verdict: Verdict, comment: str) -> list[DecideChanges]:
        """One decision for all whole files, and one for each file of which hunks are meant."""
        whole = [DecideChanges(verdict=verdict, paths=tuple(self.files), comment=comment, by="cli")]
        pieces = [
            DecideChanges(verdict=verdict, paths=(path,), hunks=tuple(ids), comment=comment, by="cli")
            for path, ids in self.hunks.items()
        ]
        return [*(whole if self.files else []), *pieces]


def find_named(past: Past, words: Sequence[str]) -> Named:
    """What these words name.

    Raises:
        Stop: a file has no such hunk (usage).
    """
    named = Named()
    for word in words:
        path, hunk = _apart(past, recorded(word))
        if hunk is None:
            named.files.append(path)
        else:
            named.hunks.setdefault(path, []).append(_hunk(past, path, hunk))
    return named


def _apart(past: Past, word: str) -> tuple[str, str | None]:
    """A path and the hunk behind its `#`; a file that waits under the whole name comes first."""
    whole = _known(past, word)
    if whole is not None or "#" not in word:
        return whole or word, None
    before, _, hunk = word.rpartition("#")
    path = _known(past, before)
    return (word, None) if path is None else (path, hunk)


def _known(past: Past, path: str) -> str | None:
    plain = posixpath.normpath(path) if path else path
    return next((each for each in (path, plain) if each in past.changes), None)


def _hunk(past: Past, path: str, start: str) -> str:
    ids = list(past.waiting.decided[path].pieces)
    shown = sanitise_line(path)
    if not ids:
        raise usage(f"{shown} is decided whole: it has no hunks.")
    if start in ids:
        return start
    fitting = [id for id in ids if id.startswith(start)] if len(start) >= LEAST_ID else []
    if len(fitting) != 1:
        raise usage(f"{shown} has no hunk {sanitise_line(start) or '“”'}. It has these: {', '.join(ids)}.")
    return fitting[0]
