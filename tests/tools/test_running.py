"""Code that a model wrote, linters and formatters: in the sandbox, as the project is set up."""

import asyncio
import os
import pwd
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.support.waiting import SOON
from tools.linting import _edition

LANGUAGES = {
    "python": "import sys; from src.app import add; print('sum', add(2, 3)); sys.exit(0)",
    "py": "print('sum', 5)",
    "bash": "x=(2 3); echo sum $((x[0]+x[1]))",
    "sh": "echo sum 5",
    "javascript": "const fs = require('fs'); console.log('sum', fs.existsSync('src/app.py') ? 5 : 0)",
    "ruby": "puts 'sum 5'",
    "perl": "print 'sum 5'",
}
PROGRAMS = {"javascript": "node", "py": "python3", "python": "python3"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_code_runs_in_the_projects_folder(use, language):
    if not shutil.which(PROGRAMS.get(language, language)):
        pytest.skip(f"{language} is not installed here")
    result = await use("execute_code", language=language, code=LANGUAGES[language])
    assert result.ok, result.text
    assert result.text == "Exit code 0.\nsum 5"
    assert result.changed == ()


async def test_code_that_fails_says_how_and_what_it_changed(use):
    code = "open('made.txt', 'w').write('x')\nraise ValueError('no')"
    result = await use("execute_code", language="Python", code=code)
    assert not result.ok
    assert result.text.startswith("Exit code 1.\n")
    assert "ValueError: no" in result.text
    assert result.changed == ("made.txt",)


async def test_the_code_is_not_in_the_environment_and_has_no_input(use):
    code = "import os, sys; print(os.environ.get('HEDDLE_CODE'), sys.stdin.read() == '')"
    assert (await use("execute_code", language="python", code=code)).text.endswith("\nNone True")


@pytest.mark.parametrize(
    ("language", "code", "said"),
    [
        ("cobol", "x", "language must be one of: python, javascript"),
        ("python", "  ", "The code is empty."),
        ("python", "x = '\0'", "holds NUL"),
        ("python", "x = '\ud800'", "surrogate"),
        pytest.param("python", "#" * 200_000, "longer than 100,000 bytes", id="long"),
        ("", "x", "language must be"),
    ],
)
async def test_code_that_cannot_be_run(use, language, code, said):
    result = await use("execute_code", language=language, code=code)
    assert not result.ok
    assert said in result.text


async def test_a_language_that_is_not_installed(use, monkeypatch):
    from tools import running

    absent = {"perl": running._Language(names=("perl",), programs=(("no-such-perl", "-"),))}
    monkeypatch.setattr(running, "_languages", lambda: absent)
    result = await use("execute_code", language="perl", code="print 1")
    assert result.text == "Not installed here: no-such-perl. Use another language, or run_command."


async def test_stop_ends_code(use, bench):
    code = "import time; open('up', 'w').close(); time.sleep(600)"
    task = asyncio.create_task(use("execute_code", language="python", code=code))
    while not (bench.stage.tree / "up").exists():
        await asyncio.sleep(0.01)
    bench.stop.set()
    stopped = time.monotonic()
    assert not (await task).ok
    assert time.monotonic() - stopped < SOON


@pytest.fixture
def programs(project: Path):
    """The project's environment has the programs of the one that runs this test."""
    (project / ".venv").symlink_to(sys.prefix)
    (project / ".gitignore").write_text(".venv\n__pycache__/\n")


async def test_ruff_checks_changed_files_only(programs, use, put):
    await use("write_file", path="src/new.py", content="import os\n")
    put("src/old.js", "var x\n")
    result = await use("run_linter")
    assert not result.ok
    assert "src/new.py:1:8: F401" in result.text
    assert "app.py" not in result.text
    assert "1 .js files were left alone: the project is not set up for any (eslint)." in result.text
    assert result.changed == ()
    clean = await use("run_linter", path="src/app.py")
    assert clean.ok
    assert clean.text == "Nothing was found by ruff check: 1 file."


async def test_the_projects_own_configuration_decides(programs, use, put):
    put("ruff.toml", '[lint]\nselect = ["E"]\n[format]\nquote-style = "single"\n')
    put("src/new.py", 'import os\nx = [ "a" ]\n')
    assert (await use("run_linter", path="src")).ok
    result = await use("format_code", path="src/new.py")
    assert result.ok, result.text
    assert result.changed == ("src/new.py",)
    assert result.text == "Formatted by ruff format: 1 file.\nChanged: src/new.py"
    assert "x = ['a']" in (await use("read_file", path="src/new.py")).text


async def test_nothing_is_formatted_against_the_projects_will(programs, use, put):
    put("x.py", "x = [ 1 ]\n")
    result = await use("format_code", path="x.py")
    assert not result.ok
    assert result.text == (
        "1 .py files were left alone: the project is not set up for any (ruff format, black)."
    )
    assert result.changed == ()


async def test_what_is_set_up_but_not_installed_is_named(use, put, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    put(".prettierrc", "{}")
    put("x.css", "a{}")
    result = await use("format_code", path="x.css")
    assert (
        "the project uses prettier, which is not installed (npm install --save-dev prettier)" in result.text
    )


async def test_the_projects_own_prettier_is_taken(project, use, put):
    """A stand-in of the project's own: which program is chosen and what it gets is ours."""
    own = project / "node_modules" / ".bin" / "prettier"
    own.parent.mkdir(parents=True)
    own.write_text('#!/bin/sh\nfor f; do :; done\necho "$@" > args.txt\necho formatted > "$f"\n')
    own.chmod(0o755)
    (project / ".gitignore").write_text("node_modules/\n")
    put("package.json", '{"prettier": {}}')
    put("x.css", "a{}")
    result = await use("format_code", path="x.css")
    assert result.ok, result.text
    assert (await use("read_file", path="args.txt")).text.strip().endswith("--write --log-level=warn ./x.css")
    assert set(result.changed) == {"args.txt", "x.css"}


@pytest.mark.skipif(not shutil.which("rustfmt"), reason="rustfmt is not installed here")
async def test_rustfmt_where_it_is(use, put, monkeypatch):
    for name in ("rustup", "cargo"):  # the test's home is not the one where they are installed
        monkeypatch.setenv(f"{name.upper()}_HOME", f"{pwd.getpwuid(os.getuid()).pw_dir}/.{name}")
    put("Cargo.toml", '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n')
    put("src/lib.rs", "pub async fn x( )->u8{1}\n")
    checked = await use("run_linter", path="src/lib.rs")
    if "rustup" in checked.text:
        pytest.skip(f"rustfmt does not run here: {checked.text[:200]}")
    assert not checked.ok
    assert "Diff in" in checked.text
    assert (await use("format_code", path="src/lib.rs")).changed == ("src/lib.rs",)


def test_rustfmt_is_told_the_edition_of_the_crate(bench, put):
    put("Cargo.toml", '[workspace]\nmembers = ["a", "b"]\n[workspace.package]\nedition = "2024"\n')
    put("a/Cargo.toml", '[package]\nname = "a"\nedition.workspace = true\n')
    put("b/Cargo.toml", '[package]\nname = "b"\nedition = "2018"\n')
    put("c/Cargo.toml", '[package]\nname = "c"\n')
    found = [_edition(bench.stage.tree, (f"{crate}/src", crate, ".")) for crate in "abc"]
    assert found == [("--edition", "2024"), ("--edition", "2018"), ()]


async def test_a_part_of_the_project_is_set_up_for_itself(project, use, put):
    """Its configuration, its own program, run in its folder: stand-ins that say what they got."""
    for folder in ("web", "."):
        own = project / folder / "node_modules" / ".bin" / "prettier"
        own.parent.mkdir(parents=True)
        own.write_text('#!/bin/sh\npwd > where.txt\nfor f; do :; done\necho "by $0" > "$f"\n')
        own.chmod(0o755)
    (project / ".gitignore").write_text("node_modules/\nwhere.txt\n")
    put("web/.prettierrc", "{}")
    put("web/src/x.css", "a{}")
    put("other.css", "a{}")
    result = await use("format_code", path=".")
    assert "Formatted by prettier in web: 1 file." in result.text, result.text
    assert "1 .css files were left alone: the project is not set up for any (prettier)." in result.text
    assert "web/node_modules" in (await use("read_file", path="web/src/x.css")).text
    assert (await use("read_file", path="other.css")).text == "    1\ta{}"


async def test_what_nothing_is_known_for_is_told_in_one_line(use, put):
    for name in ("a.xyz", "b.abc", "LICENCE", "c.xyz"):
        put(f"docs/{name}", "x\n")
    result = await use("run_linter", path="docs")
    told = "4 files were left alone: nothing is known that fits them (without a suffix, .abc, .xyz)."
    assert result.text == told


@pytest.mark.parametrize("tool", ["run_linter", "format_code"])
async def test_nothing_to_look_at(use, tool):
    assert (await use(tool)).text == "No file was changed so far. Give a path."
    assert "There is no nowhere.py" in (await use(tool, path="nowhere.py")).text
    assert not (await use(tool, path="../x")).ok
    alone = await use(tool, path="README.md")
    assert ".md files were left alone" in alone.text
