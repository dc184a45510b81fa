"""The language server protocol's client: its wire, its units, and servers that misbehave."""

import io
import json
import sys
import threading
import time
from pathlib import Path

import pytest

from core.sandbox import Service
from core.sandbox.unconfined import Unconfined
from tests.support.waiting import SOON
from tools.lsp.connection import AskingStopped, Connection, ServerEnded, ServerFailed, ServerRefused
from tools.lsp.program import NoServer, find_program, options_for
from tools.lsp.protocol import Spot, column_of, diagnostics_in, spots_in, text_in, uri_of
from tools.lsp.wire import WireFault, framed, read_message

ROOT = Path("/pro ject/ü")


def test_a_message_comes_out_as_it_went_in():
    messages = [{"id": 1, "result": {"text": "grün 😀\r\n\r\n"}}, {"method": "x"}]
    pipe = io.BytesIO(b"".join(framed(each) for each in messages))
    assert [read_message(pipe), read_message(pipe), read_message(pipe)] == [*messages, None]


def test_other_headers_and_cases_are_understood():
    pipe = io.BytesIO(b"Content-Type: x; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}")
    assert read_message(pipe) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"hello world\n\n",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: 99999999999\r\n\r\n{}",
        b"Content-Length: 4\r\n\r\nnull",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 3\r\n\r\n{]}",
        b"X: y\r\n" * 100,
        b"x" * 100_000,
    ],
)
def test_what_is_no_message(data):
    with pytest.raises(WireFault):
        read_message(io.BytesIO(data))


@pytest.mark.parametrize("data", [b"", b"Content-Length: 20\r\n\r\n{}", b"Content-Le"])
def test_the_end_in_the_middle(data):
    assert read_message(io.BytesIO(data)) is None


def test_addresses_and_places():
    uri = uri_of(ROOT, "src/a b#c.py")
    assert uri == "file:///pro%20ject/%C3%BC/src/a%20b%23c.py"
    span = {"start": {"line": 4, "character": 1}, "end": {"line": 4, "character": 2}}
    inside = Spot("src/a b#c.py", True, 5)
    assert spots_in(ROOT, {"uri": uri, "range": span}) == [inside]
    assert spots_in(ROOT, [{"targetUri": uri, "targetRange": span, "targetSelectionRange": span}]) == [inside]
    assert spots_in(ROOT, None) == []
    assert spots_in(ROOT, [{"uri": uri}, {"uri": 5, "range": span}, "x", {"uri": uri, "range": "x"}]) == []
    for hostile in ("file:///etc/passwd", "file:///pro%20ject/%C3%BC/../../etc/passwd", "http://x/y"):
        assert not spots_in(ROOT, {"uri": hostile, "range": span})[0].inside


def test_columns_in_the_servers_units():
    line = "ü😀x"
    assert [column_of(line, 2, unit) for unit in ("utf-8", "utf-16", "utf-32")] == [6, 3, 2]


def test_what_hover_and_diagnostics_may_say():
    assert text_in({"kind": "markdown", "value": "a"}) == "a"
    assert text_in(["a", {"language": "python", "value": "b"}]) == "a\n\nb"
    assert text_in(None) == ""
    span = {"start": {"line": 2, "character": 0}, "end": {"line": 2, "character": 1}}
    first = {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
        "message": "a",
    }
    found = diagnostics_in(
        [{"range": span, "message": "b", "severity": 2}, {"message": "no range"}, first, 5]
    )
    assert [(each.range.start.line, each.message, each.severity) for each in found] == [
        (0, "a", 1),
        (2, "b", 2),
    ]


# -- servers -----------------------------------------------------------------------------------------

LOOP = """
import json, sys
def read():
    length = 0
    while (line := sys.stdin.buffer.readline()) not in (b"\\r\\n", b""):
        length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else sys.exit()
def say(**message):
    data = json.dumps(message).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(data) + data)
    sys.stdout.buffer.flush()
"""


@pytest.fixture
def connect(tmp_path):
    """`connect(code)`: a connection to a program that has `read()` and `say()`."""
    opened: list[Service] = []

    def start(code: str) -> Connection:
        sandbox = Unconfined(tmp_path, allowed=True, reason="a test")
        opened.append(sandbox.serve([sys.executable, "-I", "-c", LOOP + code]))
        return Connection(opened[-1], [{"uri": "file:///x", "name": "x"}])

    yield start
    for each in opened:
        each.close()


def ask(connection: Connection, seconds: float = 20.0, stopped=lambda: False):
    return connection.request("x/y", {"a": 1}, seconds=seconds, stopped=stopped)


def test_answers_out_of_order_find_who_asked(connect):
    connection = connect(
        "a, b = read(), read(); say(id=b['id'], result='b'); say(id=a['id'], result='a'); read()"
    )
    found = []
    first = threading.Thread(target=lambda: found.append(ask(connection)))
    first.start()
    found_here = ask(connection)
    first.join(SOON)
    assert {found_here, *found} == {"a", "b"}


