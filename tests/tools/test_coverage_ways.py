"""Coverage beyond Python: what the commands are, how their reports are read, and real runs where the tools are."""

import json
import shutil
from pathlib import Path

import pytest

from tools.coverage_ways import Unreadable, go_module, read_report, way_for
from tools.targets import Target
from tools.workbench import ToolError

LCOV = """\
TN:
SF:src/sum.js
FN:1,sum
FNDA:2,sum
DA:1,2
DA:2,2
DA:3,0
BRDA:2,0,0,0
LF:3
end_of_record
SF:/home/me/project/src/other.ts
DA:7,0,abc
DA:8,9007199254740993
end_of_record
"""
GO = """\
mode: set
example.com/sums/a/sum.go:3.24,4.11 1 1
example.com/sums/a/sum.go:4.11,6.3 1 0
example.com/sums/a/sum.go:7.2,7.14 1 1
example.com/sums/a/sum.go:4.11,6.3 1 0
other.org/x/y.go:1.1,1.2 1 0
"""


def test_reports_are_read():
    assert read_report("lcov", LCOV) == {
        "src/sum.js": (3, (3,)),
        "/home/me/project/src/other.ts": (2, (7,)),
    }
    found = read_report("go", GO, "example.com/sums")
    assert found == {"a/sum.go": (5, (5, 6)), "other.org/x/y.go": (1, (1,))}
    assert read_report("json", '{"files": {"a.py": [4, [2]]}}') == {"a.py": (4, (2,))}


@pytest.mark.parametrize("form", ["json", "lcov", "go"])
@pytest.mark.parametrize("text", ["", "nothing", "DA:1", "[]", '{"files": 3}', "a.go:1"])
def test_what_is_no_report_is_not_taken_for_an_empty_one(form, text):
    with pytest.raises(Unreadable):
        read_report(form, text)


def words(kind, tree, target=None):
    """The command line of a way, as the shell gets it."""
    return way_for(kind, tree, "python3", target).argv[2].split("\n")


@pytest.mark.parametrize(
    ("script", "target", "needed", "command"),
    [
        (
            "jest", None, "true",
            "npm test --silent -- --coverage --coverageReporters=lcovonly '--coverageDirectory='\"$d\"''",
        ),
        (
            "tsc && vitest run", Target("src/a.test.ts", "adds"), "[ -d node_modules/@vitest/coverage-v8 ]",
            "npm test --silent -- src/a.test.ts -t adds --coverage --coverage.reportOnFailure"
            " --coverage.reporter=lcovonly '--coverage.reportsDirectory='\"$d\"''",
        ),
        (
            "node --test", Target("sum.test.js", "adds"), "command -v node",
            "node --experimental-test-coverage --test-reporter=spec --test-reporter-destination=stdout"
            " --test-reporter=lcov '--test-reporter-destination='\"$d\"'/lcov.info' --test"
            " --test-name-pattern=adds sum.test.js",
        ),
        (
            "mocha", Target("test/sum.js"), "[ -x node_modules/.bin/c8 ]",
            "node_modules/.bin/c8 --reporter=lcovonly '--reports-dir='\"$d\"'' '--temp-directory='\"$d\"'/tmp'"
            " npm test --silent -- test/sum.js",
        ),
    ],
)  # fmt: skip
def test_npm_scripts_are_asked_in_their_own_words(tmp_path, script, target, needed, command):
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"test": script}}))
    first, _, run, *_ = words("npm", tmp_path, target)
    assert first.startswith(needed)
    assert run == command


def test_go_cargo_and_make(tmp_path):
    (tmp_path / "go.mod").write_text('// x\nmodule "example.com/sums" // y\n\ngo 1.21\n')
    assert go_module(tmp_path) == "example.com/sums"
    assert go_module(tmp_path / "nowhere") == ""
    assert words("go", tmp_path)[2] == ("go test '-coverprofile='\"$d\"'/profile' -coverpkg=./... -v ./...")
    rust = words("cargo", tmp_path, Target("src/lib.rs", "tests::adds"))
    assert rust[2] == (
        "cargo llvm-cov --lcov '--output-path='\"$d\"'/lcov.info' --no-fail-fast --lib tests::adds"
    )
    with pytest.raises(ToolError, match="run_command"):
        words("make", tmp_path)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed here")
async def test_a_real_run_of_nodes_own_runner(use, put):
    """Go was tried by hand: compiling its library anew in the sandbox takes a minute."""
    put("package.json", json.dumps({"scripts": {"test": "node --test"}}))
    put(
        "src/sum.js",
        "module.exports = (a, b) => {\n  if (a > 5) {\n    return b + a;\n  }\n  return a + b;\n};\n",
    )
    put(
        "sum.test.js",
        'const sum = require("./src/sum"); const assert = require("node:assert");\n'
        'require("node:test")("adds", () => assert.strictEqual(sum(1, 2), 3));\n',
    )
    result = await use("coverage_report")
    if "bad option" in result.text or "could not be measured" in result.text:
        pytest.skip(f"Node does not measure coverage here: {result.text[:200]}")
    assert result.ok, result.text
    head, _, rest = result.text.partition("\nAll files:\n")
    assert "Changed lines that no test reaches:\n- src/sum.js: 3" in head, "all of it is new"
    assert "- src/sum.js: " in rest
    assert result.changed == ()


async def test_what_is_missing_is_said_with_what_to_ask_for(use, put):
    put("package.json", json.dumps({"scripts": {"test": "mocha"}}))
    result = await use("coverage_report")
    assert not result.ok
    assert result.text.startswith("c8 is not installed in the project. Ask for it with install_dependency")


def test_files_that_are_not_the_projects_are_left_out(bench):
    from tools.coverage import _relative

    inside = Path(bench.stage.project).resolve()
    assert _relative(bench, f"{inside}/src/a.js") == "src/a.js"
    assert _relative(bench, "./src/../src/a.js") == "src/a.js"
    for foreign in ("/usr/lib/x.js", "../x.js", "node_modules/x/y.js"):
        assert _relative(bench, foreign) == ""
