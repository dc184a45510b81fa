"""The few shapes of the protocol that we read, and its way to write paths and positions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

_PLAIN = re.compile(r"[\w-]+(?:[./][\w-]+)*", re.ASCII)
"""A relative path in which nothing is escaped."""
SEVERITIES = {1: "error", 2: "warning", 3: "note", 4: "hint"}


class Position(msgspec.Struct, frozen=True):
    line: int
    """From 0."""
    character: int


class Range(msgspec.Struct, frozen=True):
    start: Position
    end: Position


class Diagnostic(msgspec.Struct, frozen=True):
    range: Range
    message: str
    severity: int = 1
    source: str | None = None
    code: Any = None


@dataclass(frozen=True)
class Spot:
    """A place that a server named."""

    path: str
    """Relative to the project when it is in it, else absolute."""
    inside: bool
    line: int
    """From 1."""


@lru_cache(maxsize=1_000)
def uri_of(root: Path, place: str) -> str:
    """A file's address, as the server is told it."""
    return "file://" + quote(str(PurePosixPath(root) / place))


def spot_of(root: Path, uri: str, line: int) -> Spot:
    """The place at this address; `line` counts from 0, as the protocol does."""
    rest = uri.removeprefix(uri_of(root, "") + "/")
    if rest != uri and _PLAIN.fullmatch(rest) and ".." not in rest:
        return Spot(rest, True, line + 1)
    path = PurePosixPath(unquote(urlsplit(uri).path))
    top = PurePosixPath(root)
    if uri.startswith("file:") and path.is_relative_to(top) and ".." not in path.parts:
        return Spot(str(path.relative_to(top)), True, line + 1)
    return Spot(str(path) if uri.startswith("file:") else uri[:300], False, line + 1)


def spots_in(root: Path, result: Any) -> list[Spot]:
    """What `definition` and `references` answer: a location, a list of them, links, or nothing."""
    found: dict[Spot, None] = {}
    for each in result if isinstance(result, list) else [result]:
        if not isinstance(each, dict):
            continue
        uri = each.get("targetUri", each.get("uri"))
        span = each.get("targetSelectionRange", each.get("range"))
        try:
            place = msgspec.convert(span, Range)
        except msgspec.ValidationError:
            continue
        if isinstance(uri, str):
            found[spot_of(root, uri, place.start.line)] = None
    return sorted(found, key=lambda spot: (not spot.inside, spot.path, spot.line))


def diagnostics_in(items: Any) -> list[Diagnostic]:
    """The diagnostics that can be read, by line."""
    found: list[Diagnostic] = []
    for each in items if isinstance(items, list) else []:
        try:
            found.append(msgspec.convert(each, Diagnostic))
        except msgspec.ValidationError:
            continue
    return sorted(found, key=lambda one: (one.range.start.line, one.range.start.character))


def text_in(contents: Any) -> str:
    """What `hover` says: text, marked text, or a list of such."""
    return "\n\n".join(part for part in _parts(contents) if part.strip())


def _parts(contents: Any) -> Iterator[str]:
    for each in contents if isinstance(contents, list) else [contents]:
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield str(each.get("value", ""))


def column_of(line: str, index: int, encoding: str) -> int:
    """A place in a line (Python's index) in the units that the server counts in."""
    if encoding == "utf-32":
        return index
    codec, size = ("utf-8", 1) if encoding == "utf-8" else ("utf-16-le", 2)
    return len(line[:index].encode(codec, "surrogatepass")) // size
