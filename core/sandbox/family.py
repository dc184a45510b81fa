"""A process and everything that came from it, found in /proc: to end all of it, always."""

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
COOKIE = "HEDDLE_COMMAND"
"""Environment variable by which processes are found that left their session and lost their parent."""

_ROUNDS = 20


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    group: int
    session: int
    state: str


def _processes() -> Iterator[_Process]:
    """Plain calls of the system: a Path for each process takes three times as long, and stopping waits for this."""
    for name in os.listdir(PROC):  # noqa: PTH208
        if not name.isdecimal():
            continue
        try:
            with open(f"{PROC}/{name}/stat", "rb") as file:  # noqa: PTH123
                text = file.read()
        except OSError:
            continue
        state, parent, group, session = text.rpartition(b")")[2].split()[:4]
        yield _Process(int(name), int(parent), int(group), int(session), state.decode())


class Family:
    """The process `root`, which leads its own session, with all its descendants.

    With a `cookie`, processes whose environment holds it belong to it as well.
    """

    def __init__(self, root: int, cookie: str | None = None) -> None:
        self.root = root
        self._mark = f"{COOKIE}={cookie}".encode() if cookie else None

    def members(self) -> set[int]:
        """Ids of all that still run (zombies do not)."""
        everyone = [each for each in _processes() if each.state != "Z"]
        found = {each.pid for each in everyone if self.root in (each.pid, each.group, each.session)}
        found |= {each.pid for each in everyone if self._marked(each.pid)}
        grown = True
        while grown:
            children = {each.pid for each in everyone if each.parent in found} - found
            found |= children
            grown = bool(children)
        return found - {os.getpid()}

    def _marked(self, pid: int) -> bool:
        if not self._mark:
            return False
        try:
            return self._mark in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def terminate(self, *, spare_root: bool) -> None:
        """Ask everyone to end. The root is spared when its own end would kill the others at once."""
        for pid in self.members() - ({self.root} if spare_root else set()):
            _send(pid, signal.SIGTERM)

    def is_cleaning_up(self) -> bool:
        """Whether somebody has more to do when it is asked to end than to end."""
        return any(_catches(pid, signal.SIGTERM) for pid in self.members())

    def kill(self) -> None:
        """Kill everyone, again and again until no one is left."""
        with contextlib.suppress(OSError):
            os.killpg(self.root, signal.SIGKILL)
        for _ in range(_ROUNDS):
            left = self.members()
            if not left:
                return
            for pid in left:
                _send(pid, signal.SIGKILL)


def _catches(pid: int, number: int) -> bool:
    with contextlib.suppress(OSError, StopIteration, ValueError):
        with open(f"{PROC}/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            caught = next(line for line in status if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
    return False


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
