"""MCP servers at work in a run: real servers, real sessions."""

import asyncio
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from agents.mcp.client import Connection, ServerFailed
from agents.mcp.servers import Definition, Server
from core.events import NoticeGiven, QuestionAsked, ToolFinished
from core.limits import limits
from core.paths import find_home
from tests.support.foreign_bedrock import Reply
from tests.support.waiting import SOON
from tools.workbench import ToolError

PROGRAM = str(Path(__file__).parents[2] / "support" / "mcp_server.py")


@pytest.fixture
def note(tmp_path):
    return tmp_path / "note"


@pytest.fixture
def definition(note):
    def make(*words):
        return {
            "command": sys.executable,
            "args": [PROGRAM, *words],
            "env": {"MCP_TEST_NOTE": str(note), "MCP_TEST_GIVEN": "given"},
        }

    return make


@pytest.fixture
def connect(project, tmp_path, definition):
    def make(*words, **changes):
        told = msgspec.convert({**definition(*words), **changes}, Definition)
        return Connection(Server("small", "user", told), project, tmp_path / "stage", find_home())

    return make


@pytest.fixture
async def connection(connect):
    one = connect()
    await one.start()
    yield one
    await one.close()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(note):
    return [int(line) for line in note.read_text().split()]


def shorter(monkeypatch, **seconds):
    short = msgspec.structs.replace(limits(), tools=msgspec.structs.replace(limits().tools, **seconds))
    monkeypatch.setattr("agents.mcp.client.limits", lambda: short)


async def test_a_server_is_used_and_leaves_nothing_behind(connection, note, project, monkeypatch):
    offers = {each.name: each for each in connection.offers}
    assert offers["addNumbers"].description == "Add two numbers."
    assert (await connection.call("addNumbers", {"a": 40})).text == "42"
    items = {"items": [{"name": "x"}], "best": {"name": "y"}}
    assert (await connection.call("take_items", items)).text == "1 items, the best is y"
    assert (await connection.call("where", {})).text == f"{project} given None"
    failed = await connection.call("fail", {})
    assert not failed.ok
    assert "it does not work" in failed.text
    wrong = await connection.call("addNumbers", {"a": "many"})
    assert not wrong.ok
    assert len((await connection.call("much", {})).text) <= limits().tools.output_characters
    await connection.close()
    assert not any(map(is_alive, pids(note)))


async def test_a_call_has_a_limit_of_time(connection, monkeypatch):
    shorter(monkeypatch, mcp_seconds=0.3)
    with pytest.raises(ToolError, match=r"did not answer within 0\.3 seconds"):
        await connection.call("wait", {})


async def test_a_server_that_dies_is_started_once_more(connection, note):
    for _ in range(2):
        with pytest.raises(ToolError, match="small failed"):
            await connection.call("die", {})
        if len(pids(note)) == 1:
            assert (await connection.call("addNumbers", {"a": 1})).text == "3"
    with pytest.raises(ToolError, match=r"has ended\. Go on without its tools"):
        await connection.call("addNumbers", {"a": 1})
    assert len(pids(note)) == 2


async def test_one_that_never_answers(connect, note, monkeypatch):
    shorter(monkeypatch, mcp_start_seconds=0.7)
    started = time.monotonic()
    with pytest.raises(ServerFailed, match=r"did not answer within 0\.7 seconds"):
        await connect("silent").start()
    assert time.monotonic() - started < SOON
    assert not any(map(is_alive, pids(note) if note.exists() else []))


async def test_one_that_does_not_start(connect, tmp_path):
    with pytest.raises(ServerFailed, match=r"The MCP server small .*It said: no licence key"):
        await connect("broken").start()
    with pytest.raises(ServerFailed, match="could not be started"):
        await connect(command="no-such-program-at-all").start()
    with pytest.raises(ServerFailed, match="environment variable SURELY_NOT_SET"):
        await connect(env={"A": "${SURELY_NOT_SET}"}).start()


async def test_noise_on_its_output_does_no_harm(connect):
    noisy = connect("noisy")
    await noisy.start()
    assert (await noisy.call("addNumbers", {"a": 1})).text == "3"
    await noisy.close()


@pytest.fixture(scope="module")
def http_server():
    """The same server over HTTP, on a port of the system's choice."""
    import uvicorn

    from tests.support.mcp_server import server

    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [door]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{door.getsockname()[1]}/mcp"
    running.should_exit = True
    thread.join(SOON)
    door.close()


async def test_over_http(http_server, project, tmp_path):
    one = Connection(Server("web", "user", Definition(url=http_server)), project, tmp_path, find_home())
    await one.start()
    assert (await one.call("addNumbers", {"a": 40})).text == "42"
    await one.close()


async def test_nobody_listens(project, tmp_path):
    one = Connection(
        Server("web", "user", Definition(url="http://127.0.0.1:1/mcp")), project, tmp_path, find_home()
    )
    with pytest.raises(ServerFailed, match="The MCP server web failed"):
        await one.start()


# -- in a run --------------------------------------------------------------------------------------

USES = Reply("I add.", (("mcp_small_add_numbers", {"a": "40"}),))
DONE = Reply("It is 42.")


def brings(project, definition):
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": {"small": definition}}))


