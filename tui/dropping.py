"""Files that were dropped on the terminal: it pastes their paths, quoted in its own way."""

import os
import re
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tui.completing import mention

_MOST_CHARACTERS = 8_000
_MOST_FILES = 50


def dropped_paths(pasted: str) -> list[Path]:
    """The files that a paste names, if it is nothing but absolute paths of files that are there."""
    text = pasted.strip()
    if not text or len(text) > _MOST_CHARACTERS or not re.match(r"['\"]?(/|file://|~/)", text):
        return []
    for words in (_lines(text), _words(text)):
        paths = [_path(word) for word in words]
        if paths and len(paths) <= _MOST_FILES and all(path and os.path.lexists(path) for path in paths):
            return [path for path in paths if path]
    return []


def _lines(text: str) -> list[str]:
    """Some terminals paste a line a file and quote nothing."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _path(word: str) -> Path | None:
    if word.startswith("file://"):
        parts = urlsplit(word)
        word = unquote(parts.path) if parts.netloc in ("", "localhost") else ""
    if "\0" in word:
        return None
    path = Path(word).expanduser() if word.startswith("~/") else Path(word)
    return path if path.is_absolute() else None


def mention_dropped(paths: list[Path], project: str) -> str:
    """How the files are named in a request: relative to the project where they are in it."""
    return "".join(mention(_relative(path, project)) for path in paths)


def _relative(path: Path, project: str) -> str:
    for folder in (project, os.path.realpath(project)) if project else ():
        if path.is_relative_to(folder) and path != Path(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()
