"""Patterns of paths, matched part by part, so that no pattern takes long: standard library only, for our programs too."""

import re
from pathlib import PurePosixPath

_MOST_CHARACTERS = 500
_MOST_STARS = 12
_MOST_BRACES = 20
_MOST_WAYS = 200


class BadGlob(Exception):
    """The pattern is none; the text is a sentence."""


class Glob:
    """A pattern of paths, matched part by part, so that no pattern takes long.

    Raises `BadGlob` for what is no glob.
    """

    def __init__(self, pattern: str) -> None:
        text = pattern.strip().removeprefix("./")
        if not text:
            raise BadGlob("The pattern is empty. Give a glob such as *.py, or use list_directory.")
        if len(text) > _MOST_CHARACTERS or text.count("*") > _MOST_STARS or "\0" in text:
            raise BadGlob(
                f"The pattern is too long, or has more than {_MOST_STARS} stars. Give a simpler glob."
            )
        if text.startswith("/") or ".." in PurePosixPath(text).parts:
            raise BadGlob("The pattern is relative to the project and must not begin with / or hold ..")
        self._ways = [_parts(each) for each in _unfolded(text)]

    def matches(self, path: str) -> bool:
        """Whether the whole relative path matches."""
        names = path.split("/")
        return any(_follows(way, names) for way in self._ways)


def _unfolded(text: str) -> list[str]:
    """The pattern without braces: one for each choice."""
    ways = [text]
    for _ in range(_MOST_BRACES):
        found = [(each, match) for each in ways if (match := re.search(r"\{([^{}]*,[^{}]*)\}", each))]
        if not found:
            return ways
        each, match = found[0]
        ways.remove(each)
        ways += [each[: match.start()] + choice + each[match.end() :] for choice in match[1].split(",")]
        if len(ways) > _MOST_WAYS:
            break
    raise BadGlob("The pattern has too many choices in braces. Give a simpler glob.")


def _parts(text: str) -> list[re.Pattern[str] | None]:
    """One expression for each part of a path; None stands for any number of folders (`**`)."""
    parts = (text + "**" if text.endswith("/") else text).split("/")
    if len(parts) == 1:
        parts = ["**", *parts]
    if parts[-1] == "**":
        parts.append("*")
    return [None if part == "**" else re.compile(_expression(part), re.DOTALL) for part in parts]


def _expression(part: str) -> str:
    """A glob without slashes. What stands between two stars is taken where it first is, for good: as `fnmatch` does."""
    pieces = [_words(piece) for piece in re.split(r"\*+", part)]
    if len(pieces) == 1:
        return pieces[0]
    first, *middle, last = pieces
    return first + "".join(f"(?>.*?{piece})" for piece in middle if piece) + ".*" + last


def _follows(way: list[re.Pattern[str] | None], names: list[str]) -> bool:
    """Whether the names follow the parts; `reached` holds how many parts are done, for all ways to get there."""
    reached = _beyond({0}, way)
    for name in names:
        after: set[int] = set()
        for at in reached - {len(way)}:
            part = way[at]
            if part is None:
                after.add(at)
            elif part.fullmatch(name):
                after.add(at + 1)
        reached = _beyond(after, way)
    return len(way) in reached


def _beyond(reached: set[int], way: list[re.Pattern[str] | None]) -> set[int]:
    """Those, and where one gets when `**` stands for no folder."""
    found = set(reached)
    for at in range(len(way)):
        if at in found and way[at] is None:
            found.add(at + 1)
    return found


def _words(part: str) -> str:
    """A piece without stars as an expression."""
    found = ""
    for token in re.findall(r"\[!?\]?[^\]]*\]|.", part, re.DOTALL):
        if token == "?":
            found += "."
        else:
            found += _set_of(token) if len(token) > 1 else re.escape(token)
    return found


def _set_of(token: str) -> str:
    inner = token[1:-1]
    negated = inner.startswith("!")
    body = re.escape(inner.removeprefix("!")).replace(r"\-", "-")
    try:
        re.compile(f"[{body}]")
    except re.error:
        return re.escape(token)
    return f"[{'^' if negated else ''}{body}]"


def split_globs(text: str) -> list[str]:
    """`*.py, *.{a,b}` → `*.py`, `*.{a,b}`: models list several; a comma in braces is none of those."""
    parts = re.split(r"[\s,]+(?![^{]*\})", text.strip())
    return [each.removeprefix("./") for each in parts if each]
