"""The system call filter of confined commands, as the bytes that bubblewrap takes (classic BPF).

Nothing is needed to make it: the program is assembled here from `syscalls.toml`. A call that is not
allowed fails with EPERM; `clone3`, whose arguments no filter can see, fails with ENOSYS, so that the C
library uses `clone`. Calls of another machine or convention (32 bits, x32) all fail.
"""

import contextlib
import os
import platform
import struct
from collections.abc import Generator
from functools import cache

import msgspec

from core.sandbox.rules import data_file

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENT = 0, 4, 16
"""Where `struct seccomp_data` holds them; an argument's lower half comes first on both machines."""
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_MACHINES = ("x86_64", "aarch64")

_Instruction = tuple[int, int, int, int]


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    audit: int
    clone: int
    clone3: int
    ioctl: int
    socket: int
    foreign: int


class Calls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    clone_flags: int
    ioctls: tuple[int, ...]
    families: tuple[int, ...]
    machines: dict[str, Machine]
    denied: dict[str, tuple[int, int]]


@cache
def calls() -> Calls:
    """The shipped `syscalls.toml`."""
    return msgspec.convert(data_file("syscalls.toml"), Calls)


@cache
def program_for(machine: str) -> bytes:
    """The filter for a machine as `uname -m` names it; empty for one that we know no numbers of."""
    if machine not in _MACHINES:
        return b""
    known, here = calls(), calls().machines[machine]
    denied = [numbers[_MACHINES.index(machine)] for numbers in known.denied.values()]
    lines: list[_Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, here.audit),
        (_RETURN, 0, 0, _EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, here.foreign),
        (_RETURN, 0, 0, _EPERM),
    ]
    for number in denied:
        if number >= 0:
            lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _EPERM)]
    lines += [(_EQUAL, 0, 1, here.clone3), (_RETURN, 0, 0, _ENOSYS)]
    lines += _when(here.clone, 0, [(_ANY_BIT, 0, 1, known.clone_flags), (_RETURN, 0, 0, _EPERM)])
    lines += _when(here.ioctl, 1, [each for request in known.ioctls for each in _refuse(request)])
    allowed = [
        each for family in known.families for each in ((_EQUAL, 0, 1, family), (_RETURN, 0, 0, _ALLOW))
    ]
    lines += _when(here.socket, 0, [*allowed, (_RETURN, 0, 0, _EPERM)])
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _refuse(value: int) -> list[_Instruction]:
    return [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _EPERM)]


def _when(number: int, argument: int, then: list[_Instruction]) -> list[_Instruction]:
    """For one call: look at one argument; what `then` does not decide is allowed."""
    body = [(_LOAD, 0, 0, _ARGUMENT + 8 * argument), *then, (_RETURN, 0, 0, _ALLOW)]
    return [(_EQUAL, 0, len(body), number), *body]


def exists_here() -> bool:
    """Whether there is a filter for this machine."""
    return bool(program_for(platform.machine()))


@contextlib.contextmanager
def opened(wanted: bool) -> Generator[tuple[int, ...]]:
    """A descriptor from which the filter can be read once; none when it is not wanted."""
    if not wanted:
        yield ()
        return
    fd = os.memfd_create("heddle-filter", 0)
    try:
        os.write(fd, program_for(platform.machine()))
        os.lseek(fd, 0, os.SEEK_SET)
        yield (fd,)
    finally:
        os.close(fd)


def words(fds: tuple[int, ...]) -> list[str]:
    """bubblewrap's arguments for what `opened` gave."""
    return [word for fd in fds for word in ("--seccomp", str(fd))]
