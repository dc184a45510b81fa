"""Small things: the sizes and names that AGENTS.md promises."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MODULE, PANE, FUNCTION, CLASS, APP = 400, 300, 60, 250, 150
VAGUE = re.compile(r"manager|helper|util|handler", re.IGNORECASE)


def _trees(root: Path, names: list[str]) -> Iterator[tuple[str, ast.Module]]:
    for name in names:
        yield name, ast.parse((root / name).read_text("utf-8"), name)


def _size(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_app(node: ast.ClassDef) -> bool:
    return any(re.match(r"(\w+\.)?App\b", ast.unparse(base)) for base in node.bases)


def _oversized(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _size(node) > FUNCTION:
            yield f"{node.name}() has {_size(node)} lines, more than {FUNCTION}"
        if isinstance(node, ast.ClassDef) and _size(node) > (APP if _is_app(node) else CLASS):
            yield f"class {node.name} has {_size(node)} lines, more than {APP if _is_app(node) else CLASS}"


def _of_product(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("tests/")]


def test_modules_are_short(root: Path, source_files: list[str]) -> None:
    lengths = {name: len((root / name).read_text("utf-8").splitlines()) for name in _of_product(source_files)}
    assert {name: length for name, length in lengths.items() if length > MODULE} == {}


def test_panes_are_shorter(root: Path, source_files: list[str]) -> None:
    """Every module of the screen but the table of actions, which is data."""
    modules = [name for name in source_files if name.startswith("tui/") and name != "tui/actions.py"]
    lengths = {name: len((root / name).read_text("utf-8").splitlines()) for name in modules}
    assert len(modules) > 50
    assert {name: length for name, length in lengths.items() if length >= PANE} == {}


def test_functions_and_classes_are_short(root: Path, source_files: list[str]) -> None:
    assert [f"{name}: {what}" for name, tree in _trees(root, source_files) for what in _oversized(tree)] == []


def test_names_say_what_a_thing_is(root: Path, source_files: list[str]) -> None:
    ours = _of_product(source_files)
    vague = [name for name in ours if VAGUE.search(Path(name).stem)]
    for name, tree in _trees(root, ours):
        classes = (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        vague += [f"{name}: class {title}" for title in classes if VAGUE.search(title)]
    assert vague == []
