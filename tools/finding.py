"""Finding files by their names."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from core.limits import limits
from core.stage.survey import Seen
from tools.nearby import explain_missing
from tools.workbench import ToolError, ToolResult, Workbench

_MOST_CHARACTERS = 500
_MOST_STARS = 12


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
    wanted = glob_expression(pattern)
    files = staged_files(bench, place)
    found = [(name, seen) for name, seen in files.items() if wanted.fullmatch(_below(name, place))]
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


def glob_expression(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression over whole relative paths. Raises `ToolError` for what is no glob."""
    text = pattern.strip().removeprefix("./")
    if not text:
        raise ToolError("The pattern is empty. Give a glob such as *.py, or use list_directory.")
    if len(text) > _MOST_CHARACTERS or text.count("*") > _MOST_STARS or "\0" in text:
        raise ToolError(
            f"The pattern is too long, or has more than {_MOST_STARS} stars. Give a simpler glob."
        )
    if text.startswith("/") or ".." in PurePosixPath(text).parts:
        raise ToolError("The pattern is relative to the project and must not begin with / or hold ..")
    text = text.rstrip("/") + "/**" if text.endswith("/") else text
    parts = text.split("/")
    if len(parts) == 1:
        parts = ["**", *parts]
    return re.compile(_joined(parts), re.DOTALL)


def _joined(parts: list[str]) -> str:
    found = ""
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == "**":
            found += ".*" if last else "(?:[^/]+/)*"
        else:
            found += "".join(_words(part)) + ("" if last else "/")
    return found


def _words(part: str) -> Iterable[str]:
    braces = 0
    for token in re.findall(r"\[!?\]?[^\]]*\]|\*+|.", part, re.DOTALL):
        if token.startswith("*"):
            yield "[^/]*"
        elif token == "?":
            yield "[^/]"
        elif len(token) > 1:
            yield _set_of(token)
        elif token == "{" and "}" in part:
            braces += 1
            yield "(?:"
        elif token == "}" and braces:
            braces -= 1
            yield ")"
        else:
            yield "|" if token == "," and braces else re.escape(token)
    yield ")" * braces


def _set_of(token: str) -> str:
    inner = token[1:-1]
    negated = inner.startswith("!")
    body = re.escape(inner.removeprefix("!")).replace(r"\-", "-")
    try:
        re.compile(f"[{body}]")
    except re.error:
        return re.escape(token)
    return f"[{'^' if negated else ''}{body}]"
