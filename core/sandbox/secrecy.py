"""Files of the stage that hold secrets although nobody ignores them: hidden from commands and tools.

A name alone does not hide a file that belongs to the project: it must be called like a secret
(`secrets.toml`), be no source and no test data, and really hold one. The user can show it again.
"""

import os
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from core.limits import limits
from core.plainfile import read_plain
from core.policy import policy_for
from core.sandbox.masking import LEAST_VALUE, is_placeholder, mask, masks
from core.sandbox.rules import looks_secret, matches, secrets

_MOST_FOLDERS = 40_000
_MOST_BYTES = 200_000
_FRESH_SECONDS = 5.0
_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.-]{0,80})\s*[=:]\s*(.{1,4000}?)\s*$", re.MULTILINE)
_LEAST_OWN = 16
"""Characters from which a variable of our own environment is taken for a secret."""
_EITHER_END = "\"'`,; \t\r"


@dataclass(frozen=True)
class Hidden:
    """The hidden files of a stage (relative paths), and the secret values in them."""

    files: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    """Folders so deep that nobody looks for secrets in them: all of what they hold is hidden."""


_Mark = tuple[int, int, int]
"""By which a file is known again under another name: its number on the disk, its size, and when it was written."""
_lock = threading.Lock()
_known: dict[Path, tuple[float, Hidden]] = {}
_marks: dict[Path, set[_Mark]] = {}
"""What was hidden in a stage stays so, wherever a command moves it."""


def hidden_files(tree: Path, project: Path) -> Hidden:
    """What is hidden in the stage at `tree`; looked at again when a few seconds have passed."""
    with _lock:
        at, found = _known.get(tree, (-_FRESH_SECONDS, Hidden()))
        if time.monotonic() - at < _FRESH_SECONDS:
            return found
        found = _look(tree, project, _marks.setdefault(tree, set()))
        _known.clear()
        _known[tree] = (time.monotonic(), found)
        return found


def look_again(tree: Path) -> None:
    """The next question about a stage is answered by looking: something may have been moved in it."""
    with _lock:
        _known.pop(tree, None)


def is_known(tree: Path) -> bool:
    """Whether the next question about a stage is answered without looking."""
    at, _ = _known.get(tree, (-_FRESH_SECONDS, Hidden()))
    return time.monotonic() - at < _FRESH_SECONDS


def own_secrets() -> frozenset[str]:
    """Values of our own environment that are secret by their name."""
    values = [os.environ.get(name, "") for name in os.environ if _named_secret(name)]
    return frozenset(
        each
        for each in values
        if len(each) >= _LEAST_OWN and "/" not in each[:2] and not is_placeholder(each)
    )


@lru_cache(maxsize=1_000)
def _named_secret(name: str) -> bool:
    """Whether a variable's name says so. Asked for every answer that a model gets."""
    return any(word in name.lower() for word in masks().words.names)


def known_values(tree: Path, project: Path) -> frozenset[str]:
    """Every secret value that is known for a stage: those of its hidden files, and our own."""
    return hidden_files(tree, project).values | own_secrets()


def _look(tree: Path, project: Path, marks: set[_Mark]) -> Hidden:
    rules, numbers = policy_for(project).rules(), {mark[0] for mark in marks}
    files: set[str] = set()
    values: set[str] = set()
    folders: set[str] = set()
    queue, looked = deque([("", 1)]), 0
    while queue and looked < _MOST_FOLDERS:
        folder, depth = queue.popleft()
        looked += 1
        for entry in _entries(tree / folder):
            relative = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if depth > limits().stage.depth:
                    folders.add(relative)
                elif entry.name != ".git":
                    queue.append((relative, depth + 1))
            elif entry.is_file(follow_symlinks=False) and (
                (entry.inode() in numbers and _was_hidden(relative, entry, marks, rules.show))
                or _is_hidden(relative, entry, rules.hide, rules.show)
            ):
                files.add(relative)
                marks.add(_mark(entry))
                values |= _values(Path(entry.path))
    return Hidden(frozenset(files), frozenset(values), frozenset(folders))


def _mark(entry: os.DirEntry[str]) -> _Mark:
    info = entry.stat(follow_symlinks=False)
    return info.st_ino, info.st_size, info.st_mtime_ns


def _was_hidden(relative: str, entry: os.DirEntry[str], marks: set[_Mark], show: tuple[str, ...]) -> bool:
    return _mark(entry) in marks and not matches(relative, show)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_hidden(relative: str, entry: os.DirEntry[str], hide: tuple[str, ...], show: tuple[str, ...]) -> bool:
    """Asked for every file of a stage: what is cheap to tell, and most often so, comes first."""
    if hide and matches(relative, hide):
        return True
    if not may_be_secret(relative) or matches(relative, show):
        return False
    folders = {part.lower() for part in relative.split("/")[:-1]}
    if folders & {*secrets().packages, *secrets().examples}:
        return False
    return holds_secret(Path(entry.path))


def may_be_secret(relative: str) -> bool:
    """Whether a file's name says so; its content has the last word."""
    name = relative.rpartition("/")[2].lower()
    return not name.endswith(_code_endings()) and looks_secret(name)


@cache
def _code_endings() -> tuple[str, ...]:
    """`.py`, `.md`, …: the shipped patterns are all of the form `*.py`."""
    return tuple(each.removeprefix("*") for each in secrets().code)


def holds_secret(path: Path) -> bool:
    """Whether there is a secret in the file, as far as its first part tells. Binary key stores count."""
    data = _read(path)
    if b"\0" in data[:8_000]:
        return True
    text = data.decode("utf-8", "replace")
    return bool(_secret_values(text)) or bool(mask(text).kinds)


def _read(path: Path) -> bytes:
    try:
        return read_plain(path, _MOST_BYTES) or b""
    except OSError:
        return b""


def _values(path: Path) -> set[str]:
    return _secret_values(_read(path).decode("utf-8", "replace"))


def _secret_values(text: str) -> set[str]:
    """Values of settings whose name says that they are secret."""
    found: set[str] = set()
    for name, written in _ASSIGNMENT.findall(text):
        value = written.split(" #")[0].strip(_EITHER_END)
        words = name.lower()
        if len(value) < LEAST_VALUE or value.startswith(("$", "<", "{", "/", "./")) or is_placeholder(value):
            continue
        if any(word in words for word in masks().words.names):
            found.add(value)
    return found
