"""Every tool of the registry ends when its node is stopped, its caller goes, or its time is up: nothing runs on."""

import asyncio
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.limits import limits
from tests.support.waiting import SOON
from tools.registry import TOOLS, call
from tools.workbench import Workbench

SLEEPS = "#!/bin/sh\nexec sleep 1000\n"
NEVER_ENDS = "a" * 60 + "b"
LINE = "aaaa bbbb cccc dddd aaaa bbbb cccc\n"


@dataclass(frozen=True)
class Long:
    """A call that takes minutes."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)
    sign: str = "program"
    """How it is seen that it is at work: a `program` runs, the `web` was asked, or a `thread` works."""
    told: str = r""
    """What is said when its time is up."""
    within: str = ""
    """The function that the thread has come to."""

    @property
    def locked(self) -> bool:
        """Another node's command has the stage."""
        return self.within == "held"


WEB = "no whole answer within|could not be reached"
ENDED = "Ended by force after"
CASES = {
    "run_command": Long("run_command", {"command": "sleep 1000 & sleep 1000"}, told=ENDED),
    "execute_code": Long("execute_code", {"language": "sh", "code": "sleep 1000"}, told=ENDED),
    "run_command_outside": Long("run_command_outside", {"command": "sleep 1000", "network": True}, told=ENDED),
    "run_tests": Long("run_tests", told="did not end within"),
    "coverage_report": Long("coverage_report", told="ended after"),
    "benchmark": Long("benchmark", {"command": "sleep 1000"}, told="took more than"),
    "run_linter": Long("run_linter", {"path": "app.js"}, told=ENDED),
    "format_code": Long("format_code", {"path": "app.js"}, told=ENDED),
    "search_files": Long("search_files", {"pattern": "(?=a)(a+)+c", "path": "never"}, told="ended after"),
    "parse_ast": Long("parse_ast", {"path": "big.py"}, told="ended after"),
    "analyze_complexity": Long("analyze_complexity", {"path": "big.py"}, told="took more than"),
    "find_references": Long("find_references", {"path": "app.ts", "symbol": "total"}, told="did not answer"),
    "go_to_definition": Long("go_to_definition", {"path": "app.ts", "symbol": "total"}, told="did not answer"),
    "get_type_info": Long("get_type_info", {"path": "app.ts", "symbol": "total"}, told="did not answer"),
    "diagnostics": Long("diagnostics", {"path": "app.ts"}, told="did not answer"),
    "git_log": Long("git_log", told="Ended after"),
    "git_blame": Long("git_blame", {"path": "src/app.py"}, told="Ended after"),
    "docs_search": Long("docs_search", {"name": "slow"}, told="could not be read"),
    "fetch_page": Long("fetch_page", {"url": "URL/page"}, "web", WEB),
    "web_search": Long("web_search", {"query": "dates"}, "web", WEB),
    "stackoverflow_search": Long("stackoverflow_search", {"query": "dates"}, "web", WEB),
    "check_updates": Long("check_updates", {}, "web", WEB),
    "audit_security": Long("audit_security", {}, "web", WEB),
    "install_dependency": Long(
        "install_dependency", {"name": "idna", "manifest": "requirements.txt"}, "web", WEB
    ),
    "edit_file": Long(
        "edit_file", {"path": "same.txt", "old": LINE.replace("c d", " d") * 190, "new": "x"}, "thread", within="of"
    ),
    "apply_patch": Long(
        "apply_patch",
        {"patch": "*** Begin Patch\n*** Update File: same.txt\n" + "@@ nowhere\n-x\n+y\n" * 40_000 + "*** End Patch"},
        "thread",
        "It was ended after",
        "_below",
    ),
    "write_file that waits": Long("write_file", {"path": "x", "content": "x"}, "thread", within="held"),
    "edit_file that waits": Long("edit_file", {"path": "app.ts", "old": "1", "new": "2"}, "thread", within="held"),
    "apply_patch that waits": Long(
        "apply_patch", {"patch": "*** Begin Patch\n*** Add File: x\n+x\n*** End Patch"}, "thread", within="held"
    ),
    "run_command that waits": Long("run_command", {"command": "touch x"}, "thread", within="held"),
}  # fmt: skip
SHORT = {
    "read_file": ({"path": "same.txt"}, 3),
    "list_directory": ({"depth": 3}, 40),
    "find_files": ({"pattern": "*.txt"}, 40),
    "git_status": ({}, 80),
    "git_diff": ({}, 80),
    "commit": ({"message": "All of it"}, 80),
}
"""They wait for nobody, and ask at least so often whether to go on, where 40 files were changed."""
AT_ONCE = {"create_branch"}
"""It looks at nothing but its arguments."""


