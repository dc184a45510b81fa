"""Searching: what is found, and that no pattern freezes anything."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from core.limits import limits
from tests.support.cases import naughty_strings

needs_ripgrep = pytest.mark.skipif(
    not (shutil.which("rg") or Path(sys.executable).with_name("rg").exists()),
    reason="ripgrep is not installed here",
)


@pytest.fixture(autouse=True)
def without_ripgrep(request, monkeypatch):
    """Our own worker, unless the test is about ripgrep: what is installed here must not matter."""
    if "ripgrep" not in request.node.name:
        monkeypatch.setattr("tools.search.shutil.which", lambda *_, **__: None)


@needs_ripgrep
async def test_ripgrep_says_the_same_as_the_worker(use, put, monkeypatch):
    put("docs/a.md", "one\r\nfind me here\r\n")
    put("node_modules/x.js", "find me\n")
    put(".hidden/x:1", "find me\n")
    put("x.bin", b"\0find me\n")
    put("docs/b/deep.md", "1\n2\n3\nfind me\n5\n6\nfind me\n8\n")
    put("docs.md", "find me")
    calls = [{"pattern": each} for each in (r"f\w+ me", "nowhere", "find(?= me)", "find(", ".", "(?i)FIND")]
    calls += [{"pattern": "find", "context": each} for each in (1, 2, 5, 99, -1)]
    calls += [{"pattern": "find", "glob": each} for each in GLOBS]
    calls += [{"pattern": "find", "path": "docs", "glob": each} for each in GLOBS]
    calls += [{"pattern": "find", "path": "docs.md"}, {"pattern": "1|2|8", "path": "docs/b", "context": 1}]
    for call in calls:
        with_it = await use("search_files", **call)
        with monkeypatch.context() as patch:
            patch.setattr("tools.search.shutil.which", lambda *_, **__: None)
            without = await use("search_files", **call)
        assert with_it == without, call


GLOBS = (
    "*.md",
    "docs/**",
    "b/*.md",
    "docs/b/*.md",
    "!*.md",
    "*.{md,js}",
    "*.md, *.py",
    "docs/",
    "**/deep.*",
    "d*.m[a-e]",
)


async def test_globs_and_context(use, put):
    put("docs/a.md", "one\nfind me\nthree\n")
    put("docs/b/deep.txt", "find me\n")
    assert (await use("search_files", pattern="find", glob="*.md")).text == "docs/a.md:2: find me"
    assert (await use("search_files", pattern="find", glob="docs/b/")).text == "docs/b/deep.txt:1: find me"
    assert (await use("search_files", pattern="find", glob="!*.md")).text == "docs/b/deep.txt:1: find me"
    around = await use("search_files", pattern="find", context="1")
    assert (
        around.text
        == "docs/a.md-1- one\ndocs/a.md:2: find me\ndocs/a.md-3- three\n--\ndocs/b/deep.txt:1: find me"
    )
    assert "in files like *.rs" in (await use("search_files", pattern="find", glob="*.rs")).text
    assert not (await use("search_files", pattern="find", glob="/etc/*")).ok


@needs_ripgrep
async def test_ripgrep_with_very_many_matches_gives_the_first_ones(use, put):
    for number in range(40):
        put(f"pkg{number:02}/many.txt", "match\n" * 2_000)
    result = await use("search_files", pattern="match")
    lines = result.text.split("\n")
    assert lines[0] == "pkg00/many.txt:1: match"
    assert (
        lines[limits().tools.search_matches - 1] == f"pkg00/many.txt:{limits().tools.search_matches}: match"
    )
    assert f"Only the first {limits().tools.search_matches}" in lines[-1]


async def test_matches_come_with_path_and_line(use, put):
    put("docs/a.md", "one\r\nfind me here\r\n")
    result = await use("search_files", pattern=r"f\w+ me|def \w+")
    assert result.ok
    assert result.text.split("\n") == ["docs/a.md:2: find me here", "src/app.py:1: def add(a, b):"]


async def test_a_path_narrows(use, put):
    put("docs/a.md", "def x\n")
    assert (await use("search_files", pattern="def", path="docs")).text == "docs/a.md:1: def x"
    assert (
        await use("search_files", pattern="def", path="src/app.py")
    ).text == "src/app.py:1: def add(a, b):"
    missing = await use("search_files", pattern="def", path="app.py")
    assert not missing.ok
    assert "Did you mean src/app.py?" in missing.text


async def test_no_match_is_no_error(use):
    result = await use("search_files", pattern="nowhere to be found")
    assert result.ok
    assert result.text == "No match."


async def test_case_and_python_syntax(use, put):
    put("x.txt", "Hello World\n")
    assert "x.txt:1" in (await use("search_files", pattern="(?i)hello")).text
    assert "x.txt:1" in (await use("search_files", pattern="Hello(?= World)")).text


async def test_what_is_no_expression_is_searched_as_it_is(use, put):
    put("x.py", "print(foo(\n")
    result = await use("search_files", pattern="foo(")
    assert result.ok
    assert result.text.startswith("x.py:1: print(foo(\n")
    assert "plain text" in result.text


@pytest.mark.parametrize("pattern", ["", "a\nb", "a\0b", "x" * 3_000, "\ud800"])
async def test_patterns_that_cannot_be(use, pattern):
    result = await use("search_files", pattern=pattern)
    assert not result.ok
    assert result.text.endswith(".")


async def test_many_matches_and_long_lines_are_cut(use, put):
    put("many.txt", "match\n" * 5_000)
    put("min.js", "a" * 5_000 + " needle " + "b" * 50_000 + "\n")
    result = await use("search_files", pattern="match")
    most = limits().tools.search_matches
    assert len(result.text.split("\n")) == most + 1
    assert f"Only the first {most}" in result.text
    assert len((await use("search_files", pattern="a{20}")).text) < 1_000


async def test_binary_and_hidden_folders_and_links_are_left_out(use, put, bench, tmp_path):
    put("x.bin", b"\0needle\n")
    put("node_modules/x.js", "needle\n")
    put(".hidden/x", "needle\n")
    (tmp_path / "outside").write_text("needle\n")
    (bench.stage.tree / "link").symlink_to(tmp_path / "outside")
    (bench.stage.tree / "folder").symlink_to(tmp_path)
    assert (await use("search_files", pattern="needle")).text == ".hidden/x:1: needle"


async def test_a_pattern_that_never_ends_is_ended_and_the_loop_goes_on(use, put, monkeypatch):
    short = msgspec.structs.replace(
        limits(), tools=msgspec.structs.replace(limits().tools, search_seconds=0.4)
    )
    monkeypatch.setattr("tools.search.limits", lambda: short)
    put("a.txt", "a" * 40 + "b\n")
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.01)

    heart = asyncio.create_task(beat())
    result = await use("search_files", pattern="(a+)+$")
    heart.cancel()
    if "ended after" in result.text:
        assert result.text.startswith("No match so far.")
        assert not result.ok
        assert beats > 2


async def test_stop_ends_a_search(use, put, bench, monkeypatch):
    put("a.txt", "a" * 40 + "b\n")
    asyncio.get_running_loop().call_later(0.2, bench.stop.set)
    result = await use("search_files", pattern=r"(a+)+(?=\d)$")
    assert not result.ok
    assert "stopped" in result.text


async def test_a_repository_cannot_bring_its_own_ripgrep(use, put, bench, monkeypatch):
    put("bin/rg", "#!/bin/sh\necho 'evil:1: evil'\n")
    (bench.stage.tree / "bin" / "rg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bench.stage.tree}/bin:.:{os.environ['PATH']}")
    assert "evil:1" not in (await use("search_files", pattern="add")).text


async def test_naughty_strings_are_patterns_too(use, put):
    strings = naughty_strings()[::40]
    for text in strings:
        result = await use("search_files", pattern=text)
        assert result.text
        result.text.encode("utf-8")


async def test_a_file_that_is_too_large_to_be_read_is_searched_all_the_same(use, put):
    """read_file sends there whoever wants to read it."""
    put("big.txt", (b"hay " * 250 + b"\n") * 10_600 + b"a needle\n")
    assert not (await use("read_file", path="big.txt")).ok
    assert (await use("search_files", pattern="needle")).text == "big.txt:10601: a needle"


@needs_ripgrep
async def test_so_it_is_by_ripgrep(use, put):
    put("big.txt", (b"hay " * 250 + b"\n") * 10_600 + b"a needle\n")
    assert (await use("search_files", pattern="needle")).text == "big.txt:10601: a needle"


@needs_ripgrep
async def test_of_a_long_line_ripgrep_shows_what_is_around_the_match(use, put):
    put("min.js", "var a='" + "z" * 5_000 + "NEEDLE" + "q" * 500_000 + "NEEDLE';\nshort NEEDLE\n")
    result = await use("search_files", pattern="(?i)needle|^never$", context=1)
    first, second = result.text.split("\n")
    assert first.startswith("min.js:1: …zzz")
    assert "NEEDLEqqq" in first
    assert len(first) < 400
    assert second == "min.js:2: short NEEDLE"
