"""Searches a folder for a regular expression: run as a program, so that it can be killed at any time.

    search_worker.py FOLDER PATTERN MOST SKIPPED [--plain]

Prints `path:line: text` for each match, MOST at most, not from folders named in SKIPPED (a comma
between two names). Ends with 2 and one line on stderr when the
pattern is no regular expression. Uses the standard library only and imports nothing of ours.
"""

import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

_MEMORY_BYTES = 1_000_000_000
_FILE_BYTES = 10_000_000
_LINE_CHARACTERS = 10_000
_SHOWN_CHARACTERS = 300


def _files(top: str, skipped: set[str]) -> Iterator[Path]:
    if Path(top).is_file():
        yield Path(top)
        return
    for folder, names, files in os.walk(top):
        names[:] = sorted(name for name in names if name not in skipped)
        for name in sorted(files):
            path = Path(folder, name)
            if not path.is_symlink() and path.is_file() and path.stat().st_size <= _FILE_BYTES:
                yield path


def _lines(path: Path) -> Iterator[str]:
    try:
        data = path.read_bytes()
    except OSError:
        return
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\0" in data[:8_192]:
        return
    else:
        text = data.decode("utf-8-sig", "replace")
    yield from text.split("\n")


def _shown(line: str, match: re.Match[str]) -> str:
    start = max(0, match.start() - _SHOWN_CHARACTERS // 2) if len(line) > _SHOWN_CHARACTERS else 0
    part = line[start : start + _SHOWN_CHARACTERS]
    return ("…" if start else "") + part + ("…" if start + _SHOWN_CHARACTERS < len(line) else "")


def _search(files: Iterator[Path], pattern: re.Pattern[str], most: int) -> None:
    count = 0
    for path in files:
        for number, line in enumerate(_lines(path), 1):
            line = line.rstrip("\r")  # noqa: PLW2901 - the line's end is no part of it
            match = pattern.search(line[:_LINE_CHARACTERS])
            if match:
                print(f"{os.path.relpath(path)}:{number}: {_shown(line, match)}", flush=True)
                count += 1
                if count >= most:
                    return


def main(arguments: list[str]) -> int:
    """Search; the exit code is 0, or 2 for a pattern that is no regular expression."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    top, text, most, skipped, *plain = arguments
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        pattern = re.compile(re.escape(text) if plain else text)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        print(str(error) or type(error).__name__)
        return 2
    _search(_files(top, set(skipped.split(","))), pattern, int(most))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
