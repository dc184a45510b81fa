"""Proposing a dependency: manifest and lock file change in the stage, by the project's own package manager."""

import re

from tools.exclusive import held, in_a_thread
from tools.finding import staged_files
from tools.packages.installers import Wanted, find_way
from tools.packages.installing import NotInstalled, install
from tools.packages.locks import Ecosystem, text_of
from tools.packages.manifests import LOCKS, Manifest, added, is_manifest, manifest_at, manifests, split_extras
from tools.packages.registries import Published, UnknownPackage, published
from tools.workbench import ToolError, ToolResult, Workbench

_NAMES: dict[Ecosystem, re.Pattern[str]] = {
    "PyPI": re.compile(r"[A-Za-z0-9]([\w.\-]{0,100}[A-Za-z0-9])?(\[[\w.\-]{1,60}(,[\w.\-]{1,60}){0,20}\])?"),
    "npm": re.compile(r"(@[a-z0-9~][\w.~\-]*/)?[a-z0-9~][\w.~\-]{0,200}"),
    "crates.io": re.compile(r"[A-Za-z][\w\-]{0,63}"),
    "Go": re.compile(r"[\w.\-]+\.[\w.\-]+(/[\w.\-~]+){1,12}"),
}
_MOST_MANIFESTS = 10
_NAME_AND_VERSION = re.compile(r"(@?[^@\s<>=!~^]+)\s*(?:@|(?=[<>=!~^]))\s*(\S.*)")
_NEWEST = ("latest", "newest", "stable", "any", "*", "none", "null")
"""What models write for no version at all."""
_VERSION = re.compile(r"(?=.*\w)[\w.<>=!~^*+\-, ]{1,60}")


async def install_dependency(
    bench: Workbench,
    name: str,
    version: str | None = None,
    manifest: str | None = None,
    dev: bool | None = None,
) -> ToolResult:
    """Add a dependency to manifest and lock file, and install it for this run. The user is asked.

    Where the user says no, or the package manager is missing, only the manifest is changed.

    Args:
        name: The package's exact name, such as requests, uvicorn[standard] or @types/node.
        version: The newest stable one when left out.
        manifest: The file to change, such as pyproject.toml, where there are several.
        dev: true when only developers need it.
    """
    chosen = await in_a_thread(bench, lambda own: _manifest(own, manifest, dev=bool(dev)))
    name, version = _asked(name, version)
    _check(chosen.ecosystem, name, version)
    wanted = Wanted(name, version or "", bool(dev))
    way = find_way(bench, chosen, wanted)
    if way is None:
        return await _by_hand(bench, chosen, wanted, "")
    try:
        return await install(bench, chosen, wanted, way)
    except NotInstalled as error:
        return await _by_hand(bench, chosen, wanted, str(error))


async def _by_hand(bench: Workbench, manifest: Manifest, wanted: Wanted, why: str) -> ToolResult:
    """Change the manifest alone, with what its index says about the package."""
    name, version = wanted.name, wanted.version
    try:
        bare, _ = split_extras(name)
        purpose = f"look up the package {bare} for {manifest.path}"
        known = await published(bench, manifest.ecosystem, bare, purpose)
    except UnknownPackage:
        raise
    except ToolError as error:
        if not version:
            raise ToolError(f"{error} To propose it all the same, give the version.") from None
        known, doubt = None, f"It was not looked up, so check that it exists: {error}"
    else:
        doubt = _doubt(known, version)
    chosen = version or _newest(known)
    text = await in_a_thread(bench, lambda own: _write(own, manifest, name, chosen, dev=wanted.dev))
    parts = [text, *([why] if why else []), *([doubt] if doubt else []), *_locks(bench, manifest)]
    return ToolResult(True, "\n".join(parts), (manifest.path,))


def _manifest(bench: Workbench, path: str | None, *, dev: bool) -> Manifest:
    if path is not None:
        return manifest_at(bench.stage.tree, bench.stage.locate(path))
    found = manifests(bench.stage.tree)
    kinds = {each.ecosystem for each in found}
    if not found:
        raise ToolError(_why_none(bench))
    if len(kinds) > 1:
        raise ToolError(f"Which file? Give manifest as one of: {', '.join(each.path for each in found)}.")
    usual = next((each for each in found if each.path != "pyproject.toml" or _has_project(bench)), found[0])
    for_developers = [each for each in found if each.path == "requirements-dev.txt"]
    return for_developers[0] if dev and for_developers and usual.path == "requirements.txt" else usual


def _why_none(bench: Workbench) -> str:
    """Where dependencies are named, when not in the project's folder itself."""
    deeper = sorted(each for each in staged_files(bench) if is_manifest(each))
    if deeper:
        return f"Which file? Give manifest as one of: {', '.join(deeper[:_MOST_MANIFESTS])}."
    named = [each for each in ("setup.cfg", "setup.py", "Pipfile") if (bench.stage.tree / each).is_file()]
    if named:
        return f"The project names its dependencies in {named[0]}: add it there with edit_file."
    return "The project has no file that names dependencies. Write one first, such as requirements.txt."


def _has_project(bench: Workbench) -> bool:
    text = text_of(bench.stage.tree / "pyproject.toml")
    return bool(re.search(r"^\[(project|tool\.poetry)\]", text, re.MULTILINE))


def _asked(name: str, version: str | None) -> tuple[str, str | None]:
    """Name and version, also where both were given as one, as `requests==2.31` or `@types/node@20`."""
    said = (version or "").strip()
    if said.lower() in _NEWEST:
        said = ""
    head, bracket, rest = name.strip().partition("]")
    name = re.sub(r"\s", "", head) + bracket + rest.strip() if bracket else head
    both = _NAME_AND_VERSION.fullmatch(name)
    if both and not said:
        return both[1], None if both[2].lower() in _NEWEST else both[2]
    return name, said or None


def _check(ecosystem: Ecosystem, name: str, version: str | None) -> None:
    if not _NAMES[ecosystem].fullmatch(name):
        raise ToolError(
            f"“{name[:80]}” is no package name of {ecosystem}. Give the name alone, without a version."
        )
    if version is not None and not _VERSION.fullmatch(version):
        raise ToolError(f"“{version[:60]}” is no version. Write it as 1.2.3 or >=1.2,<2.")


def _newest(known: Published | None) -> str:
    if known is None or not known.newest:
        raise ToolError("The index names no stable version. Give one.")
    return known.newest


def _doubt(known: Published, version: str) -> str:
    about = f"{known.name} {known.newest}: {known.summary[:200]}".rstrip(": ")
    if version and version[:1].isdigit() and known.versions and version not in known.versions:
        raise ToolError(f"{known.name} has no version {version}; the newest is {known.newest}.")
    return f"Newest there: {about}"


def _write(bench: Workbench, manifest: Manifest, name: str, version: str, *, dev: bool) -> str:
    with held(bench):
        old = bench.stage.read(manifest.path).decode("utf-8")
        new = added(manifest, old, name, version, dev=dev)
        if new == old:
            raise ToolError(f"{manifest.path} asks for {name} {version} already.")
        bench.stage.write(manifest.path, new.encode("utf-8"))
    return f"Proposed {name} {version} in {manifest.path}. It is not installed: the user does that after applying."


def _locks(bench: Workbench, manifest: Manifest) -> list[str]:
    """Which lock files no longer fit."""
    stale = [(name, command) for name, command in LOCKS.items() if (bench.stage.tree / name).is_file()]
    return [
        f"{name} does not hold it yet: `{command}` after applying brings it up to date."
        for name, command in stale
    ]
