"""Complexity as lizard measures it, worst first and bounded."""

import msgspec
import pytest

from core.limits import limits

PYTHON = """def simple(a):
    return a


def hard(a, b, c):
    if a and b:
        for x in c:
            while x:
                x -= 1
    elif b:
        return 1
    return 2
"""


async def test_the_worst_comes_first(use, put):
    put("src/hard.py", PYTHON)
    put("web/a.ts", "export function pick(a: number) { if (a > 1) { return 1 } return 2 }\n")
    result = await use("analyze_complexity")
    assert result.ok
    rows = result.text.split("\n")
    assert rows[0] == "4 functions in 3 files (by lizard), mean complexity 2.5. Worst first:"
    assert rows[1] == "complexity 6, 8 lines, 3 arguments | src/hard.py:5 hard"
    assert rows[2] == "complexity 2, 1 lines, 1 arguments | web/a.ts:1 pick"


async def test_one_file(use):
    result = await use("analyze_complexity", path="src/app.py")
    assert result.text == (
        "1 functions (by lizard), mean complexity 1.0. Worst first:\n"
        "complexity 1, 2 lines, 2 arguments | src/app.py:1 add"
    )


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("none", "There is no none"),
        ("README.md", "no language"),
        ("empty", "No file in empty"),
        ("../x", "out of"),
    ],
)
async def test_bad_calls(use, bench, path, word):
    (bench.stage.tree / "empty").mkdir()
    result = await use("analyze_complexity", path=path)
    assert not result.ok
    assert word in result.text


async def test_many_functions_are_cut_and_it_is_said(use, put):
    put("x.py", "".join(f"def f{n}():\n    pass\n" for n in range(200)))
    result = await use("analyze_complexity", path="x.py")
    assert result.text.count("\ncomplexity 1,") == limits().tools.complexity_rows
    assert "The worst 60 of 200" in result.text


async def test_hostile_text_is_ended(use, put, monkeypatch):
    put("x.py", b"def f(" * 200_000)
    put("y.py", b"(" * 300_000)
    put("z.js", b"\0\xff`${" * 20_000)
    tools = msgspec.structs.replace(limits().tools, analysis_seconds=1.5)
    shorter = msgspec.structs.replace(limits(), tools=tools)
    monkeypatch.setattr("tools.outline.limits", lambda: shorter)
    for name in ("x.py", "y.py", "z.js"):
        result = await use("analyze_complexity", path=name)
        assert result.ok or "took more than" in result.text or "could not measure" in result.text, result.text
