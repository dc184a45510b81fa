"""What is typed to find a session, read: words, and filters such as `since:2026-01-31`."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from core.index.reading import Sought
from core.money import ZERO, to_pico

SYNTAX = "words · project:NAME · since:DAY · until:DAY · over:USD"
"""All that there is to know, for a line on the screen."""

_TERM = re.compile(r'"([^"]*)"?|(\S+)')
"""A phrase in quotation marks is looked for as it stands, also if it looks like a filter."""
_STARTS = re.compile(r"\d{4}(-(\d\d?(-\d?)?)?)?")
"""The start of a day: a year, a month, or what is being typed."""
_BEGUN = re.compile(r"\d{1,4}|t(o(d(ay?)?)?)?|y(e(s(t(e(r(d(ay?)?)?)?)?)?)?)?")
"""Not enough of it to look for."""
_AGO = re.compile(r"(\d{1,5})d")


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for, as far as it was understood."""

    sought: Sought
    problem: str = ""
    """What was not understood, and how it is written. The rest holds."""


def read_sought(text: str, today: date) -> Wanted:
    """Read a line as it is typed; a filter without a value yet holds for everything.

    Args:
        today: the day (UTC) that `today`, `yesterday` and `7d` (days ago) count from.
    """
    words: list[str] = []
    filters: dict[str, str] = {}
    for quoted, plain in _TERM.findall(text):
        name, colon, value = plain.partition(":")
        if colon and name.lower() in _READERS:
            filters[name.lower()] = value
        elif quoted or plain:
            words.append(quoted or plain)
    sought, problems = Sought(words=" ".join(words)), list[str]()
    for name, value in filters.items():
        try:
            sought = _READERS[name](sought, value, today) if value else sought
        except ValueError as error:
            problems.append(str(error))
    return Wanted(sought, " ".join(problems))


def _folder(sought: Sought, value: str, today: date) -> Sought:
    return msgspec.structs.replace(sought, folder=value)


def _since(sought: Sought, value: str, today: date) -> Sought:
    return msgspec.structs.replace(sought, since=_day(value, today, "since"))


def _until(sought: Sought, value: str, today: date) -> Sought:
    return msgspec.structs.replace(sought, until=_day(value, today, "until"))


def _over(sought: Sought, value: str, today: date) -> Sought:
    try:
        return msgspec.structs.replace(sought, least=max(ZERO, to_pico(value.lstrip("$>="))))
    except ValueError:
        raise ValueError(f"over:{value} is no amount in dollars. Write it as over:0.50.") from None


_READERS: dict[str, Callable[[Sought, str, date], Sought]] = {
    "project": _folder,
    "since": _since,
    "until": _until,
    "over": _over,
}


def _day(value: str, today: date, name: str) -> str:
    """The start of an RFC 3339 time that a day stands for.

    Raises:
        ValueError: it is no day, nor the start of one.
    """
    value = value.lower()
    back = {"today": 0, "yesterday": 1}.get(value)
    if found := _AGO.fullmatch(value):
        back = int(found[1])
    if back is not None:
        return (today - timedelta(days=min(back, today.toordinal() - 1))).isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        if _STARTS.fullmatch(value):
            return value
        if _BEGUN.fullmatch(value):
            return ""
        raise ValueError(
            f"{name}:{value} is no day. Write it as {name}:2026-01-31, {name}:today or {name}:7d."
        ) from None
