"""What a run of tests is told as: why a file cannot be collected, what panicked, and no count that nobody gave."""

import shutil
import sys

import pytest

from tools.reports import read

LEAN = "[pytest]\naddopts = -q -p no:hypothesispytest -p no:textual-snapshot -p no:syrupy -p no:xdist -p no:anyio\n"
"""Few plugins, since each costs time to import."""

CASES = """\
import unittest

class Whole(unittest.TestCase):
    def test_right(self): pass
    def test_parts(self):
        for n in (1, 2):
            with self.subTest(n=n): self.fail("part")
        raise RuntimeError("whole")

class Unready(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("no server")
    def test_never(self): pass
"""


@pytest.fixture
def with_pytest(project):
    """The project has an environment in which pytest is installed: the one that runs this test."""
    (project / ".venv").symlink_to(sys.prefix)
    (project / ".gitignore").write_text(".venv\n__pycache__/\n")


async def test_why_a_file_cannot_be_collected_is_told(use, put, with_pytest):
    put("pytest.ini", LEAN)
    put("tests/test_missing.py", "import no_such_module\n\ndef test_x(): pass\n")
    put("tests/test_broken.py", "def test_x(:\n    pass\n")
    result = await use("run_tests")
    assert result.tests is not None
    told = {each.file: (each.line, each.message) for each in result.tests.failures}
    assert told["tests/test_missing.py"] == (1, "ModuleNotFoundError: No module named 'no_such_module'")
    line, message = told["tests/test_broken.py"]
    assert line == 1
    assert message.startswith("SyntaxError: ")


async def test_a_test_with_several_faults_is_one_test_and_a_class_can_be_run(use, put):
    put("test_parts.py", CASES)
    result = await use("run_tests", target="test_parts.py")
    assert result.tests is not None
    assert (result.tests.passed, result.tests.failed) == (1, 2)
    assert len(result.tests.failures) == 4
    whole = await use("run_tests", target="test_parts.py::Whole")
    assert whole.tests is not None
    assert (whole.tests.passed, whole.tests.failed) == (1, 1)


async def test_a_runner_that_gives_no_counts_gets_none(use, put):
    put("Makefile", "test:\n\t@echo checking; exit 3\n")
    result = await use("run_tests")
    assert result.tests is not None
    assert result.tests.outcome == "failed"
    assert "Tests failed (make test): the runner gave no counts, and ended with exit code 2." in result.text
    assert "passed" not in result.text


GO_PANIC = """\
=== RUN   TestNil
printed
--- FAIL: TestNil (0.00s)
panic: assignment to entry in nil map [recovered]
\tpanic: assignment to entry in nil map

goroutine 18 [running]:
testing.tRunner.func1.2({0x508ec0, 0x551ce0})
\t/usr/lib/go-1.19/src/testing/testing.go:1396 +0x24e
panic({0x508ec0, 0x551ce0})
\t/usr/lib/go-1.19/src/runtime/panic.go:884 +0x212
x.helper(...)
\t/srv/x/a.go:3
x.TestNil(0x0?)
\t/srv/x/a_test.go:4 +0x6c
exit status 2
FAIL\tx\t0.004s
"""
GO_ELSEWHERE = """\
=== RUN   TestGo
panic: in goroutine

goroutine 19 [running]:
x.TestGo.func1()
\t/srv/x/a_test.go:7 +0x27
exit status 2
FAIL\tx\t0.004s
"""
GO_EXIT = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestExit\nexit status 3\nFAIL\tx\t0.002s\n"


@pytest.mark.parametrize(
    ("output", "counts", "told"),
    [
        (GO_PANIC, (0, 1, 0), ("TestNil", "panic: assignment to entry in nil map", "a.go", 3)),
        (GO_ELSEWHERE, (0, 1, 0), ("TestGo", "panic: in goroutine", "a_test.go", 7)),
        (GO_EXIT, (1, 1, 0), ("TestExit", "it did not come to its end (exit status 3)", "", 0)),
    ],
)
def test_what_go_panicked_with_and_what_never_ended(output, counts, told):
    found = read("go", output, ("/srv/x",))
    assert (found.passed, found.failed, found.skipped) == counts
    assert [(each.test, each.message, each.file, each.line) for each in found.failures] == [told]


@pytest.mark.parametrize(
    "output",
    [
        "?   \tx/none\t[no test files]\n",
        "testing: warning: no tests to run\nPASS\nok  \tx\t0.002s [no tests to run]\n",
    ],
)
def test_go_without_tests_has_passed_none(output):
    found = read("go", output, ())
    assert found.known
    assert (found.passed, found.failed) == (0, 0)


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed here")
async def test_go_itself_without_tests_is_not_run(use, put):
    put("go.mod", "module x\n\ngo 1.19\n")
    put("a.go", "package x\n")
    result = await use("run_tests")
    assert result.tests is not None
    assert result.tests.outcome == "not_run", result.text