def test_no_tool_is_left_out():
    assert {each.tool for each in CASES.values()} | SHORT.keys() | AT_ONCE == TOOLS.keys()


def build(project: Path) -> None:
    """Make a project one in which everything that may be called takes minutes."""
    programs = project / "node_modules" / ".bin"
    programs.mkdir(parents=True)
    for name in ("eslint", "prettier", "c8", "typescript-language-server"):
        (programs / name).write_text(SLEEPS)
        (programs / name).chmod(0o755)
    driven = project / "node_modules" / "typescript" / "lib" / "tsserver.js"  # what such a server asks for
    driven.parent.mkdir(parents=True)
    driven.touch()
    texts = {
        "package.json": '{"scripts": {"test": "sleep 1000"}}',
        "eslint.config.js": "",
        ".prettierrc": "{}",
        "requirements.txt": "idna==3.10\n",
        "slow.py": "import time\ntime.sleep(1000)\n",
        "app.ts": "export const total = 1\n",
        "app.js": "1\n",
        "never": NEVER_ENDS,
    }
    for name, text in texts.items():
        (project / name).write_text(text)


def prepare(case: Long, bench: Workbench, url: str) -> dict[str, Any]:
    """Make a call take minutes; gives its arguments. Pages at `url` are never answered."""
    packed = bench.stage.project / ".git" / "packed-refs"
    if case.tool.startswith("git_") and not packed.exists():
        os.mkfifo(packed)  # whoever opens it waits for a writer
    if case.arguments.get("path") == "big.py":
        rows = "[(lambda a: a + 1)(2), {'k': 3 if 4 else 5}]," * 100_000
        bench.stage.write("big.py", f"x = [{rows}]\n".encode())
    if case.sign == "thread":
        bench.stage.write("same.txt", (LINE * 30_000).encode())
    return {
        name: each.replace("URL", url) if isinstance(each, str) else each
        for name, each in case.arguments.items()
    }


@pytest.fixture
def project(project: Path) -> Path:
    build(project)
    return project


@pytest.fixture
def long(bench, web, reply, needs) -> Iterator[Callable[[Long], dict[str, Any]]]:
    """See `prepare`; and another node has the stage where that is what is waited for."""
    hold, held, gone = threading.Event(), threading.Event(), threading.Event()

    class Held(dict):
        def get(self, _path, _default=None):
            return reply({}, hold=hold)

    def keep_the_stage() -> None:
        with bench.stage.lock:
            held.set()
            gone.wait(4 * SOON)

    def make(case: Long) -> dict[str, Any]:
        if case.tool == "run_tests":
            needs("npm")
        arguments = prepare(case, bench, web.url)
        if case.locked:
            threading.Thread(target=keep_the_stage, daemon=True).start()
            assert held.wait(10)
        return arguments

    web.pages = Held()
    yield make
    hold.set()
    gone.set()


