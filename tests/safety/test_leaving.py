"""One command with network or a path outside: the user sees all of it, and the answer counts for nothing else."""

import asyncio
import http.server
import shlex
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.paths import find_home
from core.sandbox import SandboxFailed, open_sandbox
from core.sandbox.grant import Grant
from tools import consent
from tools.consent import NO, ONCE, THIS_PROJECT, THIS_RUN
from tools.registry import call
from tools.workbench import ToolResult, Workbench

TOOL = "run_command_outside"


@dataclass
class User:
    """Answers every question alike, and keeps what was asked."""

    answer: str = ONCE
    asked: list[str] = field(default_factory=list)

    async def ask(self, text: str, choices: tuple[str, ...], *, kind: str, detail: str, **_: object) -> str:
        assert kind in ("network", "path")
        assert detail in text
        assert self.answer in choices
        self.asked.append(text)
        return self.answer


@pytest.fixture
def user() -> User:
    return User()


@pytest.fixture
def bench(needs_bubblewrap, make_stage, project, user) -> Workbench:
    stage = make_stage()
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=False)
    return Workbench(stage, sandbox, threading.Event(), run="r1", node="n", role="fast_coder", ask=user.ask)


def use(bench: Workbench, name: str = TOOL, /, **arguments) -> ToolResult:
    return asyncio.run(call(name, arguments, bench))


