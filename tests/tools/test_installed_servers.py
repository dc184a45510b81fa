"""Language servers that are installed here by chance, on a small project in their language: all four tools."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import pygit2
import pytest

from core.sandbox import open_sandbox
from core.stage import Stage
from tools.analysis import servers_of
from tools.lsp.program import NoServer, find_program
from tools.registry import call
from tools.workbench import Workbench


@dataclass(frozen=True)
class Language:
    """A project of two files: one defines `total`, the other one uses it and has a fault."""

    files: Mapping[str, str]
    till: str
    symbol: str
    used: int
    """The line of `till` that uses it."""
    defined: str
    """How the definition's row begins."""
    signature: str
    fault: str
    """In what is said about `till`."""
    mended: tuple[str, str]
    """What of `till` to replace, and with what, so that nothing is wrong with it."""
    more: tuple[str, str]
    """A file that nobody opens, and its text, which uses it too."""


TYPESCRIPT = Language(
    {
        "tsconfig.json": '{"compilerOptions": {"strict": true, "target": "es2020", "module": "commonjs"}}',
        "package.json": '{"name": "till", "version": "1.0.0"}',
        "src/basket.ts": "export class Basket {\n  constructor(private prices: number[]) {}\n\n  /** The sum with tax. */\n"
        "  total(tax: number = 0): number {\n    return this.prices.length + tax;\n  }\n}\n",
        "src/till.ts": 'import { Basket } from "./basket";\n\nexport function pay(basket: Basket): number {\n'
        "  return basket.total(3);\n}\n\nexport const wrong: string = pay(new Basket([1]));\n",
    },
    "src/till.ts",
    "total",
    4,
    "src/basket.ts:5: total(tax",
    "Basket.total(tax?: number): number",
    "7:14: error: Type 'number' is not assignable to type 'string'",
    ("wrong: string", "right: number"),
    ("src/view.tsx", 'import { Basket } from "./basket";\nexport const cost = (b: Basket) => b.total();\n'),
)
GO = Language(
    {
        "go.mod": "module till\n\ngo 1.19\n",
        "shop/basket.go": "package shop\n\ntype Basket struct{ Prices []int }\n\n// Total is the sum with tax.\n"
        "func (b Basket) Total(tax int) int { return len(b.Prices) + tax }\n",
        "main.go": 'package main\n\nimport "till/shop"\n\nfunc main() {\n\tbasket := shop.Basket{}\n'
        "\tvar wrong string = basket.Total(3)\n\tprintln(wrong)\n}\n",
    },
    "main.go",
    "Total",
    7,
    "shop/basket.go:6: func (b Basket) Total",
    "Total(tax int) int",
    "7:21: error: cannot use basket.Total(3)",
    ("string", "int"),
    ("more.go", 'package main\n\nimport "till/shop"\n\nfunc more() int { return shop.Basket{}.Total(1) }\n'),
)
C = Language(
    {
        "basket.h": "/** The sum with tax. */\nstatic inline int total(int count, int tax) { return count + tax; }\n",
        "till.c": '#include "basket.h"\n\nint pay(void) { return total(2, 1); }\nint wrong(void) { return nothing; }\n',
    },
    "till.c",
    "total",
    3,
    "basket.h:2: static inline int total",
    "int total(int count, int tax)",
    "4:26: error: Use of undeclared identifier 'nothing'",
    ("nothing", "0"),
    ("more.c", '#include "basket.h"\n\nint more(void) { return total(1, 1); }\n'),
)


@pytest.fixture(params=[TYPESCRIPT, GO, C], ids=["typescript", "go", "c"])
def known(request, tmp_path):
    """A language, the name of its server, and a place of work on its project."""
    language, project = request.param, tmp_path / "project"
    for path, text in language.files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    pygit2.init_repository(str(project))
    try:
        name = find_program(project, language.till).kind.name
    except NoServer as none:
        pytest.skip(str(none))
    stage = Stage.create(project, tmp_path / "stage")
    sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
    yield language, name, Workbench(stage, sandbox, threading.Event(), "r1", "n", "architect")
    sandbox.services.close()


async def said(bench: Workbench, name: str, **arguments) -> str:
    result = await call(name, arguments, bench)
    assert result.ok, result.text
    return result.text


async def test_all_four_tools_are_answered_by_the_server_and_follow_the_stage(known):
    language, server, bench = known
    used = {"path": language.till, "symbol": language.symbol, "line": language.used}
    found = await said(bench, "diagnostics", path=language.till)
    assert f"diagnostics of {language.till}, by {server}" in found
    assert language.fault in found
    assert f"by {server}:\n{language.defined}" in await said(bench, "go_to_definition", **used)
    about = await said(bench, "get_type_info", **used)
    assert f"by {server}:\n" in about
    assert language.signature in about
    assert "sum with tax" in about
    found = await said(bench, "find_references", **used)
    assert f"by {server}:\n" in found
    assert f"{language.till}:{language.used}: " in found
    await follows(language, bench, used)
    assert not (bench.stage.project / language.more[0]).exists()
    process = servers_of(bench).server_for(language.till, lambda: False)
    bench.sandbox.services.close()
    assert process.gone


async def follows(language: Language, bench: Workbench, used: Mapping[str, object]) -> None:
    """What nodes write counts at once: in a file that nobody opens, in one that is used, and in the file itself."""
    stage, (path, text) = bench.stage, language.more
    stage.write(path, text.encode())
    if not path.endswith(".c"):  # clangd knows a file that no compile_commands.json names once it is opened
        assert f"{path}:" in await said(bench, "find_references", **used)
    place, line, rest = language.defined.split(":", 2)
    first, _, others = language.files[place].partition("\n")
    stage.write(place, f"{first}\n\n\n{others}".encode())
    assert f"{place}:{int(line) + 2}:{rest}" in await said(bench, "go_to_definition", **used)
    stage.write(language.till, language.files[language.till].replace(*language.mended).encode())
    assert "nothing to say" in await said(bench, "diagnostics", path=language.till)
