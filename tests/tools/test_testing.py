"""Running a project's tests: which runner, whose interpreter, and what a run means."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.limits import limits
from tools.reports import read
from tools.runners import Target, find_kind, interpreter_of, runner_for
from tools.workbench import TestFailure, ToolError

CASE = """\
import unittest
from src.app import add

class Adding(unittest.TestCase):
    def test_right(self):
        self.assertEqual(add(1, 2), 3)

    def test_wrong(self):
        self.assertEqual(add(1, 2), {wanted})

    @unittest.skip("later")
    def test_later(self):
        pass
"""


PYTEST = """\
import pytest, sys
from src.app import add

def test_right():
    assert add(1, 2) == 3

@pytest.mark.parametrize('x', [1, 2])
def test_wrong(x):
    assert add(x, 1) == 2

@pytest.mark.skip
def test_later(): pass

def test_prefix():
    assert sys.prefix.endswith('/.venv')
"""
LEAN = "[pytest]\naddopts = -q -p no:hypothesispytest -p no:textual-snapshot -p no:syrupy -p no:xdist -p no:anyio\n"
"""Few plugins, since each costs time to import."""


@pytest.fixture
def with_pytest(project):
    """The project has an environment in which pytest is installed: the one that runs this test."""
    (project / ".venv").symlink_to(sys.prefix)
    (project / ".gitignore").write_text(".venv\n__pycache__/\n")


async def test_unittest_passes(use, put):
    put("tests/test_app.py", CASE.format(wanted=3))
    result = await use("run_tests")
    assert result.ok, result.text
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.passed, result.tests.failed, result.tests.skipped) == (
        "passed",
        2,
        0,
        1,
    )
    assert result.text.startswith("Tests passed (unittest): 2 passed, 0 failed, 1 skipped.")
    assert result.changed == ()


async def test_unittest_fails_with_a_place(use, put):
    put("tests/test_app.py", CASE.format(wanted=4))
    result = await use("run_tests")
    assert not result.ok
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.passed, result.tests.failed) == ("failed", 1, 1)
    (failure,) = result.tests.failures
    assert (failure.file, failure.line, failure.message) == ("tests/test_app.py", 9, "AssertionError: 3 != 4")
    assert "(tests/test_app.py:9): AssertionError: 3 != 4" in result.text


@pytest.mark.parametrize(
    ("target", "passed", "failed"),
    [
        ("tests/test_app.py", 1, 1),
        ("tests", 2, 1),
        ("tests/test_app.py::Adding::test_right", 1, 0),
        ("tests.test_app.Adding.test_wrong", 0, 1),
        ("tests.test_other", 1, 0),
    ],
)
async def test_a_target_narrows_unittest(use, put, target, passed, failed):
    put("tests/test_app.py", CASE.format(wanted=4))
    put("tests/test_other.py", "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n")
    result = await use("run_tests", target=target)
    assert result.tests is not None
    assert (result.tests.passed, result.tests.failed) == (passed, failed), result.text


async def test_pytest_of_the_projects_own_environment(use, put, with_pytest):
    put("pytest.ini", LEAN)
    put("tests/test_app.py", PYTEST)
    result = await use("run_tests")
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.passed, result.tests.failed, result.tests.skipped) == (
        "failed",
        3,
        1,
        1,
    )
    (failure,) = result.tests.failures
    assert (failure.test, failure.file, failure.line) == (
        "tests/test_app.py::test_wrong[2]",
        "tests/test_app.py",
        9,
    )
    assert failure.message == "assert 3 == 2"
    assert result.changed == ()
    one = await use("run_tests", target="tests/test_app.py::test_wrong[1]")
    assert one.ok
    assert one.tests is not None
    assert one.tests.passed == 1


async def test_pytest_that_cannot_collect_is_a_failure_and_one_without_tests_is_not_run(
    use, put, with_pytest
):
    put("pytest.ini", LEAN)
    nothing = await use("run_tests")
    assert nothing.tests is not None
    assert nothing.tests.outcome == "not_run"
    put("tests/test_broken.py", "import no_such_module\n\ndef test_x(): pass\n")
    broken = await use("run_tests")
    assert broken.tests is not None
    assert (broken.tests.outcome, broken.tests.failed) == ("failed", 1)
    assert broken.tests.failures[0].file == "tests/test_broken.py"
    put("conftest.py", "raise RuntimeError('broken conftest')\n")
    conftest = await use("run_tests")
    assert conftest.tests is not None
    assert conftest.tests.outcome == "failed"


async def test_without_pytest_its_tests_are_not_run(use, put, project):
    bare = project / ".venv"
    (bare / "bin").mkdir(parents=True)
    (bare / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (bare / "bin" / "python").write_text("#!/bin/sh\necho '/x/python: No module named pytest'\nexit 1\n")
    (bare / "bin" / "python").chmod(0o755)
    put("tests/test_app.py", "def test_x():\n    assert True\n")
    result = await use("run_tests")
    assert result.tests is not None
    assert result.tests.outcome == "not_run"
    assert "pytest is not installed" in result.text


async def test_no_tests_at_all(use):
    result = await use("run_tests")
    assert not result.ok
    assert result.tests is not None
    assert result.tests.outcome == "not_run"
    assert "no tests were found" in result.text


@pytest.mark.parametrize("target", ["-k evil", "--co", "tests/missing.py", "../x", "no.such.module"])
async def test_targets_that_cannot_be(use, put, target):
    put("tests/test_app.py", CASE.format(wanted=3))
    result = await use("run_tests", target=target)
    assert not result.ok
    assert result.tests is None or result.tests.outcome == "not_run"


async def test_tests_that_hang_have_failed(use, put, monkeypatch):
    short = msgspec.structs.replace(
        limits(), tools=msgspec.structs.replace(limits().tools, tests_seconds=1.0)
    )
    monkeypatch.setattr("tools.testing.limits", lambda: short)
    put("Makefile", "test:\n\tsleep 600\n")
    result = await use("run_tests")
    assert result.tests is not None
    assert result.tests.outcome == "failed"
    assert "did not end within 1 seconds" in result.tests.text


@pytest.mark.parametrize(
    ("recipe", "outcome", "passed", "failed"),
    [
        ("true", "passed", 0, 0),
        ("false", "failed", 0, 1),
        ("echo '3 passed, 1 failed in 0.1s'; exit 1", "failed", 3, 1),
        ("echo '2 failed in 0.1s'", "failed", 0, 2),
        ("no-such-program", "failed", 0, 1),
        ("echo 'pip: Temporary failure in name resolution'; exit 1", "not_run", 0, 0),
    ],
)
async def test_make(use, put, recipe, outcome, passed, failed):
    put("Makefile", f".PHONY: test\ntest:\n\t@{recipe}\n")
    result = await use("run_tests")
    assert result.tests is not None
    assert (result.tests.outcome, result.tests.passed, result.tests.failed) == (outcome, passed, failed), (
        result.text
    )
    assert result.ok == (outcome == "passed")


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pytest"),
        ({"setup.cfg": "[tool:pytest]\n"}, "pytest"),
        ({"tests/test_x.py": "def test_x(): pass\n"}, "pytest"),
        ({"x_test.py": "import unittest\n"}, "unittest"),
        ({"pyproject.toml": "not = [toml", "test_x.py": "import unittest\n"}, "unittest"),
        ({"package.json": '{"scripts": {"test": "node --test"}}'}, "npm"),
        ({"package.json": '{"scripts": {"test": "echo no test specified && exit 1"}}'}, None),
        ({"package.json": "[" * 10_000}, None),
        ({"go.mod": "module x\n"}, "go"),
        ({"Cargo.toml": "[package]\n"}, "cargo"),
        ({"Makefile": "all:\n\ntest: all\n"}, "make"),
        ({"Makefile": "test := 1\nlatest:\n"}, None),
        ({"node_modules/test_x.py": "import unittest\n"}, None),
    ],
)
def test_which_runner(tmp_path, files, kind):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert find_kind(tmp_path, None) == kind


def test_whose_interpreter(tmp_path):
    assert interpreter_of(tmp_path) == "python3"
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(os.path.realpath(sys.executable))
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert interpreter_of(tmp_path) == f"{tmp_path}/venv/bin/python"


def test_the_words_for_a_target(tmp_path):
    (tmp_path / "pkg").mkdir()
    assert runner_for("npm", tmp_path, "", Target("a.test.js")).argv == (
        "npm",
        "test",
        "--silent",
        "--",
        "a.test.js",
    )
    for script, words in (
        ("jest --ci", ("-t", "adds")),
        ("mocha", ("-g", "adds")),
        ("vitest", ("-t", "adds")),
    ):
        (tmp_path / "package.json").write_text(json.dumps({"scripts": {"test": script}}))
        assert runner_for("npm", tmp_path, "", Target("a.test.js", "adds")).argv[3:] == (
            "--",
            "a.test.js",
            *words,
        )
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"test": "node --test"}}))
    assert runner_for("npm", tmp_path, "", Target("a.test.js", "adds")).argv == (
        "node", "--test", "--test-name-pattern=adds", "a.test.js",
    )  # fmt: skip
    assert runner_for("go", tmp_path, "", Target("pkg", "TestX")).argv == (
        "go",
        "test",
        "-v",
        "-run",
        "TestX",
        "./pkg/...",
    )
    assert runner_for("go", tmp_path, "", None).argv == ("go", "test", "-v", "./...")
    for target, words in (
        (Target("tests/api.rs"), ("--test", "api")),
        (Target("tests/api.rs", "works"), ("--test", "api", "works")),
        (Target("src/lib.rs"), ("--lib",)),
        (Target("src/lib.rs", "tests::works"), ("--lib", "tests::works")),
        (Target("src/shop/basket.rs"), ("shop::basket::",)),
        (Target("src/shop/mod.rs", "works"), ("shop::", "works")[1:]),
        (Target("src"), ()),
    ):
        assert runner_for("cargo", tmp_path, "", target).argv == ("cargo", "test", "--no-fail-fast", *words)
    with pytest.raises(ToolError):
        runner_for("make", tmp_path, "", Target("x"))


JEST = "  ● sums › adds\n\nTests:       1 failed, 2 skipped, 3 passed, 6 total\nTime: 1 s\n"
NODE = "✖ adds (1ms)\nℹ tests 3\nℹ pass 2\nℹ fail 1\nℹ skipped 0\n"
GO = (
    "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n--- FAIL: TestB (0.00s)\n    a_test.go:7: wrong sum\n"
    "--- SKIP: TestC (0.00s)\nFAIL\nFAIL\tx/bad [build failed]\n"
)
CARGO = (
    "test a::works ... ok\ntest a::breaks ... FAILED\n\nthread 'a::breaks' (7) panicked at src/lib.rs:9:5:\n"
    "assertion failed\n"
    "\ntest result: FAILED. 4 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out\n"
)


@pytest.mark.parametrize(
    ("kind", "text", "counts", "failures"),
    [
        ("npm", JEST, (3, 1, 2), (TestFailure("sums › adds", "failed"),)),
        ("npm", " Tests  1 failed | 3 passed (4)\n", (3, 1, 0), ()),
        ("npm", "  3 passing (4ms)\n  1 failing\n", (3, 1, 0), ()),
        ("npm", NODE, (2, 1, 0), (TestFailure("adds", "failed"),)),
        ("npm", "nothing to see", (0, 0, 0), ()),
        (
            "go",
            GO,
            (1, 2, 1),
            (TestFailure("TestB", "wrong sum", "a_test.go", 7), TestFailure("x/bad", "does not build")),
        ),
        ("cargo", CARGO, (4, 1, 2), (TestFailure("a::breaks", "assertion failed", "src/lib.rs", 9),)),
        ("pytest", "3 passed, 2 xfailed, 1 warning in 0.1s\n", (3, 0, 2), ()),
        (
            "unittest",
            "Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, expected failures=1)\n",
            (2, 2, 1),
            (),
        ),
        ("make", "Ran 5 tests in 0.1s\n\nOK\n", (5, 0, 0), ()),
    ],
)
def test_reading_what_runners_print(kind, text, counts, failures):
    found = read(kind, text, ("/p",))
    assert (found.passed, found.failed, found.skipped) == counts
    assert tuple(replace(each, trace="") for each in found.failures) == failures


def test_hostile_output_is_read_in_no_time():
    for text in (
        "_" * 200_000,
        "FAILED " * 50_000,
        "=" * 200_000 + "\n",
        "--- FAIL: " * 20_000,
        " " * 300_000,
    ):
        for kind in ("pytest", "unittest", "npm", "go", "cargo", "make"):
            read(kind, text, (str(Path.cwd()),))