def children() -> set[int]:
    """Every process that comes from this one, zombies too."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, last = {os.getpid()}, 0
    while len(found) != last:
        last = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {os.getpid()}


def threads_at_work() -> list[str]:
    """Threads that are within one of the tools, without those that serve what stays with a session."""
    found = []
    for thread in threading.enumerate():
        frame = sys._current_frames().get(thread.ident or 0)
        while frame is not None and thread is not threading.main_thread():
            if "/tools/" in frame.f_code.co_filename and "/tests/" not in frame.f_code.co_filename:
                found.append(f"{thread.name}: {frame.f_code.co_name}")
            frame = frame.f_back
    return found


async def until(condition: Callable[[], Any], seconds: float = SOON) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def at_work(case: Long, work: asyncio.Future, web, before: set[int]) -> None:
    """Return when the call is in the midst of its work."""
    signs = {
        "program": lambda: children() - before,
        "web": lambda: web.seen,
        "thread": lambda: any(each.endswith(f": {case.within}") for each in threads_at_work()),
    }
    await until(lambda: work.done() or signs[case.sign]())
    assert not work.done(), (await work).text


async def nothing_runs(bench: Workbench, before: set[int]) -> None:
    """Without what stays until the session is closed."""
    await asyncio.to_thread(bench.sandbox.services.close)
    await until(lambda: not threads_at_work(), SOON)
    assert children() - before == set()


async def still_works(bench: Workbench) -> None:
    bench.stop.clear()
    result = await call("execute_code", {"language": "sh", "code": "echo still here"}, bench)
    assert result.text == "Exit code 0.\nstill here"


@pytest.mark.parametrize("name", CASES)
async def test_it_ends_with_its_node_and_with_its_caller(bench, web, long, name):
    case = CASES[name]
    arguments = long(case)
    before = children()
    work = asyncio.ensure_future(call(case.tool, arguments, bench))
    await at_work(case, work, web, before)
    started = time.monotonic()
    bench.stop.set()
    result = await work
    assert time.monotonic() - started < SOON
    assert not result.ok
    assert result.changed == ()
    assert "stopped" in result.text.lower(), result.text
    bench.stop.clear()
    web.seen.clear()
    left = children()
    work = asyncio.ensure_future(call(case.tool, arguments, bench))
    await at_work(case, work, web, left)
    started = time.monotonic()
    work.cancel()
    await asyncio.wait([work])
    assert time.monotonic() - started < SOON
    assert work.cancelled()
    if not case.locked:
        await still_works(bench)
    await nothing_runs(bench, before)


@pytest.fixture
def hurried() -> Iterator[None]:
    """Everything has a fifth of a second."""
    tools = limits().tools
    before = {name: getattr(tools, name) for name in tools.__struct_fields__ if name.endswith("_seconds")}
    for name in before:
        msgspec.structs.force_setattr(tools, name, 0.2)
    yield
    for name, seconds in before.items():
        msgspec.structs.force_setattr(tools, name, seconds)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.locked])
async def test_it_ends_when_its_time_is_up(bench, web, long, hurried, name):
    case = CASES[name]
    arguments = long(case)
    before = children()
    started = time.monotonic()
    result = await call(case.tool, arguments, bench)
    assert time.monotonic() - started < SOON
    assert result.changed == ()
    assert re.search(case.told, result.text), result.text
    for each in limits().tools.__struct_fields__:
        if each.endswith("_seconds"):
            msgspec.structs.force_setattr(limits().tools, each, 30.0)
    await still_works(bench)
    await nothing_runs(bench, before)


class After(threading.Event):
    """Set once it was asked so often."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > self.times


@pytest.mark.parametrize("name", SHORT)
async def test_what_waits_for_nobody_ends_in_the_midst(bench, put, name):
    for number in range(40):
        put(f"many/{number}.txt", f"{number}\n")
    put("same.txt", LINE)
    written = time.monotonic()
    await until(lambda: time.monotonic() > written + 0.1)  # fresh files are read, and no longer then
    arguments, least = SHORT[name]
    whole = After(10**9)
    result = await call(name, arguments, replace(bench, stop=whole))
    assert result.ok, result.text
    assert whole.asked > least
    for times in (0, 1, whole.asked // 2, whole.asked - 1):
        result = await call(name, arguments, replace(bench, stop=After(times)))
        assert not result.ok
        assert "stopped" in result.text
        assert result.wish is None


async def test_what_takes_too_long_by_itself_is_ended(bench, put, hurried):
    put("same.txt", LINE)
    msgspec.structs.force_setattr(limits().tools, "own_seconds", -1.0)
    for name, (arguments, _) in SHORT.items():
        result = await call(name, arguments, bench)
        assert not result.ok
        assert result.text == "It was ended after -1 seconds. Ask for less at once."
