"""Programs that stay: pipes in the sandbox, and nothing left when they are closed."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.sandbox import NotAllowed, ServiceFailed, Services
from core.sandbox.family import COOKIE, Family
from core.sandbox.unconfined import Unconfined
from tests.support.waiting import SOON, until

ECHO = ["/bin/sh", "-c", 'while read -r line; do echo "$PWD:$line"; done']


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_it_answers_again_and_again_in_the_projects_folder(sandbox):
    with sandbox.serve(ECHO) as service:
        for word in (b"one", b"two"):
            service.write(word + b"\n")
            assert service.stdout.readline() == f"{service.root}:".encode() + word + b"\n"
        assert service.alive
    assert not service.alive
    assert service.stdout.read() == b""
    assert not runs(service.pid)


def test_it_sees_the_stage_and_no_network(sandbox, stage, project):
    stage.write("docs/readme.md", b"staged\n")
    script = "cat docs/readme.md; wc -l < /proc/net/route"
    with sandbox.serve(["/bin/sh", "-c", script]) as service:
        said = service.stdout.read()
    assert said.startswith(b"staged\n")
    if sandbox.confinement == "confined":
        assert service.root == Path(os.path.realpath(project))
        assert said.split() == [b"staged", b"1"]


def test_its_children_end_with_it(sandbox):
    with sandbox.serve(["/bin/sh", "-c", "sleep 1000 & echo $!; wait"]) as service:
        service.stdout.readline()
        pid = service.pid
    assert not runs(pid)
    assert until(lambda: not any(_words(each) == b"sleep\x001000" for each in _children_of(pid)))


def _children_of(group: int):
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) == group:
                yield entry
        except OSError:
            continue


def _words(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes().rstrip(b"\0")
    except OSError:
        return b""


def test_one_that_ends_is_noticed_with_its_complaint(sandbox):
    service = sandbox.serve(["/bin/sh", "-c", "echo no such thing >&2; exit 3"])
    assert service.stdout.read() == b""
    assert until(lambda: not service.alive)
    assert service.complaint() == "no such thing"
    service.close()
    service.close()


def test_a_flood_of_complaints_does_not_block_it(sandbox):
    flood = "import sys; sys.stderr.write('x' * 2_000_000); print('done')"
    with sandbox.serve(
        [sys.executable, "-c", flood], readable=[Path(sys.prefix), Path(sys.base_prefix)]
    ) as it:
        assert it.stdout.readline() == b"done\n"
        assert len(it.complaint()) < 40_000


def test_it_outlives_the_thread_that_asked_for_it(sandbox):
    with ThreadPoolExecutor(1) as pool:
        service = pool.submit(sandbox.serve, ECHO).result()
    service.write(b"still here\n")
    assert service.stdout.readline().endswith(b":still here\n")
    service.close()


def test_closing_wakes_who_waits_for_it(sandbox):
    service = sandbox.serve(["/bin/sh", "-c", "sleep 1000"])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service.stdout.read)
        started = time.monotonic()
        service.close()
        assert waiting.result(SOON) == b""
        assert time.monotonic() - started < SOON


def test_bwraps_child_is_found_without_bwrap(confined):
    """It is bound to bwrap's life only some moments after it was made: killed before, bwrap leaves it behind."""
    with confined.serve(["/bin/sh", "-c", "echo here; sleep 1000"]) as service:
        service.stdout.readline()
        cookie = _environment(service.pid)[COOKIE]
        child = next(iter(Family(service.pid).members() - {service.pid}))
        assert child in Family(_no_such_process(), cookie).members()


def _environment(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_text()
    return dict(each.split("=", 1) for each in text.split("\0") if "=" in each)


def _no_such_process() -> int:
    return int(Path("/proc/sys/kernel/pid_max").read_text()) + 1


def test_the_mark_of_its_processes_is_not_told_to_the_program(confined):
    with confined.serve(["/bin/sh", "-c", "echo ${HEDDLE_COMMAND-nothing}"]) as service:
        assert service.stdout.readline() == b"nothing\n"


def test_a_program_that_is_not_there(sandbox):
    service = sandbox.serve(["/no/such/program"])
    assert service.stdout.read() == b""
    assert until(lambda: "not found" in service.complaint() or "No such file" in service.complaint())
    service.close()


def test_mount_points_are_gone_afterwards(confined, stage):
    with confined.serve(["/bin/sh", "-c", "cat local/settings.txt; sleep 1000"]) as service:
        assert service.stdout.readline() == b"local settings\n"
        assert (stage.tree / "local").is_dir()
    assert not (stage.tree / "local").exists()


def test_unconfined_needs_leave(stage):
    sandbox = Unconfined(stage.tree, allowed=False, reason="a test")
    with pytest.raises(NotAllowed, match="bubblewrap"):
        sandbox.serve(ECHO)


class Thing:
    closed = 0

    def close(self):
        self.closed += 1


def test_it_cannot_write_what_the_nodes_work_on(confined, stage):
    with confined.serve(
        ["/bin/sh", "-c", "echo x > app.py; echo x > new.py; echo $HOME; echo x > /tmp/x && cat /tmp/x"]
    ) as it:
        assert it.stdout.read().endswith(b"x\n")
        assert it.complaint().count("Read-only") == 2
    assert stage.read("app.py").startswith(b"import")


def test_services_are_made_once_and_closed_once():
    services = Services()
    thing = services.keep("thing", Thing)
    assert services.keep("thing", Thing) is thing
    services.close()
    services.close()
    assert thing.closed == 1
    with pytest.raises(ServiceFailed):
        services.keep("thing", Thing)