async def test_the_projects_server_is_asked_about_once_and_used(
    foreign, open_session, project, definition, note
):
    brings(project, definition())
    works = await open_session(interactive=True)
    foreign.play("You are the researcher", USES, DONE, USES, DONE)
    await works.start("What does app.py do?")
    question = await works.answer("trust it")
    assert "small" in question.text
    assert "outside of the sandbox" in question.text
    told = await works.finish()
    assert told.end.status == "done"
    call = told.of(ToolFinished)[0]
    assert (call.tool, call.ok, call.output) == ("mcp_small_add_numbers", True, "42")
    assert foreign.objections == []
    assert not any(map(is_alive, pids(note)))
    await works("What does app.py do?")
    assert len(told.of(QuestionAsked)) == 1
    assert all(
        set(schema) <= {"type", "properties", "required"} for schema in foreign.requests[0].tools.values()
    )


async def test_nobody_has_trusted_it(foreign, open_session, project, definition, note):
    brings(project, definition())
    works = await open_session()
    foreign.play("You are the researcher", DONE)
    told = await works()
    assert told.end.status == "done"
    assert "nobody has trusted it yet" in told.of(NoticeGiven)[-1].text
    assert not note.exists()
    assert not any(name.startswith("mcp_") for name in foreign.requests[0].tools)


async def test_no_is_remembered(foreign, open_session, project, definition, note):
    brings(project, definition())
    works = await open_session(interactive=True)
    foreign.play("You are the researcher", DONE, DONE, DONE)
    await works.start("What does app.py do?")
    await works.answer("never")
    await works.finish()
    told = await works()
    assert len(told.of(QuestionAsked)) == 1
    assert not note.exists()
    brings(project, {**definition(), "args": ["other"]})
    await works.start("What does app.py do?")
    await works.until(lambda told: len(told.of(QuestionAsked)) == 2)
    await works.answer("not now")
    await works.finish()


def write_own(**rows):
    import tomlkit

    config = find_home().config
    config.mkdir(parents=True, exist_ok=True)
    (config / "mcp.toml").write_text(tomlkit.dumps({"servers": rows}))


@pytest.fixture
def own(definition, http_server):
    """The user's own servers: one that works, by HTTP since that is quick, and one that does not."""
    write_own(small={"url": http_server}, bad=definition("broken"))


async def test_one_servers_failure_does_not_stop_a_run(foreign, own, works):
    foreign.play("You are the researcher", USES, DONE)
    told = await works()
    assert told.end.status == "done"
    notice = told.of(NoticeGiven)[-1].text
    assert notice.startswith("The MCP server bad ")
    assert notice.endswith("The run goes on without it.")
    assert told.of(ToolFinished)[0].output == "42"


async def test_a_file_that_is_broken_does_not_stop_a_run(foreign, works, project):
    (project / ".mcp.json").write_text("{")
    foreign.play("You are the researcher", DONE)
    told = await works()
    assert told.end.status == "done"
    assert "No MCP server is used" in told.of(NoticeGiven)[-1].text


async def test_bad_calls_are_results(foreign, own, works):
    calls = (
        ("mcp_small_add_numbers", {}),
        ("mcp_small_add_numbers", "{broken"),
        ("mcp_small_fail", {}),
        ("mcp_small_take_items", {"items": '[{"name": "x"}]'}),
    )
    foreign.play("You are the researcher", *(Reply("I try.", (call,)) for call in calls), DONE)
    told = await works()
    assert told.end.status == "done"
    results = told.of(ToolFinished)
    assert [each.ok for each in results] == [False, False, False, True]
    assert results[0].output == "mcp_small_add_numbers needs a."
    assert "not valid JSON" in results[1].output
    assert results[3].output == "1 items, the best is none"


async def test_secrets_of_the_project_reach_no_model(foreign, own, works, project):
    (project / ".env").write_text("API_TOKEN=s3cr3t-of-the-project-77\n")
    call = ("mcp_small_read", {"path": str(project / ".env")})
    foreign.play("You are the researcher", Reply("I look.", (call,)), DONE)
    told = await works()
    assert told.of(ToolFinished)[0].ok
    assert "s3cr3t-of-the-project-77" not in told.of(ToolFinished)[0].output


async def test_stop_ends_a_call_at_once(foreign, works, note, definition):
    write_own(small=definition())
    foreign.play("You are the researcher", Reply("I wait.", (("mcp_small_wait", {}),)), DONE)
    await works.start("What does app.py do?")
    while not note.with_suffix(".waits").exists():
        await asyncio.sleep(0.01)
    from core.commands import InterruptRun

    await works.submit(InterruptRun())
    stopped = time.monotonic()
    told = await works.finish()
    assert time.monotonic() - stopped < SOON
    assert told.end.status == "interrupted"
    assert not any(map(is_alive, pids(note)))


async def test_who_may_use_them(foreign, own, open_session, roster):
    works = await open_session()
    foreign.play(
        "You are the fast coder", Reply("I do.", (("write_file", {"path": "x.txt", "content": "x\n"}),)), DONE
    )
    await works("Add a line that says hello")
    have = {
        role: any(name.startswith("mcp_") for name in foreign.of(phrase)[0].tools)
        for role, phrase in {
            "coder": "You are the fast coder",
            "tester": "You are the test engineer",
            "reviewer": "You are the code reviewer",
        }.items()
        if foreign.of(phrase)
    }
    assert have.pop("coder") is True
    assert have
    assert not any(have.values())
