"""Searches a folder for a regular expression: run as a program, so that it can be killed at any time.

    search_worker.py FOLDER PATTERN TASK [--plain]

TASK is a JSON object: `most` matches, `context` lines around each, `globs` of file names (those that begin
with ! are left out), and `skipped` folder names. Prints `path NUL line:text` for a match and `path NUL line-text`
for a line around one, by path and line. Ends with 2 and one line when the pattern is no regular expression.
Uses the standard library only.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.globs import Glob

_MEMORY_BYTES = 1_000_000_000
_FILE_BYTES = 100_000_000
"""More than this does not fit into the memory that it may use."""
_LINE_CHARACTERS = 10_000
_SHOWN_CHARACTERS = 300


class _Names:
    """Which files are wanted by their names."""

    def __init__(self, top: str, globs: Sequence[str]) -> None:
        self._top = "" if top == "." else top.rstrip("/") + "/"
        self._wanted = [Glob(each) for each in globs if not each.startswith("!")]
        self._unwanted = [Glob(each[1:]) for each in globs if each.startswith("!")]

    def hold(self, path: str) -> bool:
        """Globs may begin at the project or at the folder that is searched."""
        names = {path, path.removeprefix(self._top)}
        if any(each.matches(name) for each in self._unwanted for name in names):
            return False
        return not self._wanted or any(each.matches(name) for each in self._wanted for name in names)


def _files(top: str, skipped: frozenset[str]) -> Iterator[str]:
    """Relative paths in their order, without links."""
    if os.path.isfile(top):  # noqa: PTH113
        yield top
        return
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if not folder.startswith("\0"):
            waiting += sorted(_entries(folder, skipped), key=lambda each: each.lstrip("\0"), reverse=True)
        else:
            yield folder[1:]


def _entries(folder: str, skipped: frozenset[str]) -> Iterator[str]:
    """What is in a folder; files are marked by a NUL before them."""
    try:
        with os.scandir(folder) as entries:
            for each in entries:
                path = each.name if folder == "." else f"{folder}/{each.name}"
                if each.is_dir(follow_symlinks=False) and each.name not in skipped:
                    yield path
                elif each.is_file(follow_symlinks=False) and each.stat().st_size <= _FILE_BYTES:
                    yield "\0" + path
    except OSError:
        return


def _lines(path: str) -> list[str]:
    try:
        data = Path(path).read_bytes()
    except OSError:
        return []
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\0" in data[:8_192]:
        return []
    else:
        text = data.decode("utf-8-sig", "replace")
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _around(line: str, match: re.Match[str]) -> str:
    start = max(0, match.start() - _SHOWN_CHARACTERS // 2) if len(line) > _SHOWN_CHARACTERS else 0
    part = line[start : start + _SHOWN_CHARACTERS]
    return ("…" if start else "") + part + ("…" if start + _SHOWN_CHARACTERS < len(line) else "")


def _found(lines: list[str], pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """Line numbers from 0, and what is shown of the line."""
    for number, whole in enumerate(lines):
        line = whole.rstrip("\r")
        match = pattern.search(line[:_LINE_CHARACTERS])
        if match:
            yield number, _around(line, match)


def _print(path: str, lines: list[str], matches: dict[int, str], context: int) -> None:
    wanted = {n for at in matches for n in range(max(0, at - context), min(len(lines), at + context + 1))}
    for number in sorted(wanted):
        mark, text = (":", matches[number]) if number in matches else ("-", lines[number][:_SHOWN_CHARACTERS])
        print(f"{path}\0{number + 1}{mark}{text}", flush=True)


def _search(files: Iterator[str], pattern: re.Pattern[str], most: int, context: int) -> None:
    left = most
    for path in files:
        lines = _lines(path)
        matches: dict[int, str] = {}
        for number, text in _found(lines, pattern):
            matches[number] = text
            left -= 1
            if not left:
                break
        _print(path, lines, matches, context)
        if not left:
            return


def main(arguments: list[str]) -> int:
    """Search; the exit code is 0, or 2 for a pattern that is no regular expression."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    top, text, told, *plain = arguments
    task = json.loads(told)
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        pattern = re.compile(re.escape(text) if plain else text)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        print(str(error) or type(error).__name__)
        return 2
    names = _Names(top, task["globs"])
    files = (each for each in _files(top, frozenset(task["skipped"])) if names.hold(each))
    _search(files, pattern, task["most"], task["context"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
