"""docs/faults.md names a test for each fault; each of them exists. What a fault is needs a sentence of its own."""

import ast
import re
import tomllib
from pathlib import Path

from core.faults import fault_kinds

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_named_test_exists(root: Path) -> None:
    missing = []
    for file, name in NAMED.findall((root / "docs" / "faults.md").read_text("utf-8")):
        tree = ast.parse((root / file).read_text("utf-8"))
        functions = (
            each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        missing += [] if name in {each.name for each in functions} else [f"{file}::{name}"]
    assert missing == []


def test_every_fault_names_a_test(root: Path) -> None:
    lines = (root / "docs" / "faults.md").read_text("utf-8").splitlines()
    rows = [each for each in lines if each.startswith("| ") and not each.endswith("tried by |")]
    assert len(rows) > 50
    assert [each for each in rows if len(NAMED.findall(each)) != 1] == []


def test_every_kind_of_fault_that_a_rule_names_is_told(root: Path) -> None:
    rules = tomllib.loads((root / "agents" / "fault_rules.toml").read_text("utf-8"))["rule"]
    assert {rule["kind"] for rule in rules} <= set(fault_kinds())


def test_strands_is_pinned_to_one_minor_version(root: Path) -> None:
    """Fixes and new faults come with each of its versions, and private names of it are used."""
    told = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    (strands,) = (each for each in told if each.startswith("strands-agents"))
    least, most = re.findall(r"\d+\.(\d+)", strands)
    assert int(most) == int(least) + 1
