"""Running one command to its end, by time, by its own will, or because someone says stop."""

import asyncio
import contextlib
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeVar

from core.limits import limits
from core.sandbox.family import Family
from core.sandbox.output import Ring
from core.sandbox.usage import Usage

Reason = Literal["exited", "timed_out", "stopped"]
Result = TypeVar("Result")

POLL_SECONDS = 0.04
CLOSED_SECONDS = 0.01
"""How often to look for the end of a command that closed its output."""
DRAIN_SECONDS = 0.5
_CHUNK = 65_536
_running: set[Family] = set()


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed (stdout and stderr in one)."""

    exit_code: int | None
    """128 + the signal's number when a signal ended it; None when it was timed out or stopped."""
    output: str
    omitted_bytes: int
    duration_ms: int
    reason: Reason
    excess: str = ""
    """A sentence about what it used too much of, where it was killed for that."""
    read_only: str = ""
    """Why ignored files of the project could not be changed, as a sentence; empty where they could."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """What to start. `shell` is a process whose death takes everything in it along (bwrap)."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    shell: bool
    alone: bool = False
    """A program of ours that starts no other: its end is all that there is to see to."""
    cookie: str | None = None
    pass_fds: tuple[int, ...] = ()
    writes: Path | None = None
    """A folder on the disk that it may fill; that disk is watched."""


def limited(argv: Sequence[str], *, processes: int | None) -> list[str]:
    """`argv` under resource limits that its children inherit.

    The number of `processes` is counted per user, so it only makes sense in a user namespace. Memory is
    that of one process (what it may write to; mere address space is free); `usage` sums it up.
    """
    bounds = limits().sandbox
    script = f"ulimit -c 0; ulimit -f {bounds.file_bytes // 512}; "
    script += f"ulimit -t {bounds.cpu_seconds} 2>/dev/null; "
    script += f"ulimit -d {bounds.memory_bytes // 1024} 2>/dev/null; "
    if processes is not None:
        script += f"ulimit -u {processes} 2>/dev/null || ulimit -p {processes} 2>/dev/null; "
    return ["/bin/sh", "-c", script + 'exec "$@"', "sh", *argv]


def supervise(
    launch: Launch,
    *,
    seconds: float,
    stopped: Callable[[], bool],
    tell: Callable[[bytes], None] | None = None,
) -> Ended:
    """Run `launch` in this thread until it ended; leaves no process behind. `OSError`: it cannot start."""
    started = time.monotonic()
    process = _start(launch)
    family = Family(process.pid, launch.cookie)
    _running.add(family)
    ring = Ring(limits().sandbox.output_bytes)
    assert process.stdout is not None
    with process.stdout as pipe:
        intake = _Intake(pipe, ring, tell)
        usage = None if launch.alone else Usage(family, launch.writes)
        try:
            reason = _watch(process, intake, started + seconds, stopped, usage)
            if reason != "exited":
                _ask_to_end(process, family, launch, intake, reason)
        finally:
            _clear(process, family, launch)
            _running.discard(family)
        _drain(intake)
    excess = usage.excess if usage else ""
    if excess:
        ring.add(f"\n{excess}\n".encode())
    code = process.returncode if reason == "exited" else None
    return Ended(
        exit_code=128 - code if code is not None and code < 0 else code,
        output=ring.text(),
        omitted_bytes=ring.omitted,
        duration_ms=round((time.monotonic() - started) * 1000),
        reason=reason,
        excess=excess,
    )


def end_all() -> None:
    """Kill every command that runs in this process. For an end that waits for nothing."""
    for family in list(_running):
        family.kill()


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(launch.argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=launch.folder,
        env=dict(launch.environment),
        start_new_session=True,
        pass_fds=launch.pass_fds,
        bufsize=0,
    )


class _Intake:
    """Waits a little for output and takes what is there; `open` until the last writer is gone."""

    def __init__(self, pipe: IO[bytes], ring: Ring, tell: Callable[[bytes], None] | None) -> None:
        self._fd = pipe.fileno()
        os.set_blocking(self._fd, False)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._ring = ring
        self._tell = tell
        self.open = True

    def take(self, seconds: float) -> None:
        if not self.open:
            time.sleep(min(max(0.0, seconds), CLOSED_SECONDS))
            return
        if not self._poll.poll(max(0.0, seconds) * 1000):
            return
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        self.open = bool(data)
        self._ring.add(data)
        if self._tell and data:
            self._tell(data)


def _watch(
    process: subprocess.Popen[bytes],
    intake: _Intake,
    deadline: float,
    stopped: Callable[[], bool],
    usage: Usage | None,
) -> Reason:
    while not _ended(process):
        if usage is not None and usage.is_too_much():
            return "exited"
        if stopped():
            return "stopped"
        left = deadline - time.monotonic()
        if left <= 0:
            return "timed_out"
        intake.take(min(POLL_SECONDS, left))
    return "exited"


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended. It stays a zombie, so that its id cannot pass to another until all is cleared."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ended_by_itself(process: subprocess.Popen[bytes]) -> bool:
    end = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return end is not None and end.si_code == os.CLD_EXITED


def _ask_to_end(
    process: subprocess.Popen[bytes], family: Family, launch: Launch, intake: _Intake, reason: Reason
) -> None:
    """Between TERM and KILL. Who says stop wants it gone now: those that clean up may stay for a blink, others not."""
    family.terminate(spare_root=launch.shell)
    found = limits().sandbox
    until = time.monotonic() + (found.stop_grace_seconds if reason == "stopped" else found.grace_seconds)
    while (left := until - time.monotonic()) > 0 and not _ended(process):
        intake.take(min(POLL_SECONDS, left))
        if reason == "stopped" and not family.is_cleaning_up():
            return


def _clear(process: subprocess.Popen[bytes], family: Family, launch: Launch) -> None:
    """Kill what is left of the family; a shell that ended of itself took its own along, others may have none."""
    if not ((launch.shell or launch.alone) and _ended_by_itself(process)):
        family.kill()
    process.wait()


def _drain(intake: _Intake) -> None:
    until = time.monotonic() + DRAIN_SECONDS
    while intake.open and time.monotonic() < until:
        intake.take(POLL_SECONDS)


async def in_thread(work: Callable[[Callable[[], bool]], Result], stop: threading.Event) -> Result:
    """Run `work(stopped)` in a thread; a cancelled caller stops the work and waits for its end."""
    gone = threading.Event()
    task = asyncio.ensure_future(asyncio.to_thread(work, lambda: stop.is_set() or gone.is_set()))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        gone.set()
        with contextlib.suppress(Exception):
            await asyncio.shield(asyncio.wait([task]))
        raise
