"""What our way to a language server adds: a tool call next to the same question asked over a bare pipe.

Usage: python bench/lsp.py [FILES]      (needs `heddle[python]`; the project is made up)

Both are asked in turns, so that a machine that is slower for a while is so for both.
Two kinds of definitions: of a class that is imported by its name, in a file of ten lines; and of a method of
something whose type must be inferred, in a file of two thousand, as most of them are in real work.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from _terminal import PRIORITY

from core.sandbox import open_sandbox
from core.stage import Stage
from tools.lsp.program import find_program, options_for
from tools.lsp.server import CAPABILITIES
from tools.registry import call
from tools.workbench import Workbench

FIRST = "class Thing0:\n    def work(self, amount: int) -> int:\n        return amount\n"
ROUNDS = 100
WARM = 5
START = "from jedi_language_server.cli import cli; cli()"
MODULE = '''from pkg.mod{before} import Thing{before}


class Thing{n}(Thing{before}):
    """Number {n}."""

    def work(self, amount: int) -> int:
        return super().work(amount) + {n}
'''


LARGE = 250
"""Classes in the large file."""
USE = "def use() -> int:\n    thing = make_large7()\n    return thing.work7(1)\n"


def large() -> str:
    """A file of two thousand lines whose last ones use what stands further up."""
    rows = ["from pkg.mod5 import Thing5", ""]
    for n in range(LARGE):
        rows += ["", "", f"class Large{n}(Thing5):", f"    def work{n}(self, amount: int) -> int:"]
        rows += [
            f"        return self.work(amount) + {n}",
            "",
            "",
            f"def make_large{n}():",
            f"    return Large{n}()",
        ]
    return "\n".join([*rows, "", "", USE])


def make(project: Path, files: int) -> None:
    (project / "pkg").mkdir(parents=True)
    (project / "pkg" / "large.py").write_text(large())
    (project / "pkg" / "__init__.py").write_text("")
    (project / "pkg" / "mod0.py").write_text(
        "class Thing0:\n    def work(self, amount: int) -> int:\n        return amount\n"
    )
    for number in range(1, files):
        (project / "pkg" / f"mod{number}.py").write_text(MODULE.format(n=number, before=(number - 1) % 10))


class Bare:
    """The least that can ask a server: two pipes and a loop."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._id = 0
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", START],
            cwd=project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        options = options_for(find_program(project, "x.py").kind, project)
        hello = {"rootUri": project.as_uri(), "capabilities": CAPABILITIES, "initializationOptions": options}
        self.ask("initialize", {"processId": None, **hello})
        self.tell("initialized", {})

    def tell(self, method: str, params: object, **more: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def ask(self, method: str, params: object) -> object:
        self._id += 1
        self.tell(method, params, id=self._id)
        assert self._process.stdout
        while True:
            length = 0
            while (line := self._process.stdout.readline()).strip():
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            message = json.loads(self._process.stdout.read(length))
            if message.get("id") == self._id and "method" not in message:
                return message.get("result")

    def open(self, name: str) -> None:
        uri = (self._project / name).as_uri()
        text = (self._project / name).read_text()
        self.tell(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "python", "version": 1, "text": text}},
        )

    def at(self, name: str, line: int, character: int) -> dict[str, object]:
        uri = (self._project / name).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def floor(bare: Bare) -> dict[str, Callable[[], object]]:
    """The questions, as a bare pipe asks them."""
    bare.open("pkg/mod5.py")
    bare.open("pkg/large.py")
    last = large().count("\n") - 1
    where = bare.at("pkg/mod5.py", 6, 9)
    used = {**where, "context": {"includeDeclaration": True}}
    return {
        "get_type_info": lambda: bare.ask("textDocument/hover", where),
        "go_to_definition": lambda: bare.ask("textDocument/definition", bare.at("pkg/mod5.py", 3, 14)),
        "go_to_definition, large": lambda: bare.ask(
            "textDocument/definition", bare.at("pkg/large.py", last, 19)
        ),
        "find_references": lambda: bare.ask("textDocument/references", used),
    }


def ours(bench: Workbench) -> dict[str, Callable[[], Awaitable[None]]]:
    """The same questions as tool calls, on a loop that runs, as an agent's does."""
    questions = {
        "get_type_info": {"path": "pkg/mod5.py", "symbol": "work", "line": 7},
        "go_to_definition": {"path": "pkg/mod5.py", "symbol": "Thing4", "line": 4},
        "go_to_definition, large": {
            "path": "pkg/large.py",
            "symbol": "work7",
            "line": large().count("\n"),
        },
        "find_references": {"path": "pkg/mod5.py", "symbol": "work", "line": 7},
    }

    async def ask(name: str) -> None:
        result = await call(name.partition(",")[0], questions[name], bench)
        assert "by jedi-language-server" in result.text, result.text

    return {name: lambda name=name: ask(name) for name in questions}


async def compared(bare: Callable[[], object], whole: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Seconds of both, the middle one of many."""
    pairs = list[tuple[float, float]]()
    for _ in range(ROUNDS + WARM):
        start = time.perf_counter()
        bare()
        between = time.perf_counter()
        await whole()
        pairs.append((between - start, time.perf_counter() - between))
    first, second = zip(*pairs[WARM:], strict=True)
    return median(first), median(second)


async def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        project, top = Path(name) / "project", Path(name)
        make(project, files)
        stage = Stage.create(project, top / "stage")
        sandbox = open_sandbox(stage.tree, project, allow_unconfined=True)
        bench = Workbench(stage, sandbox, threading.Event(), run="r1", node="architect", role="architect")
        bare = Bare(project)
        print(PRIORITY)
        asked, called = floor(bare), ours(bench)
        print(
            f"{files} files, median of {ROUNDS}; the server alone, a tool call, the ratio (aim: at most 1.2)"
        )
        for tool in asked:
            alone, whole = await compared(asked[tool], called[tool])
            print(f"{tool:24} {alone * 1e3:8.1f} ms {whole * 1e3:8.1f} ms  {whole / alone:5.2f}")
        sandbox.services.close()
        bare.close()


if __name__ == "__main__":
    asyncio.run(main())
