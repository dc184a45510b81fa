"""Tests of a part of the project that is set up for itself."""

import shutil

import pytest

from tools.parts import part_of, placed
from tools.runners import Target, runner_for
from tools.workbench import TestFailure

WEB = '{"name": "web", "scripts": {"test": "node --test"}}'
CASE = "const t = require('node:test'), a = require('assert');\nt('adds', () => { a.equal(1 + 1, 3) });\n"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("web", "web"),
        ("web/src/a.test.js", "web"),
        ("web/src", "web"),
        ("crates/a", "crates/a"),
        ("crates/a/src/lib.rs", "crates/a"),
        ("src/lib.rs", ""),
        ("tests", ""),
        ("tests/test_a.py", ""),
        ("scripts/test_x.py", ""),
        (".", ""),
        ("docs", ""),
    ],
)
def test_the_nearest_folder_with_a_runner_of_its_own(bench, put, path, place):
    put("web/package.json", WEB)
    put("web/src/a.test.js", CASE)
    put("scripts/test_x.py", "def test_x(): pass\n")
    put("Cargo.toml", "[workspace]\n")
    put("crates/a/Cargo.toml", "[package]\n")
    put("crates/a/src/lib.rs", "")
    put("tests/Makefile", "test:\n\ttrue\n")
    put("tests/test_a.py", "def test_a(): pass\n")
    put("docs/x.md", "")
    assert part_of(bench.stage.tree, Target(path)) == place
    assert part_of(bench.stage.tree, None) == ""


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node is not installed here")
async def test_a_part_is_tested_where_it_is_and_told_as_from_the_project(use, put):
    put("web/package.json", WEB)
    put("web/src/a.test.js", CASE)
    nothing = await use("run_tests")
    assert nothing.text.startswith("The tests were not run: no tests were found in the project itself;")
    assert "such as web." in nothing.text
    for target in ("web", "web/src/a.test.js"):
        result = await use("run_tests", target=target)
        assert result.tests is not None
        assert (result.tests.passed, result.tests.failed) == (0, 1), result.text
        assert [each.file for each in result.tests.failures] == ["web/src/a.test.js"]


def test_the_whole_of_a_rust_project_by_its_folder(tmp_path):
    assert runner_for("cargo", tmp_path, "", Target(".")).argv == ("cargo", "test", "--no-fail-fast")


def test_a_file_that_a_runner_names_without_its_folder_is_found(bench, put):
    put("pkg/sum/sum_test.go", "")
    put("a/twice_test.go", "")
    put("b/twice_test.go", "")
    failures = tuple(TestFailure("T", "no", name, 3) for name in ("sum_test.go", "twice_test.go", ""))
    found = [each.file for each in placed(failures, "", bench.stage.tree)]
    assert found == ["pkg/sum/sum_test.go", "twice_test.go", ""]


async def test_coverage_of_a_part_says_where_it_can_be_had(use, put):
    put("web/package.json", WEB)
    put("web/src/a.test.js", CASE)
    result = await use("coverage_report", target="web/src/a.test.js")
    assert not result.ok
    assert result.text.startswith("web has a test runner of its own,")
