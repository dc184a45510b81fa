"""How much texts are alike, by `difflib`: its time grows with the square of their length, so it is bounded here."""

import difflib
from collections import Counter
from collections.abc import Callable, Sequence

Check = Callable[[], None]
"""Called now and then; what it raises ends the work."""
Opcode = tuple[str, int, int, int, int]

_MOST_STEPS = 500_000
"""Of one comparison: a twentieth of a second. Texts that need more are not compared."""


class _Patient(difflib.SequenceMatcher[str]):
    """One that can be ended between two of its steps."""

    def __init__(self, one: Sequence[str], other: Sequence[str], check: Check) -> None:
        super().__init__(None, one, other, autojunk=False)
        self._check = check

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        self._check()
        return super().find_longest_match(alo, ahi, blo, bhi)


def _steps(one: Sequence[str], other: Sequence[str]) -> int:
    """How often the matcher must look for the longest piece that both have."""
    count = Counter(other)
    return sum(count[each] for each in one)


def differences(one: Sequence[str], other: Sequence[str], check: Check) -> list[Opcode]:
    """What becomes of one text's lines in another, as `difflib` says it; of too many, all between what both ends share."""
    if _steps(one, other) <= _MOST_STEPS:
        return [*_Patient(one, other, check).get_opcodes()]
    head = _shared(one, other)
    tail = min(_shared(one[::-1], other[::-1]), len(one) - head, len(other) - head)
    ends = len(one) - tail, len(other) - tail
    both = ends[0] > head and ends[1] > head
    between = "replace" if both else "delete" if ends[0] > head else "insert"
    found = [
        ("equal", 0, head, 0, head),
        (between, head, ends[0], head, ends[1]),
        ("equal", ends[0], len(one), ends[1], len(other)),
    ]
    return [each for each in found if each[1] < each[2] or each[3] < each[4]]


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def alike(one: str, other: str, least: float, check: Check) -> float:
    """How much two texts are alike, from 0 to 1; 0 where it is less than `least`, or would take too long to tell."""
    matcher = _Patient(one, other, check)
    if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
        return 0.0
    ratio = matcher.ratio() if _steps(one, other) <= _MOST_STEPS else 0.0
    return ratio if ratio >= least else 0.0


class Likeness:
    """How much some lines are like the wanted ones."""

    def __init__(self, wanted: Sequence[str], least: float, check: Check) -> None:
        """What is less alike than `least` counts as 0."""
        self._wanted = wanted
        self._least = least
        self._check = check
        self._quick = difflib.SequenceMatcher(None, "", "".join(wanted), autojunk=False)

    def of(self, lines: Sequence[str]) -> float:
        """From 0 to 1: lines that are the same count whole, those in their place by the characters they share."""
        self._check()
        self._quick.set_seq1("".join(lines))
        if self._quick.real_quick_ratio() < self._least or self._quick.quick_ratio() < self._least:
            return 0.0
        total = _size(lines) + _size(self._wanted)
        ratio = self._matched(lines) / total
        return ratio if ratio >= self._least else 0.0

    def _matched(self, lines: Sequence[str]) -> float:
        """How many characters of both are shared."""
        found = 0.0
        for what, first, last, start, stop in differences(lines, self._wanted, self._check):
            if what == "equal":
                found += 2 * _size(lines[first:last])
            elif what == "replace":
                found += _shared_characters(lines[first:last], self._wanted[start:stop], self._check)
        return found


def _shared_characters(one: Sequence[str], other: Sequence[str], check: Check) -> float:
    """Line by line where there are as many, else all at once."""
    if len(one) != len(other):
        one, other = ["\n".join(one)], ["\n".join(other)]
    pairs = zip(one, other, strict=True)
    return sum(alike(*pair, 0.0, check) * _size(pair) for pair in pairs)


def _size(lines: Sequence[str]) -> int:
    """In characters, line ends included."""
    return sum(map(len, lines)) + len(lines)