@pytest.fixture
def server() -> Iterator[str]:
    """Something on this machine's network; a command that reaches it prints its word."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"reached")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()
        thread.join()


def reaching(url: str) -> str:
    code = f"import urllib.request as u; print(u.urlopen({url!r}, timeout=5).read().decode())"
    return f"python3 -c {shlex.quote(code)}"


def test_network_is_for_one_command_and_only_when_allowed(bench, user, server):
    command = reaching(server)
    assert "reached" not in use(bench, "run_command", command=command).text
    assert use(bench, command=command, network=True).text == "Exit code 0.\nreached"
    assert "reached" not in use(bench, "run_command", command=command).text
    user.answer = NO
    result = use(bench, command=command + " ", network=True)
    assert not result.ok
    assert "does not allow" in result.text


def test_the_whole_command_is_asked_about_and_one_byte_more_is_another_one(bench, user):
    user.answer = THIS_RUN
    command = "echo " + "x" * 5_000 + "\n\n\n\t\techo the end"
    for text in (command, command, command + " "):
        assert use(bench, command=text, network=True).ok
    assert len(user.asked) == 2
    assert command in user.asked[0]
    assert "fast_coder" in user.asked[0] and "network" in user.asked[0]


def test_more_for_the_same_command_is_asked_about(bench, user, tmp_path):
    user.answer = THIS_RUN
    folder = tmp_path / "data"
    folder.mkdir()
    for wanted in ({"network": True}, {"read": str(folder)}, {"write": str(folder)}, {"network": True}):
        assert use(bench, command="true", **wanted).ok
    assert len(user.asked) == 3
    assert f"{folder} to change, which nothing undoes" in user.asked[2]


@pytest.mark.parametrize(
    ("answer", "asked"),
    [(ONCE, [1, 2, 3]), (THIS_RUN, [1, 1, 2]), (THIS_PROJECT, [1, 1, 1]), (NO, [1, 1, 2])],
)
def test_an_answer_counts_as_long_as_it_says(bench, user, project, answer, asked):
    user.answer = answer
    for count, run in zip(asked, ("r1", "r1", "r2"), strict=True):
        result = use(replace(bench, run=run), command="echo done", network=True)
        assert result.ok == (answer != NO)
        assert len(user.asked) == count
    assert not [each for each in project.rglob("*") if "consent" in each.name]


def test_an_answer_for_one_role_counts_for_no_other(bench, user):
    user.answer = THIS_PROJECT
    assert use(bench, command="echo done", network=True).ok
    user.answer = NO
    assert use(bench, command="echo done", network=True).ok
    assert not use(replace(bench, role="debugger"), command="echo done", network=True).ok
    assert len(user.asked) == 2


def test_what_is_kept_for_a_project_outlives_the_session_and_lies_with_the_user(bench, user, monkeypatch):
    user.answer = THIS_PROJECT
    use(bench, command="echo done", network=True)
    monkeypatch.setattr(consent, "_runs", type(consent._runs)())
    assert use(replace(bench, run="r9"), command="echo done", network=True).ok
    assert len(user.asked) == 1
    (kept,) = (find_home().data / "consents").iterdir()
    assert "echo done" in kept.read_text()


def test_a_path_is_given_as_it_was_asked_for(bench, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("theirs\n")
    command = f"cat {folder}/a.txt; echo ours > {folder}/b.txt"
    assert "theirs" not in use(bench, "run_command", command=command).text
    assert "theirs" not in use(bench, command=command, network=True).text
    read = use(bench, command=command, read=str(folder))
    assert "theirs" in read.text and "Read-only file system" in read.text
    assert not (folder / "b.txt").exists()
    assert use(bench, command=command, write=f"{folder}\n").ok
    assert (folder / "b.txt").read_text() == "ours\n"


def test_paths_that_no_command_gets(bench, user, project, tmp_path, isolated):
    (isolated / ".ssh").mkdir()
    (tmp_path / "link").symlink_to(isolated / ".ssh")
    find_home().data.mkdir(parents=True, exist_ok=True)
    for path in ("src", "/", str(project), str(project.parent), str(project / "app.py"), "~", "~/.ssh"):
        for how in ("read", "write"):
            result = use(bench, command="true", **{how: path})
            assert not result.ok, path
    for path in (tmp_path / "link", find_home().data, tmp_path / "nothing", Path("/dev/null")):
        assert not use(bench, command="true", read=str(path)).ok, path
    assert not use(bench, command="true").ok
    assert user.asked == []


def test_a_path_that_is_swapped_after_the_answer_is_not_given(bench, user, tmp_path):
    folder, other = tmp_path / "data", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (other / "a.txt").write_text("other")

    async def swapping(text: str, choices: tuple[str, ...], **_: object) -> str:
        folder.rmdir()
        folder.symlink_to(other)
        return ONCE

    result = use(replace(bench, ask=swapping), command=f"cat {folder}/a.txt", read=str(folder))
    assert not result.ok
    assert "leads elsewhere" in result.text
    with pytest.raises(SandboxFailed):
        bench.sandbox.granting(Grant(readable=(folder,))).run_here(["true"], 9, lambda: False)


@pytest.mark.parametrize(
    ("forbidden", "wanted"), [("network", {"network": True}), ("outside", {"read": "/srv"})]
)
@pytest.mark.parametrize("by", ["user", "project"])
def test_a_policy_can_forbid_to_ask(bench, user, project, policy, forbidden, wanted, by):
    text = f"[roles.fast_coder]\n{forbidden} = false\n"
    if by == "user":
        policy(text)
    else:
        (project / ".heddle").mkdir()
        (project / ".heddle" / "policy.toml").write_text(text)
    result = use(bench, command="true", **wanted)
    assert not result.ok
    assert "policy" in result.text
    assert use(replace(bench, role="debugger"), command="true", **wanted).ok
    assert len(user.asked) == 1


def test_without_anybody_to_ask_nothing_runs(bench, tmp_path):
    result = use(replace(bench, ask=None), command="echo new > made.txt", network=True)
    assert not result.ok
    assert "nobody is here to ask" in result.text
    assert not (bench.stage.tree / "made.txt").exists()


def test_while_the_user_thinks_the_stage_is_free(bench):
    """Another node's command runs meanwhile; only then has this one the stage for itself."""

    async def slow(text: str, choices: tuple[str, ...], **_: object) -> str:
        other = await call("run_command", {"command": "echo meanwhile > other.txt"}, bench)
        assert other.changed == ("other.txt",)
        return ONCE

    result = use(replace(bench, ask=slow), command="echo mine > mine.txt", network=True)
    assert result.changed == ("mine.txt",)
    assert result.text.endswith("Changed: mine.txt")


def test_stop_ends_it(bench):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    result = use(replace(bench, stop=stop), command="echo x > x.txt; sleep 60", network=True)
    assert result.text.startswith("Stopped before it was done.")
    assert result.changed == ("x.txt",)


def test_hosts_can_be_looked_up_where_network_is_allowed(bench):
    text = use(bench, command="cat /etc/resolv.conf && echo readable", network=True).text
    assert "readable" in text or not Path("/etc/resolv.conf").exists()
