"""docs/safety.md names a test for each promise; each of them exists."""

import ast
import re
from pathlib import Path

from core.sandbox.battery_worker import ATTACKS

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_named_test_exists(root: Path) -> None:
    text = (root / "docs" / "safety.md").read_text("utf-8")
    named = NAMED.findall(text)
    assert len(named) > 40
    missing = []
    for file, name in named:
        tree = ast.parse((root / file).read_text("utf-8"))
        tests = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
        missing += [f"{file}::{name}"] if name not in tests else []
    assert missing == []


def test_every_promise_names_a_test(root: Path) -> None:
    lines = (root / "docs" / "safety.md").read_text("utf-8").splitlines()
    rows = [each for each in lines if each.startswith("| ") and not each.endswith("tried by |")]
    assert len(rows) > 25
    assert [each for each in rows if not NAMED.search(each)] == []


def test_it_knows_how_many_attacks_there_are(root: Path) -> None:
    assert f"tries {len(ATTACKS)} attacks" in (root / "docs" / "safety.md").read_text("utf-8")
