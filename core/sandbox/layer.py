"""A writable layer over the project's ignored files: what commands write there stays beside the stage.

An overlay file system of the project, mounted in a mount namespace of the command's own (in a user
namespace where we are no superuser), from which bubblewrap binds the ignored files. The project itself
is its lower folder, which an overlay never writes. What was written is kept as long as the stage is.
"""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.removal import remove_if_possible

_PLACES = ("/usr/bin", "/bin", "/usr/sbin", "/sbin")
_SCRIPT = 'cd "$1" && mount=$2 && shift 2 && "$mount" -t overlay heddle -o "$1" ./merged && shift && cd / && exec "$@"'
"""The folders are named relatively and through a link: an option cannot hold every character of a path."""
_FOLDERS = "lowerdir=lower,upperdir=upper,workdir=work"
_PROBE_SECONDS = 10.0
_WAIT_SECONDS = 1.0
"""So long a command waits for another one that has the layer; then it sees the files read-only."""


@dataclass(frozen=True)
class Way:
    """How overlays can be mounted here."""

    entering: tuple[str, ...] = ()
    """Words of `unshare` for the namespaces."""
    options: str = ""
    inside: tuple[str, ...] = ()
    """Words of bubblewrap that give the user's own number back, which the namespace took."""
    reason: str = ""
    """Why they cannot, as a sentence; empty when they can."""


@dataclass(frozen=True)
class Layered:
    """The layer as one command gets it."""

    prefix: tuple[str, ...] = ()
    """What starts bubblewrap; empty where there is no layer."""
    inside: tuple[str, ...] = ()
    merged: Path | None = None
    """The project with the layer over it, inside the namespace only."""
    upper: Path | None = None
    reason: str = ""
    """Why there is none, as a sentence."""

    def covers(self, relative: str) -> bool:
        """Whether what an earlier command wrote took the place of what the project has under this path."""
        if self.upper is None:
            return False
        parts = relative.split("/")
        places = [self.upper.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
        return any(os.path.lexists(each) and (each.is_symlink() or not each.is_dir()) for each in places)


class Layer:
    """One stage's layer. One command at a time has it."""

    def __init__(self, folder: Path, project: Path) -> None:
        self._folder = folder
        self._project = project
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self, stopped: Callable[[], bool]) -> Generator[Layered]:
        """The layer for one command, or the reason why there is none. `OSError`: its folders cannot be made."""
        if not self._taken(stopped):
            yield Layered(reason="another command is using them")
            return
        try:
            self._make()
            way = find_way(self._folder)
            if way.reason:
                yield Layered(reason=way.reason)
                return
            prefix = (*way.entering, "/bin/sh", "-c", _SCRIPT, "sh", str(self._folder), program("mount"))
            merged, upper = self._folder / "merged", self._folder / "upper"
            yield Layered((*prefix, way.options), way.inside, merged, upper)
        finally:
            _clear(self._folder / "work")
            self._lock.release()

    def _taken(self, stopped: Callable[[], bool]) -> bool:
        until = time.monotonic() + _WAIT_SECONDS
        while not self._lock.acquire(timeout=0.02):
            if stopped() or time.monotonic() > until:
                return False
        return True

    def _make(self) -> None:
        for name in ("upper", "work", "merged"):
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        lower = self._folder / "lower"
        if not lower.is_symlink():
            lower.symlink_to(self._project)


def _clear(work: Path) -> None:
    """Take the overlay's own scratch folder away: it has no rights, which would keep us from deleting it later."""
    remove_if_possible(work)


@cache
def find_way(folder: Path) -> Way:
    """How an overlay with these folders can be mounted: tried, once for each stage."""
    if not program("unshare") or not program("mount"):
        return Way(reason="the programs unshare and mount are needed for a writable copy")
    reasons: list[str] = []
    for way in _ways():
        argv = [*way.entering, "/bin/sh", "-c", _SCRIPT, "sh", str(folder), program("mount"), way.options]
        reasons.append(_try([*argv, "/bin/sh", "-c", 'cd "$0/merged" && ls . >/dev/null', str(folder)]))
        _clear(folder / "work")
        (folder / "work").mkdir(mode=0o700, exist_ok=True)
        if not reasons[-1]:
            return way
    return Way(reason=f"this system mounts no overlay for us ({reasons[-1]})")


def _ways() -> Sequence[Way]:
    """With a superuser's rights, and with those of a user namespace. No renamed folder is ever followed below."""
    unshare, own = program("unshare"), (str(os.getuid()), str(os.getgid()))
    numbers = ("--uid", own[0], "--gid", own[1])
    user = Way((unshare, "--user", "--map-root-user", "--mount"), f"userxattr,{_FOLDERS}", numbers)
    root = Way((unshare, "--mount"), f"redirect_dir=nofollow,metacopy=off,index=off,{_FOLDERS}")
    return (root, user) if os.geteuid() == 0 else (user,)


def _try(argv: Sequence[str]) -> str:
    """Why it does not work, in short; empty when it does."""
    try:
        done = subprocess.run(
            argv,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if done.returncode == 0 else (said[0] if said else f"it ended with {done.returncode}")


@cache
def program(name: str) -> str:
    """The absolute path of one of the system's programs; empty where it is missing. PATH does not count."""
    return next((f"{place}/{name}" for place in _PLACES if os.access(f"{place}/{name}", os.X_OK)), "")
