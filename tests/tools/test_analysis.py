"""Questions about code, answered by real language servers over the stage, and by tree-sitter without one."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pygit2
import pytest

from core.limits import limits
from core.sandbox import open_sandbox
from core.stage import Stage
from tests.support.waiting import SOON, until
from tools.analysis import servers_of
from tools.registry import call
from tools.workbench import ToolResult, Workbench

BASKET = '''from keyword import iskeyword


class Basket:
    """Holds prices."""

    def __init__(self, prices: list[int]) -> None:
        self.prices = prices

    def total(self, tax: int = 0) -> int:
        """The sum with tax."""
        grüße = "😀"; amount = iskeyword(tax)
        return amount + tax


def unused(basket: Basket) -> int:
    return basket.total()
'''
TILL = "from shop.basket import Basket\n\n\ndef pay(basket: Basket) -> int:\n    return basket.total(tax=3)\n"


def make_project(folder: Path) -> None:
    pygit2.init_repository(str(folder))
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "basket.py").write_text(BASKET)
    (folder / "shop" / "till.py").write_text(TILL)
    (folder / "lib.rs").write_text("pub fn add(a: u8) -> u8 { a }\nfn twice(a: u8) -> u8 { add(add(a)) }\n")
    (folder / "notes.txt").write_text("total\n")
    (folder / ".gitignore").write_text("__pycache__/\n.venv/\n")


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Iterator[Workbench]:
    """A project with its stage, and one language server for all tests that only ask."""
    folder = tmp_path_factory.mktemp("shop")
    make_project(folder / "project")
    stage = Stage.create(folder / "project", folder / "stage")
    sandbox = open_sandbox(stage.tree, folder / "project", allow_unconfined=True)
    yield Workbench(stage, sandbox, threading.Event(), "r1", "n", "architect")
    sandbox.services.close()


@pytest.fixture(autouse=True)
def no_other_servers(monkeypatch):
    """Only the server that comes with the tests; what else is installed here must not matter."""
    places = [each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "pyright").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(places))


async def ask(bench: Workbench, name: str, **arguments) -> ToolResult:
    return await call(name, arguments, bench)


async def test_references_are_those_of_the_language_server(shop):
    result = await ask(shop, "find_references", path="shop/basket.py", symbol="total", line=10)
    assert result.ok, result.text
    assert result.text == (
        "3 references to total, by jedi-language-server:\n"
        "shop/basket.py:10: def total(self, tax: int = 0) -> int:\n"
        "shop/basket.py:17: return basket.total()\n"
        "shop/till.py:5: return basket.total(tax=3)"
    )


async def test_definition_type_and_documentation(shop):
    result = await ask(shop, "go_to_definition", path="shop/till.py", symbol="basket.total()", line=5)
    assert result.text.endswith(
        "by jedi-language-server:\nshop/basket.py:10: def total(self, tax: int = 0) -> int:"
    )
    result = await ask(shop, "get_type_info", path="shop/till.py", symbol="total", line=5)
    assert "by jedi-language-server" in result.text
    assert "The sum with tax." in result.text


async def test_columns_count_what_the_server_counts(shop):
    """Umlauts and emoji before a name move it, in different units for different servers."""
    result = await ask(shop, "go_to_definition", path="shop/basket.py", symbol="amount", line=13)
    assert "shop/basket.py:12:" in result.text
    result = await ask(shop, "get_type_info", path="shop/basket.py", symbol="amount", line=12)
    assert "amount = iskeyword" in result.text


async def test_the_stage_is_what_is_asked_about(shop):
    """Not the project's files: a node's edits count, at once, also in files that were never opened."""
    shop.stage.write("shop/new.py", b"from shop.basket import Basket\n\nb = Basket([]).total()\n")
    shop.stage.write("shop/basket.py", ("# one line more\n" + BASKET).encode())
    try:
        result = await ask(shop, "find_references", path="shop/basket.py", symbol="total", line=11)
        assert "shop/new.py:3: b = Basket([]).total()" in result.text
        assert "shop/basket.py:11: def total" in result.text
        assert not (shop.stage.project / "shop" / "new.py").exists()
        shop.stage.write("shop/basket.py", BASKET.replace("total", "whole").encode())
        result = await ask(shop, "go_to_definition", path="shop/basket.py", symbol="whole", line=17)
        assert "shop/basket.py:10: def whole" in result.text
    finally:
        shop.stage.write("shop/basket.py", BASKET.encode())
        shop.stage.delete("shop/new.py")


async def test_diagnostics_follow_every_edit(shop):
    try:
        shop.stage.write("shop/broken.py", b"def f(:\n    pass\n")
        result = await ask(shop, "diagnostics", path="shop/broken.py")
        assert result.text.startswith(
            "1 diagnostics of shop/broken.py, by jedi-language-server:\n1:7: error: SyntaxError"
        )
        shop.stage.write("shop/broken.py", b"def f():\n    pass\n")
        result = await ask(shop, "diagnostics", path="shop/broken.py")
        assert result.text == "jedi-language-server has nothing to say against shop/broken.py."
        shop.stage.write("shop/broken.py", b"def f():\n    return (\n")
        assert "2:" in (await ask(shop, "diagnostics", path="shop/broken.py")).text
    finally:
        shop.stage.delete("shop/broken.py")


async def test_the_line_may_be_wrong_or_missing(shop):
    result = await ask(shop, "go_to_definition", path="shop/till.py", symbol="total", line=1)
    assert "(Line 1 has no total; line 5 was taken.)" in result.text
    result = await ask(shop, "find_references", path="shop/basket.py", symbol="Basket.total")
    assert result.text.startswith("3 references to total")
    result = await ask(shop, "find_references", path="shop/basket.py", symbol="`total()`", line="10")
    assert result.text.startswith("3 references to total")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"path": "shop/basket.py", "symbol": "nowhere"}, "does not occur in shop/basket.py"),
        ({"path": "shop/basket.py", "symbol": "a + b"}, "one name"),
        ({"path": "shop/basket.py", "symbol": ""}, "one name"),
        ({"path": "shop/basket.py", "symbol": "x" * 5_000}, "one name"),
        ({"path": "shop/basket.py", "symbol": "total", "line": 999}, "has 18 lines"),
        ({"path": "shop/basket.py", "symbol": "total", "line": 0}, "from 1 to 18"),
        ({"path": "shop/basket.py", "symbol": "total", "line": 10**17}, "from 1 to 18"),
        ({"path": "shop/basket.py", "symbol": "total", "line": "ten"}, "whole number"),
        ({"path": "shop/basket.py", "symbol": ["total", "add"]}, "must be text"),
        ({"path": "basket.py", "symbol": "total"}, "Did you mean shop/basket.py"),
        ({"path": "shop", "symbol": "total"}, "is a folder"),
        ({"path": "../x.py", "symbol": "total"}, "out of the project"),
        ({"path": "shop/basket.py", "symbol": "total", "column": 3}, "no argument “column”"),
        ({"symbol": "total"}, "needs “path”"),
    ],
)  # fmt: skip
async def test_bad_calls_are_told_what_to_do(shop, arguments, word):
    for name in ("find_references", "go_to_definition", "get_type_info"):
        result = await call(name, arguments, shop)
        assert not result.ok
        assert word in result.text


async def test_without_a_server_tree_sitter_and_search_answer_and_say_so(shop):
    result = await ask(shop, "go_to_definition", path="lib.rs", symbol="add", line=2)
    assert "by tree-sitter" in result.text
    assert "rust-analyzer" in result.text
    assert "lib.rs:1: function add | pub fn add(a: u8) -> u8" in result.text
    result = await ask(shop, "get_type_info", path="lib.rs", symbol="twice")
    assert "fn twice(a: u8) -> u8" in result.text
    result = await ask(shop, "find_references", path="lib.rs", symbol="add")
    assert result.text.startswith("Plain text search for add, other things of that name included. ")
    assert "lib.rs:2:" in result.text
    result = await ask(shop, "diagnostics", path="lib.rs")
    assert "tree-sitter found no syntax error in lib.rs; types were not checked." in result.text
    result = await ask(shop, "diagnostics", path="notes.txt")
    assert not result.ok
    assert "No language server is known" in result.text
    result = await ask(shop, "find_references", path="notes.txt", symbol="total")
    assert "Plain text search" in result.text
    assert "shop/basket.py:10" in result.text


async def test_an_answer_in_another_place_is_not_read_for_the_model(shop):
    result = await ask(shop, "go_to_definition", path="shop/basket.py", symbol="iskeyword", line=12)
    assert "keyword.py" in result.text
    assert "(outside of the project)" in result.text
    assert "def iskeyword" not in result.text


# -- the life of a server ----------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path) -> Iterator[Workbench]:
    make_project(tmp_path / "project")
    stage = Stage.create(tmp_path / "project", tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, tmp_path / "project", allow_unconfined=True)
    yield Workbench(stage, sandbox, threading.Event(), "r1", "n", "architect")
    sandbox.services.close()


def running(bench: Workbench):
    return servers_of(bench).server_for("shop/basket.py", lambda: False)


async def test_it_is_kept_restarted_when_it_dies_and_ended_with_the_session(own):
    question = {"path": "shop/basket.py", "symbol": "total", "line": 10}
    first = await call("find_references", question, own)
    server = running(own)
    assert (await call("find_references", question, own)).text == first.text
    assert running(own) is server
    os.kill(server.pid, signal.SIGKILL)
    assert until(lambda: server.gone)
    assert (await call("find_references", question, own)).text == first.text
    again = running(own)
    assert again is not server
    own.sandbox.services.close()
    assert until(lambda: not Path(f"/proc/{again.pid}").exists())
    late = await call("find_references", question, own)
    assert "Plain text search" in late.text
    assert "being closed" in late.text


async def test_a_server_that_never_answers_is_stopped_at_once_or_given_up(own, monkeypatch):
    freeze(running(own).pid)
    own.stop.clear()
    threading.Timer(0.3, own.stop.set).start()
    started = time.monotonic()
    result = await call("find_references", {"path": "shop/basket.py", "symbol": "total"}, own)
    assert not result.ok
    assert "stopped" in result.text
    assert time.monotonic() - started < SOON
    own.stop.clear()
    tools = msgspec.structs.replace(limits().tools, language_server_seconds=0.3)
    shorter = msgspec.structs.replace(limits(), tools=tools)
    monkeypatch.setattr("tools.lsp.server.limits", lambda: shorter)
    result = await call("go_to_definition", {"path": "shop/till.py", "symbol": "total"}, own)
    assert "by tree-sitter" in result.text
    assert "did not answer within" in result.text
    assert "shop/basket.py:10" in result.text


def freeze(pid: int) -> None:
    """Stop a process and all that it started."""
    everyone = {pid}
    for _ in range(5):
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent in everyone:
                everyone.add(int(entry.name))
    for each in everyone - {pid} or {pid}:
        os.kill(each, signal.SIGSTOP)


async def test_a_server_that_must_be_told_hears_of_other_files(tmp_path):
    """basedpyright, from the project's own environment: an edit elsewhere changes what it says of a file."""
    program = Path(sys.prefix) / "bin" / "basedpyright-langserver"
    if not program.exists():
        pytest.skip("basedpyright is not installed here")
    make_project(tmp_path / "project")
    (tmp_path / "project" / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "project" / ".venv" / "bin" / program.name).symlink_to(program)
    stage = Stage.create(tmp_path / "project", tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, tmp_path / "project", allow_unconfined=True)
    bench = Workbench(stage, sandbox, threading.Event(), "r1", "n", "architect")
    till = {"path": "shop/till.py"}
    try:
        first = await call("diagnostics", till, bench)
        if "basedpyright" not in first.text or "ended" in first.text:
            pytest.skip(f"basedpyright does not run here: {first.text[:200]}")
        assert "nothing to say" in first.text
        stage.write("shop/new.py", b"from shop.basket import Basket\n\nBasket([]).total()\n")
        found = await call("find_references", {"path": "shop/basket.py", "symbol": "total"}, bench)
        assert found.text.startswith("4 references to total, by basedpyright"), found.text
        stage.write(
            "shop/basket.py", BASKET.replace("tax: int", "rate: int").replace("(tax)", "(rate)").encode()
        )
        after = await call("diagnostics", till, bench)
        assert "by basedpyright" in after.text, after.text
        assert "5:" in after.text
    finally:
        sandbox.services.close()


async def test_one_that_does_not_start_is_said_once_and_then_left_alone(own, tmp_path, monkeypatch):
    """As rust-analyzer of a tool chain without it: what it says last is where it got to, not what went wrong."""
    program = tmp_path / "bin" / "rust-analyzer"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'error: Unknown binary' >&2\necho ' 15: <unknown>' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    question = {"path": "lib.rs", "symbol": "add", "line": 2}
    result = await call("go_to_definition", question, own)
    assert "by tree-sitter. rust-analyzer ended (error: Unknown binary)." in result.text
    assert "lib.rs:1: function add" in result.text
    program.unlink()  # so that another start would end in another way
    result = await call("go_to_definition", question, own)
    assert "rust-analyzer ended (error: Unknown binary); it is tried again in a minute." in result.text
    assert "lib.rs:1: function add" in result.text
