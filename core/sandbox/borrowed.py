"""What a command gets to see of the project beside the stage: its ignored files, read-only.

The stage has no ignored files (`.venv`, `node_modules`, local data). They are bound at their places,
for which mount points must exist in the stage's tree while a command runs; afterwards they are gone.
"""

import contextlib
import os
import stat
import threading
from collections import Counter, deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.sandbox.hidden import inside, is_file, own_folders
from core.sandbox.rules import looks_secret, matches, secrets, tool_chains
from core.stage.survey import Rules, project_rules, why_not

MOST_BINDS = 200
MOST_FOLDERS = 4_000
"""Folders of the project that are looked through, the shallow ones first."""
MOST_MASKS = 200
_MASK_DEPTH = 3


@dataclass(frozen=True)
class Borrowed:
    """One ignored entry of the project."""

    relative: str
    source: Path
    is_folder: bool


def find_borrowed(project: Path, tree: Path, hidden: Sequence[Path]) -> list[Borrowed]:
    """What `project` has and `tree` lacks by rule (ignored, too large), but for secrets and rebuilt things."""
    rules = project_rules(project, tree.parent / "shadow.git")
    found: list[Borrowed] = []
    queue, looked = deque([""]), 0
    while queue and looked < MOST_FOLDERS and len(found) < MOST_BINDS:
        folder = queue.popleft()
        looked += 1
        for entry in _entries(project / folder):
            relative = f"{folder}/{entry.name}" if folder else entry.name
            with contextlib.suppress(OSError):  # what we may not look at, a command may not either
                if not _is_staged(entry, f"{tree}/{relative}") and _is_left_out(rules, relative, entry):
                    if _is_lent(entry, project, hidden):
                        found.append(Borrowed(relative, Path(os.path.realpath(entry.path)), entry.is_dir()))
                elif _is_plain_folder(entry) and _is_own_folder(tree / relative):
                    queue.append(relative)
    return found[:MOST_BINDS]


def _is_left_out(rules: Rules, relative: str, entry: os.DirEntry[str]) -> bool:
    """Whether the stage lacks it by rule, and not since somebody deleted it there."""
    if entry.name == ".git":
        return False
    if rules.ignores(relative, folder=_is_plain_folder(entry)):
        return True
    return entry.is_file(follow_symlinks=False) and bool(why_not(entry.stat()))


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_plain_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_staged(entry: os.DirEntry[str], twin: str) -> bool:
    """Whether the stage has it. An empty twin of something full is a mount point, used now or left by a crash."""
    try:
        found = os.lstat(twin)  # one look for each file of the project: no Path
    except OSError:
        return False
    if stat.S_ISREG(found.st_mode):
        return found.st_size > 0 or not entry.is_file() or entry.stat().st_size == 0
    if stat.S_ISDIR(found.st_mode):
        return bool(_entries(Path(twin))) or not _entries(Path(entry.path))
    return True


def _is_lent(entry: os.DirEntry[str], project: Path, hidden: Sequence[Path]) -> bool:
    name = entry.name
    if matches(name, tool_chains().rebuilt):
        return False
    is_environment = entry.is_dir() and is_file(Path(entry.path) / "pyvenv.cfg")
    if looks_secret(name) and not is_environment:
        return False
    if not (entry.is_dir() or entry.is_file()):
        return False
    real = Path(os.path.realpath(entry.path))
    if any(inside(real, own) or inside(own, real) for own in own_folders()):
        return False
    if not entry.is_symlink() or is_environment or inside(real, project):
        return True
    return not any(inside(real, folder) for folder in hidden)


def find_masked(borrowed: Sequence[Borrowed]) -> list[tuple[str, bool]]:
    """Paths (and whether a folder) inside borrowed folders that look like secrets, near the top."""
    found: list[tuple[str, bool]] = []
    queue = deque((each.relative, each.source, 1) for each in borrowed if each.is_folder)
    while queue and len(found) < MOST_MASKS:
        relative, folder, depth = queue.popleft()
        if folder.name in secrets().packages or is_file(folder / "pyvenv.cfg"):
            continue
        for entry in _entries(folder):
            path = f"{relative}/{entry.name}"
            if looks_secret(entry.name):
                found.append((path, os.path.isdir(entry.path)))  # noqa: PTH112 - Path.is_dir raises
            elif depth < _MASK_DEPTH and _is_plain_folder(entry):
                queue.append((path, Path(entry.path), depth + 1))
    return found[:MOST_MASKS]


class MountPoints:
    """Empty files and folders in the stage's tree, there only while some command needs them."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._users: Counter[str] = Counter()
        self._made: dict[str, bool] = {}

    @contextlib.contextmanager
    def held(self, wanted: Sequence[tuple[str, bool]]) -> Generator[None]:
        """Make the mount points (path, whether a folder) and take those away that nobody else uses."""
        taken: list[str] = []
        try:
            for path, is_folder in wanted:
                self._take(path, is_folder)
                taken.append(path)
            yield
        finally:
            for path in reversed(taken):
                self._leave(path)

    def _take(self, path: str, is_folder: bool) -> None:
        with self._lock:
            place = self._tree / path
            if not os.path.lexists(place):
                if is_folder:
                    place.mkdir()
                else:
                    place.touch()
                self._made[path] = is_folder
            elif place.is_dir() or (place.is_file() and not place.stat().st_size):
                self._made[path] = place.is_dir()
            self._users[path] += 1

    def _leave(self, path: str) -> None:
        with self._lock:
            self._users[path] -= 1
            if self._users[path]:
                return
            del self._users[path]
            is_folder = self._made.pop(path, None)
            if is_folder is not None:
                self._remove(self._tree / path, is_folder)

    @staticmethod
    def _remove(place: Path, is_folder: bool) -> None:
        with contextlib.suppress(OSError):
            if is_folder:
                place.rmdir()
            elif place.is_file() and not place.is_symlink() and not place.stat().st_size:
                place.unlink()