def test_what_the_server_asks_of_us_is_answered_and_changes_nothing(connect):
    connection = connect(
        "q = read()\n"
        "say(id=7, method='workspace/configuration', params={'items': [{}, {}]}); a = read()\n"
        "say(id='s', method='workspace/applyEdit', params={'edit': {}}); b = read()\n"
        "say(id=9, method='no/such', params={}); c = read()\n"
        "say(id=q['id'], result=[a, b, c])\n"
    )
    a, b, c = ask(connection)
    assert a["result"] == [None, None]
    assert b == {"jsonrpc": "2.0", "id": "s", "result": {"applied": False}}
    assert "error" in c


def test_notices_are_heard(connect):
    connection = connect("read(); say(method='note', params=[1]); say(id=1, result=0); read()")
    heard = []
    connection.on_notice = lambda method, params: heard.append((method, params))
    assert ask(connection) == 0
    assert heard == [("note", [1])]


def test_an_error_is_told(connect):
    connection = connect(
        "q = read(); say(id=q['id'], error={'code': -32801, 'message': 'content\\n modified'})"
    )
    with pytest.raises(ServerRefused, match="said: content modified") as caught:
        ask(connection)
    assert caught.value.code == -32801


def test_one_that_dies_tells_its_last_words(connect):
    connection = connect("read(); sys.stderr.write('first\\nno licence\\n'); sys.exit(3)")
    with pytest.raises(ServerEnded, match="no licence"):
        ask(connection)
    with pytest.raises(ServerEnded):
        ask(connection)


def test_one_that_speaks_something_else(connect):
    connection = connect("print('Welcome to the server!' * 5, flush=True); read(); read()")
    with pytest.raises(ServerEnded, match="does not speak the protocol"):
        ask(connection)


def test_one_that_never_reads_or_answers(connect):
    connection = connect("import time; time.sleep(1000)")
    connection.notify("big", "x" * 3_000_000)
    with pytest.raises(ServerFailed, match="did not answer within"):
        ask(connection, seconds=0.2)
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(AskingStopped):
        ask(connection, stopped=stop.is_set)
    assert time.monotonic() - started < SOON
    connection.close()
    with pytest.raises(ServerEnded):
        ask(connection)


# -- which server ------------------------------------------------------------------------------------


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path, monkeypatch) -> Path:
    """The one folder on PATH; there are no others, and no tool chains."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()  # else the system's own folders are looked through
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path / "rustup"))
    return tmp_path / "bin"


def test_the_projects_own_server_comes_first(tmp_path, path):
    with pytest.raises(NoServer, match="npm install"):
        find_program(tmp_path, "a.ts")
    packages = tmp_path / "node_modules"
    place = put(packages / ".bin" / "typescript-language-server")
    put(path / "typescript-language-server")
    put(packages / "typescript" / "lib" / "tsserver.js")
    assert find_program(tmp_path, "x/a.TSX").argv == (str(place), "--stdio")
    assert find_program(tmp_path, "a.py").kind.name == "jedi-language-server"
    with pytest.raises(NoServer, match="No language server is known"):
        find_program(tmp_path, "a.txt")


def installed(home: Path, package: str, file: str, program: str, path: Path) -> Path:
    """A package of Node's with its program, as npm links it to PATH."""
    place = put(home / "node_modules" / package / file)
    (path / program).symlink_to(place)
    return path / program


def test_typescript_answers_itself_from_its_seventh_version_on(tmp_path, path):
    """typescript-language-server, which is what one finds installed as well, cannot drive that one."""
    home, project = tmp_path / "global", tmp_path / "project"
    wrapper = installed(home, "typescript-language-server", "lib/cli.mjs", "typescript-language-server", path)
    tsc = installed(home, "typescript", "bin/tsc", "tsc", path)
    with pytest.raises(NoServer, match="npm install typescript brings tsc"):
        find_program(project, "a.ts")
    put(home / "node_modules" / "typescript" / "lib" / "getExePath.js")
    assert find_program(project, "a.ts").argv == (str(tsc), "--lsp", "--stdio")
    (home / "node_modules" / "typescript" / "lib" / "getExePath.js").unlink()
    put(home / "node_modules" / "typescript" / "lib" / "tsserver.js")
    assert find_program(project, "a.ts").argv == (str(wrapper), "--stdio")
    own = put(project / "node_modules" / "typescript" / "bin" / "tsc")
    put(own.parent.parent / "lib" / "getExePath.js")
    (project / "node_modules" / ".bin").mkdir()
    (project / "node_modules" / ".bin" / "tsc").symlink_to(own)
    assert find_program(project, "a.ts").argv[0] == str(project / "node_modules" / ".bin" / "tsc")


def test_rustups_name_for_a_program_that_no_tool_chain_has_is_no_program(tmp_path, path):
    proxy = put(path / "rustup")
    (path / "rust-analyzer").symlink_to(proxy)
    with pytest.raises(NoServer, match="rustup component add rust-analyzer brings"):
        find_program(tmp_path, "a.rs")
    put(tmp_path / "rustup" / "toolchains" / "stable" / "bin" / "rust-analyzer")
    assert find_program(tmp_path, "a.rs").argv == (str(path / "rust-analyzer"),)


def test_the_interpreter_is_the_projects(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    kind = find_program(tmp_path, "a.py").kind
    options = options_for(kind, tmp_path)
    assert options["workspace"] == {"environmentPath": str(python)}
    assert "workspace" not in kind.options
    json.dumps(options)
