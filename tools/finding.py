"""Finding files by their names."""

import re
from pathlib import PurePosixPath

from core.limits import limits
from core.stage.survey import Seen
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_CHARACTERS = 500
_MOST_STARS = 12
_MOST_BRACES = 20
_MOST_WAYS = 200


def find_files(bench: Workbench, pattern: str, path: str | None = None) -> ToolResult:
    """Find files by name, the last changed first. Ignored files are left out. To search inside files, use search_files.

    Args:
        pattern: A glob such as *.py, src/**/test_*.ts or {a,b}.json; without a slash it may be in any folder.
        path: Only in this folder, relative to the project; all of it when left out.
    """
    place = bench.stage.locate(path or ".")
    folder = bench.stage.tree / place
    if not folder.exists():
        raise ToolError(explain_missing(bench.stage, place))
    if not folder.is_dir():
        raise ToolError(f"{place} is a file. Give a folder, or leave path out.")
    wanted = Glob(pattern)
    files = staged_files(bench, place)
    found = [(name, seen) for name, seen in files.items() if wanted.matches(_below(name, place))]
    found.sort(key=lambda each: (-each[1].mtime_ns, each[0]))
    return _result(pattern, place, found, len(files))


def staged_files(bench: Workbench, place: str = ".") -> dict[str, Seen]:
    """The stage's files below a folder that do not count as ignored, with what `lstat` says of them."""
    files = bench.stage.mark().files
    if place == ".":
        return files
    return {name: seen for name, seen in files.items() if name == place or name.startswith(place + "/")}


def _below(name: str, place: str) -> str:
    return name if place == "." else name[len(place) + 1 :]


def _result(pattern: str, place: str, found: list[tuple[str, Seen]], count: int) -> ToolResult:
    where = "" if place == "." else f" in {place}"
    if not found:
        return ToolResult(
            True,
            f"No file{where} matches {pattern} ({count:,} files were looked at, without ignored ones)."
            " Use list_directory to see what there is.",
        )
    most = limits().tools.list_entries
    rows = [f"{name} ({seen.size:,})" for name, seen in found[:most]]
    if len(found) > most:
        rows.append(
            f"(The {most} that were changed last, of {len(found):,}. Give a narrower pattern or a path.)"
        )
    return ToolResult(True, "\n".join(rows))


class Glob:
    """A pattern of paths, matched part by part, so that no pattern takes long.

    Raises `ToolError` for what is no glob.
    """

    def __init__(self, pattern: str) -> None:
        text = pattern.strip().removeprefix("./")
        if not text:
            raise ToolError("The pattern is empty. Give a glob such as *.py, or use list_directory.")
        if len(text) > _MOST_CHARACTERS or text.count("*") > _MOST_STARS or "\0" in text:
            raise ToolError(
                f"The pattern is too long, or has more than {_MOST_STARS} stars. Give a simpler glob."
            )
        if text.startswith("/") or ".." in PurePosixPath(text).parts:
            raise ToolError("The pattern is relative to the project and must not begin with / or hold ..")
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
    raise ToolError("The pattern has too many choices in braces. Give a simpler glob.")


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
