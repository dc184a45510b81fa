"""Outlines, syntax trees and syntax errors by tree-sitter, of friendly and of hostile text."""

import os
import time

import msgspec
import pytest

from core.limits import limits
from tests.support.waiting import SOON
from tools.languages import grammar_of, languages

SHOP = """import os


class Basket(Base):
    @property
    def total(self, items: list[int],
              tax: int = 0) -> int:
        def inner(): ...
        return 1


async def pay(): ...
"""
TYPESCRIPT = """export interface P { m(a: string): void }
export type T = string | number;
export const add = (a: number, b: number) => a + b;
export class Foo<T> extends Bar { async run(): Promise<void> {} }
"""


async def test_an_outline_has_signatures_and_lines(use, put):
    put("shop.py", SHOP)
    result = await use("parse_ast", path="shop.py")
    assert result.ok
    assert result.text == (
        "Outline of shop.py (by tree-sitter):\n"
        "4-9: class Basket | class Basket(Base)\n"
        "  6-9: function total | def total(self, items: list[int], tax: int = 0) -> int\n"
        "    8: function inner | def inner()\n"
        "12: function pay | async def pay()"
    )


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.ts", TYPESCRIPT, ["1: interface P", "  1: method m | m(a: string): void", "2: type T", "3: function add",
                              "4: class Foo | class Foo<T> extends Bar", "  4: method run | async run(): Promise<void>"]),
        ("a.rs", "impl Display for S { fn fmt(&self) -> R { 1 } }\n", ["impl Display for S", "fn fmt(&self) -> R"]),
        ("a.go", "package a\nfunc (s *S) Run(a int) error { return nil }\n", ["2: method Run | func (s *S)"]),
        ("a.c", "static int *f(int a, char *b) { return 0; }\n", ["1: function f | static int *f(int a, char *b)"]),
        ("a.cpp", "namespace n { class C { int m() { return 1; } }; }\n", ["namespace n", "  1: class C"]),
        ("A.java", "class A { A(int a) {} void m() {} }\n", ["class A", "constructor A", "method m"]),
        ("a.rb", "class A\n  def x(a)\n  end\nend\n", ["1-4: class A", "  2-3: method x"]),
        ("a.md", "# One\n\n## Two\n", ["1: heading One", "3: heading Two"]),
        ("Makefile", "all: x\n\techo\n", ["rule all"]),
        ("a.sql", "CREATE TABLE a (x int);\n", ["table a"]),
    ],
)  # fmt: skip
async def test_languages(use, put, name, text, rows):
    put(name, text)
    result = await use("parse_ast", path=name)
    assert result.ok
    assert [row for row in rows if row not in result.text] == []


def test_every_grammar_is_in_the_wheel():
    """Nothing is fetched when a language is first met."""
    from tree_sitter_language_pack import get_language

    for name in languages().endings:
        get_language(name)  # type: ignore[arg-type]
    assert grammar_of("x/Makefile") == "make"
    assert grammar_of("x/A.PY") == "python"
    assert grammar_of("x/a.unknown") == ""


async def test_a_folder_is_outlined_two_levels_deep_and_without_links(use, put, bench, tmp_path):
    put("shop.py", SHOP)
    (tmp_path / "secret.py").write_text("def hidden(): ...\n")
    (bench.stage.tree / "link.py").symlink_to(tmp_path / "secret.py")
    result = await use("parse_ast", path=".")
    assert "shop.py\n  4-9: class Basket" in result.text
    assert "src/app.py\n  1-2: function add | def add(a, b)" in result.text
    assert "inner" not in result.text
    assert "hidden" not in result.text


async def test_a_tree_of_lines_and_nodes_of_kinds(use, put):
    put("shop.py", SHOP)
    result = await use("parse_ast", path="shop.py", start_line=9, end_line=9)
    assert "return_statement 9:9\n" in result.text
    assert 'integer 9:16 "1"' in result.text
    assert "import_statement" not in result.text
    result = await use("parse_ast", path="shop.py", node_kinds="import_statement, decorator")
    assert result.text.split("\n")[1:] == ['import_statement 1:1 "import os"', 'decorator 5:5 "@property"']
    result = await use("parse_ast", path="shop.py", node_kinds="FunctionDef")
    assert not result.ok
    assert "function_definition" in result.text


async def test_syntax_errors_are_said(use, put):
    put("bad.py", "def f(:\n  return\n\nclass A: pass\n")
    result = await use("parse_ast", path="bad.py")
    assert "class A" in result.text
    assert "Syntax errors in bad.py (line 1)" in result.text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"path": "none.py"}, "There is no none.py"),
        ({"path": "app.py"}, "Did you mean src/app.py"),
        ({"path": "data.bin"}, "no language"),
        ({"path": "src/app.py", "start_line": 0}, "1 or more"),
        ({"path": "src/app.py", "start_line": 9, "end_line": 3}, "not before"),
        ({"path": "src", "start_line": 1}, "is a folder"),
        ({"path": "empty"}, "No file in empty"),
        ({"path": "src/app.py", "start_line": 500}, "Kinds in this file"),
        ({"path": "src/app.py", "kinds": "x"}, "no argument"),
        ({"path": "src/app.py", "start_line": "one"}, "whole number"),
    ],
)  # fmt: skip
async def test_bad_calls(use, put, bench, arguments, word):
    put("data.bin", b"\0\1")
    (bench.stage.tree / "empty").mkdir()
    result = await use("parse_ast", **arguments)
    assert not result.ok
    assert word in result.text


@pytest.mark.parametrize(
    "text",
    [
        b"-" * 200_000,
        b"(" * 200_000,
        b"x = " + b"[" * 100_000,
        b"if 1:\n " * 5_000,
        b"\0\xff" * 50_000,
        b"def f():\n  pass\n" * 20_000,
        b"",
    ],
    ids=["minus", "open", "lists", "deep", "bytes", "many", "empty"],
)
async def test_hostile_text_neither_crashes_nor_hangs(use, put, text):
    put("x.py", text)
    result = await use("parse_ast", path="x.py")
    assert result.ok, result.text
    assert len(result.text) <= limits().tools.output_characters


async def test_what_takes_too_long_is_ended(use, put, monkeypatch):
    put("x.py", b"a+" * 4_000_000)
    tools = msgspec.structs.replace(limits().tools, analysis_seconds=0.7)
    shorter = msgspec.structs.replace(limits(), tools=tools)
    monkeypatch.setattr("tools.outline.limits", lambda: shorter)
    started = time.monotonic()
    result = await use("parse_ast", path="x.py")
    assert "ended after 0.7 seconds" in result.text
    assert time.monotonic() - started < SOON
    put("y.py", b"#" * (limits().tools.file_bytes + 1))
    assert "too many to analyse" in (await use("parse_ast", path="y.py")).text


async def test_many_symbols_are_cut_and_it_is_said(use, put):
    put("x.py", "".join(f"def f{n}(): ...\n" for n in range(5_000)))
    result = await use("parse_ast", path="x.py")
    assert len(result.text) <= limits().tools.output_characters
    assert "start_line and end_line" in result.text


async def test_the_worker_takes_nothing_from_the_project(use, put, bench):
    put("json.py", "raise SystemExit('hijacked')\n")
    put("tree_sitter.py", "raise SystemExit('hijacked')\n")
    (bench.stage.tree / "sitecustomize.py").write_text("raise SystemExit('hijacked')\n")
    os.environ["PYTHONPATH"] = str(bench.stage.tree)
    try:
        assert "function add" in (await use("parse_ast", path="src/app.py")).text
    finally:
        del os.environ["PYTHONPATH"]
