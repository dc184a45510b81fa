"""What a running command uses in all: memory, processes, disk. Ended when it is too much.

The limits that the kernel keeps are those of one process, and the number of processes is not limited
for a superuser at all; so the sum is looked at from outside, a few times a second.
"""

import os
import sys
import time
from pathlib import Path

from core.limits import limits
from core.sandbox.family import PROC, Family

LOOK_SECONDS = 0.4
_DISK_NOISE = 50_000_000
"""What others may write to the disk meanwhile without it being taken for the command's doing."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """Looks at a family of processes, and at the disk with the folder that they may fill."""

    excess: str = ""
    """What it used too much of, as a sentence; empty while it is fine."""

    def __init__(self, family: Family, folder: Path | None) -> None:
        self._family = family
        self._folder = folder
        self._tasks = _tasks()
        self._free = _free(folder)
        self._next = time.monotonic() + LOOK_SECONDS

    def is_too_much(self) -> bool:
        """Whether it has to end now; looks only now and then, and at once when processes multiply."""
        now = time.monotonic()
        grown = _tasks() - self._tasks > limits().sandbox.processes
        if now < self._next and not grown:
            return False
        members = self._family.members()
        self.excess = self._of_processes(len(members)) or self._of_memory(members) or self._of_disk()
        self._next = now + LOOK_SECONDS
        if grown:
            self._tasks = _tasks()
        return bool(self.excess)

    def _of_processes(self, count: int) -> str:
        most = limits().sandbox.processes
        return f"Ended: more than {most} processes at once." if count > most else ""

    def _of_memory(self, members: set[int]) -> str:
        most = min(limits().sandbox.memory_bytes, _machine_memory() * 3 // 4)
        used = sum(_own_memory(pid) for pid in members)
        return f"Ended: more than {most / 1e9:.1f} GB of memory." if used > most else ""

    def _of_disk(self) -> str:
        free = _free(self._folder)
        if free >= limits().sandbox.free_bytes or self._free - free < _DISK_NOISE:
            return ""
        return f"Ended: it left only {free / 1e9:.1f} GB on the disk."


def _tasks() -> int:
    """Threads and processes of the whole machine: one short read."""
    try:
        return int((PROC / "loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def _own_memory(pid: int) -> int:
    """Bytes that are in memory for this process alone."""
    try:
        resident, shared = (PROC / str(pid) / "statm").read_text().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * _PAGE


def _free(folder: Path | None) -> int:
    if folder is None:
        return sys.maxsize
    try:
        found = os.statvfs(folder)
    except OSError:
        return sys.maxsize
    return found.f_bavail * found.f_frsize
