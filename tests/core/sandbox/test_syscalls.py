"""The system call filter, run instruction by instruction for each machine, as the kernel would."""

import struct

import pytest

from core.sandbox.syscalls import calls, program_for

ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
MACHINES = ("x86_64", "aarch64")


def verdict(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """What the filter says of a call."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    own = calls().machines[machine].audit
    data = struct.pack("<IIQ6Q", number, own if audit is None else audit, 0, *words)
    program = list(struct.iter_unpack("=HBBI", program_for(machine)))
    held, at = 0, 0
    while True:
        code, then, otherwise, value = program[at]
        at += 1
        match code:
            case 0x20:
                held = struct.unpack_from("<I", data, value)[0]
            case 0x06:
                return value
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
                at += then if holds else otherwise
            case _:
                raise AssertionError(f"no instruction {code:#x}")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_call_of_the_table_is_denied(machine):
    place = MACHINES.index(machine)
    for name, numbers in calls().denied.items():
        if numbers[place] >= 0:
            assert verdict(machine, numbers[place]) == EPERM, name


@pytest.mark.parametrize(
    ("machine", "read", "openat", "execve"), [("x86_64", 0, 257, 59), ("aarch64", 63, 56, 221)]
)
def test_ordinary_calls_are_allowed(machine, read, openat, execve):
    assert {verdict(machine, number) for number in (read, openat, execve)} == {ALLOW}


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_decide_about_some(machine):
    here = calls().machines[machine]
    threads, fork = 0x003D0F00, 0x01200011
    assert {verdict(machine, here.clone, flags) for flags in (threads, fork)} == {ALLOW}
    assert {verdict(machine, here.clone, 1 << bit | 17) for bit in (17, 25, 26, 27, 28, 29, 30)} == {EPERM}
    assert verdict(machine, here.clone3) == ENOSYS
    assert {verdict(machine, here.ioctl, 0, each) for each in (0x5412, 0x541C, 0xFF00005412)} == {EPERM}
    assert verdict(machine, here.ioctl, 0, 0x5401) == ALLOW
    assert {verdict(machine, here.socket, each) for each in (1, 2, 10, 16)} == {ALLOW}
    assert {verdict(machine, here.socket, each) for each in (17, 38, 40)} == {EPERM}


def test_other_conventions_are_denied_altogether():
    assert verdict("x86_64", 3, audit=0x40000003) == EPERM
    assert verdict("x86_64", 0x40000000) == EPERM
    assert verdict("aarch64", 3, audit=0x40000028) == EPERM


def test_a_machine_that_we_do_not_know_has_no_filter():
    assert program_for("riscv64") == b""
