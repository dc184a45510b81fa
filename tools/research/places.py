"""Where the sources of a library may be on this machine: npm packages, crates and Go modules."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tools.packages.locks import Ecosystem, Locked, known_versions
from tools.packages.manifests import manifests

_CRATES = ("$CARGO_HOME/registry/src/*", "~/.cargo/registry/src/*")
_MODULES = ("$GOMODCACHE", "$GOPATH/pkg/mod", "~/go/pkg/mod")


class Place(msgspec.Struct, frozen=True):
    """One thing that a name may mean, and the folders that hold it then."""

    kind: str
    """`npm`, `rust` or `go`."""
    package: str
    symbol: str
    """What is asked for in it; empty for the package itself."""
    patterns: tuple[str, ...]


def places_of(tree: Path, name: str, check: Callable[[], None] = lambda: None) -> list[Place]:
    """What a name may mean in this project, the longest package's name first. See `known_versions` for `check`."""
    kinds = {each.ecosystem for each in manifests(tree)}
    return [
        *_npm(name),
        *(_crates(known_versions(tree, check), name) if "crates.io" in kinds else ()),
        *(_go(known_versions(tree, check), name) if "Go" in kinds else ()),
    ]


def split_name(name: str) -> Iterator[tuple[str, str]]:
    """Each way to read a name as a package and what is asked for in it: a package's name may hold dots."""
    start = name.rfind("/") + 1
    parts = name[start:].split(".")
    for size in range(len(parts), 0, -1):
        yield name[:start] + ".".join(parts[:size]), ".".join(parts[size:])


def _npm(name: str) -> Iterator[Place]:
    for package, symbol in split_name(name):
        yield Place("npm", package, symbol, (f"node_modules/{package}",))
        if not package.startswith("@types/"):
            types = package.lstrip("@").replace("/", "__")
            yield Place("npm", package, symbol, (f"node_modules/@types/{types}",))


def _crates(known: list[Locked], name: str) -> Iterator[Place]:
    crate, _, symbol = name.partition(".")
    for each in known:
        if each.ecosystem == "crates.io" and _plain(each.name) == _plain(crate):
            folders = (*(f"{top}/{each.name}-{each.version}" for top in _CRATES), f"vendor/{each.name}")
            yield Place("rust", each.name, symbol, folders)


def _plain(crate: str) -> str:
    return crate.replace("-", "_")


def _go(known: list[Locked], name: str) -> Iterator[Place]:
    modules = {each.name: each.version for each in known if each.ecosystem == "Go"}
    for path, symbol in split_name(name):
        for module, version in sorted(modules.items(), key=lambda item: -len(item[0])):
            if path == module or path.startswith(f"{module}/"):
                rest = path[len(module) :]
                folders = (
                    *(f"{top}/{_escaped(module)}@{version}*{rest}" for top in _MODULES),
                    f"vendor/{path}",
                )
                yield Place("go", path, symbol, folders)
        if "." not in path.split("/", maxsplit=1)[0]:
            yield Place("go", path, symbol, (f"GOROOT/src/{path}",))


def _escaped(module: str) -> str:
    """As Go spells capital letters in the folders of its module cache."""
    return re.sub("[A-Z]", lambda match: "!" + match.group().lower(), module)


def ecosystem_of(
    tree: Path, name: str, check: Callable[[], None] = lambda: None
) -> tuple[Ecosystem, str, str]:
    """Whose package a name most likely is, the package, and the version that the project names; else empty."""
    known = known_versions(tree, check)
    for package, _ in split_name(name):
        for each in known:
            if _plain(each.name) == _plain(package) or package.startswith(f"{each.name}/"):
                return each.ecosystem, each.name, each.version
    kinds = {each.ecosystem for each in manifests(tree)}
    package = name.split(".", maxsplit=1)[0] if "/" not in name else list(split_name(name))[-1][0]
    if name.startswith("@") or kinds == {"npm"}:
        return "npm", package, ""
    if "." in name.split("/", maxsplit=1)[0] and "/" in name:
        return "Go", package, ""
    return ("crates.io" if kinds == {"crates.io"} else "PyPI"), package, ""
