"""How commands end: by themselves, by time, by stop, by cancel; and what they print. In both sandboxes."""

import asyncio
import threading
import tracemalloc
import uuid
from pathlib import Path

import msgspec
import pytest

from core.limits import limits
from core.sandbox import Sandbox
from core.sandbox.output import Ring
from tests.support.waiting import SOON

STUBBORN = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0:\n"
    "        os.write(1, b'ready\\n')\n"
    "        time.sleep(100)\n"
    "    os._exit(0)\n"
    "time.sleep(100)\n"
)
"""Ignores TERM, and leaves a grandchild in a session of its own whose parent is gone."""


def unique_marker() -> str:
    return f"heddle-test-{uuid.uuid4()}"


def running(marker: str) -> list[int]:
    """Processes of this machine with the marker in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def until_gone(marker: str) -> None:
    while running(marker):
        await asyncio.sleep(0.01)


async def until_ready(sandbox: Sandbox, argv: list[str], stop: threading.Event, seconds: float = 60.0):
    """The running command, after its first output."""
    ready = asyncio.Event()
    task = asyncio.create_task(
        sandbox.run(argv, seconds=seconds, stop=stop, on_output=lambda text: "ready" in text and ready.set())
    )
    await ready.wait()
    return task


async def test_exit_codes(sandbox, run):
    assert (await run(sandbox, "exit 3")).exit_code == 3
    assert (await run(sandbox, "kill -9 $$")).exit_code == 137
    missing = await run(sandbox, "no-such-program")
    assert missing.exit_code == 127
    assert "not found" in missing.output


async def test_stdout_and_stderr_are_one_and_stdin_is_empty(sandbox, run):
    ended = await run(sandbox, "echo one; echo two >&2; cat; printf 'bad \\377 byte'")
    assert ended.output == "one\ntwo\nbad \N{REPLACEMENT CHARACTER} byte"
    assert ended.omitted_bytes == 0


@pytest.fixture
def grace(monkeypatch):
    """Gives other times between TERM and KILL."""

    def give(**seconds):
        changed = msgspec.structs.replace(limits().sandbox, **seconds)
        changed = msgspec.structs.replace(limits(), sandbox=changed)
        monkeypatch.setattr("core.sandbox.process.limits", lambda: changed)

    return give


@pytest.fixture
def patient(grace):
    """Whoever is asked to end could take as long as it likes."""
    grace(stop_grace_seconds=4 * SOON)


async def test_stop_kills_even_the_stubborn(sandbox, patient):
    marker, stop = unique_marker(), threading.Event()
    task = await until_ready(sandbox, ["python3", "-c", STUBBORN, marker], stop)
    assert running(marker)
    began = asyncio.get_running_loop().time()
    stop.set()
    ended = await task
    took = asyncio.get_running_loop().time() - began
    assert ended.reason == "stopped"
    assert ended.exit_code is None
    await until_gone(marker)
    assert took < SOON


async def test_stop_lets_a_command_clean_up(sandbox, stage, patient):
    """However little processor it gets."""
    stop = threading.Event()
    cleaning = "sleep 0.2; echo cleaned > cleaned.txt; exit 1"
    script = f"trap '{cleaning}' TERM; echo ready; while :; do sleep 0.01; done"
    task = await until_ready(sandbox, ["sh", "-c", script], stop)
    stop.set()
    assert (await task).reason == "stopped"
    assert (stage.tree / "cleaned.txt").read_text() == "cleaned\n"


async def test_stop_waits_for_no_long_cleaning_up(sandbox, grace):
    grace(grace_seconds=4 * SOON)
    stop, marker = threading.Event(), unique_marker()
    script = f"trap 'sleep 600' TERM; echo ready; while :; do sleep 0.01; done # {marker}"
    task = await until_ready(sandbox, ["sh", "-c", script], stop)
    stop.set()
    async with asyncio.timeout(SOON):
        assert (await task).reason == "stopped"
    await until_gone(marker)


async def test_a_stop_that_came_before_starts_nothing_lasting(sandbox):
    stop = threading.Event()
    stop.set()
    ended = await sandbox.run(["sleep", "600"], seconds=60, stop=stop)
    assert ended.reason == "stopped"


async def test_time_is_limited(sandbox, grace):
    grace(grace_seconds=0.05)
    marker = unique_marker()
    ended = await sandbox.run(["python3", "-c", STUBBORN, marker], seconds=0.6, stop=threading.Event())
    assert ended.reason == "timed_out"
    assert ended.exit_code is None
    await until_gone(marker)


async def test_cancelling_kills_and_waits(sandbox):
    marker = unique_marker()
    task = await until_ready(sandbox, ["python3", "-c", STUBBORN, marker], threading.Event())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_gone(marker)


STAYS = "import sys, time; open(sys.argv[2], 'w').close(); time.sleep(600)"
WAITS = "until [ -e one ] && [ -e two ]; do sleep 0.01; done"


async def test_what_stays_behind_is_ended(sandbox, run):
    marker = unique_marker()
    stays = f'python3 -c "{STAYS}" {marker}'
    ended = await run(sandbox, f"setsid {stays} one & {stays} two & {WAITS}; echo done")
    assert ended.output == "done\n"
    assert ended.exit_code == 0
    await until_gone(marker)


async def test_a_flood_is_bounded(sandbox, run):
    ended = await run(sandbox, "echo first; yes | head -c 30000000; echo last")
    most = limits().sandbox.output_bytes
    assert ended.exit_code == 0
    assert ended.output.startswith("first\n")
    assert ended.output.endswith("last\n")
    assert ended.omitted_bytes == 30_000_000 + len("first\nlast\n") - most
    assert len(ended.output) < most + 100
    assert f"{ended.omitted_bytes:,} bytes left out" in ended.output


async def test_one_endless_line_is_bounded_and_can_be_stopped(sandbox):
    stop = threading.Event()
    task = asyncio.create_task(
        sandbox.run(["sh", "-c", "cat /dev/zero"], seconds=60, stop=stop, on_output=lambda _: stop.set())
    )
    ended = await task
    assert ended.reason == "stopped"
    assert len(ended.output) < limits().sandbox.output_bytes + 100


async def test_output_comes_while_it_runs_on_the_loops_thread(sandbox):
    heard: list[tuple[str, threading.Thread]] = []
    stop = threading.Event()
    first = asyncio.Event()

    def hear(text: str) -> None:
        heard.append((text, threading.current_thread()))
        first.set()

    script = "printf 'gr\\303'; sleep 0.05; printf '\\274n\\n'; exec sleep 600"
    task = asyncio.create_task(sandbox.run(["sh", "-c", script], seconds=60, stop=stop, on_output=hear))
    await first.wait()
    while "".join(text for text, _ in heard) != "grün\n":
        await asyncio.sleep(0.01)
    stop.set()
    ended = await task
    assert ended.output == "grün\n"
    assert {thread for _, thread in heard} == {threading.current_thread()}


async def test_files_cannot_grow_without_end(sandbox, run, stage, monkeypatch):
    small = msgspec.structs.replace(
        limits(), sandbox=msgspec.structs.replace(limits().sandbox, file_bytes=1_048_576)
    )
    monkeypatch.setattr("core.sandbox.process.limits", lambda: small)
    ended = await run(sandbox, "head -c 9000000 /dev/zero > big")
    assert ended.exit_code != 0
    assert (stage.tree / "big").stat().st_size <= 2 * 1_048_576


async def test_the_environment_can_be_added_to(sandbox):
    ended = await sandbox.run(
        ["sh", "-c", "echo $EXTRA"], seconds=30, stop=threading.Event(), environment={"EXTRA": "value"}
    )
    assert ended.output == "value\n"


def test_what_is_kept_of_a_flood_takes_no_more_memory_than_the_limit():
    chunk = b"x" * 65_536
    ring = Ring(200_000)
    tracemalloc.start()
    try:
        for _ in range(500):
            ring.add(bytes(bytearray(chunk)))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert ring.omitted == 500 * len(chunk) - 200_000
