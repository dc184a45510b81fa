"""Tests of JavaScript, TypeScript, Rust and Go projects: what the runners print, read; and real runs of them."""

import json
import os
import pwd
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tools.reports import read

PRINTED = Path(__file__).parents[1] / "data" / "runners"
"""What the runners really printed, for the same four tests and one file that does not parse."""


@pytest.mark.parametrize(
    ("name", "kind", "counts", "failures"),
    [
        (
            "jest.txt",
            "npm",
            (1, 3, 1),
            [
                ("src/broken.test.js", "src/broken.test.js", 1, "does not run: SyntaxError"),
                ("sum › adds wrongly", "src/sum.test.js", 5, "Expected: 4 Received: 3"),
                ("sum › throws", "src/sum.test.js", 7, "cannot jump"),
            ],
        ),
        (
            "vitest.txt",
            "npm",
            (1, 3, 1),
            [
                ("src/broken.test.ts", "src/broken.test.ts", 1, "does not run: Error: Transform failed"),
                ("src/sum.test.ts › sum › adds wrongly", "src/sum.test.ts", 6, "expected 3 to be 4"),
                ("src/sum.test.ts › sum › throws", "src/sum.test.ts", 8, "Error: cannot jump"),
            ],
        ),
        ("node.txt", "npm", (1, 1, 1), [("adds wrongly", "sum.test.js", 4, "to be strictly equal: 3 !== 4")]),
        ("spec.txt", "npm", (1, 1, 1), [("adds wrongly", "sum.test.js", 4, "to be strictly equal:")]),
        ("mocha.txt", "npm", (1, 1, 1), [("sum › adds wrongly", "sum.test.js", 5, "AssertionError")]),
        (
            "cargo.txt",
            "cargo",
            (2, 2, 1),
            [
                ("tests::adds_wrongly", "src/lib.rs", 21, "assertion `left == right` failed: sums differ"),
                ("tests::gives_up", "src/lib.rs", 31, "called `Option::unwrap()` on a `None` value"),
            ],
        ),
        ("cargo-broken.txt", "cargo", (0, 1, 0), [
            ("does not build [E0308]", "src/lib.rs", 7, "mismatched types"),
            ("does not build [E0277]", "src/lib.rs", 16, "can't compare"),
            ("does not build [E0277]", "src/lib.rs", 21, "can't compare"),
        ]),
    ],
)  # fmt: skip
def test_what_runners_really_print(name, kind, counts, failures):
    found = read(kind, (PRINTED / name).read_text("utf-8"), ("/home/me/project",))
    assert (found.passed, found.failed, found.skipped) == counts
    told = sorted(
        found.failures, key=lambda each: (each.file, each.line)
    )  # Rust's tests run at the same time
    assert [(each.test, each.file, each.line) for each in told] == [each[:3] for each in failures]
    for each, (*_, said) in zip(told, failures, strict=True):
        assert said in each.message
        assert len(each.trace.split("\n")) <= 13
        assert "node:internal" not in each.trace
        assert "/home/me/project" not in each.trace


# -- real ones -------------------------------------------------------------------------------------

RUST = """\
pub fn sum(a: i32, b: i32) -> i32 {
    a + b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(sum(1, 2), 3);
    }

    #[test]
    fn adds_wrongly() {
        assert_eq!(sum(1, 2), 4);
    }
}
"""


@pytest.mark.skipif(shutil.which("cargo") is None, reason="the Rust tool chain is not installed here")
async def test_cargo_runs_all_one_and_what_does_not_build(use, put, monkeypatch):
    """Compiling takes its seconds."""
    for name in ("rustup", "cargo"):  # the test's home is not the one where they are installed
        monkeypatch.setenv(f"{name.upper()}_HOME", f"{pwd.getpwuid(os.getuid()).pw_dir}/.{name}")
    put("Cargo.toml", '[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2021"\n')
    put("src/lib.rs", RUST)
    result = await use("run_tests")
    assert result.tests is not None
    if result.tests.outcome == "not_run" or "rustup" in result.text:
        pytest.skip(f"cargo does not run here: {result.tests.text}")
    assert (result.tests.passed, result.tests.failed) == (1, 1), result.text
    assert result.tests.failures[0].line == 16
    assert "left: 3" in result.text
    one = await use("run_tests", target="src/lib.rs::adds_wrongly")
    assert one.tests is not None
    assert (one.tests.passed, one.tests.failed) == (0, 1)
    put("src/lib.rs", RUST.replace("-> i32", "-> String"))
    broken = await use("run_tests")
    assert broken.tests is not None
    assert broken.tests.outcome == "failed"
    assert "src/lib.rs:2): mismatched types" in broken.text


@pytest.mark.skipif(shutil.which("npm") is None, reason="Node is not installed here")
async def test_nodes_own_runner_runs_all_and_one(use, put):
    put("package.json", json.dumps({"scripts": {"test": "node --test"}}))
    put(
        "sum.test.js",
        'const test = require("node:test"); const assert = require("node:assert");\n'
        'test("adds", () => assert.strictEqual(1 + 2, 3));\n'
        'test("adds wrongly", () => {\n  assert.strictEqual(1 + 2, 4);\n});\n',
    )
    result = await use("run_tests")
    assert result.tests is not None
    if result.tests.outcome == "not_run":
        pytest.skip(f"node does not run here: {result.tests.text}")
    assert (result.tests.passed, result.tests.failed) == (1, 1), result.text
    failure = replace(result.tests.failures[0], trace="")
    assert (failure.test, failure.file, failure.line) == ("adds wrongly", "sum.test.js", 4)
    one = await use("run_tests", target="sum.test.js::adds wrongly")
    assert one.tests is not None
    assert (one.tests.passed, one.tests.failed) == (0, 1)
