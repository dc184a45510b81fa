"""Coverage and benchmarks: of the changes first, and only when something was really measured."""

import re
import sys

import pytest

TESTS = "from src.app import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
LEAN = "[pytest]\naddopts = -q -p no:hypothesispytest -p no:textual-snapshot -p no:syrupy -p no:xdist -p no:anyio\n"


@pytest.fixture
def environment(project):
    (project / ".venv").symlink_to(sys.prefix)
    (project / ".gitignore").write_text(".venv\n__pycache__/\n")


async def test_changed_lines_come_first(environment, use, put):
    pytest.importorskip("coverage")
    put("pytest.ini", LEAN)
    put("tests/test_app.py", TESTS)
    put("src/__init__.py", "")
    put("src/other.py", "def other():\n    return 1\n")
    await use(
        "edit_file",
        path="src/app.py",
        old="    return a + b",
        new="    if a > 5:\n        return b + a\n    return a + b",
    )
    result = await use("coverage_report")
    assert result.ok, result.text
    head, _, rest = result.text.partition("\nAll files:\n")
    assert "Changed lines that no test reaches:\n- src/app.py: 3" in head
    assert "- src/other.py: 0 %, not reached: 1-2" in rest
    assert result.changed == ()


async def test_failed_tests_are_said(environment, use, put):
    pytest.importorskip("coverage")
    put("pytest.ini", LEAN)
    put("tests/test_app.py", TESTS.replace("3", "4"))
    result = await use("coverage_report", target="tests/test_app.py::test_add")
    assert not result.ok
    assert result.text.startswith("The tests failed, so this shows what they reached until then.\nCoverage: ")
    assert "assert 3 == 4" in result.text


async def test_without_coverage_it_says_what_to_install(use, put):
    put("tests/test_app.py", "import unittest\n\nclass T(unittest.TestCase):\n    def test(self): pass\n")
    result = await use("coverage_report")
    assert not result.ok
    assert "coverage.py is not installed for the project's Python (python3)" in result.text


async def test_what_cannot_be_measured(use, put):
    assert "No tests were found" in (await use("coverage_report")).text
    assert not (await use("coverage_report", target="nowhere.py")).ok
    put("Makefile", "test:\n\ttrue\n")
    assert "run_command" in (await use("coverage_report")).text


def _lowest(row, version):
    """The quickest run of a row, in seconds."""
    told = re.fullmatch(rf"{version}: median .*, from ([\d.e+-]+) (s|ms|µs|ns) to .*", row)
    assert told, row
    return float(told[1]) * {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[told[2]]


async def test_before_and_after(use):
    """Whether the difference is more than the noise, is the machine's affair."""
    await use("write_file", path="src/work.py", content="import time\ntime.sleep(0.001)\n")
    command = "test -e src/work.py || sleep 0.3; true"
    result = await use("benchmark", command=command, runs=2)
    assert result.ok, result.text
    first, before, after, by = result.text.split("\n")
    assert first.startswith("After the changes it is ") or "the noise" in first
    assert _lowest(before, "before") > _lowest(after, "after")
    assert after.endswith(" runs")
    assert by.startswith("(Timed by ")


async def test_without_changes_there_is_one_version(use):
    result = await use("benchmark", command="true", runs=2)
    assert result.text.startswith("Nothing was changed so far, so there is only one version.\nafter: median ")


@pytest.mark.parametrize(
    ("command", "said"),
    [("exit 3", "The command failed (exit code 3):"), ("", "The command is empty"), ("a\0b", "NUL")],
)
async def test_commands_that_cannot_be_timed(use, command, said):
    result = await use("benchmark", command=command)
    assert not result.ok
    assert said in result.text


def test_ranges_and_new_lines():
    from tools.coverage import _new_lines, _ranges

    assert _ranges([3, 4, 5, 9]) == "3-5, 9"
    assert list(_new_lines("--- a\n+++ b\n@@ -1,2 +1,3 @@\n x\n+y\n z\n@@ -9 +10 @@\n-a\n+b\n")) == [2, 10]
