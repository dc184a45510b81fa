"""Which exact versions a project has, by its lock files and pinned requirements."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.plainfile import read_plain

Ecosystem = Literal["PyPI", "npm", "crates.io", "Go"]

_FILE_BYTES = 20_000_000
_PACKAGE = re.compile(r"^\[\[packages?\]\][ \t]*$", re.MULTILINE)
_PINNED = re.compile(r"^([A-Za-z0-9][\w.\-]*)(?:\[[^\]]*\])?\s*==\s*([\w.!+\-]+)")


@dataclass(frozen=True, order=True)
class Locked:
    """One package in one exact version."""

    ecosystem: Ecosystem
    name: str
    version: str
    file: str
    """Which file says so."""


def known_versions(tree: Path, check: Callable[[], None] = lambda: None) -> list[Locked]:
    """Every exact version that the files in the project's folder name, sorted, each once.

    Large lock files take seconds: `check` is called meanwhile, and what it raises ends the reading.
    """
    found: dict[tuple[Ecosystem, str, str], Locked] = {}
    for read in (_requirements, _toml_locks, _package_lock, _cargo, _go):
        for each in read(tree):
            check()
            found.setdefault((each.ecosystem, each.name, each.version), each)
    return sorted(found.values())


def text_of(path: Path) -> str:
    """A file's text; empty when there is none, or it is too large or no text."""
    try:
        data = read_plain(path, _FILE_BYTES + 1) or b""
    except OSError:
        return ""
    return "" if len(data) > _FILE_BYTES else data.decode("utf-8", "replace")


def toml_of(path: Path) -> dict[str, Any]:
    """A TOML file; empty when there is none or it is broken."""
    try:
        return tomllib.loads(text_of(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def json_of(path: Path) -> dict[str, Any]:
    """A JSON object; empty when there is none or it is broken."""
    try:
        found = json.loads(text_of(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _requirements(tree: Path) -> Iterator[Locked]:
    files = [*sorted(tree.glob("requirements*.txt")), *sorted(tree.glob("requirements*.lock"))]
    for path in files:
        for line in text_of(path).splitlines():
            match = _PINNED.match(line.strip())
            if match:
                yield Locked("PyPI", plain(match[1]), match[2], path.name)


def plain(name: str) -> str:
    """As PyPI compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _toml_locks(tree: Path) -> Iterator[Locked]:
    for name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"):
        for row in _packages(tree / name):
            if not _local(row.get("source")):
                yield Locked("PyPI", plain(row["name"]), row["version"], name)


def _packages(path: Path) -> Iterator[dict[str, Any]]:
    """The packages of a lock file, read one by one: all of a large one at once would take seconds."""
    for part in _PACKAGE.split(text_of(path))[1:]:
        try:
            told = tomllib.loads(part)
            yield from _rows([{**told.get("package", {}), **told.get("packages", {}), **told}])
        except (tomllib.TOMLDecodeError, RecursionError):
            continue


def _local(source: object) -> bool:
    """The project itself, or something beside it."""
    return isinstance(source, dict) and bool({"editable", "virtual", "directory", "path"} & source.keys())


def _rows(value: object) -> Iterator[dict[str, Any]]:
    for row in value if isinstance(value, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("version"), str):
            yield row


def _package_lock(tree: Path) -> Iterator[Locked]:
    for file in ("package-lock.json", "npm-shrinkwrap.json"):
        packages = json_of(tree / file).get("packages")
        for place, row in packages.items() if isinstance(packages, dict) else ():
            name = str(place).rpartition("node_modules/")[2]
            is_package = isinstance(row, dict) and isinstance(row.get("version"), str)
            if name and is_package and not row.get("link"):
                yield Locked("npm", name, row["version"], file)


def _cargo(tree: Path) -> Iterator[Locked]:
    for row in _packages(tree / "Cargo.lock"):
        if row.get("source"):
            yield Locked("crates.io", row["name"], row["version"], "Cargo.lock")


def _go(tree: Path) -> Iterator[Locked]:
    for line in text_of(tree / "go.mod").splitlines():
        match = re.match(r"\s*(?:require\s+)?([\w.\-]+\.[\w.\-]+/\S+)\s+(v\S+)", line)
        if match and not line.strip().startswith(("module", "replace", "exclude")):
            yield Locked("Go", match[1], match[2].removesuffix("+incompatible"), "go.mod")
