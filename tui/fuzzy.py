"""Finds a name among very many by a few of its letters, the likeliest first. Knows no widget."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import accumulate

_BLOCK = 2_000
"""Names that are looked through in one call into the matcher of regular expressions, which holds the
interpreter's lock: about a millisecond."""
_WEIGHED = 6_000
"""So many names that match are weighed; the shallow and short ones come first."""


class Names:
    """Names, ready to be searched: paths of files, or anything else that is one line."""

    def __init__(self, names: Iterable[str]) -> None:
        self.all = sorted(names, key=lambda name: (name.count("/"), len(name), name))
        self._blocks = [_Block(self.all[start : start + _BLOCK]) for start in range(0, len(self.all), _BLOCK)]

    def find(self, word: str, most: int) -> list[str]:
        """The best names whose letters have those of `word` among them, in their order."""
        letters = word.lower().strip()
        if not letters:
            return self.all[:most]
        pattern = _pattern(letters)
        found: list[str] = []
        for block in self._blocks:
            found += block.matching(pattern)
            if len(found) >= _WEIGHED:
                break
        return nlargest(most, found, key=lambda name: weigh(name, letters))


class _Block:
    """Some names, one a line of one text."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        lines = [name.lower().replace("\n", " ") + "\n" for name in names]
        self._text = "".join(lines)
        self._starts = list(accumulate((len(line) for line in lines), initial=0))

    def matching(self, pattern: re.Pattern[str]) -> list[str]:
        hits = pattern.finditer(self._text)
        return [self._names[bisect_right(self._starts, hit.start()) - 1] for hit in hits]


def _pattern(letters: str) -> re.Pattern[str]:
    """A line with these letters in this order; nothing in it can be matched in two ways."""
    steps = "".join(f"[^\\n{re.escape(letter)}]*+{re.escape(letter)}" for letter in letters)
    return re.compile(f"^{steps}[^\\n]*+", re.MULTILINE)


def weigh(name: str, letters: str) -> float:
    """How well a name that holds the letters suits them; a hit in its last part counts most."""
    low = name.lower()
    last = low.rpartition("/")[2]
    if letters in last:
        at = last.index(letters)
        whole = 400 if at == 0 and len(last.partition(".")[0]) == len(letters) else 0
        return 2_000 + whole + 300 * (at == 0) + 150 * _begins(last, at) - at - len(name) / 10
    if letters in low:
        at = low.rindex(letters)
        return 1_000 + 150 * _begins(low, at) - len(name) / 10
    return _scattered(low, letters) - len(name) / 10


def _begins(text: str, at: int) -> bool:
    """Whether a part of the name begins here."""
    return at == 0 or text[at - 1] in "/_-. "


def _scattered(low: str, letters: str) -> float:
    """Runs of letters side by side and beginnings of parts are worth more."""
    worth, at = 0.0, -2
    for letter in letters:
        found = low.index(letter, max(0, at + 1))
        worth += 12 * (found == at + 1) + 10 * _begins(low, found)
        at = found
    return worth


def places(name: str, word: str) -> tuple[int, ...]:
    """Where the letters stand in the name, for marking them; empty when they do not."""
    low, letters = name.lower(), word.lower().strip()
    at = low.rfind(letters)
    if letters and at >= 0:
        return tuple(range(at, at + len(letters)))
    found: list[int] = []
    for letter in letters:
        at = low.find(letter, found[-1] + 1 if found else 0)
        if at < 0:
            return ()
        found.append(at)
    return tuple(found)
