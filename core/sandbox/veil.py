"""What a command prints as it comes, without secrets: a piece may end in the middle of one."""

import re
from collections.abc import Set

from core.sandbox.masking import mask

_KEY_BEGINS = "-----BEGIN "
_KEY_ENDS = "-----END"
_KEY_CHARACTERS = 20_000
_OPEN_ENDED = re.compile(r"[:=]>?\s*[\"']?\s*\Z")
"""How a line ends of which the value stands in the next one."""


class Veil:
    """Text in whole lines, with its secrets masked: also those that go over several lines."""

    def __init__(self, values: Set[str]) -> None:
        self._values = values
        self._held = ""

    def add(self, text: str) -> str:
        """What can be told by now."""
        self._held += text
        end = self._held.rfind("\n") + 1
        if end == 0 and len(self._held) > 2 * _KEY_CHARACTERS:
            end = len(self._held)
        if end and _OPEN_ENDED.search(self._held, max(0, end - 200), end):
            end = self._held.rfind("\n", 0, end - 1) + 1
        begun = self._held.rfind(_KEY_BEGINS, 0, end)
        if begun >= 0 and _KEY_ENDS not in self._held[begun:end] and end - begun < _KEY_CHARACTERS:
            end = begun
        ready, self._held = self._held[:end], self._held[end:]
        return mask(ready, self._values).text if ready else ""

    def rest(self) -> str:
        """What is left, at the end."""
        text, self._held = self._held, ""
        return mask(text, self._values).text
