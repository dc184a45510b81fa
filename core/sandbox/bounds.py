"""Which mechanism really limits a command here, found by trying: the kernel's limits, or our looking from outside."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from core.sandbox.contract import NotAllowed, Sandbox, SandboxFailed

_SECONDS = 20.0
_CGROUPS = Path("/sys/fs/cgroup")
_TRY = """
import json, os, resource, signal, sys, time
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def held(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(1)
        except (OSError, MemoryError):
            os._exit(0)
    return os.waitpid(pid, 0)[1] != 256
def bound(what, most):
    resource.setrlimit(what, (most, most))
def processes():
    bound(resource.RLIMIT_NPROC, 5)
    made = []
    try:
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                time.sleep(30)
                os._exit(0)
            made.append(pid)
    finally:
        for pid in made:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
def memory():
    bound(resource.RLIMIT_DATA, 60_000_000)
    bytearray(90_000_000)
def files():
    bound(resource.RLIMIT_FSIZE, 10_000)
    with open("/tmp/bounds", "wb", 0) as file:
        while file.tell() < 100_000:
            file.write(b"x" * 5_000)
def processor():
    bound(resource.RLIMIT_CPU, 1)
    until = time.monotonic() + 8
    while time.monotonic() < until:
        pass
print(json.dumps({each.__name__: held(each) for each in (processes, memory, files, processor)}))
"""


@dataclass(frozen=True)
class Bounds:
    """What was found."""

    kernel: dict[str, bool]
    """Processes, memory, files, processor → whether the kernel itself keeps a command to its limit."""
    groups: str
    """What is to be said of control groups."""
    failure: str = ""
    """Why nothing was tried; empty when it was."""

    def told(self) -> str:
        """One sentence for people."""
        if self.failure:
            return f"nothing was tried: {self.failure}"
        names = {"processes": "RLIMIT_NPROC", "memory": "RLIMIT_DATA", "files": "RLIMIT_FSIZE"}
        names["processor"] = "RLIMIT_CPU"
        held = [f"{kind} ({names[kind]})" for kind, works in self.kernel.items() if works]
        loose = [kind for kind, works in self.kernel.items() if not works]
        outside = "; sums of processes, memory and disk are looked at from outside, 2.5 times a second"
        only = f"; only from outside: {', '.join(loose)}" if loose else ""
        return f"kept by the kernel: {', '.join(held) or 'none'}{only}{outside}; {self.groups}"


def try_bounds(sandbox: Sandbox) -> Bounds:
    """Let a command go beyond small limits, in this thread, and look what stops it."""
    try:
        ended = sandbox.run_here(["python3", "-c", _TRY], _SECONDS, lambda: False)
    except (NotAllowed, SandboxFailed) as error:
        return Bounds({}, "", str(error))
    try:
        found: dict[str, bool] = json.loads(ended.output.strip().rpartition("\n")[2])
    except ValueError:
        return Bounds({}, "", ended.output.strip()[-200:] or f"it ended with {ended.exit_code}")
    return Bounds(found, control_groups())


def control_groups(root: Path = _CGROUPS, own: Path = Path("/proc/self/cgroup")) -> str:
    """Whether a control group with limits could be made here, tried by making one. Heddle uses none."""
    if not (root / "cgroup.controllers").is_file():
        return "control groups: no version 2 is mounted at /sys/fs/cgroup"
    try:
        line = next(each for each in own.read_text("utf-8").splitlines() if each.startswith("0::"))
        place = root / line.removeprefix("0::").strip().lstrip("/")
        group = place / f"heddle-probe-{os.getpid()}"
        group.mkdir()
    except (OSError, StopIteration) as error:
        return f"control groups: none can be made here ({getattr(error, 'strerror', None) or 'no group of our own'})"
    try:
        missing = [each for each in ("pids.max", "memory.max") if not (group / each).exists()]
    finally:
        group.rmdir()
    if missing:
        return f"control groups: can be made here, but not with {' and '.join(missing)}"
    return "control groups: could be used here, and are not"
