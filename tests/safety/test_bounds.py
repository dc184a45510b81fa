"""What a command may use: processes, memory, disk, output, time. And that nothing of it stays."""

import os
import threading
import uuid
from pathlib import Path

import pytest

from core.limits import limits
from core.sandbox import bounds
from core.sandbox.bounds import control_groups, try_bounds
from tests.support.waiting import SOON, until

FORKS = """
import os, sys, time
made = []
for _ in range(150):
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
    made.append(pid)
    time.sleep(0.002)
print("forked", len(made), flush=True)
time.sleep(float(sys.argv[1]))
"""
FEW_BIG = """
import sys, time
held = bytearray(150_000_000)
for at in range(0, len(held), 4096):
    held[at] = 1
print("filled", flush=True)
time.sleep(float(sys.argv[1]))
"""


def running(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_fork_bomb_is_ended_with_all_its_children(confined, bounded):
    bounded(processes=60)
    marker = f"bomb-{uuid.uuid4()}"
    ended = confined.run_here(["python3", "-c", FORKS, "600", marker], 30, lambda: False)
    assert ended.exit_code != 0
    assert "forked" not in ended.output or "more than 60 processes" in ended.excess
    assert "Resource temporarily unavailable" in ended.output or "more than 60 processes" in ended.output
    assert until(lambda: not running(marker))


def test_as_many_processes_are_fine_within_the_limit(confined):
    ended = confined.run_here(["python3", "-c", FORKS, "0"], 30, lambda: False)
    assert ended.output == "forked 150\n"
    assert ended.exit_code == 0


def test_a_memory_bomb_in_one_process_fails_there(confined, bounded):
    bounded(memory_bytes=400_000_000)
    bomb = "b = []\nwhile True: b.append(bytearray(20_000_000))"
    ended = confined.run_here(["python3", "-c", bomb], 30, lambda: False)
    assert ended.exit_code != 0
    assert "MemoryError" in ended.output or ended.excess


def test_memory_of_many_processes_is_summed_up(confined, bounded):
    bounded(memory_bytes=400_000_000)
    several = 'for i in 1 2 3 4; do python3 -c "$0" 600 & done; wait'
    ended = confined.run_here(["sh", "-c", several, FEW_BIG], 60, lambda: False)
    assert "0.4 GB of memory" in ended.excess
    assert ended.reason == "exited"
    assert ended.output.endswith(f"{ended.excess}\n")


def test_memory_within_the_limit_is_fine(confined, bounded):
    bounded(memory_bytes=1_500_000_000)
    ended = confined.run_here(["python3", "-c", FEW_BIG, "0"], 60, lambda: False)
    assert (ended.exit_code, ended.output) == (0, "filled\n")


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "/run", "$HOME"])
def test_what_is_in_memory_cannot_be_filled_without_end(confined, bounded, shell, place):
    bounded(tmp_bytes=20_000_000)
    ended = shell(confined, f'head -c 60000000 /dev/zero > "{place}/big"; wc -c < "{place}/big"')
    assert "No space left" in ended.output
    assert int(ended.output.split()[-1]) <= 20_100_000  # whole pages


BURNS = "import time; end = time.monotonic() + 600\nwhile time.monotonic() < end: pass"


def test_a_process_that_burns_its_processor_time_is_ended(confined, bounded):
    bounded(cpu_seconds=1)
    ended = confined.run_here(["python3", "-c", BURNS], SOON, lambda: False)
    assert ended.reason == "exited"
    assert ended.exit_code in (128 + 9, 128 + 24)


def test_the_mechanisms_that_hold_here_are_found_by_trying(confined):
    found = try_bounds(confined)
    assert found.failure == ""
    assert {"memory", "files", "processor"} <= {kind for kind, works in found.kernel.items() if works}
    assert "RLIMIT_DATA" in found.told() and "control groups" in found.told()


def test_a_limit_that_does_not_hold_is_said(confined, monkeypatch):
    """The control: without the limits each of the probes goes through."""
    text = bounds._TRY.replace("resource.setrlimit(what, (most, most))", "pass").replace("+ 8", "+ 0.1")
    monkeypatch.setattr(bounds, "_TRY", text)
    found = try_bounds(confined)
    assert set(found.kernel.values()) == {False}
    assert "only from outside: processes, memory, files, processor" in found.told()


def test_control_groups_are_found_by_making_one(tmp_path):
    own = tmp_path / "own"
    own.write_text("1:cpu:/x\n0::/mine\n")
    assert "no version 2" in control_groups(tmp_path, own)
    (tmp_path / "cgroup.controllers").touch()
    assert "none can be made" in control_groups(tmp_path, own)
    (tmp_path / "mine").mkdir()
    assert control_groups(tmp_path, own).endswith("not with pids.max and memory.max")
    assert list((tmp_path / "mine").iterdir()) == []


def test_devices_cannot_be_added_and_no_file_put_beside_them(confined, shell):
    ended = shell(confined, "echo x > /dev/new; echo y > /dev/null; echo done")
    assert "Read-only file system" in ended.output
    assert ended.output.endswith("done\n")


def test_a_full_disk_ends_the_command_and_not_us(confined, bounded, shell, tmp_path):
    free = os.statvfs(tmp_path)
    bounded(free_bytes=free.f_bavail * free.f_frsize - 60_000_000)
    fill = 'i=0; while [ $i -lt 400 ]; do head -c 1000000 /dev/zero > "f$i"; i=$((i+1)); sleep 0.01; done; sleep 600'
    ended = shell(confined, fill, seconds=60)
    assert "on the disk" in ended.excess
    assert ended.reason == "exited"


def test_endless_output_is_ended_by_stop(confined):
    heard = threading.Event()
    ended = confined.run_here(["yes"], 2 * SOON, heard.is_set, lambda _: heard.set())
    assert ended.reason == "stopped"
    assert ended.duration_ms < 1000 * SOON
    assert ended.omitted_bytes == 0 or "bytes left out" in ended.output


def test_a_process_does_not_survive_its_parent(confined, shell):
    marker = f"survivor-{uuid.uuid4()}"
    stays = f"""python3 -c "import time; open('up', 'w').close(); time.sleep(600)" {marker}"""
    script = f"(setsid nohup {stays} >/dev/null 2>&1 &) ; until [ -e up ]; do sleep 0.01; done; echo left"
    assert shell(confined, script).output == "left\n"
    assert until(lambda: not running(marker))


LIMITS = "import resource as r; print(*(r.getrlimit(getattr(r, 'RLIMIT_' + n))[1] for n in {names}))"


def test_every_process_has_the_limits_that_the_kernel_keeps(confined):
    """Each at once and by itself, whatever is looked at from outside; they pass to its children."""
    bound = limits().sandbox
    names = ["NPROC", "DATA", "FSIZE", "CPU", "CORE"]
    ended = confined.run_here(["python3", "-c", LIMITS.format(names=names)], 30, lambda: False)
    assert [int(each) for each in ended.output.split()] == [
        bound.processes,
        bound.memory_bytes // 1024 * 1024,
        bound.file_bytes // 512 * 512,
        bound.cpu_seconds,
        0,
    ]
