"""Secrets in a text that goes to a model: found by their form, and replaced by a mark."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import msgspec

from core.sandbox.rules import data_file

MARK = "⟨secret⟩"
"""What stands in a secret's place."""
LEAST_VALUE = 8
"""Known values that are shorter are not looked for: they would be found everywhere."""
_RANDOM_BITS = 3.6
"""Bits for each character from which a quoted value looks made by a machine."""
_MOST_VALUES = 500
_SIDES = frozenset({"<" * 7, "|" * 7, "=" * 7, ">" * 7})
"""How lines begin that tell the sides of a conflict apart."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    near: tuple[str, ...]
    pattern: str
    random: bool = False


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    placeholders: tuple[str, ...]
    names: tuple[str, ...]
    harmless: tuple[str, ...]


class Masks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    patterns: tuple[Pattern, ...]
    words: Words


@cache
def masks() -> Masks:
    """The shipped `masks.toml`."""
    return msgspec.convert(data_file("masks.toml"), Masks)


class Masked(msgspec.Struct, frozen=True):
    """A text without its secrets."""

    text: str
    counts: Mapping[str, int] = {}
    """What was masked, such as “an AWS access key”, and how many of it; empty when nothing was."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.counts)


def mask_diff(patch: str, values: Iterable[str] = ()) -> Masked:
    """The same for a diff, all of whose lines stay lines of the same kind: its hunks are found by their numbers."""
    return mask(patch, values, front=1)


def mask_lines(text: str, values: Iterable[str] = ()) -> Masked:
    """The same for a text whose lines have to stay lines, such as a conflict."""
    return mask(text, values, front=0)


def mask(text: str, values: Iterable[str] = (), *, front: int | None = None) -> Masked:
    """Replace what looks like a secret, and every occurrence of the known `values`.

    Where `front` is given, each line of a secret has a mark of its own, behind so many characters of it.
    """
    low = text.lower()
    counts: Counter[str] = Counter()
    for each in masks().patterns:
        if not any(word in low for word in each.near):
            continue
        text, found = _masked(text, each, front)
        counts += Counter({each.name: found})
    for value in _longest(values):
        if value in text:
            counts["a value from a hidden file"] += text.count(value)
            text = text.replace(value, MARK)
    return Masked(text, dict(counts))


def _longest(values: Iterable[str]) -> list[str]:
    usable = {each for each in values if len(each) >= LEAST_VALUE}
    return sorted(usable, key=lambda each: (-len(each), each))[:_MOST_VALUES]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _masked(text: str, pattern: Pattern, front: int | None) -> tuple[str, int]:
    """The text, and how many were masked."""
    found = 0

    def replaced(match: re.Match[str]) -> str:
        nonlocal found
        secret = match["secret"]
        if is_placeholder(secret) or (pattern.random and not _looks_random(secret)):
            return match.group()
        found += 1
        start, end = (place - match.start() for place in match.span("secret"))
        whole = match.group()
        return whole[:start] + (MARK if front is None else _line_by_line(secret, front)) + whole[end:]

    return _compiled(pattern.pattern).sub(replaced, text), found


def _line_by_line(secret: str, front: int) -> str:
    """A mark for each line of a secret, but for those that hold nothing of it."""
    first, *rest = secret.split("\n")
    marked = [MARK if first.strip() else first]
    for line in rest:
        empty = line[:7] in _SIDES or not line[front:].strip("- \r")
        marked.append(line if empty else line[:front] + MARK)
    return "\n".join(marked)


def is_placeholder(value: str) -> bool:
    """Whether a value says itself that it is none: an example, something to fill in, one character only."""
    low = value.strip().lower()
    if low in masks().words.harmless or len(set(low)) < 3 or MARK in value:
        return True
    return any(word in low for word in masks().words.placeholders)


def _looks_random(value: str) -> bool:
    kinds = [any(map(test, value)) for test in (str.isdigit, str.islower, str.isupper)]
    if sum(kinds) < 2 or not kinds[0]:
        return False
    counts = Counter(value)
    bits = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return bits >= _RANDOM_BITS
