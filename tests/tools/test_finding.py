"""Finding files: which globs match what, in which order, and what is left out."""

import os
import time

import pytest

from core.limits import limits
from tools.globs import BadGlob, Glob


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.py", ["a.py", "x/y/a.py", ".hidden/a.py"], ["a.pyc", "a.py/b"]),
        ("src/*.py", ["src/a.py"], ["src/x/a.py", "a/src/b.py"]),
        ("src/**/*.py", ["src/a.py", "src/x/y/a.py"], ["lib/a.py"]),
        ("**/test_*.py", ["test_a.py", "x/test_a.py"], ["x/a.py"]),
        ("src/", ["src/a", "src/x/b"], ["lib/src"]),
        ("src/**", ["src/a", "src/x/b"], ["src"]),
        ("*.{js,ts}", ["a.js", "x/a.ts"], ["a.jsx"]),
        ("a?.txt", ["ab.txt"], ["a.txt", "a/.txt"]),
        ("[ab].txt", ["a.txt", "x/b.txt"], ["c.txt"]),
        ("[!ab].txt", ["c.txt"], ["a.txt"]),
        ("a+(b).txt", ["a+(b).txt"], ["aab.txt"]),
        ("{a.txt", ["{a.txt"], ["a.txt"]),
        ("[a.txt", ["[a.txt"], ["a.txt"]),
        ("./src/*.py", ["src/a.py"], []),
        ("**/x/**/y.py", ["x/y.py", "a/x/b/c/y.py"], ["x/y.pyc", "y.py"]),
        ("*a*b*", ["xaxbx", "ab"], ["ba"]),
        ("{src,lib}/**/*.{py,pyi}", ["src/a.py", "lib/x/a.pyi"], ["a.py", "src/a.ts"]),
        ("Makefile", ["Makefile", "x/Makefile"], ["Makefile.am"]),
    ],
)
def test_globs(pattern, yes, no):
    wanted = Glob(pattern)
    assert [name for name in yes if not wanted.matches(name)] == []
    assert [name for name in no if wanted.matches(name)] == []


@pytest.mark.parametrize("pattern", ["", "  ", "/etc/*", "../*", "a/../../b", "x" * 600, "*" * 13, "\0"])
def test_what_is_no_glob(pattern):
    if pattern == "*" * 13:
        pattern = "*a" * 13
    with pytest.raises(BadGlob):
        Glob(pattern)


async def test_the_last_changed_come_first_and_ignored_ones_never(use, put, bench):
    put("old.py", "x")
    os.utime(bench.stage.tree / "old.py", (1, 1))
    put("new.py", "xy")
    (bench.stage.tree / "__pycache__").mkdir()
    (bench.stage.tree / "__pycache__" / "c.py").write_text("")
    result = await use("find_files", pattern="*.py")
    assert result.text.split("\n")[0] == "new.py (2)"
    assert result.text.split("\n")[-1] == "old.py (1)"
    assert "src/app.py" in result.text
    assert "__pycache__" not in result.text


async def test_in_a_folder(use):
    assert (await use("find_files", pattern="*.py", path="src")).text.startswith("src/app.py (")
    result = await use("find_files", pattern="*.zzz", path="src")
    assert result.ok
    assert "No file in src matches *.zzz (1 files" in result.text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"pattern": "*.py", "path": "none"}, "There is no none"),
        ({"pattern": "*.py", "path": "src/app.py"}, "is a file"),
        ({"pattern": "*.py", "path": ".."}, "out of the project"),
        ({"pattern": ""}, "is empty"),
        ({}, "needs “pattern”"),
        ({"pattern": ["*.py", "*.md"]}, "must be text"),
        ({"pattern": "*.py", "depth": 2}, "no argument “depth”"),
    ],
)
async def test_bad_calls(use, arguments, word):
    result = await use("find_files", **arguments)
    assert not result.ok
    assert word in result.text


async def test_many_files_are_cut_and_it_is_said(use, bench):
    (bench.stage.tree / "many").mkdir()
    for number in range(limits().tools.list_entries + 50):
        (bench.stage.tree / "many" / f"{number}.txt").touch()
    result = await use("find_files", pattern="*.txt")
    assert f"(The {limits().tools.list_entries} that were changed last, of 450." in result.text


async def test_no_pattern_freezes(use, put):
    put("a" * 200 + ".txt", "")
    started = time.process_time()
    await use("find_files", pattern="*a" * 12 + "b")
    await use("find_files", pattern="**/" * 4 + "*a" * 4 + "b")
    assert time.process_time() - started < 5
