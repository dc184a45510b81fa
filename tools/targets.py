"""One file, folder or test among a project's tests, in the words of the runners that are not Python's."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from core.plainfile import read_plain

_MOST_BYTES = 1_000_000

Kind = Literal["pytest", "unittest", "npm", "go", "cargo", "make"]

_KINDS: dict[Kind, tuple[str, ...]] = {
    "go": (".go",),
    "cargo": (".rs",),
    "npm": (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"),
}
"""The endings of the files that hold tests of each kind."""


@dataclass(frozen=True)
class Target:
    """What is to be tested: a file or folder of the stage, and perhaps a name in it."""

    path: str
    name: str = ""
    """As the runner knows it: `Case::test_x`, `TestX`, …"""


def kind_by_ending(target: Target | None) -> Kind | None:
    """Whose tests a file holds, by its ending; None when that does not tell."""
    ending = PurePosixPath(target.path).suffix if target else ""
    return next((kind for kind, endings in _KINDS.items() if ending in endings), None)


def npm_words(tree: Path, target: Target | None) -> tuple[str, ...]:
    """`npm test`, with the file and the name as the script's runner wants them."""
    words = ("npm", "test", "--silent")
    if target is None:
        return words
    script = test_script(tree)
    path = () if target.path == "." else (target.path,)
    if not target.name:
        return (*words, "--", *path)
    if script.startswith("node ") and "--test" in script.split():  # options must stand before the file
        return (*script.split(), f"--test-name-pattern={target.name}", *path)
    option = "-g" if "mocha" in script else "-t"
    return (*words, "--", *path, option, target.name)


def test_script(tree: Path) -> str:
    """What `npm test` runs; empty when that cannot be read."""
    try:
        told: Any = json.loads(read_plain(tree / "package.json", _MOST_BYTES) or b"{}")
        return str(told["scripts"]["test"]).strip()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


test_script.__test__ = False  # type: ignore[attr-defined] - pytest takes functions of this name for tests


def cargo_words(target: Target | None) -> tuple[str, ...]:
    """`cargo test` for one test binary, for the tests of one module, or for one name."""
    words = ("cargo", "test", "--no-fail-fast")
    if target is None:
        return words
    path = PurePosixPath(target.path)
    name = (target.name,) if target.name else ()
    if target.path == ".":
        return (*words, *name)
    parts = path.with_suffix("").parts
    if path.suffix != ".rs":
        return (*words, *name)
    if "tests" in parts[:-1] and "src" not in parts:
        return (*words, "--test", parts[parts.index("tests") + 1], *name)
    inner = parts[parts.index("src") + 1 :] if "src" in parts else parts
    if inner in (("lib",), ("main",)):
        return (*words, "--lib" if inner == ("lib",) else "--bins", *name)
    module = "::".join(inner[:-1] if inner[-1] == "mod" else inner)
    return (*words, *(name or (f"{module}::",)))
