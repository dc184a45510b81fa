"""How a project's tests are run: which runner, found by its marks, and the words of the command."""

import json
import os
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.plainfile import read_plain
from core.stage.survey import JUNK
from tools.targets import Kind, Target, cargo_words, kind_by_ending, npm_words
from tools.workbench import ToolError

_ENVIRONMENTS = (".venv", "venv", "env")
_SKIPPED = JUNK | {".git", "vendor", "target"}
_TEST_FILE = re.compile(r"test.*\.py|.*_test\.py")
_MOST_FILES = 5_000


@dataclass(frozen=True)
class Runner:
    """A way to run the tests."""

    kind: Kind
    argv: tuple[str, ...]
    program: str
    """What people call it: `pytest`, `npm test`, …"""


def find_kind(tree: Path, target: Target | None) -> Kind | None:
    """Which runner the files ask for; None when no tests can be found."""
    if target and target.path.endswith(".py"):
        return _python_kind(tree)
    asked = kind_by_ending(target)
    found = kinds_at(tree)
    return asked if asked in found else _python_kind(tree) or next(iter(found), None)


def kinds_at(tree: Path) -> list[Kind]:
    """The runners that a folder itself is set up for, but for Python's."""
    checks: Sequence[tuple[Kind, Callable[[], bool]]] = (
        ("npm", lambda: _has_npm_test(tree)),
        ("go", (tree / "go.mod").is_file),
        ("cargo", (tree / "Cargo.toml").is_file),
        ("make", lambda: _has_make_test(tree)),
    )
    return [kind for kind, applies in checks if applies()]


def has_python_tests(folder: Path) -> bool:
    """Whether a folder holds test files of Python."""
    return bool(_test_files(folder))


def _python_kind(tree: Path) -> Kind | None:
    if _asks_for_pytest(tree):
        return "pytest"
    texts = [_text(path) for path in _test_files(tree)]
    if not texts:
        return None
    if any(
        "import pytest" in text or re.search(r"^(async )?def test_", text, re.MULTILINE) for text in texts
    ):
        return "pytest"
    return "unittest" if any("unittest" in text for text in texts) else "pytest"


def _asks_for_pytest(tree: Path) -> bool:
    if any(
        (tree / name).is_file()
        for name in ("pytest.ini", "conftest.py", "tests/conftest.py", "test/conftest.py")
    ):
        return True
    if any(
        re.search(r"^\[(tool:)?pytest\]", _text(tree / name), re.MULTILINE)
        for name in ("tox.ini", "setup.cfg")
    ):
        return True
    try:
        tools = tomllib.loads(_text(tree / "pyproject.toml")).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return isinstance(tools, dict) and "pytest" in tools


def _test_files(tree: Path) -> list[Path]:
    found: list[Path] = []
    seen = 0
    for folder, names, files in os.walk(tree):
        names[:] = [each for each in names if each not in _SKIPPED]
        found += [Path(folder) / each for each in files if _TEST_FILE.fullmatch(each)]
        seen += len(files)
        if seen > _MOST_FILES or len(found) > 200:
            break
    return [each for each in found if each.is_file() and not each.is_symlink()]


def _has_npm_test(tree: Path) -> bool:
    try:
        script = json.loads(_text(tree / "package.json") or "{}").get("scripts", {}).get("test", "")
    except (ValueError, AttributeError, RecursionError):
        return False
    return bool(script) and "no test specified" not in str(script)


def _has_make_test(tree: Path) -> bool:
    names = ("GNUmakefile", "makefile", "Makefile")
    return any(re.search(r"^test\s*:(?!=)", _text(tree / name), re.MULTILINE) for name in names)


def _text(path: Path) -> str:
    try:
        return (read_plain(path, 200_000) or b"").decode("utf-8", "replace")
    except OSError:
        return ""


def interpreter_of(project: Path) -> str:
    """The Python of the project's own environment, else PATH's (which never leads to Heddle's own)."""
    for name in _ENVIRONMENTS:
        program = project / name / "bin" / "python"
        if program.exists() and (project / name / "pyvenv.cfg").is_file():
            return str(program)
    return "python3"


def runner_for(kind: Kind, tree: Path, python: str, target: Target | None) -> Runner:
    """The command for one kind of tests. Raises `ToolError` when it cannot be narrowed to the target."""
    match kind:
        case "pytest":
            return Runner(kind, _pytest(python, target), "pytest")
        case "unittest":
            return Runner(kind, _unittest(python, tree, target), "unittest")
        case "npm":
            return Runner(kind, npm_words(tree, target), "npm test")
        case "go":
            return Runner(kind, _go(tree, target), "go test")
        case "cargo":
            return Runner(kind, cargo_words(target), "cargo test")
        case "make":
            if target:
                raise ToolError("`make test` cannot be narrowed to a target. Call run_tests without one.")
            return Runner(kind, ("make", "test"), "make test")


def _pytest(python: str, target: Target | None) -> tuple[str, ...]:
    words = (
        "-m",
        "pytest",
        "--verbosity=0",
        "--color=no",
        "--tb=short",
        "-rfE",
        "-o",
        "cache_dir=/tmp/pytest",
    )
    chosen = ("::".join(filter(None, (target.path, target.name))),) if target else ()
    return (python, *words, *chosen)


def _unittest(python: str, tree: Path, target: Target | None) -> tuple[str, ...]:
    words = (python, "-m", "unittest", "discover")
    if target is None:
        folder = next((each for each in ("tests", "test") if any((tree / each).glob("*.py"))), ".")
        return (*words, "-s", folder, *_top(tree, folder))
    if not target.path.endswith(".py"):
        return (*words, "-s", target.path, *_top(tree, target.path))
    folder, _, file = target.path.rpartition("/")
    wanted = "*." + target.name.replace("::", ".")
    name = ("-k", wanted, "-k", f"{wanted}.*") if target.name else ()  # a test, or a whole class
    return (*words, "-s", folder or ".", *_top(tree, folder), "-p", file, *name)


def _top(tree: Path, folder: str) -> tuple[str, ...]:
    """Tests in a package are imported from the project's top."""
    return ("-t", ".") if folder not in ("", ".") and (tree / folder / "__init__.py").is_file() else ()


def _go(tree: Path, target: Target | None) -> tuple[str, ...]:
    if target is None:
        return ("go", "test", "-v", "./...")
    folder = target.path if (tree / target.path).is_dir() else target.path.rpartition("/")[0]
    package = f"./{folder}/..." if folder not in ("", ".") else "./..."
    return ("go", "test", "-v", *(("-run", target.name) if target.name else ()), package)
